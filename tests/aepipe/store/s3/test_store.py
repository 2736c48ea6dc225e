"""What only a server can do wrong: refuse, vanish, lose an answer."""

import os
import re
import socketserver
from pathlib import Path

import pytest
from servers.proxy import Proxy, serving
from servers.server import free_ports, make_client

from aepipe.errors import (
    AccessDeniedError,
    ConflictError,
    CorruptObjectError,
    StoreError,
    TransientStoreError,
    UnknownOutcomeError,
)
from aepipe.store.s3 import store as s3_store
from aepipe.store.s3.store import S3Store
from aepipe.store.s3.upload import check_etag

ROOT = Path(__file__).parents[4]


@pytest.fixture
def bucket_and_prefix(s3_store_url):
    return s3_store_url.removeprefix("s3://").split("/")


@pytest.fixture
def proxy(s3_server, s3_store_url, monkeypatch):
    with serving(Proxy(s3_server.endpoint_url)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.endpoint_url)
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


def test_a_bit_that_flips_on_the_way_is_read_again(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix)
    store.put("key", b"data")
    for read in (store.get, lambda key: store.get_versioned(key).data):
        proxy.bodies_to_flip = 1
        assert read("key") == b"data"
        assert proxy.bodies_to_flip == 0, "no bit flipped, so nothing was tested"


def test_where_an_etag_is_no_digest_two_equal_reads_are_believed(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix)
    store.put("key", b"data")
    proxy.etag = f'"{"0" * 32}-1"'
    proxy.requests.clear()
    assert store.get("key") == b"data"
    assert proxy.methods() == ["GET", "GET"]
    proxy.bodies_to_flip = 1
    assert store.get("key") == b"data"


def test_bytes_that_are_never_what_their_etag_says_are_damaged(proxy, bucket_and_prefix):
    store = S3Store(*bucket_and_prefix)
    store.put("key", b"data")
    proxy.bodies_to_flip = 3
    assert store.get("key") == b"data"
    proxy.bodies_to_flip = 100
    with pytest.raises(CorruptObjectError, match="key='key'"):
        store.get("key")


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


class WithoutBatches(Proxy):
    def answer(self, method, path, headers):
        return (501, b"<Error><Code>NotImplemented</Code></Error>") if method == "POST" else None


class RefusesBatches(Proxy):
    """A batch that fails for each of its objects, though a request for one of them succeeds."""

    def answer(self, method, path, headers):
        names = (f"{self.prefix}/{number}" for number in range(3))
        errors = "".join(f"<Error><Key>{name}</Key><Code>InternalError</Code></Error>" for name in names)
        return (200, f"<DeleteResult>{errors}</DeleteResult>".encode()) if method == "POST" else None


@pytest.mark.parametrize("kind", [Proxy, WithoutBatches, RefusesBatches])
def test_what_a_batch_does_not_delete_is_deleted_one_by_one(kind, s3_server, bucket_and_prefix, monkeypatch):
    monkeypatch.setattr(s3_store, "BATCH_OBJECTS", 3)
    keys = [str(number) for number in range(3)]
    with serving(kind(s3_server.endpoint_url)) as proxy:
        proxy.prefix = bucket_and_prefix[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint_url)
        store = S3Store(*bucket_and_prefix)
        for key in keys:
            store.put(key, b"x")
        store.delete_many(keys)
        assert list(store.list("")) == []
        assert store.deletes_in_batch == (kind is not WithoutBatches)
        assert proxy.methods().count("DELETE") == (0 if kind is Proxy else 3)
        batches = [headers for method, headers in proxy.requests if method == "POST"]
        assert len(batches) == 1
        assert "Content-MD5" in batches[0], "older servers demand it"


def test_more_than_a_batch_is_deleted_in_several(proxy, bucket_and_prefix, monkeypatch):
    monkeypatch.setattr(s3_store, "BATCH_OBJECTS", 3)
    store = S3Store(*bucket_and_prefix)
    for number in range(7):
        store.put(str(number), b"x")
    store.delete_many(map(str, range(7)))
    assert list(store.list("")) == []
    assert (proxy.methods().count("POST"), proxy.methods().count("DELETE")) == (3, 0)


def test_only_old_uploads_under_the_prefix_are_aborted(s3_server, bucket_and_prefix):
    client, bucket = make_client(s3_server), bucket_and_prefix[0]
    names = [f"{bucket_and_prefix[1]}/mine", f"{bucket_and_prefix[1]}-of-others/theirs"]
    uploads = [client.create_multipart_upload(Bucket=bucket, Key=name)["UploadId"] for name in names]
    store = S3Store(*bucket_and_prefix)
    assert store.abort_stale_uploads(3600) == 0
    assert store.abort_stale_uploads(0) == 1
    left = [upload["UploadId"] for upload in client.list_multipart_uploads(Bucket=bucket)["Uploads"]]
    assert left == [uploads[1]]
    client.abort_multipart_upload(Bucket=bucket, Key=names[1], UploadId=uploads[1])


@pytest.mark.parametrize("name", ["seaweedfs", "rclone"])
def test_uploads_on_several_pages_are_all_aborted(start_server, lead_to, monkeypatch, name):
    server = start_server(name, "http")
    lead_to(server)
    store = S3Store(server.bucket, "pages")
    for number in range(5):
        store._call("create_multipart_upload", store._name(str(number)))
    send, pages = store._call, []

    def send_with_small_pages(operation, *name, **rest):
        if operation == "list_multipart_uploads":
            pages.append(rest)
            rest["MaxUploads"] = 2
        return send(operation, *name, **rest)

    monkeypatch.setattr(store, "_call", send_with_small_pages)
    assert store.abort_stale_uploads(0) == 5
    assert len(pages) == 3


def test_several_large_files_at_once_are_all_whole(s3_server, bucket_and_prefix, tmp_path):
    store, files = S3Store(*bucket_and_prefix), {}
    for name in ("a", "b", "c", "small"):
        files[name] = tmp_path / name
        files[name].write_bytes(os.urandom(1000) * (1000 if name == "small" else 40_000))
    store.put_files(files)
    for key, path in files.items():
        store.get_file(key, tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == path.read_bytes()


def test_no_call_writes_beside_an_object():
    """On some servers tags, access lists and locks take the place of the object's bytes."""
    beside = re.compile(
        r"(put|delete)_(object_(tagging|acl|retention|legal_hold|lock_configuration)|bucket)\w*|\b(Tagging|ACL)="
    )
    sources = [path for top in ("aepipe", "tasks", "flows", "deploy") for path in (ROOT / top).rglob("*.py")]
    assert len(sources) > 50
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}" for path in sources for hit in beside.finditer(path.read_text())
    ]
    assert found == []
