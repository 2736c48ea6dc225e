"""A probe of an S3 server: its answer to one request, in its own words; a look for faults must not wait for retries."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError

from aepipe.io.s3_client import make_client
from aepipe.io.s3_errors import s3_errors

ANSWER_SECONDS = 20.0
SERVER_ERROR = 500


@contextmanager
def client_of_one_try(url: str) -> Iterator[Any]:
    """Give a client that sends each request once, and waits for its answer for seconds.

    Raises:
        StoreError: the server does not answer, or the AWS settings can't be used.
    """
    with s3_errors(url=url), closing(make_client(boto3.session.Session(), 1, ANSWER_SECONDS)) as client:
        yield client


def trouble_of_server(url: str) -> str | None:
    """List one object, once; return status, code and message where the server says that it is in trouble, else None.

    Args:
        url: `s3://bucket/prefix`.

    Raises:
        StoreError: the server does not answer within seconds, or the AWS settings can't be used.
    """
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    with client_of_one_try(url) as client:
        try:
            client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        except ClientError as error:
            status, said = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response.get("Error", {})
            if status < SERVER_ERROR:
                return None
            return " ".join(f"{status} {said.get('Code', '')}: {said.get('Message', '')}".split())
    return None
