"""One probe a patch of `cloud/patches.py`: each fails on plain MiniStack 1.5.33 and passes with the launcher.

Runs all of them and prints a line each; ends with 1 when one failed.
"""

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request
import zipfile

import botocore.config

from support import (
    PORT, SESSION, ClientError, client, deploy, function, reason, request, role, settled, upload_function, wait_until,
)

ECHO = """return {"statusCode": 200, "body": json.dumps({
    "path": event.get("rawPath"), "route": event.get("routeKey"), "handler": os.environ["_HANDLER"],
    "environment": dict(os.environ)})}"""


def http_api(code, extra=None, **properties):
    """Resources of an HTTP API with one function behind `GET /api/products`."""
    return {
        **role(),
        "Function": function(code, "api"),
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "probe", "ProtocolType": "HTTP", **properties}},
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
                "IntegrationUri": {"Fn::GetAtt": "Function.Arn"},
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "Api"}, "RouteKey": "GET /api/products", "Target": {"Fn::Sub": "integrations/${Integration}"},
            },
        },
        **(extra or {}),
    }


def probe_http_api_urls_and_cors():
    cors = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["GET"], "AllowHeaders": ["authorization"]}
    resources = http_api(upload_function("urls.zip", ECHO), CorsConfiguration=cors)
    stack = deploy("urls", resources, {"Api": {"Ref": "Api"}})
    api = stack["Outputs"]["Api"]
    for stage in ("$default", "%24default"):
        status, _, body = request("GET", f"/_aws/execute-api/{api}/{stage}/api/products")
        answer = json.loads(body)
        assert (status, answer["path"], answer["route"]) == (200, "/api/products", "GET /api/products"), (stage, answer)
        assert answer["handler"] == "api", "the template's Handler is not _HANDLER"
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    status, headers, _ = request("OPTIONS", f"/_aws/execute-api/{api}/$default/api/products", headers=asked)
    assert headers.get("access-control-allow-origin") == "https://shop.example", (status, headers)
    asked["Origin"] = "https://other.example"
    status, headers, _ = request("OPTIONS", f"/_aws/execute-api/{api}/$default/api/products", headers=asked)
    assert "access-control-allow-origin" not in headers, headers
    # And after an update.
    resources["Api"]["Properties"]["CorsConfiguration"]["AllowOrigins"] = ["https://other.example"]
    template = json.dumps({"Resources": resources})
    client("cloudformation").update_stack(StackName="urls", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert settled("urls")["StackStatus"] == "UPDATE_COMPLETE"
    status, headers, _ = request("OPTIONS", f"/_aws/execute-api/{api}/$default/api/products", headers=asked)
    assert headers.get("access-control-allow-origin") == "https://other.example", (status, headers)


def probe_functions_see_nothing_of_the_server():
    deploy("clean", {**role(), "Function": function(upload_function("clean.zip", ECHO), FunctionName="clean", Environment={"Variables": {"HOME": "/mine"}})})
    payload = client("lambda").invoke(FunctionName="clean", Payload=b"{}")["Payload"].read()
    environment = json.loads(json.loads(payload)["body"])["environment"]
    assert environment["HOME"] == "/mine" and environment["AWS_ENDPOINT_URL"].endswith(f":{PORT}"), environment
    leaked = [name for name in environment if name.startswith("SHOPCTL") or name in ("STATE_DIR", "GATEWAY_PORT", "BIND_HOST")]
    assert not leaked, leaked


def probe_invocations_are_quick():
    deploy("quick", {**role(), "Function": function(upload_function("quick.zip", "return {}"), FunctionName="quick")})
    functions = client("lambda")

    def invoke():
        started = time.monotonic()
        functions.invoke(FunctionName="quick", Payload=b"{}")["Payload"].read()
        return time.monotonic() - started

    invoke()
    # The quickest: a busy machine makes some slow, the waits made all of them slow.
    quickest = min(invoke() for _ in range(10))
    assert quickest < 0.035, f"{quickest * 1000:.0f} ms"


def probe_logs_of_quick_functions_are_kept():
    code = upload_function("logs.zip", "print('marker', event['n'], flush=True)\nreturn {}")
    deploy("logs", {**role(), "Function": function(code, FunctionName="logs")})
    for number in range(5):
        client("lambda").invoke(FunctionName="logs", Payload=json.dumps({"n": number}).encode())

    def lines():
        events = client("logs").filter_log_events(logGroupName="/aws/lambda/logs")["events"]
        return [event["message"].strip() for event in events]

    wait_until("log lines", lambda: all(f"marker {number}" in "\n".join(lines()) for number in range(5)), 5)


def probe_failed_starts_are_logged():
    code = upload_function("start.zip", "return {}")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, "#!/bin/sh\necho 'TABLE_NAME is not set' >&2\nexit 3\n")
    client("s3").put_object(Bucket=code["S3Bucket"], Key=code["S3Key"], Body=packed.getvalue())
    deploy("start", {**role(), "Function": function(code, FunctionName="start")})
    answer = client("lambda").invoke(FunctionName="start", Payload=b"{}")
    assert answer.get("FunctionError"), answer

    def lines():
        events = client("logs").filter_log_events(logGroupName="/aws/lambda/start")["events"]
        return "\n".join(event["message"] for event in events)

    wait_until("the reason", lambda: "TABLE_NAME is not set" in lines() and "code 3" in lines(), 5)


def probe_custom_resources():
    good = upload_function("custom.zip", """
import urllib.request
answer = {"Status": "SUCCESS", "PhysicalResourceId": "seed", "Data": {"Count": 24}, "StackId": event["StackId"],
    "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"]}
urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT"))
return {}""")
    seed = {"Type": "Custom::Seed", "Properties": {"ServiceToken": {"Fn::GetAtt": "Function.Arn"}}}
    stack = deploy("custom", {**role(), "Function": function(good), "Seed": seed}, {"Count": {"Fn::GetAtt": "Seed.Count"}})
    assert stack["StackStatus"] == "CREATE_COMPLETE" and stack["Outputs"]["Count"] == "24", stack
    bad = upload_function("custom-bad.zip", "raise ValueError('no seed to be had')")
    started = time.monotonic()
    stack = deploy("custom-bad", {**role(), "Function": function(bad), "Seed": seed})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE", stack
    assert "no seed to be had" in reason("custom-bad"), reason("custom-bad")
    assert time.monotonic() - started < 10


def probe_exports_in_use_stay():
    stacks = client("cloudformation")
    queue = {"Queue": {"Type": "AWS::SQS::Queue"}}

    def owner(outputs):
        template = json.dumps({"Resources": queue, "Outputs": outputs})
        stacks.update_stack(StackName="owner", TemplateBody=template)
        return settled("owner")["StackStatus"]

    def exports(**named):
        return {name: {"Value": value, "Export": {"Name": "probe-" + name}} for name, value in named.items()}

    def create(name, resources, outputs=None):
        stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, "Outputs": outputs or {}}))
        assert settled(name)["StackStatus"] == "CREATE_COMPLETE"

    def reasons():
        return [event.get("ResourceStatusReason") for event in stacks.describe_stack_events(StackName="owner")["StackEvents"]]

    create("owner", queue, exports(Used="1", Free="1"))
    topic = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "probe-Used"}}}}
    create("importer", topic)
    assert owner(exports(Used="1")) == "UPDATE_COMPLETE"
    listed = lambda: sorted(export["Name"] for export in stacks.list_exports()["Exports"] if export["Name"].startswith("probe-"))
    assert listed() == ["probe-Used"], listed()
    assert owner({"Used": {"Value": "1"}}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Export probe-Used cannot be deleted as it is in use by importer" in reasons(), reasons()
    assert owner(exports(Used="2")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Cannot update export probe-Used as it is in use by importer" in reasons(), reasons()
    assert listed() == ["probe-Used"]
    stacks.delete_stack(StackName="importer")
    assert settled("importer") is None
    assert owner({"Used": {"Value": "1"}}) == "UPDATE_COMPLETE" and listed() == []


def probe_browsers_may_call_cognito():
    stack = deploy(
        "browser",
        {
            "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "browser"}},
            "Client": {
                "Type": "AWS::Cognito::UserPoolClient",
                "Properties": {"UserPoolId": {"Ref": "Pool"}, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]},
            },
        },
        {"Client": {"Ref": "Client"}},
    )
    origin = {"Origin": f"http://d1.cloudfront.localhost:{PORT}"}
    asked = "content-type,x-amz-target,authorization"
    status, headers, _ = request(
        "OPTIONS", "/", headers={**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}
    )
    assert status == 200 and headers["access-control-allow-origin"] == "*", headers
    assert set(asked.split(",")) <= set(headers["access-control-allow-headers"].split(",")), headers
    sign_up = {"ClientId": stack["Outputs"]["Client"], "Username": "anna", "Password": "Passw0rd!x"}
    call = {**origin, "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp"}
    for expected in (200, 400):  # the second time the name is taken; a page has to be able to read that too
        status, headers, body = request("POST", "/", json.dumps(sign_up).encode(), headers=call)
        assert status == expected and headers["access-control-allow-origin"] == "*", (status, headers, body)
    assert b"UsernameExistsException" in body, body


def probe_request_validators():
    method = {
        "RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": "Api.RootResourceId"}, "HttpMethod": "POST",
        "AuthorizationType": "NONE", "RequestValidatorId": {"Ref": "Validator"},
        "RequestModels": {"application/json": {"Ref": "Model"}},
        "Integration": {
            "Type": "AWS_PROXY", "IntegrationHttpMethod": "POST",
            "Uri": {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"},
        },
    }
    schema = {"type": "object", "required": ["quantity"], "properties": {"quantity": {"type": "integer"}}}
    stack = deploy(
        "validator",
        {
            **role(),
            "Function": function(upload_function("validator.zip", ECHO)),
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "validator"}},
            "Model": {
                "Type": "AWS::ApiGateway::Model",
                "Properties": {"RestApiId": {"Ref": "Api"}, "Name": "Order", "ContentType": "application/json", "Schema": schema},
            },
            "Validator": {
                "Type": "AWS::ApiGateway::RequestValidator",
                "Properties": {"RestApiId": {"Ref": "Api"}, "Name": "body", "ValidateRequestBody": True},
            },
            "Method": {"Type": "AWS::ApiGateway::Method", "Properties": method},
            "Deployment": {
                "Type": "AWS::ApiGateway::Deployment", "DependsOn": "Method",
                "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "dev"},
            },
        },
        {"Api": {"Ref": "Api"}},
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE", reason("validator")
    url = f"/restapis/{stack['Outputs']['Api']}/dev/_user_request_/"
    headers = {"Content-Type": "application/json"}
    assert request("POST", url, b'{"quantity": 1}', headers=headers)[0] == 200
    assert request("POST", url, b'{"amount": 1}', headers=headers)[0] == 400


def probe_functions_need_code_and_role():
    missing = {"S3Bucket": "probe-code", "S3Key": "not-there.zip"}
    upload_function("there.zip", "return {}")
    deploy("no-code", {**role(), "Function": function(missing)})
    assert "not-there.zip" in reason("no-code"), reason("no-code")
    without = function({"S3Bucket": "probe-code", "S3Key": "there.zip"})
    del without["Properties"]["Role"]
    deploy("no-role", {"Function": without})
    assert "[Role]" in reason("no-role"), reason("no-role")
    # An update to code that is not there keeps the old one.
    resources = {**role(), "Function": function({"S3Bucket": "probe-code", "S3Key": "there.zip"}, FunctionName="kept")}
    deploy("kept", resources)
    resources["Function"]["Properties"]["Code"] = missing
    client("cloudformation").update_stack(
        StackName="kept", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    assert settled("kept")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert client("lambda").invoke(FunctionName="kept", Payload=b"{}")["Payload"].read() == b"{}"


def probe_reserved_concurrency():
    code = upload_function("reserved.zip", "time.sleep(0.5)\nreturn {}")
    deploy("reserved", {**role(), "Function": function(code, FunctionName="reserved", ReservedConcurrentExecutions=1)})
    outcomes = []

    def invoke():
        try:
            client("lambda").invoke(FunctionName="reserved", Payload=b"{}")
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=invoke) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["TooManyRequestsException", "TooManyRequestsException", "ok"], outcomes


def probe_buckets_with_objects_stay():
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "full", "VersioningConfiguration": {"Status": "Enabled"}}}
    deploy("full", {"Bucket": bucket})
    storage, stacks = client("s3"), client("cloudformation")
    storage.put_object(Bucket="full", Key="a", Body=b"1")
    stacks.delete_stack(StackName="full")
    assert settled("full")["StackStatus"] == "DELETE_FAILED"
    # A delete marker hides the object; its versions are there still.
    storage.delete_object(Bucket="full", Key="a")
    stacks.delete_stack(StackName="full")
    assert settled("full")["StackStatus"] == "DELETE_FAILED"
    listed = storage.list_object_versions(Bucket="full")
    for version in listed["Versions"] + listed["DeleteMarkers"]:
        storage.delete_object(Bucket="full", Key="a", VersionId=version["VersionId"])
    stacks.delete_stack(StackName="full")
    assert settled("full") is None


def probe_user_pool_provider_url():
    pool = {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "issuer"}}
    stack = deploy("issuer", {"Pool": pool}, {"Url": {"Fn::GetAtt": "Pool.ProviderURL"}, "Id": {"Ref": "Pool"}})
    assert stack["Outputs"]["Url"] == f"https://cognito-idp.us-east-1.amazonaws.com/{stack['Outputs']['Id']}", stack


def probe_outputs_change_alone():
    cloud = client("cloudformation")

    def template(value):
        topic = {"Type": "AWS::SNS::Topic"}
        return json.dumps({"Resources": {"Topic": topic}, "Outputs": {"Said": {"Value": value}}})

    def change_set(name, value):
        cloud.create_change_set(StackName="outputs", ChangeSetName=name, TemplateBody=template(value))
        return cloud.describe_change_set(StackName="outputs", ChangeSetName=name)

    cloud.create_stack(StackName="outputs", TemplateBody=template("old"))
    settled("outputs")
    assert change_set("nothing", "old")["Status"] == "FAILED"
    made = change_set("output", "new")
    assert made["Status"] == "CREATE_COMPLETE" and not made["Changes"], made
    cloud.execute_change_set(StackName="outputs", ChangeSetName="output")
    stack = settled("outputs")
    assert stack["StackStatus"] == "UPDATE_COMPLETE" and stack["Outputs"][0]["OutputValue"] == "new", stack


def probe_one_origin_for_site_and_api():
    managed = {"caching": "658327ea-f89d-4fab-a63d-7e88639e58f6", "none": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"}
    distribution = {
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "Origins": [
            {
                "Id": "site", "DomainName": {"Fn::GetAtt": "Bucket.RegionalDomainName"}, "S3OriginConfig": {},
                "OriginAccessControlId": {"Ref": "Access"},
            },
            {
                "Id": "api", "DomainName": "127.0.0.1", "OriginPath": {"Fn::Sub": "/_aws/execute-api/${Api}/$default"},
                "CustomOriginConfig": {"HTTPPort": PORT, "OriginProtocolPolicy": "http-only"},
            },
        ],
        "DefaultCacheBehavior": {"TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": managed["caching"]},
        "CacheBehaviors": [
            {"PathPattern": "/api/*", "TargetOriginId": "api", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": managed["none"]}
        ],
    }
    extra = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "origin"}},
        "Access": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": "origin", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4",
                }
            },
        },
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"},
                            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::origin/*",
                        }
                    ],
                },
            },
        },
        "Distribution": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": distribution}},
    }
    stack = deploy("origin", http_api(upload_function("origin.zip", ECHO), extra), {"Domain": {"Fn::GetAtt": "Distribution.DomainName"}})
    assert stack["StackStatus"] == "CREATE_COMPLETE", reason("origin")
    host = stack["Outputs"]["Domain"].split(".")[0] + f".cloudfront.localhost:{PORT}"
    client("s3").put_object(Bucket="origin", Key="index.html", Body=b"<html>", ContentType="text/html")
    status, headers, body = request("GET", "/", host=host)
    assert (status, body, headers["content-type"]) == (200, b"<html>", "text/html"), (status, body)
    status, _, body = request("GET", "/api/products?limit=1&q=%2F", host=host)
    assert status == 200 and json.loads(body)["path"] == "/api/products", (status, body)


def probe_missing_objects_of_an_origin():
    def site(name, actions):
        bucket = f"arn:aws:s3:::{name}"
        statements = [
            {
                "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": action,
                "Resource": bucket if action == "s3:ListBucket" else bucket + "/*",
                "Condition": {"StringEquals": {"AWS:SourceArn": {"Fn::Sub": "arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}}},
            }
            for action in actions
        ]
        access = {"Name": name, "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4"}
        distribution = {
            "Enabled": True,
            "Origins": [
                {
                    "Id": "site", "DomainName": {"Fn::GetAtt": "Bucket.RegionalDomainName"}, "S3OriginConfig": {},
                    "OriginAccessControlId": {"Ref": "Access"},
                }
            ],
            "DefaultCacheBehavior": {
                "TargetOriginId": "site", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            },
        }
        resources = {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
            "Access": {"Type": "AWS::CloudFront::OriginAccessControl", "Properties": {"OriginAccessControlConfig": access}},
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}},
            },
            "Distribution": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": distribution}},
        }
        stack = deploy(name, resources, {"Domain": {"Fn::GetAtt": "Distribution.DomainName"}})
        assert stack["StackStatus"] == "CREATE_COMPLETE", reason(name)
        client("s3").put_object(Bucket=name, Key="there.txt", Body=b"x")
        host = stack["Outputs"]["Domain"].split(".")[0] + f".cloudfront.localhost:{PORT}"
        return [request("GET", path, host=host)[0] for path in ("/there.txt", "/missing.txt")]

    assert site("listed", ["s3:GetObject", "s3:ListBucket"]) == [200, 404]
    assert site("unlisted", ["s3:GetObject"]) == [200, 403]
    # Listing alone shows nothing of what is there.
    assert site("unread", ["s3:ListBucket"]) == [403, 404]


def probe_rules_invoke_asynchronously():
    queues, table = client("sqs"), client("dynamodb")
    # Counts the tries, and succeeds with the third when the event says so.
    code = upload_function("rule.zip", """
answer = json.loads(aws("dynamodb", "DynamoDB_20120810.UpdateItem", {
    "TableName": "rule-tries", "Key": {"id": {"S": event["detail"]["id"]}}, "UpdateExpression": "ADD tries :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "ALL_NEW"}))
if int(answer["Attributes"]["tries"]["N"]) < event["detail"]["fails"] + 1:
    raise ValueError("not yet")
return {}""")
    resources = {
        **role(),
        "Function": function(code, FunctionName="rule"),
        "Tries": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "rule-tries", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            },
        },
        "Failed": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "rule-failed"}},
        "Invocation": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 2,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": "Failed.Arn"}}},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["probe.rule"]},
                "Targets": [{"Id": "function", "Arn": {"Fn::GetAtt": "Function.Arn"}}],
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": "Rule.Arn"},
            },
        },
    }
    stack = deploy("rule", resources)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reason("rule")

    def send(name, fails):
        detail = json.dumps({"id": name, "fails": fails})
        client("events").put_events(Entries=[{"Source": "probe.rule", "DetailType": "t", "Detail": detail}])

    def tries(name):
        item = table.get_item(TableName="rule-tries", Key={"id": {"S": name}}).get("Item")
        return int(item["tries"]["N"]) if item else 0

    send("recovers", 1)
    send("fails", 9)
    url = queues.get_queue_url(QueueName="rule-failed")["QueueUrl"]
    bodies = []

    def failed():
        bodies.extend(message["Body"] for message in queues.receive_message(QueueUrl=url).get("Messages", []))
        return bodies

    wait_until("the failure queue", failed, 20)
    assert len(bodies) == 1 and "fails" in bodies[0], bodies
    assert (tries("recovers"), tries("fails")) == (2, 3)


def probe_traces_are_carried():
    resources = {
        **role(),
        "Function": function(upload_function("trace.zip", 'return os.environ.get("_X_AMZN_TRACE_ID")'), FunctionName="trace"),
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "trace"}},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["probe.trace"]},
                "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": "Queue.Arn"}}],
            },
        },
    }
    stack = deploy("trace", resources)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reason("trace")

    headers = [f"Root=1-5759e988-{number:024x};Parent=53995c3f42cd8ad8;Sampled=1" for number in range(3)]
    functions = client("lambda")
    functions.meta.events.register("before-call.lambda.Invoke", lambda params, **_: params["headers"].update({"X-Amzn-Trace-Id": headers[0]}))
    assert json.load(functions.invoke(FunctionName="trace")["Payload"]) == headers[0]

    entry = {"Source": "probe.trace", "DetailType": "t"}
    entries = [{**entry, "Detail": json.dumps({"trace": header}), "TraceHeader": header} for header in headers]
    answer = client("events").put_events(Entries=[*entries, {**entry, "Detail": "{}"}])
    assert answer["FailedEntryCount"] == 0 and len(answer["Entries"]) == 4, answer
    queues = client("sqs")
    url, heard = queues.get_queue_url(QueueName="trace")["QueueUrl"], []

    def all_heard():
        got = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
        for message in got.get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            assert message["Attributes"].get("AWSTraceHeader") == detail.get("trace"), message
            heard.append(detail)
        return len(heard) == 4

    wait_until("the events", all_heard, 20)


@contextlib.contextmanager
def enforcing_cloud():
    """A cloud of its own that enforces policies: its endpoint, a maker of clients, and a maker of a user with a policy."""
    launcher = os.path.join(os.path.dirname(__file__), "..", "..", "cloud", "launch.py")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "MINISTACK_REGION": "us-east-1", "MINISTACK_ACCOUNT_ID": "000000000000", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent", "STATE_DIR": folder + "/keys", "SHOPCTL_DATA": folder + "/data",
            "SHOPCTL_RECORD": folder + "/record.json", "SHOPCTL_DIE_WITH_PARENT": str(os.getpid()), "AUTH": "true",
        }
        with open(folder + "/log", "wb") as log:
            server = subprocess.Popen([sys.executable, "-I", "-X", "utf8", launcher], env=environment, stdout=log, stderr=log)
        try:
            endpoint = f"http://127.0.0.1:{port}"

            def serves():
                assert server.poll() is None, open(folder + "/log").read()
                with contextlib.suppress(OSError):
                    return urllib.request.urlopen(endpoint + "/_shopctl/status").status == 200

            wait_until("a cloud that enforces policies", serves, 30)

            def at(service, **keys):
                keys = keys or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
                config = botocore.config.Config(s3={"addressing_style": "path"})
                return SESSION.create_client(service, region_name="us-east-1", endpoint_url=endpoint, config=config, **keys)

            def user(*statements):
                users, policy = at("iam"), json.dumps({"Version": "2012-10-17", "Statement": statements})
                users.create_user(UserName="somebody")
                users.put_user_policy(UserName="somebody", PolicyName="work", PolicyDocument=policy)
                key = users.create_access_key(UserName="somebody")["AccessKey"]
                keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
                return lambda service: at(service, **keys)

            yield endpoint, at, user
        finally:
            server.terminate()
            server.wait(20)


def probe_senders_of_mail_are_checked():
    with enforcing_cloud() as (_, at, user):
        for identity in ("shop@one.example", "two.example"):
            at("sesv2").create_email_identity(EmailIdentity=identity)
        sender = user({
            "Effect": "Allow", "Action": "ses:SendEmail", "Resource": "arn:aws:ses:us-east-1:000000000000:identity/*",
            "Condition": {"StringEquals": {"ses:FromAddress": ["shop@one.example", "any@two.example"]}},
        })("sesv2")

        def send(address):
            text = {"Data": "hello"}
            try:
                sender.send_email(
                    FromEmailAddress=address, Destination={"ToAddresses": ["anna@example.com"]},
                    Content={"Simple": {"Subject": text, "Body": {"Text": text}}},
                )
                return "sent"
            except ClientError as error:
                return error.response["Error"]["Code"] + " " + error.response["Error"]["Message"]

        assert send("shop@one.example") == send("The shop <any@two.example>") == "sent"
        refused = send("boss@two.example")
        assert "AccessDenied" in refused and "identity/two.example" in refused, refused


def probe_publishers_name_themselves():
    with enforcing_cloud() as (_, _, user):
        events = user({
            "Effect": "Allow", "Action": "events:PutEvents", "Resource": "*",
            "Condition": {"StringEquals": {"events:source": "shop.orders"}},
        })("events")

        def put(*sources):
            try:
                events.put_events(Entries=[{"Source": source, "DetailType": "Told", "Detail": "{}"} for source in sources])
                return "told"
            except ClientError as error:
                return error.response["Error"]["Code"]

        assert put("shop.orders") == put("shop.orders", "shop.orders") == "told"
        for sources in (["shop.payment"], ["shop.orders", "shop.payment"]):
            assert "AccessDenied" in put(*sources), sources


def probe_loopback_is_as_good_as_tls_and_calls_are_remembered():
    with enforcing_cloud() as (endpoint, at, user):
        bucket = at("s3")
        bucket.create_bucket(Bucket="encrypted")
        statement = {
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::encrypted/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        bucket.put_bucket_policy(Bucket="encrypted", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        everything = {"Effect": "Allow", "Action": ["s3:PutObject", "sts:AssumeRole"], "Resource": "*"}
        somebody = user(everything)
        somebody("s3").put_object(Bucket="encrypted", Key="a", Body=b"a")
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        trusted = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = at("iam").create_role(RoleName="writer", AssumeRolePolicyDocument=trusted)["Role"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**everything, "Action": "s3:PutObject"}]})
        at("iam").put_role_policy(RoleName="writer", PolicyName="work", PolicyDocument=policy)
        taken = somebody("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="probe")["Credentials"]
        writer = at(
            "s3", aws_access_key_id=taken["AccessKeyId"], aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
        )
        writer.put_object(Bucket="encrypted", Key="b", Body=b"b")
        with contextlib.suppress(ClientError):
            writer.get_object(Bucket="encrypted", Key="b")
        calls = json.loads(urllib.request.urlopen(endpoint + "/_shopctl/calls").read())["calls"]
        told = [(call["role"], call["action"], call["resource"], call["allowed"]) for call in calls]
        resource = "arn:aws:s3:::encrypted/b"
        assert told == [("writer", "s3:GetObject", resource, False), ("writer", "s3:PutObject", resource, True)], told


def probe_databases_are_on_this_machine():
    # A server that only greets and hangs up tells that somebody came.
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    stack = deploy(
        "data",
        {
            "Secret": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"Name": "data", "SecretString": '{"username": "admin", "password": "Passw0rdX"}'},
            },
            "Database": {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {
                    "DBInstanceIdentifier": "data", "Engine": "mysql", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20",
                    "MasterUsername": "admin", "MasterUserPassword": "Passw0rdX", "Port": str(port),
                },
            },
        },
        {"Address": {"Fn::GetAtt": "Database.Endpoint.Address"}, "Port": {"Fn::GetAtt": "Database.Endpoint.Port"}},
    )
    assert stack["Outputs"] == {"Address": "127.0.0.1", "Port": str(port)}, stack
    secret = client("secretsmanager").describe_secret(SecretId="data")["ARN"]
    arn = client("rds").describe_db_instances(DBInstanceIdentifier="data")["DBInstances"][0]["DBInstanceArn"]
    came = []

    def greet():
        server.settimeout(10)
        connection, _ = server.accept()
        came.append(True)
        connection.close()

    thread = threading.Thread(target=greet)
    thread.start()
    try:
        client("rds-data").execute_statement(resourceArn=arn, secretArn=secret, sql="select 40 + 2 as answer")
    except ClientError:
        pass
    thread.join()
    assert came, "the Data API did not call the server at the instance's port"


def probe_all_listeners_are_on_loopback():
    pid = json.loads(request("GET", "/_shopctl/status")[2])["pid"]
    if not os.path.isdir("/proc/self/fd"):
        return
    inodes = set()
    group = os.getpgid(pid)

    def of_the_group(process):
        try:
            return os.getpgid(int(process)) == group
        except OSError:  # ended meanwhile
            return False

    for process in filter(of_the_group, filter(str.isdigit, os.listdir("/proc"))):
        for name in os.listdir(f"/proc/{process}/fd"):
            try:
                link = os.readlink(f"/proc/{process}/fd/{name}")
            except OSError:  # closed meanwhile
                continue
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in open(table).readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.append(fields[1].split(":")[0])
    assert listening, "no listener found"
    assert set(listening) <= {"0100007F", "00000000000000000000000001000000"}, listening


def probe_own_endpoints_are_not_for_pages():
    assert request("POST", "/_shopctl/snapshot", headers={"Origin": "http://evil.example"})[0] == 403
    assert request("GET", "/_shopctl/nothing")[0] == 404


def main():
    failed = 0
    for name, probe in list(globals().items()):
        if name.startswith("probe_"):
            started = time.monotonic()
            try:
                probe()
                print(f"ok   {name} {time.monotonic() - started:.2f} s", flush=True)
            except Exception:
                failed += 1
                print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
