"""The SDK for a local cloud: argv[1] is its endpoint."""

import json
import sys

import botocore.session
from botocore.config import Config

session = botocore.session.get_session()


def client(service):
    return session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=sys.argv[1],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )
