"""Removal in numbers: objects, a thousand in a request, and uploads that nobody finished."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from aepipe.errors import ObjectNotFoundError

BATCH_OBJECTS = 1000

Call = Callable[..., Mapping[str, Any]]


def delete_batch(call: Call, names: Iterable[str]) -> list[str]:
    """Remove at most `BATCH_OBJECTS` objects in one request, and return the names that the server did not remove."""
    answer = call("delete_objects", Delete={"Objects": [{"Key": name} for name in names], "Quiet": True})
    return [error["Key"] for error in answer.get("Errors", ())]


def abort_uploads(call: Call, prefix: str, latest: float) -> int:
    """Abort the uploads in parts that began before a time, and return how many were aborted.

    Args:
        call: Makes one S3 call, with retries.
        prefix: What the objects' names start with; other people's uploads in the bucket are left alone.
        latest: By the server's clock, in seconds since the epoch; longer ago than any upload takes.
    """
    aborted = 0
    for upload in {upload["UploadId"]: upload for upload in _uploads(call, prefix)}.values():
        if upload["Initiated"].timestamp() <= latest and upload["Key"].startswith(prefix):
            try:
                call("abort_multipart_upload", upload["Key"], UploadId=upload["UploadId"])
                aborted += 1
            except ObjectNotFoundError:
                continue
    return aborted


def _uploads(call: Call, prefix: str) -> Iterator[Mapping[str, Any]]:
    next_page: dict[str, str] | None = {}
    while next_page is not None:
        page = call("list_multipart_uploads", Prefix=prefix, **next_page)
        yield from page.get("Uploads", ())
        # Servers disagree on what a marker is, and some give one of the two: each understands its own.
        markers = {name: page[f"Next{name}"] for name in ("KeyMarker", "UploadIdMarker") if f"Next{name}" in page}
        next_page = markers if page.get("IsTruncated") and markers else None
