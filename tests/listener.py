"""A webhook's other end: keeps what it is sent."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = 20


class Listener(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[str] = []
        self.has_come = threading.Condition()
        self.url = f"http://127.0.0.1:{self.server_port}/told"

    def wait_for(self, text: str, seconds: float = SECONDS) -> str:
        """Return the first message with this text."""
        deadline = time.monotonic() + seconds
        with self.has_come:
            while not any(text in message for message in self.received):
                assert self.has_come.wait(deadline - time.monotonic()), f"{text!r} is in none of {self.received}"
        return next(message for message in self.received if text in message)

    @property
    def texts(self) -> list[str]:
        """What chat services would show of each message."""
        with self.has_come:
            return [json.loads(message)["text"] for message in self.received]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(200)
        self.end_headers()
        with self.server.has_come:
            self.server.received.append(body)
            self.server.has_come.notify_all()

    def log_message(self, *_):
        pass


@contextmanager
def listening() -> Iterator[Listener]:
    """Give a listener on a port of its own."""
    with Listener() as listener:
        threading.Thread(target=listener.serve_forever).start()
        yield listener
        listener.shutdown()
