"""A server in front of a server: it can refuse, lose answers after requests took effect, cut bodies off, flip a bit."""

import http.client
import http.server
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit


class Proxy(http.server.ThreadingHTTPServer):
    """Forwards to an endpoint, and keeps what it was asked in `requests`."""

    # A batch of threads connects at once; with the library's 5 some would wait a second to try again.
    request_queue_size = 64

    def __init__(self, endpoint_url):
        super().__init__(("127.0.0.1", 0), Forwarder)
        self.upstream = urlsplit(endpoint_url).netloc
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answers_to_lose = dict.fromkeys(("GET", "PUT", "POST"), 0)
        self.bodies_to_cut = 0
        self.bodies_to_flip = 0
        # What objects have instead of their bytes' digest.
        self.etag: str | None = None

    @property
    def endpoint_url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        pass

    def methods(self):
        return [method for method, _ in self.requests]

    def answer(self, method, path, headers) -> tuple[int, bytes] | None:
        """What a subclass answers itself; it may also change the headers that are forwarded."""

    def answered(self, method, path, num_sent, num_received) -> None:
        """What a subclass does about an answer, given the bytes of both bodies."""


class Forwarder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = dict(self.headers)
        self.server.requests.append((self.command, dict(headers)))
        own = self.server.answer(self.command, self.path, headers)
        status, answer_headers, data = (own[0], [], own[1]) if own else self._ask(body, headers)
        self.server.answered(self.command, self.path, len(body), len(data))
        if self.server.answers_to_lose.get(self.command, 0) > 0:
            self.server.answers_to_lose[self.command] -= 1
            self.close_connection = True
            return
        self.send_response(status)
        length = str(len(data))
        for name, value in answer_headers:
            if name.lower() == "content-length" and not data:
                length = value
            elif name.lower() == "etag" and self.server.etag is not None:
                self.send_header(name, self.server.etag)
            elif name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command == "GET" and self.server.bodies_to_flip > 0:
            self.server.bodies_to_flip -= 1
            data = bytes([data[0] ^ 1]) + data[1:]
        if self.command == "GET" and self.server.bodies_to_cut > 0:
            self.server.bodies_to_cut -= 1
            self.close_connection = True
            data = data[: len(data) // 2]
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = forward

    def _ask(self, body, headers):
        upstream = http.client.HTTPConnection(self.server.upstream)
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        return answer.status, answer.getheaders(), data

    def log_message(self, *_):
        pass


@contextmanager
def serving(server):
    """Run a server in a thread, and end both whatever happens."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
