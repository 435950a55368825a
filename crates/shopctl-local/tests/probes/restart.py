"""What must survive a kill: `fill` makes one of everything and prints what it made, `check` finds it again and sees the
event source mappings work. The test takes a snapshot, makes more that must be gone, and kills the server in between.
"""

import json
import sys

from support import ClientError, client, deploy, function, request, role, upload_function, wait_until

STACK = "restart"

# The function writes what woke it into the table `restart-seen`, which has no stream.
HANDLER = """
for record in event["Records"]:
    source = record.get("eventSource")
    text = record.get("body") or record["dynamodb"]["Keys"]["id"]["S"]
    aws("dynamodb", "DynamoDB_20120810.PutItem", {
        "TableName": "restart-seen", "Item": {"id": {"S": source + " " + text}}})
return {"batchItemFailures": []}
"""


PART = b"p" * (5 << 20)


def table(name, **properties):
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            **properties,
        },
    }


def mapping(source, **properties):
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"FunctionName": {"Ref": "Worker"}, "EventSourceArn": {"Fn::GetAtt": source}, "BatchSize": 1, **properties},
    }


def seen(text):
    answer = client("dynamodb").get_item(TableName="restart-seen", Key={"id": {"S": text}})
    return "Item" in answer


def send(text):
    """Wake the function through the queue and through the table's stream."""
    queues = client("sqs")
    url = queues.get_queue_url(QueueName="restart-work.fifo")["QueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody=text, MessageGroupId="g", MessageDeduplicationId=text)
    client("dynamodb").put_item(TableName="restart-items", Item={"id": {"S": text}})
    wait_until("queue to function", lambda: seen("aws:sqs " + text))
    wait_until("stream to function", lambda: seen("aws:dynamodb " + text))


def fill():
    code = upload_function("restart.zip", HANDLER)
    stack = deploy(
        STACK,
        {
            **role(),
            "Worker": function(code, "worker", Timeout=5),
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "restart-work.fifo", "FifoQueue": True}},
            "Letters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "restart-letters"}},
            "Items": table("restart-items", StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"}),
            "Seen": table("restart-seen"),
            "FromQueue": mapping("Queue.Arn"),
            "FromStream": mapping("Items.StreamArn", StartingPosition="TRIM_HORIZON"),
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"BucketName": "restart-files", "VersioningConfiguration": {"Status": "Enabled"}},
            },
            "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "restart"}},
            "Client": {
                "Type": "AWS::Cognito::UserPoolClient",
                "Properties": {
                    "UserPoolId": {"Ref": "Pool"},
                    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
                },
            },
            "Mail": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "restart@example.com"}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "restart"}},
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "restart"}},
        },
        {"Pool": {"Ref": "Pool"}, "Client": {"Ref": "Client"}},
    )
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    outputs = stack["Outputs"]
    # Enough records for the stream's position to be far from its start.
    for number in range(5):
        send(f"before {number}")
    storage = client("s3")
    storage.put_object(Bucket="restart-files", Key="page.html", Body=b"first" * 2000, ContentType="text/html")
    storage.put_object(Bucket="restart-files", Key="page.html", Body=b"x" * 100_000, ContentType="text/html")
    storage.put_object(Bucket="restart-files", Key="gone.html", Body=b"gone")
    storage.delete_object(Bucket="restart-files", Key="gone.html")
    upload = storage.create_multipart_upload(Bucket="restart-files", Key="large")["UploadId"]
    storage.upload_part(Bucket="restart-files", Key="large", UploadId=upload, PartNumber=1, Body=PART)
    queues = client("sqs")
    queues.send_message(QueueUrl=queues.get_queue_url(QueueName="restart-letters")["QueueUrl"], MessageBody="waiting")
    pool = client("cognito-idp")
    pool.sign_up(ClientId=outputs["Client"], Username="anna", Password="Passw0rd!x")
    pool.admin_confirm_sign_up(UserPoolId=outputs["Pool"], Username="anna")
    tokens = pool.initiate_auth(
        ClientId=outputs["Client"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "anna", "PASSWORD": "Passw0rd!x"}
    )["AuthenticationResult"]
    client("sesv2").send_email(
        FromEmailAddress="restart@example.com",
        Destination={"ToAddresses": ["anna@example.com"]},
        Content={"Simple": {"Subject": {"Data": "kept"}, "Body": {"Text": {"Data": "kept"}}}},
    )
    print(json.dumps({**outputs, "upload": upload, "access": tokens["AccessToken"], "keys": keys(outputs["Pool"])}))


def keys(pool):
    return json.loads(request("GET", f"/{pool}/.well-known/jwks.json")[2])


def more():
    """Things of several services, made together after the snapshot."""
    client("dynamodb").put_item(TableName="restart-items", Item={"id": {"S": "late"}})
    client("s3").put_object(Bucket="restart-files", Key="late.html", Body=b"late" * 5000)
    client("s3").put_object(Bucket="restart-files", Key="page.html", Body=b"late" * 5000)
    client("sqs").create_queue(QueueName="restart-late")
    deploy("restart-late", {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}})


def check(made):
    made = json.loads(made)
    # Kept, all of it.
    stack = client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack
    storage = client("s3")
    page = storage.get_object(Bucket="restart-files", Key="page.html")
    assert page["Body"].read() == b"x" * 100_000 and page["ContentType"] == "text/html"
    versions = storage.list_object_versions(Bucket="restart-files")
    assert len(versions["Versions"]) == 3 and len(versions["DeleteMarkers"]) == 1, versions
    old = next(v for v in versions["Versions"] if v["Key"] == "page.html" and not v["IsLatest"])
    assert storage.get_object(Bucket="restart-files", Key="page.html", VersionId=old["VersionId"])["Body"].read() == b"first" * 2000
    assert "Item" in client("dynamodb").get_item(TableName="restart-items", Key={"id": {"S": "before 0"}})
    queues = client("sqs")
    letters = queues.receive_message(QueueUrl=queues.get_queue_url(QueueName="restart-letters")["QueueUrl"])
    assert [m["Body"] for m in letters["Messages"]] == ["waiting"], letters
    assert client("cognito-idp").get_user(AccessToken=made["access"])["Username"] == "anna"
    assert keys(made["Pool"]) == made["keys"], "tokens are signed with other keys"
    mails = json.loads(request("GET", "/_ministack/ses/messages")[2])
    assert "kept" in json.dumps(mails), mails
    # What came after the snapshot is gone, all of it.
    assert "Item" not in client("dynamodb").get_item(TableName="restart-items", Key={"id": {"S": "late"}})
    assert [o["Key"] for o in storage.list_objects_v2(Bucket="restart-files")["Contents"]] == ["page.html"]
    assert "restart-late" not in json.dumps(queues.list_queues().get("QueueUrls", []))
    try:
        client("cloudformation").describe_stacks(StackName="restart-late")
        raise AssertionError("the late stack is there")
    except ClientError:
        pass
    # And all of it works: mappings...
    send("after")
    objects(storage, made["upload"], old["VersionId"])


def objects(storage, upload, old_version):
    """What S3 does with bodies that it no longer holds in memory."""
    bucket = {"Bucket": "restart-files"}
    read = lambda key, **more: storage.get_object(**bucket, Key=key, **more)["Body"].read()
    part = {"PartNumber": 1, "ETag": storage.list_parts(**bucket, Key="large", UploadId=upload)["Parts"][0]["ETag"]}
    storage.complete_multipart_upload(**bucket, Key="large", UploadId=upload, MultipartUpload={"Parts": [part]})
    assert read("large") == PART
    assert read("page.html", Range="bytes=10-19") == b"x" * 10
    storage.copy_object(**bucket, Key="copy.html", CopySource={**bucket, "Key": "page.html"})
    assert read("copy.html") == b"x" * 100_000
    # Without its newest version the object is the older one again.
    newest = storage.head_object(**bucket, Key="page.html")["VersionId"]
    storage.delete_object(**bucket, Key="page.html", VersionId=newest)
    assert read("page.html") == b"first" * 2000
    assert storage.head_object(**bucket, Key="page.html")["VersionId"] == old_version


def again():
    """The same once more, after a snapshot and another kill."""
    storage = client("s3")
    assert storage.get_object(Bucket="restart-files", Key="page.html")["Body"].read() == b"first" * 2000
    assert storage.get_object(Bucket="restart-files", Key="copy.html")["Body"].read() == b"x" * 100_000
    assert storage.get_object(Bucket="restart-files", Key="large")["Body"].read() == PART
    send("again")


if __name__ == "__main__":
    {"fill": fill, "more": more, "check": check, "again": again}[sys.argv[1]](*sys.argv[2:])
    print("ok")
