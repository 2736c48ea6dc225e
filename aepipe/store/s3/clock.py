"""An S3 server's clock beside this machine's: requests are signed with the time, and servers refuse a wrong one."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from aepipe.store.s3.probe import client_of_one_try


def server_time(answer: Mapping[str, Any]) -> float:
    """Return when a server gave an answer, by its own clock; by this machine's where the answer has no date."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return time.time() if date is None else parsedate_to_datetime(date).timestamp()


def seconds_ahead(url: str) -> float | None:
    """Ask a bucket's server once, and return how far this machine's clock is ahead of its; None where it has no date.

    Args:
        url: `s3://bucket/prefix`.

    Raises:
        StoreError: the server does not answer within seconds, or the AWS settings can't be used.
    """
    bucket = url.removeprefix("s3://").partition("/")[0]
    with client_of_one_try(url) as client:
        try:
            answer = client.head_bucket(Bucket=bucket)
        except ClientError as error:
            # A refusal has a date as well, and may have the clock as its reason.
            answer = error.response
        now = time.time()
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return None if date is None else now - parsedate_to_datetime(date).timestamp()
