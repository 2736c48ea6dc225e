"""A server that goes away for a while as soon as somebody asks for a certain thing, and comes back."""

import time

from servers.proxy import Proxy


class OutageProxy(Proxy):
    """Forwards to an endpoint; from the first request whose path has a text in it, it closes every connection.

    Args:
        endpoint_url: Where it forwards to.
        text: What starts the outage.
        seconds: How long the outage lasts.
    """

    def __init__(self, endpoint_url: str, text: str, seconds: float):
        super().__init__(endpoint_url)
        self._text, self._seconds = text, seconds
        self.began: float | None = None

    @property
    def is_down(self) -> bool:
        return self.began is not None and time.monotonic() - self.began < self._seconds

    def verify_request(self, request, client_address) -> bool:
        return not self.is_down

    def answer(self, method, path, headers) -> None:
        if self.began is None and self._text in path:
            self.began = time.monotonic()
        if self.is_down:
            raise ConnectionAbortedError("the server is down")
