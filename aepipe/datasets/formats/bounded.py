"""Reading compressed files without letting them fill the memory."""

import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from aepipe.errors import DataError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class BoundedReader(io.RawIOBase):
    """A stream that ends with an error once more than `max_bytes` came out of it."""

    def __init__(self, stream: gzip.GzipFile, max_bytes: int):
        self._stream = stream
        self._max_bytes = max_bytes
        self._left = max_bytes

    def readable(self) -> bool:
        """Tell that this stream can be read."""
        return True

    def close(self) -> None:
        """Close the stream too."""
        self._stream.close()
        super().close()

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read up to the buffer's length into it; return the number of bytes."""
        count = self._stream.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise DataError(f"The file must hold at most {self._max_bytes} bytes after decompression.")
        return count


def read_gzip(path: Path, max_bytes: int) -> bytes:
    """Return what a gzip file holds.

    Raises:
        DataError: it is no gzip file, is cut off, or holds more than `max_bytes`.
    """
    try:
        with open_gzip(path, max_bytes) as stream:
            return stream.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"The gzip file is damaged or cut off: {error}.") from error


def open_gzip(path: Path, max_bytes: int) -> io.BufferedReader:
    """Return a stream of what a gzip file holds; reading past `max_bytes` raises `DataError`."""
    return io.BufferedReader(BoundedReader(gzip.open(path, "rb"), max_bytes), buffer_size=1 << 20)
