import re

import pytest

from aepipe.datasets.sources import InterruptedDownloadError, Source, list_sources, open_source
from aepipe.errors import DataError, ParameterError

PUBLISHED = ("https://one.example/a.gz", "https://two.example/a.gz")


def read(url, offset=0):
    with open_source(url, offset) as body:
        return body.start, body.total_bytes, b"".join(body.chunks)


def test_publishers_alone_without_a_mirror():
    assert list_sources("tiny", "a.gz", PUBLISHED) == tuple(Source(url, True) for url in PUBLISHED)


@pytest.mark.parametrize(
    ("mirror", "url"),
    [
        ("/data/mirror/", "/data/mirror/tiny/a.gz"),
        ("file:///data/mirror", "file:///data/mirror/tiny/a.gz"),
        ("http://mirror.example/x", "http://mirror.example/x/tiny/a.gz"),
        ("s3://bucket/prefix", "s3://bucket/prefix/tiny/a.gz"),
    ],
)
def test_mirror_comes_first(monkeypatch, mirror, url):
    monkeypatch.setenv("AEPIPE_MIRROR", mirror)
    assert list_sources("tiny", "a.gz", PUBLISHED)[0] == Source(url, False)
    assert len(list_sources("tiny", "a.gz", PUBLISHED)) == 3


def test_unknown_scheme_lists_the_legal_ones(monkeypatch):
    monkeypatch.setenv("AEPIPE_MIRROR", "ftp://mirror.example")
    with pytest.raises(ParameterError, match=r"file, http, https, s3.*Received: scheme='ftp'"):
        list_sources("tiny", "a.gz", PUBLISHED)


def test_label_shows_no_credentials():
    assert (
        Source("https://me:secret@h.example:8/p/a.gz?token=secret", False).label == "https://...@h.example:8/p/a.gz?..."
    )


@pytest.mark.parametrize("as_url", [str, lambda path: path.as_uri()])
def test_folder_is_read_from_a_position(tmp_path, as_url):
    path = tmp_path / "a b.bin"
    path.write_bytes(b"0123456789")
    assert read(as_url(path), 4) == (4, 10, b"456789")


def test_missing_local_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read(str(tmp_path / "none"))


@pytest.mark.parametrize(
    "url", ["http://me:sec/ret@127.0.0.1:9/a", "http://me:se[cret@127.0.0.1:9/a", "s3://k:sec/ret@b/a"]
)
def test_no_secret_is_told_whatever_is_wrong_with_an_address(url, monkeypatch):
    monkeypatch.setenv("AEPIPE_MIRROR", url)
    (source,) = list_sources("tiny", "a.gz", ())
    with pytest.raises((DataError, InterruptedDownloadError)) as refused:
        read(source.url)
    for text in (source.label, str(refused.value), str(refused.value.__cause__)):
        assert not re.search(r"(?<!_)(se.?c|ret\b)", text)


def test_http_from_a_position(server):
    server.files["/a"] = b"0123456789"
    assert read(f"{server.url}/a") == (0, 10, b"0123456789")
    assert read(f"{server.url}/a", 4) == (4, 10, b"456789")
    assert server.ranges_of("/a") == [None, "bytes=4-"]


def test_http_server_without_ranges_starts_again(server):
    server.files["/a"] = b"0123456789"
    server.plans["/a"] = ["no-range"]
    assert read(f"{server.url}/a", 4) == (0, 10, b"0123456789")


def test_http_server_packs_nothing(server):
    server.files["/a"] = b"0123456789"
    server.plans["/a"] = ["pack"]
    assert read(f"{server.url}/a") == (0, 10, b"0123456789")


def test_http_with_nothing_left_to_send(server):
    server.files["/a"] = b"0123456789"
    assert read(f"{server.url}/a", 10) == (10, 10, b"")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server_may_be_asked_again(server, status):
    server.files["/a"] = b"x"
    server.plans["/a"] = [status]
    with pytest.raises(InterruptedDownloadError, match=f"HTTP {status}"):
        read(f"{server.url}/a")


@pytest.mark.parametrize("status", [401, 403, 404, 416])
def test_refusal_is_final(server, status):
    server.files["/a"] = b"x"
    server.plans["/a"] = [status]
    with pytest.raises(DataError, match=f"HTTP {status}"):
        read(f"{server.url}/a")


def test_connection_cut_or_refused(server):
    server.files["/a"] = b"0123456789"
    server.plans["/a"] = ["cut"]
    with pytest.raises(InterruptedDownloadError):
        read(f"{server.url}/a")
    with pytest.raises(InterruptedDownloadError):
        read("http://127.0.0.1:9/a")


def test_s3_from_a_position(s3):
    s3.files["/bucket/prefix/a"] = b"0123456789"
    assert read("s3://bucket/prefix/a") == (0, 10, b"0123456789")
    assert read("s3://bucket/prefix/a", 4) == (4, 10, b"456789")
    assert read("s3://bucket/prefix/a", 10) == (10, 10, b"")


def test_s3_failures(s3):
    s3.files["/bucket/a"] = b"0123456789"
    s3.plans["/bucket/a"] = [503, "cut", 403]
    for _ in range(2):
        with pytest.raises(InterruptedDownloadError):
            read("s3://bucket/a")
    with pytest.raises(DataError, match=r"credentials must allow this.*status=403"):
        read("s3://bucket/a")


def test_s3_without_credentials(s3, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    with pytest.raises(DataError, match=r"needs credentials.*AEPIPE_S3_ANONYMOUS=1"):
        read("s3://bucket/a")
    s3.files["/bucket/a"] = b"public"
    monkeypatch.setenv("AEPIPE_S3_ANONYMOUS", "1")
    assert read("s3://bucket/a") == (0, 6, b"public")
