"""Objects that somebody else keeps in a bucket: listed and read as patiently as the store's own."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from aepipe.errors import ConflictError, DataError, ObjectNotFoundError, TransientStoreError
from aepipe.io.hashing import md5
from aepipe.io.s3_client import connect
from aepipe.io.s3_errors import retrying, s3_errors
from aepipe.io.urls import has_secrets, without_secrets

T = TypeVar("T")

DEADLINE_SECONDS = 60
RANGE_NOT_SATISFIABLE = 416
MD5_ETAG = re.compile('"?[0-9a-f]{32}"?')


def split_url(url: str) -> tuple[str, str]:
    """Return the bucket and the rest of an s3://bucket/rest.

    Raises:
        DataError: there is no bucket, or the address holds a secret.
    """
    bucket, _, rest = url.removeprefix("s3://").partition("/")
    if has_secrets(url):
        raise DataError(
            "An address holds no keys.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
            url=without_secrets(url),
        )
    if not bucket:
        raise DataError("An address of S3 is s3://bucket/prefix.", url=url)
    return bucket, rest


class Objects:
    """The objects below an s3://bucket/prefix. Failures are the store's errors: facts of the moment, not of bytes."""

    def __init__(self, url: str):
        self._url = url
        self._bucket, rest = split_url(url)
        self._prefix = f"{rest.strip('/')}/" if rest.strip("/") else ""
        self._client = connect(url)

    def listing(self) -> dict[str, dict[str, Any]]:
        """Return what S3 says of each object, by its name below the prefix, in order."""
        found = self._patiently(self._list, url=self._url)
        return {item["Key"].removeprefix(self._prefix): item for item in sorted(found, key=lambda item: item["Key"])}

    def read(self, name: str, etag: str, max_bytes: int) -> bytes:
        """Return at most so many bytes of the version of an object that was listed.

        Raises:
            ConflictError: the object was written or removed since.
        """
        key = self._prefix + name
        try:
            return self._patiently(partial(self._read, key, etag, max_bytes, set()), url=self._url, key=key)
        except ObjectNotFoundError as error:
            raise ConflictError("It was removed after it was listed.", "Run again.", key=key) from error

    def _patiently(self, call: Callable[[], T], **received: object) -> T:
        with_errors = partial(_call, call, received)
        return retrying(DEADLINE_SECONDS)(with_errors)

    def _list(self) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        return [item for page in pages for item in page.get("Contents", ())]

    def _read(self, key: str, etag: str, max_bytes: int, odd: set[str]) -> bytes:
        # Only the version that was listed, so that the images are those that the identity names.
        answer = self._client.get_object(Bucket=self._bucket, Key=key, IfMatch=etag)
        with closing(answer["Body"]) as stream:
            data: bytes = stream.read(max_bytes)
        if len(data) < min(max_bytes, answer["ContentLength"]):
            raise TransientStoreError("The bytes must arrive as they were sent.", "Run again.", key=key)
        digest = md5(data).hexdigest()
        if MD5_ETAG.fullmatch(etag) and len(data) < max_bytes and digest != etag.strip('"') and digest not in odd:
            # Bytes that come twice alike are the object's: encrypted ones have the digest of something else.
            odd.add(digest)
            raise TransientStoreError("The bytes must arrive as they were sent.", "Run again.", key=key)
        return data


@contextmanager
def open_object(url: str, offset: int) -> Iterator[Mapping[str, Any] | None]:
    """Open one object from a position on, with one try; give S3's answer, or None where nothing is left to send.

    Who continues a download has tries of his own.
    """
    bucket, key = split_url(url)
    client = connect(url, total_max_attempts=1)
    with s3_errors(url=url):
        answer = _get_from(client, bucket, key, offset)
        if answer is None:
            yield None
            return
        with closing(answer["Body"]):
            yield answer


def _get_from(client: Any, bucket: str, key: str, offset: int) -> Mapping[str, Any] | None:
    chosen = {"Range": f"bytes={offset}-"} if offset else {}
    try:
        answer: Mapping[str, Any] = client.get_object(Bucket=bucket, Key=key, **chosen)
        return answer
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == RANGE_NOT_SATISFIABLE:
            return None
        raise


def _call(call: Callable[[], T], received: dict[str, object]) -> T:
    with s3_errors(**received):
        return call()
