"""What only a server can do wrong: refuse, vanish, lose an answer."""

import http.client
import http.server
import threading
from urllib.parse import urlsplit

import pytest
from s3_server import free_ports

from aepipe.errors import AccessDeniedError, ConflictError, StoreError, TransientStoreError, UnknownOutcomeError
from aepipe.store.s3 import S3Store


@pytest.fixture
def bucket_and_prefix(s3_store_url):
    return s3_store_url.removeprefix("s3://").split("/")


@pytest.fixture
def proxy(s3_server, bucket_and_prefix, monkeypatch):
    """A server in front of the server, which can lose the answers to writes after they took effect, or all of them."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            upstream = http.client.HTTPConnection(urlsplit(s3_server.endpoint_url).netloc)
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            data = answer.read()
            upstream.close()
            self.server.requests.append(self.command)
            if self.server.is_dead or (self.command == "PUT" and self.server.answers_to_lose > 0):
                self.server.answers_to_lose -= 1
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_PUT = do_HEAD = do_DELETE = forward

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        requests: list[str] = []
        answers_to_lose = 0
        is_dead = False

        def handle_error(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.requests = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    # The signature covers the Host header, and the server knows itself by its own address.
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_create_whose_answer_was_lost_is_no_conflict_with_itself(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix)
    proxy.answers_to_lose = 1
    store.create("key", b"data")
    assert proxy.requests.count("PUT") > 1, "the lost answer was not retried, so nothing was tested"
    assert store.get("key") == b"data"
    with pytest.raises(ConflictError):
        store.create("key", b"other")


def test_a_swap_whose_answer_was_lost_is_no_conflict_with_itself(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix)
    store.swap("key", b"first", None)
    proxy.answers_to_lose = 1
    store.swap("key", b"second", store.get_versioned("key").version)
    assert store.get("key") == b"second"


def test_a_write_that_can_not_be_read_back_is_unknown(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix, deadline_seconds=0.5)
    proxy.is_dead = True
    with pytest.raises(UnknownOutcomeError, match="Run again"):
        store.create("key", b"data")
    proxy.is_dead = False
    store.create("key", b"data")


def test_a_wrong_secret_is_refused_and_not_repeated(bucket_and_prefix, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-wrong-secret")
    with pytest.raises(AccessDeniedError, match="refuses these credentials") as refused:
        S3Store(*bucket_and_prefix).get("key")
    assert "planted-wrong-secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_credentials_at_all(bucket_and_prefix, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(AccessDeniedError, match="needs credentials"):
        S3Store(*bucket_and_prefix).get("key")


def test_a_bucket_that_is_not_there_is_not_made(bucket_and_prefix):
    store = S3Store("no-such-bucket", "prefix")
    for call in (lambda: store.put("key", b"x"), lambda: list(store.list(""))):
        with pytest.raises(StoreError, match="bucket must exist"):
            call()


def test_a_server_that_is_down_is_given_up_after_the_deadline(bucket_and_prefix, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(TransientStoreError, match="did not answer"):
        S3Store(*bucket_and_prefix, deadline_seconds=0.5).get("key")
