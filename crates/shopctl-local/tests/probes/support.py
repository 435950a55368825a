"""What the probes share: botocore clients, a function written in Python, templates, waiting."""

import io
import json
import os
import time
import urllib.error
import urllib.request
import zipfile

import botocore.config
import botocore.session
from botocore.exceptions import ClientError  # noqa: F401, for the probes

PORT = int(os.environ["PROBE_PORT"])
ENDPOINT = f"http://127.0.0.1:{PORT}"
SESSION = botocore.session.Session()


def client(service):
    return SESSION.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=ENDPOINT,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(
            retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, inject_host_prefix=False
        ),
    )


def request(method, path, body=None, host=None, headers=None):
    """(status, headers with lower-case names, body) of one plain HTTP call."""
    headers = dict(headers or {})
    if host:
        headers["Host"] = host
    asked = urllib.request.Request(ENDPOINT + path, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, {k.lower(): v for k, v in answer.headers.items()}, answer.read()


# A custom runtime in Python: `provided.al2023` needs an executable `bootstrap`, and a script is one.
BOOTSTRAP = """#!{python} -S
import http.client, json, os, sys, time, urllib.parse
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def call(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    answer = api.getresponse()
    return answer.headers, answer.read()
def aws(service, target, document):
    url = urllib.parse.urlparse(os.environ["AWS_ENDPOINT_URL"])
    wire = http.client.HTTPConnection(url.hostname, url.port)
    wire.request("POST", "/", json.dumps(document), {{
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target,
        "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/{{service}}/aws4_request, SignedHeaders=host, Signature=0"}})
    return wire.getresponse().read()
def handle(event):
{handler}
while True:
    head, body = call("GET", "invocation/next")
    identifier = head["Lambda-Runtime-Aws-Request-Id"]
    os.environ["_X_AMZN_TRACE_ID"] = head.get("Lambda-Runtime-Trace-Id", "")
    try:
        call("POST", f"invocation/{{identifier}}/response", json.dumps(handle(json.loads(body))))
    except Exception as error:
        call("POST", f"invocation/{{identifier}}/error", json.dumps({{"errorMessage": str(error), "errorType": type(error).__name__}}))
"""


def function_zip(handler):
    """A zip whose bootstrap runs `handler`, the body of `def handle(event)`."""
    import sys

    code = BOOTSTRAP.format(python=sys.executable, handler="\n".join("    " + line for line in handler.strip().splitlines()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, code)
    return out.getvalue()


def upload_function(key, handler, bucket="probe-code"):
    storage = client("s3")
    try:
        storage.create_bucket(Bucket=bucket)
    except ClientError:
        pass
    storage.put_object(Bucket=bucket, Key=key, Body=function_zip(handler))
    return {"S3Bucket": bucket, "S3Key": key}


def role(name="Role"):
    return {
        name: {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                    ],
                }
            },
        }
    }


def function(code, handler="main", **properties):
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "provided.al2023",
            "Handler": handler,
            "Code": code,
            "Role": {"Fn::GetAtt": "Role.Arn"},
            **properties,
        },
    }


def wait_until(what, condition, seconds=15):
    """The first true result of `condition`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def settled(name):
    """The stack's description once no operation runs, or None when it is gone."""

    def look():
        try:
            stack = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError:
            return "gone"
        return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack

    stack = wait_until(f"stack {name}", look, 30)
    return None if stack == "gone" else stack


def deploy(name, resources, outputs=None):
    """Create the stack; its settled description with `Outputs` as a dict."""
    template = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()}}
    if not outputs:
        del template["Outputs"]
    client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    stack = settled(name)
    stack["Outputs"] = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return stack


def reason(name):
    """Why the stack failed: the first failed event."""
    events = client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return next(e["ResourceStatusReason"] for e in reversed(events) if e["ResourceStatus"].endswith("FAILED"))
