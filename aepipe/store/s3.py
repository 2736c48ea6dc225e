"""The store in a bucket of any S3-compatible server, through boto3 alone."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from aepipe.errors import ConflictError, ObjectNotFoundError, StoreError, TransientStoreError, UnknownOutcomeError
from aepipe.store.interface import ObjectInfo, Versioned, check_key
from aepipe.store.local_disk import disk_errors, written_file
from aepipe.store.s3_errors import may_be_written, retrying, s3_errors
from aepipe.store.s3_upload import PART_BYTES, check_etag, checksums, md5, upload_in_parts

THREADS = 16
READ_BYTES = 2**20
SMALL_BYTES = 2**20


class S3Store:
    """Objects in a bucket, the key below the store's prefix. The version of an object is its ETag.

    Endpoint, region, credentials and CA come from the standard AWS variables and profiles.

    Args:
        bucket: A bucket that exists.
        prefix: What the names of all its objects start with, without slashes at the ends; may be empty.
        deadline_seconds: After this long no failed call is tried again.
    """

    def __init__(self, bucket: str, prefix: str = "", *, deadline_seconds: float = 60.0):
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._deadline_seconds = deadline_seconds
        try:
            with s3_errors(url=self.url):
                session = boto3.session.Session()
                self._client = _make_client(session, total_max_attempts=4)
                # A try that boto3 repeats by itself can't tell its own first write from somebody else's.
                self._client_of_one_try = _make_client(session, total_max_attempts=1)
        except ValueError as error:
            way_out = "Set AWS_ENDPOINT_URL_S3 to a URL such as http://host:9000."
            raise StoreError("The endpoint must be a URL.", way_out, url=self.url) from error

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        answer = self._call("put_object", self._name(key), Body=data, **checksums(data))
        check_etag(answer, {md5(data).hexdigest()}, url=self.url, key=key)

    def put_file(self, key: str, path: Path) -> None:
        """Write an object from a file, replacing what is there; a large one in parts."""
        path, name = Path(path), self._name(key)
        if path.stat().st_size <= PART_BYTES:
            self.put(key, path.read_bytes())
        else:
            upload_in_parts(lambda operation, **rest: self._call(operation, name, **rest), path, url=self.url, key=key)

    def put_files(self, files: Mapping[str, Path]) -> None:
        """Write several files, key to path, in parallel; all are written when it returns."""
        for key in files:
            check_key(key)
        # The biggest first, so that none is left to run alone at the end. A thread holds one part in memory at most.
        by_size = sorted(files.items(), key=lambda item: Path(item[1]).stat().st_size, reverse=True)
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aepipe-s3")
        try:
            for future in as_completed([pool.submit(self.put_file, key, path) for key, path in by_size]):
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def create(self, key: str, data: bytes) -> None:
        """Write an object that must not exist. The same bytes already there count as success.

        Raises:
            ConflictError: other bytes are there; they stay.
            UnknownOutcomeError: the answer was lost and the object can't be read.
        """
        try:
            self.swap(key, data, None)
        except ConflictError:
            if self.get(key) != data:
                raise

    def get(self, key: str) -> bytes:
        """Read an object. Raises `ObjectNotFoundError` where there is none."""
        return self._retry(self._get_once, key).data

    def get_file(self, key: str, path: Path) -> None:
        """Read an object into a file, atomically: `path` appears whole or not at all."""
        with disk_errors(url=self.url, key=key, path=str(path)):
            self._retry(self._get_file_once, key, Path(path))

    def get_versioned(self, key: str) -> Versioned | None:
        """Read an object for a later `swap`; None where there is none."""
        try:
            return self._retry(self._get_once, key)
        except ObjectNotFoundError:
            return None

    def swap(self, key: str, data: bytes, version: str | None) -> None:
        """Replace an object if it still has this version (None: if it does not exist).

        When an answer was lost, the object is read back: these bytes in it count as success. Where that must not be
        taken for another writer's equal bytes, give the bytes something of their own.

        Raises:
            ConflictError: somebody else wrote first; nothing was overwritten.
            UnknownOutcomeError: the answer was lost, and the object has changed once more or can't be read.
        """
        was_maybe_written = False
        for attempt in retrying(self._deadline_seconds):
            with attempt:
                # Ceph up to 16 compares the bare ETag, every other server the quoted one.
                is_bare = attempt.retry_state.attempt_number % 2 == 0
                condition = {"IfMatch": version.strip('"') if is_bare else version} if version else {"IfNoneMatch": "*"}
                try:
                    self._put_once(key, data, condition)
                    return
                except (ConflictError, ObjectNotFoundError, TransientStoreError) as error:
                    was_maybe_written |= may_be_written(error)
                    if self._settle(key, data, version, was_maybe_written, error):
                        return

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under exactly this key."""
        name = self._name(key)
        try:
            self._call("head_object", name)
        except ObjectNotFoundError:
            # An answer without a body does not tell a missing object from a missing bucket; a listing does.
            self._call("list_objects_v2", Prefix=name, MaxKeys=1)
            return False
        return True

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key starts with `prefix`, sorted by key."""
        yield from sorted(self._pages(prefix), key=lambda info: info.key)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there counts as removed."""
        try:
            self._call("delete_object", self._name(key))
        except ObjectNotFoundError:
            return

    def _settle(self, key: str, data: bytes, version: str | None, was_maybe_written: bool, error: StoreError) -> bool:
        """After a conditional write that failed: tell whether it was written after all, or raise what became of it."""
        received = {"url": self.url, "key": key}
        try:
            found = self.get_versioned(key)
        except StoreError as unreadable:
            if not was_maybe_written:
                raise
            way_out = "Run again once the server answers; nothing was deleted."
            raise UnknownOutcomeError("A write must be answered or readable.", way_out, **received) from unreadable
        if was_maybe_written and found is not None and found.data == data:
            return True
        if (None if found is None else found.version) == version:
            raise TransientStoreError(
                "The server refused a write that had no rival.", "Run again.", **received
            ) from error
        if was_maybe_written and version is not None:
            way_out = "Look whether the object has this write in it, then run again."
            raise UnknownOutcomeError("A write must be answered or readable.", way_out, **received) from error
        raise ConflictError(
            "Somebody else wrote this object first; it was left as it is.", "Read it again.", **received
        ) from error

    def _put_once(self, key: str, data: bytes, condition: Mapping[str, str]) -> None:
        arguments = {"Body": data, **checksums(data), **condition}
        answer = self._call_once(self._client_of_one_try, "put_object", self._name(key), arguments)
        check_etag(answer, {md5(data).hexdigest()}, url=self.url, key=key)

    def _get_once(self, key: str) -> Versioned:
        answer = self._call_once(self._client, "get_object", self._name(key), {})
        with self._errors(key), closing(answer["Body"]) as body:
            return Versioned(body.read(), answer["ETag"])

    def _get_file_once(self, key: str, path: Path) -> None:
        answer = self._call_once(self._client, "get_object", self._name(key), {})
        with self._errors(key), closing(answer["Body"]) as body:
            chunks = body.iter_chunks(READ_BYTES)
            with written_file(path.parent, lambda file: file.writelines(chunks)) as written:
                written.replace(path)

    def _pages(self, prefix: str) -> Iterator[ObjectInfo]:
        check_key(prefix.rpartition("/")[0] or "all")
        next_page: dict[str, str] | None = {}
        while next_page is not None:
            page = self._call("list_objects_v2", Prefix=self._prefix + prefix, **next_page)
            for found in page.get("Contents", ()):
                # Browsers of buckets make an empty object ending in a slash where a user makes a folder.
                if not found["Key"].endswith("/"):
                    key = found["Key"].removeprefix(self._prefix)
                    yield ObjectInfo(key, found["Size"], found["LastModified"].timestamp())
            token = page.get("NextContinuationToken")
            next_page = {"ContinuationToken": token} if token else None

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _retry(self, function: Any, *arguments: Any) -> Any:
        return retrying(self._deadline_seconds)(function, *arguments)

    def _call(self, operation: str, name: str | None = None, **arguments: Any) -> Mapping[str, Any]:
        return self._retry(self._call_once, self._client, operation, name, arguments)

    def _call_once(self, client: Any, operation: str, name: str | None, arguments: Mapping[str, Any]) -> Any:
        address = {"Bucket": self._bucket, **({} if name is None else {"Key": name})}
        with self._errors(arguments["Prefix"] if name is None else name):
            return getattr(client, operation)(**address, **arguments)

    def _errors(self, name: str) -> Any:
        key = name.removeprefix(self._prefix)
        return s3_errors(url=self.url, key=key, endpoint=_without_user(self._client.meta.endpoint_url))


def _make_client(session: boto3.session.Session, total_max_attempts: int) -> Any:
    # Addressing is left to boto3 and the profile: by path at an endpoint of one's own, by host name at AWS.
    config = Config(
        signature_version="s3v4",
        retries={"mode": "standard", "total_max_attempts": total_max_attempts},
        connect_timeout=5,
        read_timeout=60,
        tcp_keepalive=True,
        max_pool_connections=THREADS + 4,
        # Every upload carries checksums of its own, and what is read is checked against the digest of its reference.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    client = session.client("s3", region_name=session.region_name or "us-east-1", config=config)
    client.meta.events.register("before-sign.s3.PutObject", _send_small_bodies_at_once)
    return client


def _send_small_bodies_at_once(request: Any, **_: Any) -> None:
    # `Expect: 100-continue` costs a round trip, which only a body that takes longer to send is worth.
    if "Expect" in request.headers and request.body.getbuffer().nbytes < SMALL_BYTES:
        del request.headers["Expect"]


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
