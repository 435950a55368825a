"""A few things of several services: `make NAME`, `list`, and `half-a-deploy`, which leaves a stack changing."""

import json
import sys

from support import client, deploy, function, role, upload_function, wait_until


def make(name):
    client("s3").create_bucket(Bucket=name)
    client("s3").put_object(Bucket=name, Key=name, Body=name.encode() * 1000)
    client("sqs").create_queue(QueueName=name)
    tables = client("dynamodb")
    if "things" not in tables.list_tables()["TableNames"]:
        tables.create_table(
            TableName="things", BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
    tables.put_item(TableName="things", Item={"id": {"S": name}})


def show():
    storage, tables = client("s3"), client("dynamodb")
    buckets = [bucket["Name"] for bucket in storage.list_buckets()["Buckets"]]
    queues = [url.rsplit("/", 1)[1] for url in client("sqs").list_queues().get("QueueUrls", [])]
    items = []
    if "things" in tables.list_tables()["TableNames"]:
        items = [item["id"]["S"] for item in tables.scan(TableName="things")["Items"]]
    for what, names in (("buckets", buckets), ("queues", queues), ("items", items)):
        print(f"{what}: {' '.join(sorted(names))}".rstrip())


def half_a_deploy():
    """A stack that has made its queue and now waits for a slow custom resource."""
    code = upload_function("half.zip", "time.sleep(60)", bucket="half")
    seed = {
        "Type": "Custom::Seed", "DependsOn": "Queue",
        "Properties": {"ServiceToken": {"Fn::GetAtt": "Function.Arn"}, "ServiceTimeout": 60},
    }
    resources = {
        **role(), "Function": function(code, Timeout=60),
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "half"}}, "Seed": seed,
    }
    client("cloudformation").create_stack(
        StackName="half", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )

    def waiting():
        events = client("cloudformation").describe_stack_events(StackName="half")["StackEvents"]
        return any(e["LogicalResourceId"] == "Seed" and e["ResourceStatus"] == "CREATE_IN_PROGRESS" for e in events)

    wait_until("the custom resource", waiting)


if __name__ == "__main__":
    {"make": make, "list": show, "half-a-deploy": half_a_deploy}[sys.argv[1]](*sys.argv[2:])
