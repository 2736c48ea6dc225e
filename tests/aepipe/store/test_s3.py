"""What only a server can do wrong: refuse, vanish, lose an answer."""

import http.client
import http.server
import os
import socketserver
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from s3_server import free_ports

from aepipe.errors import (
    AccessDeniedError,
    ConflictError,
    CorruptObjectError,
    StoreError,
    TransientStoreError,
    UnknownOutcomeError,
)
from aepipe.store.s3 import S3Store
from aepipe.store.s3_upload import check_etag


@pytest.fixture
def bucket_and_prefix(s3_store_url):
    return s3_store_url.removeprefix("s3://").split("/")


class Proxy(http.server.ThreadingHTTPServer):
    """A server in front of the server: it can lose answers after the requests took effect, or cut bodies off."""

    def __init__(self, endpoint_url):
        super().__init__(("127.0.0.1", 0), Forwarder)
        self.upstream = urlsplit(endpoint_url).netloc
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.answers_to_lose = dict.fromkeys(("GET", "PUT", "POST"), 0)
        self.bodies_to_cut = 0

    def handle_error(self, *_):
        pass

    def methods(self):
        return [method for method, _ in self.requests]


class Forwarder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection(self.server.upstream)
        upstream.request(self.command, self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        self.server.requests.append((self.command, dict(self.headers)))
        if self.server.answers_to_lose.get(self.command, 0) > 0:
            self.server.answers_to_lose[self.command] -= 1
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length", "0") if not data else str(len(data)))
        self.end_headers()
        if self.command == "GET" and self.server.bodies_to_cut > 0:
            self.server.bodies_to_cut -= 1
            self.close_connection = True
            data = data[: len(data) // 2]
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = forward

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


@pytest.fixture
def proxy(s3_server, s3_store_url, monkeypatch):
    with serving(Proxy(s3_server.endpoint_url)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        yield server


@pytest.fixture
def large_file(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(os.urandom(2**20) * 20)
    return path


def test_a_create_whose_answer_was_lost_is_no_conflict_with_itself(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix)
    proxy.answers_to_lose["PUT"] = 1
    store.create("key", b"data")
    assert proxy.answers_to_lose["PUT"] == 0, "no answer was lost, so nothing was tested"
    assert store.get("key") == b"data"
    with pytest.raises(ConflictError):
        store.create("key", b"other")


def test_a_swap_whose_answer_was_lost_is_no_conflict_with_itself(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix)
    store.swap("key", b"first", None)
    proxy.answers_to_lose["PUT"] = 1
    store.swap("key", b"second", store.get_versioned("key").version)
    assert store.get("key") == b"second"


def test_a_write_that_can_not_be_read_back_is_unknown(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix, deadline_seconds=0.5)
    proxy.answers_to_lose = dict.fromkeys(("GET", "PUT"), 1000)
    with pytest.raises(UnknownOutcomeError, match="Run again"):
        store.create("key", b"data")
    proxy.answers_to_lose = {}
    store.create("key", b"data")


def test_a_swap_that_lost_its_answer_is_not_repeated_over_a_later_write(
    proxy, bucket_and_prefix, s3_server, monkeypatch
):
    store = S3Store(*bucket_and_prefix)
    store.swap("key", b"first", None)
    version = store.get_versioned("key").version
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.endpoint_url)
    rival, read = S3Store(*bucket_and_prefix), store.get_versioned
    monkeypatch.setattr(store, "get_versioned", lambda key: (rival.put(key, b"rival"), read(key))[1])
    proxy.answers_to_lose["PUT"] = 1
    with pytest.raises(UnknownOutcomeError, match="has this write in it"):
        store.swap("key", b"second", version)
    assert rival.get("key") == b"rival"


def test_a_body_that_is_cut_off_is_read_again(proxy, bucket_and_prefix, tmp_path):
    store, data = S3Store(*bucket_and_prefix), os.urandom(3_000_000)
    store.put("key", data)
    proxy.bodies_to_cut = 1
    assert store.get("key") == data
    proxy.bodies_to_cut = 1
    store.get_file("key", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    assert proxy.methods().count("GET") == 4
    assert os.listdir(tmp_path) == ["copy"]


def test_every_upload_carries_two_checksums_and_small_ones_do_not_wait(proxy, bucket_and_prefix, large_file):
    store = S3Store(*bucket_and_prefix)
    store.put("small", b"x")
    store.put_file("large", large_file)
    uploads = [{name.lower() for name in headers} for method, headers in proxy.requests if method == "PUT"]
    assert len(uploads) == 3
    assert all({"content-md5", "x-amz-checksum-sha256"} <= names for names in uploads)
    assert ["expect" in names for names in uploads] == [False, True, True]


def test_an_upload_in_parts_whose_last_answer_was_lost_is_complete(proxy, bucket_and_prefix, large_file, monkeypatch):
    store = S3Store(*bucket_and_prefix, deadline_seconds=0)
    send = store._call

    def lose_the_last_answers(operation, *arguments, **rest):
        proxy.answers_to_lose["POST"] = 100 if operation == "complete_multipart_upload" else 0
        return send(operation, *arguments, **rest)

    monkeypatch.setattr(store, "_call", lose_the_last_answers)
    store.put_file("key", large_file)
    assert "HEAD" in proxy.methods(), "no answer was lost, so nothing was tested"
    assert store.get("key") == large_file.read_bytes()


def test_a_file_that_changes_while_it_is_uploaded_is_refused_and_nothing_stays(
    s3_server, bucket_and_prefix, large_file, monkeypatch
):
    store = S3Store(*bucket_and_prefix)
    send = store._call

    def change_the_file(operation, *arguments, **rest):
        os.utime(large_file, (1, len(operation)))
        return send(operation, *arguments, **rest)

    monkeypatch.setattr(store, "_call", change_the_file)
    with pytest.raises(StoreError, match="must not change"):
        store.put_file("key", large_file)
    assert not store.exists("key")
    assert "Uploads" not in store._client.list_multipart_uploads(Bucket=s3_server.bucket)


@pytest.mark.parametrize(
    "answer",
    [
        {"ETag": f'"{"0" * 32}"'},
        {"ETag": f'"{"0" * 32}-2"'},
        {"ETag": f'"{"0" * 32}"', "ServerSideEncryption": "AES256"},
    ],
)
def test_other_bytes_than_were_sent_are_noticed_by_their_digest(answer):
    with pytest.raises(CorruptObjectError, match="key='key'"):
        check_etag(answer, {"1" * 32}, key="key")


@pytest.mark.parametrize(
    "answer", [{"ETag": '"not-a-digest"'}, {"ETag": f'"{"0" * 32}"', "ServerSideEncryption": "aws:kms"}]
)
def test_what_is_no_digest_is_not_taken_for_one(answer):
    check_etag(answer, {"1" * 32}, key="key")


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
    for call in (lambda: store.put("key", b"x"), lambda: store.exists("key"), lambda: list(store.list(""))):
        with pytest.raises(StoreError, match="bucket must exist"):
            call()


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n", b"not http\r\n\r\n"]
)
def test_a_server_that_breaks_off_is_transient(bucket_and_prefix, monkeypatch, answer):
    class BreakOff(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65536)
            self.request.sendall(answer)

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), BreakOff)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_address[1]}")
        with pytest.raises(TransientStoreError, match="did not answer"):
            S3Store(*bucket_and_prefix, deadline_seconds=0.1).get("key")


def test_an_endpoint_that_is_no_url_is_named(bucket_and_prefix, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "localhost")
    with pytest.raises(StoreError, match="AWS_ENDPOINT_URL_S3"):
        S3Store(*bucket_and_prefix)


def test_a_server_that_is_down_is_given_up_after_the_deadline(bucket_and_prefix, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(TransientStoreError, match="did not answer"):
        S3Store(*bucket_and_prefix, deadline_seconds=0.5).get("key")
