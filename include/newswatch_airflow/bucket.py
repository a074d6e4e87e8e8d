"""`python -m newswatch_airflow.bucket`: make the bucket that NEWSWATCH_DATA_URL names, where there is none.

With the keys and the endpoint of the environment. Where making buckets is not allowed, one that is there is enough.
"""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit

from newswatch.settings import load_settings


def main() -> None:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    name = urlsplit(load_settings().data_url).netloc
    client = boto3.client("s3")
    try:
        if not is_there(client, name):
            client.create_bucket(Bucket=name)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"the bucket {name} is not there and cannot be made: {error}")


def is_there(client: Any, name: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        client.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


if __name__ == "__main__":
    main()
