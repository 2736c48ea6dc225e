"""The store: where every stage puts what it made, in a folder or in a bucket."""

import re
from pathlib import Path
from urllib.parse import unquote

from aepipe.errors import ParameterError, StoreError
from aepipe.io.urls import without_secrets
from aepipe.store.folder import FolderStore
from aepipe.store.interface import ObjectInfo, Store, Versioned, check_key

__all__ = ["FolderStore", "ObjectInfo", "Store", "Versioned", "check_key", "open_store"]

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


class StoreAddressError(StoreError, ParameterError):
    """What names the store is no address of one."""


def open_store(url: str | Path) -> Store:
    """Return the store at a URL. Nothing is read or written before the first call to it.

    Args:
        url: A path, `file:///absolute/path`, or `s3://bucket/prefix`. A relative path becomes absolute here.

    Raises:
        StoreError: the URL is none of these, or the AWS settings can't be used.
    """
    text = str(url)
    scheme = SCHEME.match(text)
    openers = {"file:": _open_folder_url, "s3:": _open_s3}
    if not text or (scheme and scheme.group() not in openers):
        raise _illegal(text)
    return openers[scheme.group()](text) if scheme else FolderStore(_expanded(text))


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise StoreError(
            "A path that begins with ~ needs a user with a home.", "Name it in full.", store=path
        ) from None


def _open_folder_url(url: str) -> Store:
    path = url.removeprefix("file://").removeprefix("localhost")
    if not path.startswith("/"):
        raise _illegal(url)
    return FolderStore(Path(unquote(path)))


def _open_s3(url: str) -> Store:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not BUCKET.fullmatch(bucket):
        raise _illegal(url)
    # boto3 takes 0.2 s to import, which a run on a folder need not pay.
    from aepipe.store.s3.store import S3Store

    prefix = prefix.rstrip("/")
    return S3Store(bucket, check_key(prefix) if prefix else "")


def _illegal(url: str) -> StoreAddressError:
    return StoreAddressError("A store is a path, file:///path or s3://bucket/prefix.", store=without_secrets(url))
