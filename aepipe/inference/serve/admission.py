"""Admission of requests: so many at a time, with so many bytes; others are told to come again."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

MAX_HELD_BYTES = 256 << 20
RETRY = {"Retry-After": "1"}
# Nothing else is read of that connection.
LAST = {"Connection": "close"}


class Admission:
    """How much is in the house. It is asked by one event loop alone.

    Args:
        max_requests: Most requests at a time.
        max_bytes: Most bytes of a body.
    """

    def __init__(self, max_requests: int, max_bytes: int):
        self._max_requests, self._max_bytes = max_requests, max_bytes
        self._max_held = max(MAX_HELD_BYTES, max_bytes)
        self.num_requests = self._num_bytes = 0
        self.is_closed = False

    def close(self) -> None:
        """Let nobody else in."""
        self.is_closed = True

    @contextmanager
    def admit(self, request: Request) -> Iterator[None]:
        """Make room for a request while the block runs.

        Raises:
            HTTPException: its body is larger than bodies may be, or there is no room, or nobody else is let in.
        """
        if self.is_closed:
            raise HTTPException(503, "This server is ending. Ask another, or come again.", {**RETRY, **LAST})
        announced = request.headers.get("content-length", "")
        # One that does not say how long it is may be as long as any.
        num_bytes = int(announced) if announced.isdecimal() else self._max_bytes
        if num_bytes > self._max_bytes:
            raise self._too_large()
        if self.num_requests >= self._max_requests or self._num_bytes + num_bytes > self._max_held:
            raise HTTPException(503, "As many requests as are answered at a time wait already. Come again.", RETRY)
        self.num_requests += 1
        self._num_bytes += num_bytes
        try:
            yield
        finally:
            self.num_requests -= 1
            self._num_bytes -= num_bytes

    async def body_of(self, request: Request) -> bytes:
        """Return a body; one that is too long is not read to its end.

        Raises:
            HTTPException: it is longer than bodies may be, or whoever sends it is gone.
        """
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > self._max_bytes:
                    raise self._too_large()
        except ClientDisconnect:
            raise HTTPException(400, "A body must be sent to its end.") from None
        return bytes(body)

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"A picture's file has at most {self._max_bytes} bytes here.", LAST)
