"""Where data sets are found: in the cache, at a mirror, at their publishers, nowhere."""

import http.server
import threading

import pytest
from servers.proxy import serving
from servers.server import free_ports, make_client

from aepipe.datasets import fashion_mnist
from aepipe.deploy.doctor import data_sets
from aepipe.deploy.doctor.data_sets import check_data_sets

FILES = [file.name for file in fashion_mnist.SPEC.files]


@pytest.fixture(autouse=True)
def nothing_in_reach(tmp_path, monkeypatch):
    """An empty cache, and a proxy that is not there between this machine and all publishers."""
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("AEPIPE_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_ports(1)[0]}")


@pytest.fixture
def found(monkeypatch):
    """Gives what is found of one data set."""

    def look_for(name: str):
        monkeypatch.setattr(data_sets, "DATA_SETS", [name])
        (finding,) = check_data_sets()
        assert finding.subject == f"data set {name}"
        return finding

    return look_for


def fill(folder) -> None:
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(b"x")


def test_what_is_nowhere_is_told_for_each_data_set_but_the_embedded_one():
    states = {finding.subject.removeprefix("data set "): finding.state for finding in check_data_sets()}
    lost = dict.fromkeys(["mnist", "mnist-csv", "fashion-mnist", "cifar10", "olivetti"], "warning")
    assert states == {**lost, "digits": "ok"}


def test_what_is_nowhere_has_its_reason_and_its_way_out(found):
    finding = found("fashion-mnist")
    assert finding.finding.startswith("4 of 4 files are neither in the cache nor in reach: http://fashion-mnist.")
    assert "ConnectError" in finding.finding
    assert f"holds fashion-mnist/{FILES[0]}." in finding.way_out
    assert "no public address" in found("mnist-csv").finding


def test_the_cache(tmp_path, found):
    fill(tmp_path / "cache/datasets/fashion-mnist")
    assert (found("fashion-mnist").state, found("fashion-mnist").finding) == ("ok", "in the cache")


def test_a_mirror_in_a_folder_that_lacks_one_file(tmp_path, monkeypatch, found):
    monkeypatch.setenv("AEPIPE_MIRROR", str(tmp_path / "mirror"))
    fill(tmp_path / "mirror/fashion-mnist")
    assert found("fashion-mnist").finding == f"can be fetched from {tmp_path}/mirror/fashion-mnist"
    (tmp_path / "mirror/fashion-mnist" / FILES[2]).unlink()
    finding = found("fashion-mnist")
    assert (finding.state, finding.finding[:14]) == ("warning", "1 of 4 files a")
    assert FILES[2] in finding.way_out


def test_a_mirror_in_a_bucket(s3_server, s3_store_url, monkeypatch, found):
    monkeypatch.setenv("AEPIPE_MIRROR", s3_store_url)
    client = make_client(s3_server)
    for name in FILES:
        key = f"{s3_store_url.rpartition('/')[2]}/fashion-mnist/{name}"
        client.put_object(Bucket=s3_server.bucket, Key=key, Body=b"x")
    client.close()
    assert found("fashion-mnist").finding == f"can be fetched from {s3_store_url}/fashion-mnist"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "garbage")
    assert "The endpoint must be a URL." in found("fashion-mnist").finding


class SaysYes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class SaysNothing(SaysYes):
    def do_GET(self):
        self.server.never.wait(30)


@pytest.fixture
def server():
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), SaysYes)) as server:
        yield server


def test_a_publisher_in_reach(server, monkeypatch, found):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
    assert found("fashion-mnist").finding.startswith("can be fetched from http://fashion-mnist.s3-website")


def test_a_mirror_with_a_password_is_named_without_it(server, monkeypatch, found):
    monkeypatch.setenv("AEPIPE_MIRROR", f"http://user:geheim@127.0.0.1:{server.server_port}/data")
    assert found("olivetti").finding == f"can be fetched from http://...@127.0.0.1:{server.server_port}/data/olivetti"


def test_a_mirror_that_says_nothing_is_not_waited_for(server, monkeypatch, found):
    server.never = threading.Event()
    server.RequestHandlerClass = SaysNothing
    monkeypatch.setattr(data_sets, "ANSWER_SECONDS", 0.2)
    monkeypatch.setenv("AEPIPE_MIRROR", f"http://127.0.0.1:{server.server_port}/data")
    assert "no answer within 0.2 s" in found("mnist-csv").finding
    server.never.set()


def test_a_mirror_that_is_none(monkeypatch):
    monkeypatch.setenv("AEPIPE_MIRROR", "ftp://host/x")
    (finding,) = check_data_sets()
    assert (finding.state, finding.subject) == ("broken", "data sets")
