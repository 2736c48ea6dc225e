"""What preflight measures on each server, that it leaves nothing, and what is refused then."""

import threading

import pytest
from servers.proxy import Proxy, serving

from aepipe.errors import AccessDeniedError, ConflictError, UnsafeStoreError
from aepipe.store import open_store
from aepipe.store.folder import FolderStore
from aepipe.store.preflight import Preflight, preflight, require_safe

SAFE = Preflight(can_read_back=True, creates_once=True, compares_and_swaps="quoted", deletes_in_batch=True)
UNSAFE = SAFE.model_copy(update={"creates_once": False, "compares_and_swaps": "no"})
EXPECTED = {
    "folder": SAFE.model_copy(update={"compares_and_swaps": "digest", "deletes_in_batch": False}),
    "seaweedfs": SAFE,
    "moto": SAFE,
    "rclone": UNSAFE,
}


def test_every_server_is_found_to_be_what_it_is_and_nothing_stays(store, server_name):
    store.put("own", b"x")
    found = preflight(store)
    assert found == EXPECTED.get(server_name.partition("-")[0], found)
    assert [info.key for info in store.list("")] == ["own"]


class RemovesNothing(FolderStore):
    deletes_in_batch = True

    def delete_many(self, keys):
        pass


class ReturnsOtherBytes(FolderStore):
    def get(self, key):
        return super().get(key)[:-1]


class ComparesBeforeItLocks(FolderStore):
    """Conditions that hold for one writer after the other, and for two at once do not."""

    def __init__(self, root):
        super().__init__(root)
        self.both_compared = threading.Barrier(2, timeout=10)

    def swap(self, key, data, version):
        found = self.get_versioned(key)
        if (found.version if found else None) != version:
            raise ConflictError("Somebody else was first.")
        if threading.current_thread() is not threading.main_thread():
            self.both_compared.wait()
        self.put(key, data)


class IgnoresVersions(FolderStore):
    def swap(self, key, data, version):
        return self.put(key, data) if version else super().swap(key, data, version)


class RefusesSwaps(FolderStore):
    def swap(self, key, data, version):
        if version:
            raise AccessDeniedError("The credentials must allow this.")
        super().swap(key, data, version)


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (RemovesNothing, {}),
        (ReturnsOtherBytes, {"can_read_back": False}),
        (IgnoresVersions, {"compares_and_swaps": "no"}),
        (ComparesBeforeItLocks, {"creates_once": False, "compares_and_swaps": "no"}),
    ],
)
def test_what_a_store_only_pretends_is_found(tmp_path, broken, expected):
    store = broken(tmp_path)
    found = preflight(store)
    assert found == EXPECTED["folder"].model_copy(update=expected)
    assert list(store.list("")) == []


def test_nothing_stays_when_a_write_is_refused(tmp_path):
    store = RefusesSwaps(tmp_path)
    with pytest.raises(AccessDeniedError):
        preflight(store)
    assert list(store.list("")) == []


class ComparesBareETags(Proxy):
    """Ceph up to 16: an ETag in quotes equals nothing."""

    def answer(self, method, path, headers):
        etag = headers.get("If-Match")
        if etag and etag.startswith('"'):
            return 412, b"<Error><Code>PreconditionFailed</Code></Error>"
        if etag:
            headers["If-Match"] = f'"{etag}"'
        return None


def test_a_server_that_compares_bare_etags_is_safe_and_is_asked_like_that_from_then_on(
    start_server, lead_to, monkeypatch
):
    server = start_server("moto", "http")
    lead_to(server)
    with serving(ComparesBareETags(server.endpoint_url)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint_url)
        store = open_store(f"s3://{server.bucket}/bare")
        assert preflight(store) == SAFE.model_copy(update={"compares_and_swaps": "bare"})
        store.put("key", b"first")
        proxy.requests.clear()
        store.swap("key", b"second", store.get_versioned("key").version)
        assert proxy.methods() == ["GET", "PUT"]


def test_a_safe_store_is_let_through():
    require_safe(SAFE, allow_unsafe_pointer=False)


@pytest.mark.parametrize(
    ("ignored", "names"),
    [
        ({"creates_once": False}, "ignores create-once,"),
        ({"compares_and_swaps": "no"}, "ignores compare-and-swap,"),
        ({"creates_once": False, "compares_and_swaps": "no"}, "ignores create-once and compare-and-swap,"),
    ],
)
def test_what_is_ignored_is_named_and_can_be_allowed(ignored, names):
    found = SAFE.model_copy(update=ignored)
    with pytest.raises(UnsafeStoreError, match=f"{names}.*--allow-unsafe-pointer"):
        require_safe(found, allow_unsafe_pointer=False)
    require_safe(found, allow_unsafe_pointer=True)


def test_a_store_that_loses_what_is_written_can_not_be_allowed():
    found = SAFE.model_copy(update={"can_read_back": False})
    with pytest.raises(UnsafeStoreError, match="give back what was written"):
        require_safe(found, allow_unsafe_pointer=True)
