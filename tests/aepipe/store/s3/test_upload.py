"""How parts travel: some at once, never too many in memory, and no deadlock; the server is a function here."""

import hashlib
import threading

import pytest

from aepipe.errors import AccessDeniedError, CorruptObjectError
from aepipe.store.s3 import upload
from aepipe.store.s3.upload import PARTS_AT_ONCE, upload_in_parts

BODIES = 6


class Server:
    """Counts what is on its way to it. Parts wait for one another, so that they are surely there at once."""

    def __init__(self, parts_together=1):
        self.together = threading.Barrier(parts_together, timeout=20)
        self.lock = threading.Lock()
        self.calls, self.at_once, self.most_at_once = [], 0, 0

    def call(self, operation, **arguments):
        with self.lock:
            self.calls.append(operation)
            self.at_once += operation == "upload_part"
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return getattr(self, operation)(**arguments)
        finally:
            with self.lock:
                self.at_once -= operation == "upload_part"

    def create_multipart_upload(self, **_):
        self.parts = {}
        return {"UploadId": "upload"}

    def upload_part(self, PartNumber, Body, **_):
        self.together.wait()
        self.parts[PartNumber] = Body
        return {"ETag": f'"{hashlib.md5(Body).hexdigest()}"'}

    def complete_multipart_upload(self, MultipartUpload, **_):
        numbers = [part["PartNumber"] for part in MultipartUpload["Parts"]]
        assert numbers == sorted(self.parts)
        self.data = b"".join(self.parts[number] for number in numbers)
        return {"ETag": f'"{hashlib.md5(self.data).hexdigest()}"'}

    def abort_multipart_upload(self, **_):
        assert self.at_once == 0, "no part may arrive after the upload is gone"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(upload, "PART_BYTES", 100)


@pytest.fixture
def bodies():
    """What uploads at once share; all of it must be given back."""
    shared = threading.BoundedSemaphore(BODIES)
    yield shared
    assert [shared.acquire(blocking=False) for _ in range(BODIES)] == [True] * BODIES


def write(path, parts):
    path.write_bytes(b"".join(b"%099d\n" % number for number in range(parts)) + b"end")
    return path


def test_parts_are_sent_some_at_once_and_complete_in_order(tmp_path, bodies):
    path = write(tmp_path / "file", 2 * PARTS_AT_ONCE - 1)
    server = Server(parts_together=PARTS_AT_ONCE)
    upload_in_parts(server.call, path, bodies)
    assert server.data == path.read_bytes()
    assert server.most_at_once == PARTS_AT_ONCE


def test_many_large_files_at_once_hold_no_more_than_they_may_and_all_end(tmp_path, bodies):
    path = write(tmp_path / "file", 20)
    held, lock, too_many = 0, threading.Lock(), threading.Event()

    class Counted(Server):
        def upload_part(self, **arguments):
            nonlocal held
            with lock:
                held += 1
                if held > BODIES:
                    too_many.set()
            # Long enough for others to come, if anything lets them.
            too_many.wait(0.01)
            answer = super().upload_part(**arguments)
            with lock:
                held -= 1
            return answer

    servers = [Counted() for _ in range(3 * BODIES)]
    threads = [threading.Thread(target=upload_in_parts, args=(server.call, path, bodies)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert all(server.data == path.read_bytes() for server in servers)
    assert not too_many.is_set()


def test_a_part_that_fails_ends_the_upload_after_the_others(tmp_path, bodies):
    class Refuses(Server):
        def upload_part(self, PartNumber, **arguments):
            if PartNumber == 3:
                raise AccessDeniedError("The credentials must allow this.")
            return super().upload_part(PartNumber, **arguments)

    server = Refuses()
    with pytest.raises(AccessDeniedError):
        upload_in_parts(server.call, write(tmp_path / "file", 30), bodies)
    assert server.calls[-1] == "abort_multipart_upload"
    assert server.calls.count("upload_part") < 12
    assert "complete_multipart_upload" not in server.calls


def test_a_part_that_arrives_changed_is_noticed(tmp_path, bodies):
    class Flips(Server):
        def upload_part(self, Body, **arguments):
            return super().upload_part(Body=Body[:-1] + b"?", **arguments)

    server = Flips()
    with pytest.raises(CorruptObjectError, match="part="):
        upload_in_parts(server.call, write(tmp_path / "file", 5), bodies, key="key")
    assert server.calls[-1] == "abort_multipart_upload"
