"""boto3's client as this project wants it, and its errors as this project's."""

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)

from aepipe.errors import (
    AccessDeniedError,
    ConflictError,
    ObjectNotFoundError,
    StoreError,
    TransientStoreError,
)

NUM_THREADS = 16
# Below this, waiting for the server's leave to send costs more than sending in vain.
EXPECT_BYTES = 1 << 20
NOT_FOUND = {"NoSuchKey", "404", "NotFound"}
DENIED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "401"}
CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; AWS_ENDPOINT_URL_S3 for another server."


def make_client():
    """Return a client from the standard AWS variables and profiles; threads may share it.

    Servers other than AWS are addressed by path: few of them have a DNS name for every bucket.
    """
    session = boto3.session.Session()
    client = _client(session, "auto")
    if "amazonaws.com" not in client.meta.endpoint_url:
        client = _client(session, "path")
    client.meta.events.register("before-sign.s3.PutObject", _send_small_bodies_at_once)
    return client


def _client(session, addressing_style: str):
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing_style},
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=NUM_THREADS + 4,
        tcp_keepalive=True,
        # The default sends a trailer that Ceph, rclone and MinIO's gateway refuse over https. Every put carries
        # stronger checksums as headers.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.client("s3", region_name=session.region_name or "us-east-1", config=config)


def _send_small_bodies_at_once(request, **_) -> None:
    if int(request.headers.get("Content-Length", 0)) < EXPECT_BYTES:
        del request.headers["Expect"]


def translate(error: BotoCoreError | ClientError, url: str, key: str) -> StoreError:
    """Return the store's error for one of boto3's. What it says holds no credentials."""
    if isinstance(error, ClientError):
        return _translate_answer(error, url, key)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
        return AccessDeniedError("A store on S3 needs credentials.", CREDENTIALS, store=url)
    if isinstance(error, SSLError):
        return StoreError(
            "The server's certificate must be trusted.", "Name its CA in AWS_CA_BUNDLE.", store=url, error=_first_line(error)
        )
    return TransientStoreError(
        "The store did not answer.", "See that the server is up, then run again.", store=url, key=key, error=_first_line(error)
    )


def _translate_answer(error: ClientError, url: str, key: str) -> StoreError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return AccessDeniedError("The bucket must exist; none is made for you.", "Create it.", store=url)
    if code in NOT_FOUND or status == 404:
        return ObjectNotFoundError("The store must hold what is read from it.", key=key, store=url)
    if code in DENIED or status in (401, 403):
        return AccessDeniedError("The store refuses these credentials.", CREDENTIALS, store=url, key=key, code=code)
    if status == 412:
        return ConflictError("Somebody else wrote the object first.", key=key, store=url)
    if status in (408, 409, 429) or status >= 500:
        return TransientStoreError("The store could not do it now.", "Run again.", store=url, key=key, code=code)
    return StoreError("The store refused the request.", store=url, key=key, status=status, code=code)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
