"""A server that goes away for a while each time that somebody first asks for a certain thing, and comes back."""

import math
import time
from collections.abc import Iterable

from servers.proxy import Proxy


class OutageProxy(Proxy):
    """Forwards to an endpoint; from the first request whose path has one of some texts in it, closes every connection.

    Args:
        endpoint_url: Where it forwards to.
        texts: What starts an outage, once each.
        seconds: How long each lasts.
    """

    def __init__(self, endpoint_url: str, texts: Iterable[str], seconds: float):
        super().__init__(endpoint_url)
        self._texts, self._seconds = list(texts), seconds
        self._began = -math.inf
        self.outages: list[str] = []

    @property
    def is_down(self) -> bool:
        return time.monotonic() - self._began < self._seconds

    def verify_request(self, request, client_address) -> bool:
        return not self.is_down

    def answer(self, method, path, headers) -> None:
        asked = next((text for text in self._texts if text in path), None)
        if not self.is_down and asked is not None:
            self._texts.remove(asked)
            self.outages.append(asked)
            self._began = time.monotonic()
        if self.is_down:
            raise ConnectionAbortedError("the server is down")
