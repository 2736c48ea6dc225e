"""A server that goes away for a while each time that somebody first asks for a certain thing, and comes back."""

import math
import time
from collections.abc import Sequence

from servers.proxy import Proxy


class OutageProxy(Proxy):
    """Forwards to an endpoint; from the first request whose path has one of some texts in it, closes every connection.

    Args:
        endpoint_url: Where it forwards to.
        texts: What starts an outage, once each.
        seconds: How long each lasts.
        for_good: After what it does not come back.
    """

    def __init__(self, endpoint_url: str, texts: Sequence[str], seconds: float, for_good: str | None = None):
        super().__init__(endpoint_url)
        self._lasts = dict.fromkeys(texts, seconds) | ({for_good: math.inf} if for_good else {})
        self._ends = -math.inf
        self.outages: list[str] = []

    @property
    def is_down(self) -> bool:
        return time.monotonic() < self._ends

    def verify_request(self, request, client_address) -> bool:
        return not self.is_down

    def answer(self, method, path, headers) -> None:
        asked = next((text for text in self._lasts if text in path), None)
        if not self.is_down and asked is not None:
            self.outages.append(asked)
            self._ends = time.monotonic() + self._lasts.pop(asked)
        if self.is_down:
            raise ConnectionAbortedError("the server is down")
