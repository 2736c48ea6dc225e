"""The store in a bucket of any S3-compatible server, through boto3 alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypeVar

import boto3

from aepipe.errors import AccessDeniedError, ConflictError, ObjectNotFoundError, StoreError, TransientStoreError
from aepipe.io.disk import disk_errors, written_file
from aepipe.io.hashing import md5
from aepipe.io.s3_client import THREADS, make_client
from aepipe.io.s3_errors import retrying, s3_errors
from aepipe.io.urls import without_secrets
from aepipe.store.interface import ObjectInfo, Versioned, check_key
from aepipe.store.s3.clock import server_time
from aepipe.store.s3.read import read_checked
from aepipe.store.s3.removal import BATCH_OBJECTS, abort_uploads, delete_batch
from aepipe.store.s3.swap import ETagSpelling, swap
from aepipe.store.s3.upload import PART_BYTES, check_etag, checksums, names_digest, upload_in_parts

READ_BYTES = 2**20

Answer = TypeVar("Answer")


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
        self.compared: ETagSpelling = "quoted"
        self.deletes_in_batch = True
        # Files in memory, or parts of large ones: 256 MiB together at most.
        self._bodies = BoundedSemaphore(THREADS)
        try:
            with s3_errors(url=self.url):
                session = boto3.session.Session()
                self._client = make_client(session, total_max_attempts=4)
                # A try that boto3 repeats by itself can't tell its own first write from somebody else's.
                self._client_of_one_try = make_client(session, total_max_attempts=1)
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
            with self._bodies:
                self.put(key, path.read_bytes())
        else:

            def call(operation: str, **arguments: Any) -> Mapping[str, Any]:
                return self._call(operation, name, **arguments)

            upload_in_parts(call, path, self._bodies, url=self.url, key=key)

    def put_files(self, files: Mapping[str, Path], on_file: Callable[[str], object] | None = None) -> None:
        """Write several files, key to path, in parallel; all are written when it returns.

        Args:
            files: Key to path.
            on_file: Called with its key when a file is written, always in the caller's thread.
        """
        for key in files:
            check_key(key)
        # The biggest first, so that none is left to run alone at the end.
        by_size = sorted(files.items(), key=lambda item: Path(item[1]).stat().st_size, reverse=True)
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aepipe-s3")
        try:
            keys = {pool.submit(self.put_file, key, path): key for key, path in by_size}
            for future in as_completed(keys):
                future.result()
                if on_file is not None:
                    on_file(keys[future])
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
        put, read = partial(self._put_once, key, data), partial(self.get_versioned, key)
        self.compared = swap(put, read, data, version, self.compared, self._deadline_seconds, url=self.url, key=key)

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
        yield from sorted(self._objects(prefix), key=lambda info: info.key)

    def names(self, prefix: str) -> Iterator[str]:
        """What keys go on with after `prefix`, up to the next slash and with it, each once, sorted."""
        start = len(self._prefix + prefix)
        found = set[str]()
        for page in self._pages(prefix, Delimiter="/"):
            found.update(folder["Prefix"][start:] for folder in page.get("CommonPrefixes", ()))
            found.update(info["Key"][start:] for info in page.get("Contents", ()))
        yield from sorted(found - {""})

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there counts as removed."""
        try:
            self._call("delete_object", self._name(key))
        except ObjectNotFoundError:
            return

    def delete_many(self, keys: Iterable[str]) -> None:
        """Remove objects, many in a request where the server can; those that are not there count as removed."""
        checked = [check_key(key) for key in keys]
        for start in range(0, len(checked), BATCH_OBJECTS):
            left: Sequence[str] = checked[start : start + BATCH_OBJECTS]
            if self.deletes_in_batch:
                left = self._delete_batch(left)
            with ThreadPoolExecutor(THREADS, thread_name_prefix="aepipe-s3") as pool:
                list(pool.map(self.delete, left))

    def clock(self) -> float:
        """Return the server's time, which it dates its answers and objects by."""
        answer = self._call("list_objects_v2", Prefix=self._prefix, MaxKeys=1)
        return server_time(answer)

    def abort_stale_uploads(self, older_than_seconds: float) -> int:
        """Abort uploads in parts under the prefix that nobody finished, and return how many.

        Args:
            older_than_seconds: Longer than any upload takes: a younger one may still be going on.
        """
        # Its date has whole seconds, the uploads' have parts of them.
        return abort_uploads(self._call, self._prefix, self.clock() + 1 - older_than_seconds)

    def _delete_batch(self, keys: Sequence[str]) -> Sequence[str]:
        """Remove objects in one request; return the keys that this did not remove."""
        try:
            return [name.removeprefix(self._prefix) for name in delete_batch(self._call, map(self._name, keys))]
        except (AccessDeniedError, TransientStoreError):
            raise
        except StoreError:
            # A server without the request may answer it with anything; deleting one by one tells what is wrong.
            self.deletes_in_batch = False
            return keys

    def _put_once(self, key: str, data: bytes, condition: Mapping[str, str]) -> None:
        arguments = {"Body": data, **checksums(data), **condition}
        answer = self._call_once(self._client_of_one_try, "put_object", self._name(key), arguments)
        check_etag(answer, {md5(data).hexdigest()}, url=self.url, key=key)

    def _get_once(self, key: str) -> Versioned:
        return read_checked(partial(self._read, key), url=self.url, key=key)

    def _read(self, key: str) -> tuple[Versioned, bool]:
        """Read an object once; tell whether its ETag claims to be the digest of its bytes."""
        answer = self._call_once(self._client, "get_object", self._name(key), {})
        with self._errors(key), closing(answer["Body"]) as body:
            return Versioned(body.read(), answer["ETag"]), names_digest(answer)

    def _get_file_once(self, key: str, path: Path) -> None:
        answer = self._call_once(self._client, "get_object", self._name(key), {})
        with self._errors(key), closing(answer["Body"]) as body:
            chunks = body.iter_chunks(READ_BYTES)
            with written_file(path.parent, lambda file: file.writelines(chunks)) as written:
                written.replace(path)

    def _objects(self, prefix: str) -> Iterator[ObjectInfo]:
        for page in self._pages(prefix):
            for found in page.get("Contents", ()):
                # Browsers of buckets make an empty object ending in a slash where a user makes a folder.
                if not found["Key"].endswith("/"):
                    key = found["Key"].removeprefix(self._prefix)
                    yield ObjectInfo(key, found["Size"], found["LastModified"].timestamp())

    def _pages(self, prefix: str, **arguments: str) -> Iterator[Mapping[str, Any]]:
        check_key(prefix.rpartition("/")[0] or "all")
        next_page: dict[str, str] | None = {}
        while next_page is not None:
            page = self._call("list_objects_v2", Prefix=self._prefix + prefix, **arguments, **next_page)
            yield page
            token = page.get("NextContinuationToken")
            next_page = {"ContinuationToken": token} if token else None

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _retry(self, function: Callable[..., Answer], *arguments: object) -> Answer:
        return retrying(self._deadline_seconds)(function, *arguments)

    def _call(self, operation: str, name: str | None = None, **arguments: Any) -> Mapping[str, Any]:
        return self._retry(self._call_once, self._client, operation, name, arguments)

    def _call_once(
        self, client: Any, operation: str, name: str | None, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        address = {"Bucket": self._bucket, **({} if name is None else {"Key": name})}
        with self._errors(arguments.get("Prefix", self._prefix) if name is None else name):
            answer: Mapping[str, Any] = getattr(client, operation)(**address, **arguments)
        return answer

    def _errors(self, name: str) -> AbstractContextManager[None]:
        key = name.removeprefix(self._prefix)
        return s3_errors(url=self.url, key=key, endpoint=without_secrets(self._client.meta.endpoint_url))
