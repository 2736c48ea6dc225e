"""A server in front of a server that counts what it is asked, and may take its time."""

import threading
import time
from collections import Counter
from urllib.parse import parse_qs, urlsplit

from servers.proxy import Proxy


class Counting(Proxy):
    """Forwards each request after a while, and counts requests and bytes by what was asked for.

    Attributes:
        counts: Requests by their kind.
        sizes: Bytes of bodies, both ways, by the same kinds.
    """

    def __init__(self, endpoint_url: str, delay_seconds: float = 0.0):
        super().__init__(endpoint_url)
        self.delay_seconds = delay_seconds
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Count from nought again."""
        self.counts, self.sizes = Counter[str](), Counter[str]()

    def kind_of(self, method: str, path: str) -> str:
        """What a request is counted as: by S3's words here."""
        return "LIST" if method == "GET" and "list-type" in parse_qs(urlsplit(path).query) else method

    def answer(self, *_) -> None:
        """Wait, then forward."""
        time.sleep(self.delay_seconds)

    def answered(self, method, path, num_sent, num_received) -> None:
        """Count."""
        kind = self.kind_of(method, path)
        with self._lock:
            self.counts[kind] += 1
            self.sizes[kind] += num_sent + num_received
