"""The settings that lead to a server: profiles, roles, certificates, addresses, and none at all."""

import http.server
import socket
import threading

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from servers.proxy import Proxy, serving
from servers.seaweedfs import DOMAIN
from servers.server import ACCESS_KEY, SECRET_KEY, make_client

from aepipe.errors import AccessDeniedError, StoreError
from aepipe.io.s3_client import make_client as make_own_client
from aepipe.store.s3.store import S3Store

ROLE = "arn:aws:iam::123456789012:role/publisher"


@pytest.fixture
def settings_file(monkeypatch, tmp_path):
    """Writes the one file that boto3 finds any settings in, and selects a profile of it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AEPIPE_S3_ANONYMOUS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def write(text, profile):
        (tmp_path / "config").write_text(text)
        monkeypatch.setenv("AWS_PROFILE", profile)

    return write


def profile_of(server, *lines, endpoint_url=None, secret_key=SECRET_KEY):
    keys = [f"aws_access_key_id = {ACCESS_KEY}", f"aws_secret_access_key = {secret_key}"]
    return "\n".join(["[profile models]", f"endpoint_url = {endpoint_url or server.endpoint_url}", *keys, *lines, ""])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_profile_leads_to_the_server(start_server, settings_file, scheme):
    server = start_server("seaweedfs", scheme)
    settings_file(profile_of(server, f"ca_bundle = {server.ca_file}" if server.ca_file else ""), "models")
    store = S3Store(server.bucket, f"profile-{scheme}")
    store.put("key", b"data")
    assert store.get("key") == b"data"


def test_a_profile_that_is_not_there_is_named(s3_server, settings_file):
    settings_file(profile_of(s3_server), "modles")
    with pytest.raises(AccessDeniedError, match="AWS_PROFILE"):
        S3Store(s3_server.bucket, "profile").get("key")


def test_an_authority_that_is_not_known_is_refused_with_the_way_out(start_server, settings_file):
    server = start_server("seaweedfs", "https")
    settings_file(profile_of(server), "models")
    with pytest.raises(StoreError, match=r"certificate must be trusted.*AWS_CA_BUNDLE"):
        S3Store(server.bucket, deadline_seconds=0.1).get("key")


@pytest.mark.parametrize("name", ["seaweedfs", "rclone"])
def test_a_wrong_secret_is_refused_by_servers_that_check(start_server, settings_file, name):
    server = start_server(name, "http")
    settings_file(profile_of(server, secret_key="planted-wrong-secret"), "models")
    store = S3Store(server.bucket, "wrong")
    for call in (lambda: store.get("key"), lambda: store.put("key", b"x"), lambda: list(store.list(""))):
        with pytest.raises(AccessDeniedError, match=r"AWS_PROFILE|credentials") as refused:
            call()
        assert "planted-wrong-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("style", "host", "path"),
    [("auto", DOMAIN, "/aepipe-test/style/key"), ("virtual", f"aepipe-test.{DOMAIN}", "/style/key")],
)
def test_the_bucket_is_in_the_path_unless_the_profile_says_virtual(
    s3_server, settings_file, monkeypatch, style, host, path
):
    resolve, port = socket.getaddrinfo, s3_server.endpoint_url.rpartition(":")[2]
    asked = []

    def resolve_here(name, *rest, **more):
        asked.append(name)
        return resolve("127.0.0.1" if name.endswith(DOMAIN) else name, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
    lines = ["s3 =", f"  addressing_style = {style}"]
    settings_file(profile_of(s3_server, *lines, endpoint_url=f"http://{DOMAIN}:{port}"), "models")
    store = S3Store(s3_server.bucket, "style")
    urls = []
    store._client.meta.events.register("before-send.s3", lambda request, **_: urls.append(request.url))
    store.put("key", style.encode())
    assert store.get("key") == style.encode()
    assert urls == [f"http://{host}:{port}{path}"] * 2
    assert set(asked) == {host}


def test_a_role_is_assumed_for_every_request(start_server, settings_file):
    server = start_server("moto", "http")
    with serving(Proxy(server.endpoint_url)) as proxy:
        source = profile_of(server, "region = us-east-1", endpoint_url=proxy.endpoint_url)
        role = f"role_arn = {ROLE}\nsource_profile = models\nregion = us-east-1\nendpoint_url = {proxy.endpoint_url}"
        settings_file(f"{source}\n[profile publisher]\n{role}\n", "publisher")
        store = S3Store(server.bucket, "role")
        store.put("key", b"data")
        assert store.get("key") == b"data"
    asked = [(method, "X-Amz-Security-Token" in headers) for method, headers in proxy.requests]
    assert asked == [("POST", False), ("PUT", True), ("GET", True)]
    assert all(ACCESS_KEY not in headers["Authorization"] for _, headers in proxy.requests[1:])


def test_anonymous_reads_need_no_credentials_and_writes_are_refused(s3_server, settings_file, monkeypatch):
    make_client(s3_server).put_object(Bucket=s3_server.bucket, Key="public/key", Body=b"data")
    settings_file(f"[profile public]\nendpoint_url = {s3_server.endpoint_url}\n", "public")
    with pytest.raises(AccessDeniedError, match="AEPIPE_S3_ANONYMOUS"):
        S3Store(s3_server.bucket, "public").get("key")
    monkeypatch.setenv("AEPIPE_S3_ANONYMOUS", "1")
    store = S3Store(s3_server.bucket, "public")
    assert store.get("key") == b"data"
    assert [info.key for info in store.list("")] == ["key"]
    with pytest.raises(AccessDeniedError):
        store.put("other", b"x")
    monkeypatch.setenv("AEPIPE_S3_ANONYMOUS", "0")
    with pytest.raises(AccessDeniedError, match="needs credentials"):
        S3Store(s3_server.bucket, "public").get("key")


def test_anonymous_is_yes_or_no(monkeypatch):
    monkeypatch.setenv("AEPIPE_S3_ANONYMOUS", "perhaps")
    with pytest.raises(StoreError, match="AEPIPE_S3_ANONYMOUS='perhaps'"):
        S3Store("bucket")


class Silent(http.server.BaseHTTPRequestHandler):
    """Takes a request and says nothing, or that it is in trouble."""

    def do_GET(self):
        if self.server.status is None:
            self.server.released.wait(20)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("status", "said"), [(None, "no answer (ReadTimeoutError)"), (503, "answered 503")])
def test_every_try_that_fails_is_said(s3_store_url, monkeypatch, caplog, status, said):
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)) as server:
        server.status, server.released = status, threading.Event()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        client = make_own_client(boto3.session.Session(), total_max_attempts=2, read_timeout_seconds=0.2)
        with pytest.raises((BotoCoreError, ClientError)):
            client.get_object(Bucket="bucket", Key="key")
        server.released.set()
    lines = [record.getMessage() for record in caplog.records if record.name == "aepipe.io.s3_client"]
    assert [line.startswith(f"The store: GetObject, try {n}: {said}") for n, line in enumerate(lines, 1)] == [
        True,
        True,
    ]
