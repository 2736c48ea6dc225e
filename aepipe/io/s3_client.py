"""The boto3 client: what is fixed for every server, and what is left to the AWS settings."""

import base64
import logging
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from aepipe.errors import StoreError
from aepipe.io.hashing import md5
from aepipe.io.s3_errors import LOST_RACE, s3_errors
from aepipe.io.urls import has_secrets, without_secrets

logger = logging.getLogger(__name__)

THREADS = 16
SMALL_BYTES = 2**20
SERVER_ERROR = 500
ANONYMOUS = {"": False, "0": False, "false": False, "1": True, "true": True}


def connect(url: str, total_max_attempts: int = 4) -> Any:
    """Return a client with the settings that the environment has.

    Args:
        url: What is read or written, for messages.
        total_max_attempts: How often boto3 itself sends a request.

    Raises:
        StoreError: the settings can't be used.
    """
    try:
        with s3_errors(url=url):
            return make_client(boto3.session.Session(), total_max_attempts)
    except ValueError as error:
        way_out = "Set AWS_ENDPOINT_URL_S3 to a URL such as http://host:9000."
        raise StoreError("The endpoint must be a URL.", way_out, url=url) from error


def make_client(session: boto3.session.Session, total_max_attempts: int, read_timeout_seconds: float = 50) -> Any:
    """Return a client of S3 whose endpoint, region, addressing, credentials and CA are the session's.

    Args:
        session: Where the settings come from.
        total_max_attempts: How often boto3 itself sends a request.
        read_timeout_seconds: How long the server may say nothing.

    Raises:
        StoreError: AEPIPE_S3_ANONYMOUS is neither 1 nor 0, or the endpoint holds a password.
    """
    # Addressing is left to boto3 and the profile: by path at an endpoint of one's own, by host name at AWS.
    config = Config(
        signature_version=UNSIGNED if _is_anonymous() else "s3v4",
        retries={"mode": "standard", "total_max_attempts": total_max_attempts},
        connect_timeout=5,
        read_timeout=read_timeout_seconds,
        tcp_keepalive=True,
        # A thread for each body in memory, and one for each large file to begin and to complete.
        max_pool_connections=2 * THREADS,
        # Every upload carries checksums of its own, and what is read is checked against the digest of its reference.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    client = session.client("s3", region_name=session.region_name or "us-east-1", config=config)
    _refuse_secrets(client.meta.endpoint_url)
    client.meta.events.register("needs-retry.s3", _say_what_failed)
    client.meta.events.register("before-sign.s3.PutObject", _send_small_bodies_at_once)
    client.meta.events.register("before-sign.s3.DeleteObjects", _add_content_md5)
    return client


def _say_what_failed(
    operation: Any,
    attempts: int,
    response: Any,
    caught_exception: Exception | None,
    request_dict: Mapping[str, Any],
    **_: Any,
) -> None:
    # Tries and their time limits add up to minutes, in which somebody waits and wonders.
    status = 0 if response is None else response[0].status_code
    if caught_exception is not None:
        said = f"no answer ({type(caught_exception).__name__})"
    elif _lost_race(response, request_dict):
        # It is answered for what it is, and no trouble of the server.
        return
    elif status >= SERVER_ERROR:
        said = f"answered {status} {response[1].get('Error', {}).get('Code', '')}".rstrip()
    else:
        return
    logger.warning("The store: %s, try %d: %s", operation.name, attempts, said)


def _lost_race(response: Any, request_dict: Mapping[str, Any]) -> bool:
    conditions = {"If-Match", "If-None-Match"}.intersection(request_dict["headers"])
    return bool(conditions) and response[1].get("Error", {}).get("Code") in LOST_RACE


def _refuse_secrets(endpoint: str) -> None:
    # Requests are signed, so no server asks for them, and what names the address in an error would tell them.
    if has_secrets(endpoint):
        raise StoreError(
            "An endpoint holds no user and no password.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead.",
            endpoint=without_secrets(endpoint),
        )


def _is_anonymous() -> bool:
    value = os.environ.get("AEPIPE_S3_ANONYMOUS", "")
    if value.lower() not in ANONYMOUS:
        way_out = "Set it to 1 to read without credentials, or remove it."
        raise StoreError("AEPIPE_S3_ANONYMOUS is 1 or 0.", way_out, AEPIPE_S3_ANONYMOUS=value)
    return ANONYMOUS[value.lower()]


def _send_small_bodies_at_once(request: Any, **_: Any) -> None:
    # `Expect: 100-continue` costs a round trip, which only a body that takes longer to send is worth.
    if "Expect" in request.headers and _count_bytes(request.body) < SMALL_BYTES:
        del request.headers["Expect"]


def _count_bytes(body: BinaryIO) -> int:
    # The body's buffer knows its length, but to ask for it makes a copy of all bytes.
    size = body.seek(0, os.SEEK_END)
    body.seek(0)
    return size


def _add_content_md5(request: Any, **_: Any) -> None:
    # The request must carry a checksum, and older servers know this one only.
    request.headers["Content-MD5"] = base64.b64encode(md5(request.body).digest()).decode()
