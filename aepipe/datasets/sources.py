"""Sources of a file, in order, and how its bytes are read from there: a folder, http(s) or S3."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aepipe.errors import DataError, ParameterError, StoreError, TransientStoreError
from aepipe.io.urls import has_secrets, without_secrets

if TYPE_CHECKING:
    import httpx

MIRROR_VARIABLE = "AEPIPE_MIRROR"
CONNECT_SECONDS = 10
READ_SECONDS = 30
CHUNK_BYTES = 1 << 18
TOO_MANY_REQUESTS = 429
RANGE_NOT_SATISFIABLE = 416


class InterruptedDownloadError(Exception):
    """The transfer broke, or the server is busy; the same request may succeed later."""


@dataclass(frozen=True)
class Source:
    """One place that a file may come from. `is_published`: its publisher's own, whose digest is known."""

    url: str
    is_published: bool

    @property
    def label(self) -> str:
        """The URL without credentials and query, fit for a log."""
        return without_secrets(self.url)


@dataclass(frozen=True)
class Body:
    """The bytes of a file from position `start` on; `total_bytes` is the whole file's size, where it is known."""

    start: int
    total_bytes: int | None
    chunks: Iterator[bytes]


def list_sources(folder: str, file_name: str, published_urls: tuple[str, ...]) -> tuple[Source, ...]:
    """Return where to look for a file, in order: the mirror named by AEPIPE_MIRROR, then its publishers.

    Raises:
        ParameterError: the mirror's URL has a scheme that nothing can be read from.
    """
    published = tuple(Source(url, True) for url in published_urls)
    mirror = os.environ.get(MIRROR_VARIABLE, "").rstrip("/")
    if not mirror:
        return published
    scheme = _scheme(mirror)
    if scheme not in READERS:
        raise ParameterError(
            f"{MIRROR_VARIABLE} must be a folder or one of these URLs: {', '.join(s for s in READERS if s)}.",
            scheme=scheme,
        )
    return (Source(f"{mirror}/{folder}/{file_name}", False), *published)


def open_source(url: str, offset: int) -> AbstractContextManager[Body]:
    """Open a file for reading from a position on; the body may start at 0 all the same.

    Raises:
        DataError: it is not there, or may not be read.
        InterruptedDownloadError: on opening or on reading, trying again may help.
    """
    return READERS[_scheme(url)](url, offset)


def _scheme(url: str) -> str:
    # A password may hold what no address may, so nothing more of it is parsed.
    scheme, colon, _ = url.partition("://")
    return scheme.lower() if colon else "file" if url.startswith("file:") else ""


@contextmanager
def _open_file(url: str, offset: int) -> Iterator[Body]:
    path = Path(unquote(urlsplit(url).path) if url.startswith("file:") else url).expanduser()
    if not path.is_file():
        raise DataError("There is no such file.")
    with open(path, "rb") as stream:
        stream.seek(offset)
        yield Body(offset, path.stat().st_size, iter(lambda: stream.read(CHUNK_BYTES), b""))


@contextmanager
def _open_http(url: str, offset: int) -> Iterator[Body]:
    import httpx

    # A server must not pack anew what is packed already: the bytes have a known digest.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    try:
        with httpx.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
            _check_status(response.status_code, bool(offset))
            yield _http_body(response, offset)
    except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL) as error:
        reason = "a password must be percent-encoded" if has_secrets(url) else error
        raise DataError(f"The URL can't be followed: {reason}.") from None
    except httpx.TransportError as error:
        raise InterruptedDownloadError(f"{type(error).__name__}: {error}") from error


def _http_body(response: "httpx.Response", offset: int) -> Body:
    if response.status_code == RANGE_NOT_SATISFIABLE:
        return Body(offset, offset, iter(()))
    start = offset if response.status_code == 206 else 0
    length = response.headers.get("Content-Length", "")
    return Body(start, start + int(length) if length.isdigit() else None, response.iter_raw(CHUNK_BYTES))


@contextmanager
def _open_s3(url: str, offset: int) -> Iterator[Body]:
    from aepipe.io.s3_objects import open_object

    try:
        with open_object(url, offset) as answer:
            if answer is None:
                yield Body(offset, offset, iter(()))
                return
            start = offset if "ContentRange" in answer else 0
            yield Body(start, start + answer["ContentLength"], answer["Body"].iter_chunks(CHUNK_BYTES))
    except TransientStoreError as error:
        raise InterruptedDownloadError(str(error)) from error
    except StoreError as error:
        raise DataError(error.problem, error.way_out) from error


def _check_status(status: int, is_resumed: bool) -> None:
    # No range left to send: all bytes may be here already, which the digest tells.
    if status in (200, 206) or (status == RANGE_NOT_SATISFIABLE and is_resumed):
        return
    if status == TOO_MANY_REQUESTS or status >= 500:
        raise InterruptedDownloadError(f"HTTP {status}")
    raise DataError(f"HTTP {status}.")


READERS: dict[str, Callable[[str, int], AbstractContextManager[Body]]] = {
    "": _open_file,
    "file": _open_file,
    "http": _open_http,
    "https": _open_http,
    "s3": _open_s3,
}
