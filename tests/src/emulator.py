"""Asks a local cloud with the SDK: argv[1] is its endpoint.

Each line of standard input is a question, each line of standard output its answer: `{"inventory": true}`, or
`{"service": ..., "operation": ..., "parameters": {...}}`, for another caller than whoever owns the cloud with
`"credentials": {...}`, as AssumeRole gives them. `{"signed": url}` asks for the address of a WebSocket API as its owner
may open it.
"""

import functools
import json
import sys

import botocore.session
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

session = botocore.session.get_session()


@functools.cache
def client(service, key="test", secret="test", token=None):
    return session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=sys.argv[1],
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def signed(url):
    request = AWSRequest("GET", url)
    SigV4QueryAuth(Credentials("test", "test"), "execute-api", "us-east-1", expires=60).add_auth(request)
    return request.url


def everything(service, operation, key, **parameters):
    api = client(service)
    if api.can_paginate(operation):
        pages = api.get_paginator(operation).paginate(**parameters)
    else:
        pages = [getattr(api, operation)(**parameters)]
    return [item for page in pages for item in page.get(key) or []]


def names(service, operation, key, name, **parameters):
    return sorted(item[name] if name else item for item in everything(service, operation, key, **parameters))


def inventory():
    """What there is, by kind; kinds without anything are left out."""
    # Change sets that were never executed count as something left over.
    stacks = {}
    for stack in everything("cloudformation", "describe_stacks", "Stacks"):
        waiting = [
            change_set["ChangeSetName"]
            for change_set in everything("cloudformation", "list_change_sets", "Summaries", StackName=stack["StackName"])
            # MiniStack also lists those of a deleted stack of the same name.
            if change_set["StackId"] == stack["StackId"]
            and change_set.get("ExecutionStatus") not in ("EXECUTE_COMPLETE", "EXECUTE_FAILED")
        ]
        stacks[stack["StackName"]] = " ".join([stack["StackStatus"], *waiting])

    distributions = client("cloudfront").list_distributions().get("DistributionList", {}).get("Items") or []
    found = {
        "stacks": stacks,
        "buckets": names("s3", "list_buckets", "Buckets", "Name"),
        "queues": [url.rsplit("/", 1)[1] for url in names("sqs", "list_queues", "QueueUrls", None)],
        "topics": names("sns", "list_topics", "Topics", "TopicArn"),
        "tables": names("dynamodb", "list_tables", "TableNames", None),
        "functions": names("lambda", "list_functions", "Functions", "FunctionName"),
        "mappings": names("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
        "logGroups": names("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "roles": names("iam", "list_roles", "Roles", "RoleName"),
        "apis": names("apigatewayv2", "get_apis", "Items", "Name"),
        "userPools": names("cognito-idp", "list_user_pools", "UserPools", "Name", MaxResults=60),
        "buses": [name for name in names("events", "list_event_buses", "EventBuses", "Name") if name != "default"],
        "rules": names("events", "list_rules", "Rules", "Name"),
        "alarms": names("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "distributions": sorted(item["DomainName"] for item in distributions),
    }
    return {kind: items for kind, items in found.items() if items}


def answer(question):
    if "inventory" in question:
        return inventory()
    if "signed" in question:
        return signed(question["signed"])
    own = question.get("credentials")
    keys = [own[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")] if own else []
    return getattr(client(question["service"], *keys), question["operation"])(**question["parameters"])


def plain(value):
    """What JSON does not know; the body of an answer is its text."""
    return value.read().decode() if hasattr(value, "read") else str(value)


for line in sys.stdin:
    try:
        said = {"answer": answer(json.loads(line))}
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said, default=plain), flush=True)
