"""Uploads to S3 with checksums that every server accepts and checks, whatever it knows of newer ones."""

import base64
import hashlib
import re
from collections import deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, BinaryIO

from aepipe.errors import CorruptObjectError, ObjectNotFoundError, StoreError, TransientStoreError
from aepipe.io.hashing import md5

PART_BYTES = 16 * 2**20
PARTS_AT_ONCE = 4
MD5_ETAG = re.compile(r"[0-9a-f]{32}(-\d+)?")

Call = Callable[..., Mapping[str, Any]]


def checksums(data: bytes) -> dict[str, str]:
    """Return the checksum arguments of an upload.

    Given as values they travel as plain headers. Were boto3 told to compute them, it would send a trailer that older
    servers refuse.
    """
    return {
        "ContentMD5": base64.b64encode(md5(data).digest()).decode(),
        "ChecksumSHA256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
    }


def check_etag(answer: Mapping[str, Any], expected: Collection[str], **received: object) -> None:
    """Check the ETag of an upload where it is a digest of the bytes; with a customer's encryption key it is none.

    Raises:
        CorruptObjectError: the server wrote other bytes.
    """
    etag = answer["ETag"].strip('"')
    if MD5_ETAG.fullmatch(etag) and not _is_encrypted(answer) and etag not in expected:
        raise CorruptObjectError(
            "The server must write the bytes that it was sent.", "Run again.", **received, etag=etag
        )


def names_digest(answer: Mapping[str, Any]) -> bool:
    """Tell whether an answer's ETag is the MD5 of an object's bytes: not of one in parts, or encrypted by a key."""
    etag = answer["ETag"].strip('"')
    return MD5_ETAG.fullmatch(etag) is not None and "-" not in etag and not _is_encrypted(answer)


def _is_encrypted(answer: Mapping[str, Any]) -> bool:
    return "kms" in answer.get("ServerSideEncryption", "") or "SSECustomerAlgorithm" in answer


def is_digest_of(etag: str, data: bytes) -> bool:
    """Tell whether an ETag is the MD5 of these bytes; of an encrypted object, or one in parts, it is something else."""
    digest: str = md5(data).hexdigest()
    return etag.strip('"') == digest


def upload_in_parts(call: Call, path: Path, bodies: BoundedSemaphore, **received: object) -> None:
    """Upload a large file, `PARTS_AT_ONCE` parts at a time. A failed upload is removed from the server.

    Args:
        call: Makes one S3 call on the object, with retries.
        path: The file.
        bodies: What uploads that go on at once share: each part in memory holds one.
        **received: What an error says about the object.

    Raises:
        StoreError: the file changed meanwhile.
    """
    upload = call("create_multipart_upload", ChecksumAlgorithm="SHA256")["UploadId"]
    try:
        _upload(call, upload, path, bodies, received)
    except BaseException as error:
        try:
            call("abort_multipart_upload", UploadId=upload)
        except StoreError:
            error.add_note(f"The unfinished upload {upload} is still on the server and takes up room there.")
        raise


def _upload(call: Call, upload: str, path: Path, bodies: BoundedSemaphore, received: Mapping[str, object]) -> None:
    def send(number: int, data: bytes) -> tuple[dict[str, Any], bytes]:
        sums, digest = checksums(data), md5(data)
        answer = call("upload_part", UploadId=upload, PartNumber=number, Body=data, **sums)
        check_etag(answer, {digest.hexdigest()}, **received, part=number)
        part = {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": sums["ChecksumSHA256"]}
        return part, digest.digest()

    before, whole = path.stat(), md5()
    with path.open("rb") as file:
        parts, digests = zip(*_send_parts(send, file, -(-before.st_size // PART_BYTES), whole, bodies), strict=True)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise StoreError("A file must not change while it is uploaded.", "Run again.", path=str(path))
    # Some servers name the object by the digest of all its bytes instead.
    expected = {f"{md5(b''.join(digests)).hexdigest()}-{len(parts)}", whole.hexdigest()}
    check_etag(_complete(call, upload, list(parts), before.st_size, expected), expected, **received)


def _send_parts(
    send: Callable[[int, bytes], Any], file: BinaryIO, count: int, whole: Any, bodies: BoundedSemaphore
) -> list[Any]:
    """Read a file once, in order, while the parts before are being sent; return what `send` returned for each."""
    sending: deque[Future[Any]] = deque()
    sent = []
    # Who reads holds no body, and who holds one waits for nothing but the server: many large files can't lock up.
    with ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="aepipe-s3-part") as pool:
        for number in range(1, count + 1):
            if len(sending) == PARTS_AT_ONCE:
                sent.append(sending.popleft().result())
            bodies.acquire()
            try:
                data = file.read(PART_BYTES)
                whole.update(data)
                sending.append(pool.submit(send, number, data))
                # While this thread waits, the part is held by its sender alone.
                del data
            except BaseException:
                bodies.release()
                raise
            sending[-1].add_done_callback(lambda _: bodies.release())
        return sent + [future.result() for future in sending]


def _complete(
    call: Call, upload: str, parts: list[dict[str, Any]], size: int, expected: Collection[str]
) -> Mapping[str, Any]:
    try:
        return call("complete_multipart_upload", UploadId=upload, MultipartUpload={"Parts": parts})
    except (ObjectNotFoundError, TransientStoreError) as error:
        # The server may have done it and the answer was lost: the next try then finds no such upload.
        try:
            found = call("head_object")
        except ObjectNotFoundError:
            raise error from None
        if found["ContentLength"] != size or found["ETag"].strip('"') not in expected:
            raise
        return found
