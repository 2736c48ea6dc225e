"""A file server on loopback that can fail in the ways that real ones do, and a tiny data set in MNIST's format."""

import gzip
import hashlib
import struct
import threading
from collections import defaultdict
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
import pytest

from aepipe.datasets.download import Patience
from aepipe.datasets.idx_sets import idx_data_set, idx_file
from aepipe.datasets.spec import ExpectedArray
from aepipe.io.hashing import array_sha256


class FileServer(ThreadingHTTPServer):
    """Serves `files`, path to bytes, and knows the `versions` of some.

    `plans` has what the next requests of a path meet, in order; then all is well.

    A plan is a status to answer, or one of:
    cut: half of the bytes, then the connection ends
    no-range: the whole file, whatever was asked
    pack: gzipped, where the client takes that
    endless: more than any bound, without a length
    wait: as usual, once `release` is set
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.plans: dict[str, list] = defaultdict(list)
        self.versions: dict[str, str] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def ranges_of(self, path: str) -> list[str | None]:
        return [asked for requested, asked in self.requests if requested == path]


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = urlsplit(self.path).path
        asked = self.headers.get("Range")
        self.server.requests.append((path, asked))
        plan = self.server.plans[path].pop(0) if self.server.plans[path] else None
        if plan == "wait":
            assert self.server.release.wait(timeout=60)
        if path not in self.server.files:
            plan = 404
        if self.headers.get("If-Match") not in (None, self.server.versions.get(path)):
            plan = 412
        if isinstance(plan, int):
            self._answer(plan, b"")
        elif plan == "endless":
            self._send_endlessly()
        elif plan == "pack" and "gzip" in self.headers["Accept-Encoding"]:
            self._answer(200, gzip.compress(self.server.files[path]), headers={"Content-Encoding": "gzip"})
        else:
            self._send_file(self.server.files[path], None if plan == "no-range" else asked, is_cut=plan == "cut")

    def _send_file(self, data, asked, is_cut):
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if asked and start >= len(data):
            self._answer(416, b"")
            return
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if asked else {}
        body = data[start:]
        self._answer(206 if asked else 200, body[: len(body) // 2] if is_cut else body, len(body), headers)

    def _send_endlessly(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except ConnectionError:
            pass

    def _answer(self, status, body, length=None, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server():
    file_server = FileServer()
    thread = threading.Thread(target=partial(file_server.serve_forever, poll_interval=0.01))
    thread.start()
    yield file_server
    file_server.release.set()
    file_server.shutdown()
    thread.join()
    file_server.server_close()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    """No test sees the user's mirror or cache."""
    monkeypatch.delenv("AEPIPE_MIRROR", raising=False)
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "default-cache"))


@pytest.fixture
def patience():
    return Patience(attempts=3, first_wait_seconds=0.01)


def gzipped_idx(array, level=9):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes(), level, mtime=0)


@pytest.fixture
def pack_idx():
    return gzipped_idx


@pytest.fixture
def idx_arrays():
    generator = np.random.default_rng(0)
    return {
        "train_images": generator.integers(0, 256, (6, 5, 4), np.uint8),
        "train_labels": generator.integers(0, 3, 6, np.uint8),
        "test_images": generator.integers(0, 256, (4, 5, 4), np.uint8),
        "test_labels": generator.integers(0, 3, 4, np.uint8),
    }


@pytest.fixture
def idx_files(idx_arrays):
    """File name to bytes of the tiny data set."""
    return {f"{name}.gz": gzipped_idx(array) for name, array in idx_arrays.items()}


@pytest.fixture
def tiny_spec(idx_arrays, idx_files, server):
    """The tiny data set, published at the server's /published/."""

    def make(base_urls=(f"{server.url}/published/",)):
        files = []
        for name, array in idx_arrays.items():
            data = idx_files[f"{name}.gz"]
            expected = ExpectedArray(array.shape, array_sha256(array), 3 if name.endswith("labels") else 256)
            digest = hashlib.sha256(data).hexdigest()
            files.append(idx_file(name, f"{name}.gz", len(data), digest, expected, base_urls))
        return idx_data_set("tiny", files, ("a", "b", "c"), "made here")

    return make


@pytest.fixture
def publish(server, idx_files):
    """Put the tiny data set on the server below a path."""

    def put(folder="/published"):
        server.files |= {f"{folder}/{name}": data for name, data in idx_files.items()}

    return put


@pytest.fixture
def s3(server, monkeypatch):
    """The server as an S3 endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return server
