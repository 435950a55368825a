"""Gaps of MiniStack 1.5.33 that matter for a shop, closed at run time by wrapping its own functions.

Each patch says what is wrong without it, and has a probe in tests/probes/; when MiniStack is raised to another version
the probes tell which patches are needed still. Nothing here is for looks: a patch makes the local cloud do what AWS
does where a template or a program relies on it.
"""

import email.utils
import functools
import http.server
import inspect
import json
import os
import socket
import urllib.parse

import invocations
import ministack.services.cloudformation as cloudformation
import ministack.services.cloudformation.custom_resource as custom_resource
import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.rds_data as rds_data
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway_v1, eventbridge, lambda_svc, rds, s3, ses_v2
from ministack.services.cloudformation import changesets, handlers, stacks

HANDLERS = provisioners._RESOURCE_HANDLERS


def apply(databases):
    """Apply all patches. Before the server starts. `databases` is the server for database instances, if one runs."""
    loopback_only()
    prompt_answers()
    clean_function_environment()
    invocations.apply()
    custom_resources_fail_fast()
    exports_in_use_stay()
    preflight_names_the_headers()
    http_api_cors()
    request_validators()
    lambda_functions()
    buckets_with_objects_stay()
    user_pool_provider_url()
    s3_origins()
    missing_objects_of_an_origin()
    rules_invoke_asynchronously()
    senders_of_mail_are_checked()
    databases_on_this_machine(databases)
    change_sets_of_outputs()


def wrap(resource_type, operation, wrapper):
    """Replace a provisioner by `wrapper(original, *arguments)`, keeping the signature that MiniStack inspects."""
    original = HANDLERS[resource_type][operation]

    @functools.wraps(original)
    def wrapped(*arguments, **named):
        return wrapper(original, *arguments, **named)

    wrapped.__signature__ = inspect.signature(original)
    HANDLERS[resource_type][operation] = wrapped


def loopback_only():
    """Every listener is on loopback. MiniStack binds 0.0.0.0 by default, its side services (MQTT, SFTP) always do."""
    bind = socket.socket.bind

    def bind_loopback(self, address):
        if self.family == socket.AF_INET and address[0] in ("", "0.0.0.0"):
            address = ("127.0.0.1", *address[1:])
        elif self.family == socket.AF_INET6 and address[0] in ("", "::"):
            address = ("::1", *address[1:])
        return bind(self, address)

    socket.socket.bind = bind_loopback


def prompt_answers():
    """Two waits that cost 50 ms on every invocation. After a function's answer MiniStack waits that long for a line of
    its log, in vain when it logs nothing: what was written before the answer arrives within a few. And the Lambda
    Runtime API writes head and body apart: with Nagle's algorithm the second waits for a delayed acknowledgement."""
    http.server.BaseHTTPRequestHandler.disable_nagle_algorithm = True
    original = lambda_runtime.ProvidedWorker._drain_stderr_bounded

    def drain(self, first_line_wait=0.004, idle_confirm=0.003, hard_cap=0.250):
        return original(self, first_line_wait, idle_confirm, hard_cap)

    lambda_runtime.ProvidedWorker._drain_stderr_bounded = drain


# What the launcher was started with concerns the server, not the functions.
_SERVER_ONLY = (
    "BIND_HOST", "GATEWAY_PORT", "IOT_MTLS_ENABLED", "SFTP_ENABLED", "STATE_DIR", "HOME", "S3_PERSIST",
    "PERSIST_STATE", "LOG_LEVEL", "VIRTUAL_ENV",
)


def clean_function_environment():
    """Functions get the server's environment; without this they see its folders and settings too. `TMPDIR` stays, so
    that what they write goes into this instance's folder."""
    original = lambda_svc._provided_worker_env

    def worker_env(config, *arguments, **named):
        own = (config.get("Environment") or {}).get("Variables") or {}
        environment = original(config, *arguments, **named)
        return {
            name: value
            for name, value in environment.items()
            if name in own or not (name in _SERVER_ONLY or name.startswith("SHOPCTL_"))
        }

    lambda_svc._provided_worker_env = worker_env


def custom_resources_fail_fast():
    """A custom resource whose function fails before it answers keeps the stack waiting for ServiceTimeout, an hour by
    default, as on AWS. Here nobody retries the function, so the answer can never come: the resource fails at once with
    the function's error. The response URL names 127.0.0.1, since `localhost` may resolve to ::1 first."""
    original = lambda_svc._execute_function_with_config_scope
    custom_resource._HOST = "127.0.0.1"

    def execute(record, event, *arguments, **named):
        result = original(record, event, *arguments, **named)
        if isinstance(event, dict) and "ResponseURL" in event and isinstance(result, dict) and result.get("error"):
            body = result.get("body")
            message = body.get("errorMessage") if isinstance(body, dict) else body
            token = urllib.parse.urlparse(event["ResponseURL"]).path.rsplit("/", 1)[-1]
            with custom_resource._lock:
                answered = (custom_resource._pending.get(token) or {}).get("result") is not None
            if not answered:
                custom_resource.deliver_response(
                    token, {"Status": "FAILED", "Reason": f"the custom resource's function failed: {message}"}
                )
        return result

    lambda_svc._execute_function_with_config_scope = execute


def exports_in_use_stay():
    """An update may take away or change an export that another stack imports, and an export that is taken away can be
    imported for ever. On AWS the update fails and rolls back."""
    original = stacks._resolve_stack_outputs

    def importer(name, stack_id):
        for other, stack in cloudformation._stacks.items():
            if stack.get("StackId") != stack_id and "DELETE" not in stack.get("StackStatus", ""):
                if name in handlers._imported_export_names(stack, other):
                    return other
        return None

    def resolve(definitions, conditions, resources, parameters, mappings, stack_name, stack_id):
        outputs, exports = original(definitions, conditions, resources, parameters, mappings, stack_name, stack_id)
        gone = []
        for name, export in list(cloudformation._exports.items()):
            if export.get("StackId") != stack_id or exports.get(name) == export:
                continue
            other = importer(name, stack_id)
            if other and name in exports:
                raise ValueError(f"Cannot update export {name} as it is in use by {other}")
            if other:
                raise ValueError(f"Export {name} cannot be deleted as it is in use by {other}")
            gone.append(name)
        for name in gone:
            cloudformation._exports.pop(name, None)
        return outputs, exports

    stacks._resolve_stack_outputs = resolve


def preflight_names_the_headers():
    """Browsers do not count Authorization under `Access-Control-Allow-Headers: *`, so a preflight of a signed call to
    Cognito or S3 from the site's origin would fail. Name the headers that were asked for."""
    original = app._handle_options_request

    def options(method, path, headers, query_params, request_id):
        answer = original(method, path, headers, query_params, request_id)
        asked = headers.get("access-control-request-headers")
        if answer and asked and answer[1].get("Access-Control-Allow-Headers") == "*":
            answer[1]["Access-Control-Allow-Headers"] = asked
        return answer

    app._handle_options_request = options


def http_api_cors():
    """CorsConfiguration of an HTTP API in a template is stored with its CloudFormation names, which the data plane
    does not read: every preflight is refused."""

    def lowered(properties):
        cors = properties.get("CorsConfiguration")
        if not isinstance(cors, dict):
            return properties
        return {**properties, "CorsConfiguration": {name[:1].lower() + name[1:]: value for name, value in cors.items()}}

    wrap("AWS::ApiGatewayV2::Api", "create", lambda create, logical_id, new, *rest: create(logical_id, lowered(new), *rest))
    wrap(
        "AWS::ApiGatewayV2::Api",
        "update",
        lambda update, physical_id, old, new, *rest: update(physical_id, lowered(old), lowered(new), *rest),
    )


def request_validators():
    """AWS::ApiGateway::RequestValidator does nothing and methods forget theirs: bad bodies reach the function."""
    resource = HANDLERS["AWS::ApiGateway::RequestValidator"]

    def create(logical_id, properties, stack_name):
        flag = lambda name: str(properties.get(name, False)).lower() == "true"
        status, _, body = apigateway_v1._create_request_validator(
            properties.get("RestApiId"),
            {
                "name": properties.get("Name", ""),
                "validateRequestBody": flag("ValidateRequestBody"),
                "validateRequestParameters": flag("ValidateRequestParameters"),
            },
        )
        if status >= 400:
            raise ValueError(body.decode())
        identifier = json.loads(body)["id"]
        return identifier, {"RequestValidatorId": identifier}

    def delete(physical_id, properties):
        (apigateway_v1._request_validators.get(properties.get("RestApiId")) or {}).pop(physical_id, None)

    resource["create"], resource["delete"] = create, delete

    def remember(properties):
        node = (apigateway_v1._resources.get(properties.get("RestApiId")) or {}).get(properties.get("ResourceId")) or {}
        method = (node.get("resourceMethods") or {}).get(properties.get("HttpMethod", "ANY"))
        if method is not None and properties.get("RequestValidatorId"):
            method["requestValidatorId"] = properties["RequestValidatorId"]

    def created(original, logical_id, properties, *rest):
        result = original(logical_id, properties, *rest)
        remember(properties)
        return result

    def updated(original, physical_id, old, new, *rest):
        result = original(physical_id, old, new, *rest)
        remember(new)
        return result

    wrap("AWS::ApiGateway::Method", "create", created)
    wrap("AWS::ApiGateway::Method", "update", updated)


def lambda_functions():
    """A function without Code or Role, or whose code object does not exist, is deployed empty and answers a mock;
    reserved concurrency in a template is forgotten."""

    def check(properties):
        for name in ("Code", "Role"):
            if not properties.get(name):
                raise ValueError(f"Properties validation failed for resource: required key [{name}] not found")
        bucket, key = properties["Code"].get("S3Bucket"), properties["Code"].get("S3Key")
        if bucket and key and not lambda_svc._fetch_code_from_s3(
            bucket, key, version_id=properties["Code"].get("S3ObjectVersion")
        ):
            raise ValueError(
                "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: "
                f"The specified key does not exist: s3://{bucket}/{key}"
            )

    def reserve(name, properties):
        function = lambda_svc._functions.get(name)
        if function is not None:
            reserved = properties.get("ReservedConcurrentExecutions")
            function["concurrency"] = int(reserved) if reserved is not None else None

    def create(original, logical_id, properties, *rest):
        check(properties)
        physical_id, attributes = original(logical_id, properties, *rest)
        reserve(physical_id, properties)
        return physical_id, attributes

    def update(original, physical_id, old, new, *rest):
        check(new)
        result = original(physical_id, old, new, *rest)
        reserve(result[0] if isinstance(result, tuple) else physical_id, new)
        return result

    wrap("AWS::Lambda::Function", "create", create)
    wrap("AWS::Lambda::Function", "update", update)


def buckets_with_objects_stay():
    """Deleting a stack drops a bucket with all that is in it; on AWS the delete fails until the bucket is empty,
    which counts old versions and delete markers too."""

    def delete(original, physical_id, properties, *rest):
        bucket = s3._buckets.get(physical_id) or {}
        versions = any(name == physical_id and kept for (name, _), kept in s3._object_versions.items())
        if bucket.get("objects") or versions:
            raise ValueError(
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
                "(Service: S3, Status Code: 409)"
            )
        return original(physical_id, properties, *rest)

    wrap("AWS::S3::Bucket", "delete", delete)


def user_pool_provider_url():
    """Fn::GetAtt ProviderURL of a user pool fails the stack; a JWT authorizer's Issuer is written with it."""

    def with_url(original, *arguments):
        result = original(*arguments)
        if isinstance(result, tuple) and isinstance(result[1], dict) and result[1].get("ProviderName"):
            result[1]["ProviderURL"] = "https://" + result[1]["ProviderName"]
        return result

    wrap("AWS::Cognito::UserPool", "create", with_url)
    wrap("AWS::Cognito::UserPool", "update", with_url)


def s3_origins():
    """An S3 origin with `S3OriginConfig: {}`, as templates write it with origin access control, is taken for a web
    server of that name on the internet: 502."""

    def filled(properties):
        config = properties.get("DistributionConfig")
        if not isinstance(config, dict) or not isinstance(config.get("Origins"), list):
            return properties
        origins = [
            {**origin, "S3OriginConfig": {"OriginAccessIdentity": ""}} if origin.get("S3OriginConfig") == {} else origin
            for origin in config["Origins"]
        ]
        return {**properties, "DistributionConfig": {**config, "Origins": origins}}

    kind = "AWS::CloudFront::Distribution"
    wrap(kind, "create", lambda create, logical_id, new, *rest: create(logical_id, filled(new), *rest))
    wrap(kind, "update", lambda update, physical_id, old, new, *rest: update(physical_id, filled(old), filled(new), *rest))


def missing_objects_of_an_origin():
    """CloudFront answers 403 for an object that is not there even when the bucket's policy lets it list the bucket:
    with s3:ListBucket it is 404, which is what a site shows as "not found"."""
    original = s3.serve_cloudfront_origin_fetch

    def may_list(bucket, source_arn, identity):
        policy = s3._bucket_policies.get_scoped(s3._bucket_owner_account(bucket) or get_account_id(), None, bucket)
        if not policy or not (source_arn or identity):
            return False
        context = iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {identity}" if identity else "*",
            principal_type="User" if identity else "Service",
            principal_account="",
            action="s3:ListBucket",
            resource_arn=f"arn:aws:s3:::{bucket}",
            region=get_region(),
            service_context={"aws:sourcearn": source_arn} if source_arn else {},
        )
        service = None if identity else "cloudfront.amazonaws.com"
        return iam_evaluator.evaluate_resource_policy(policy, context, service=service).decision == "Allow"

    def fetch(bucket_name, key, method, headers, source_arn="", oai_id=""):
        bucket = s3._ensure_bucket(bucket_name)
        if bucket is not None and key not in bucket["objects"] and may_list(bucket_name, source_arn, oai_id):
            return s3._error("NoSuchKey", "The specified key does not exist.", 404, f"/{bucket_name}/{key}")
        return original(bucket_name, key, method, headers, source_arn=source_arn, oai_id=oai_id)

    s3.serve_cloudfront_origin_fetch = fetch


def rules_invoke_asynchronously():
    """A rule of EventBridge calls its function once and forgets it: no second try, no failure queue. On AWS that is an
    asynchronous invocation like any other."""

    def dispatch(arn, payload):
        try:
            event = json.loads(payload)
        except (json.JSONDecodeError, TypeError):
            event = {"body": payload}
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if function and config:
            lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)
        else:
            eventbridge.logger.warning("EventBridge: function %s not found", name)

    eventbridge._dispatch_to_lambda = dispatch


def senders_of_mail_are_checked():
    """Where policies are enforced (AUTH=true), sending mail is checked against the resource `*` and without
    `ses:FromAddress`: a role that may send as one address only, may not send at all. On AWS the resource is the
    sender's identity, the address itself or its domain."""
    original = app._enforce_ses_v2

    def enforce(method, path, headers, body, query_params, request_id):
        action = app.AUTH and iam_actions.extract_iam_action("ses", method, path, headers, body, query_params)
        sender = action in ("ses:SendEmail", "ses:SendBulkEmail") and iam_actions._safe_json_field(body, "FromEmailAddress")
        if not sender:
            return original(method, path, headers, body, query_params, request_id)
        name, address = email.utils.parseaddr(sender)
        known = address in ses_v2._identities or address in ses_v2._v1_identities
        identity = address if known else address.rpartition("@")[2]
        region = app.extract_region(headers, query_params)
        resource = f"arn:aws:ses:{region}:{get_account_id()}:identity/{identity}"
        keys = {"ses:fromaddress": address, **({"ses:fromdisplayname": name} if name else {})}
        return app._enforce_data_plane(
            "sesv2", action, headers, query_params, request_id,
            resource_arn=resource, service_context=keys, named_resource=resource,
        )

    app._enforce_ses_v2 = enforce


def databases_on_this_machine(server):
    """A database instance in a template gets an address on the internet and no server, and the RDS Data API answers from
    a stub unless a container backs the instance. Here the database is a server on this machine: the launcher's, which
    gets the instance's user and database, or one at the instance's own port."""
    attributes, has_endpoint = provisioners._rds_db_instance_attrs, rds_data._has_real_endpoint

    def is_local(instance):
        return any(name in str(instance.get("Engine", "")) for name in ("mysql", "mariadb"))

    def local_attributes(instance):
        if is_local(instance):
            instance["Endpoint"]["Address"] = "127.0.0.1"
        return attributes(instance)

    def has_local_endpoint(instance):
        endpoint = instance.get("Endpoint")
        return has_endpoint(instance) or bool(is_local(instance) and isinstance(endpoint, dict) and endpoint.get("Port"))

    def provided(provision, props):
        # The original gives the physical id and the attributes; the port among these is the server's.
        physical_id, _ = provision()
        instance = rds._instances[physical_id]
        if is_local(instance):
            server.provide(instance, props.get("DBName"))
        return physical_id, local_attributes(instance)

    def create(original, logical_id, props, stack_name):
        return provided(lambda: original(logical_id, props, stack_name), props)

    def update(original, physical_id, old_props, new_props, stack_name, logical_id=None):
        return provided(lambda: original(physical_id, old_props, new_props, stack_name, logical_id), new_props)

    def delete(original, physical_id, props):
        original(physical_id, props)
        # They share the server, so that only with the last one all that is left is nobody's.
        if not any(is_local(instance) for instance in rds._instances.values()):
            server.clear()

    if server:
        wrap("AWS::RDS::DBInstance", "create", create)
        wrap("AWS::RDS::DBInstance", "update", update)
        wrap("AWS::RDS::DBInstance", "delete", delete)
    provisioners._rds_db_instance_attrs = local_attributes
    rds_data._has_real_endpoint = has_local_endpoint


def change_sets_of_outputs():
    """A change set in which no resource changes "didn't contain changes", also when outputs or parameters do: the
    outputs of a stack stayed as they were for ever."""
    create = handlers._ACTION_HANDLERS["CreateChangeSet"]

    def create_change_set(params):
        answer = create(params)
        _, change_set = changesets._find_change_set(changesets._p(params, "ChangeSetName"), changesets._p(params, "StackName"))
        stack = cloudformation._stacks.get(change_set["StackName"]) if change_set else None
        if stack and change_set["StatusReason"].startswith("The submitted information didn't contain changes"):

            def told(of):
                values = {name: value.get("Value") for name, value in of.get("_resolved_params", {}).items()}
                return of.get("_template", {}).get("Outputs", {}), values

            if told(change_set) != told(stack):
                change_set.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")
        return answer

    handlers._ACTION_HANDLERS["CreateChangeSet"] = create_change_set


def end_functions():
    """End the processes of all functions at once: nothing waits for their answers any more."""
    for workers in list(lambda_runtime._workers.values()):
        for worker in list(workers):
            process = getattr(worker, "_proc", None)
            if process is not None and process.poll() is None:
                process.kill()
