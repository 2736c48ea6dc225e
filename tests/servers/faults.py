"""A proxy in front of an S3 server that does to requests what networks and busy servers do.

Everything is drawn from one seeded generator; `counts` says how often each fault was done.
"""

import http.client
import http.server
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

FAULTS = (
    *("lost answer", "500", "503", "409", "reset", "cut body", "flipped upload", "flipped download"),
    *("500 to the loser", "damaged"),
)
ERROR = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>injected</Message></Error>'
XML = {"Content-Type": "application/xml"}
CODES = {
    "500": (500, "InternalError"),
    "503": (503, "SlowDown"),
    "409": (409, "ConditionalRequestConflict"),
    # What Ceph says of an upload that came with other bytes than it was signed for.
    "damaged": (400, "XAmzContentSHA256Mismatch"),
}


class FaultProxy(http.server.ThreadingHTTPServer):
    """Forwards to a server; a share of the requests meets a fault that fits it."""

    daemon_threads = True

    def __init__(self, endpoint_url: str, share: float, seed: int, faults: Sequence[str] = FAULTS):
        super().__init__(("127.0.0.1", 0), Forwarder)
        self.faults = faults
        # What the loser of a race is told by Ceph; others may have other names for it.
        self.loser_code = "UnknownError"
        self.upstream = urlsplit(endpoint_url).netloc
        self.share = share
        self.counts: Counter[str] = Counter()
        self._random, self._lock = random.Random(seed), threading.Lock()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.server_port}"

    def draw(self, method: str, headers) -> str | None:
        """Return the fault that a request meets, or None."""
        with self._lock:
            if self._random.random() >= self.share:
                return None
            fitting = [name for name in self.faults if _fits(name, method, headers)]
            if not fitting:
                return None
            fault = self._random.choice(fitting)
            self.counts[fault] += 1
            return fault

    def handle_error(self, *_):
        pass


def _fits(fault: str, method: str, headers) -> bool:
    conditional = "If-Match" in headers or "If-None-Match" in headers
    fits = {"409": conditional, "500 to the loser": conditional}
    methods = {"flipped upload": "PUT", "damaged": "PUT", "cut body": "GET", "flipped download": "GET"}
    return fits.get(fault, methods.get(fault, method) == method)


class Forwarder(http.server.BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"

    def forward(self):
        """Answer one request, or do worse."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.draw(self.command, self.headers)
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif fault in CODES:
            status, code = CODES[fault]
            self._answer(status, XML, ERROR.format(code=code).encode())
        else:
            self._pass_on(_flipped(body) if fault == "flipped upload" else body, fault)

    def _pass_on(self, body: bytes, fault: str | None) -> None:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            data, headers = answer.read(), dict(answer.getheaders())
        finally:
            upstream.close()
        if fault == "lost answer":
            self.close_connection = True
        elif fault == "500 to the loser" and answer.status == 412:
            self._answer(500, XML, ERROR.format(code=self.server.loser_code).encode())
        else:
            self._answer(answer.status, headers, _flipped(data) if fault == "flipped download" else data, fault)

    def _answer(self, status: int, headers: dict[str, str], data: bytes, fault: str | None = None) -> None:
        self.send_response(status)
        length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(data))
        for name, value in headers.items():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if fault == "cut body":
            self.close_connection = True
            data = data[: len(data) // 2]
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = forward

    def log_message(self, *_):
        """Say nothing."""


def _flipped(data: bytes) -> bytes:
    if not data:
        return data
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@contextmanager
def fault_proxy(endpoint_url: str, share: float, seed: int, faults: Sequence[str] = FAULTS) -> Iterator[FaultProxy]:
    """Run a proxy for as long as the block lasts."""
    server = FaultProxy(endpoint_url, share, seed, faults)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            server.shutdown()
        thread.join()
        server.server_close()
