import os
import signal
import subprocess
import sys
import time

import pytest

from aepipe.io import temporary
from aepipe.io.temporary import LEFT_SECONDS, temporary_folder

HOLDS = """
import time
from aepipe.io.temporary import temporary_folder
with temporary_folder("train") as folder:
    (folder / "images.npy").write_bytes(b"x")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def top(tmp_path, monkeypatch):
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    temporary._remove_left.cache_clear()
    return tmp_path


@pytest.fixture
def holder(top):
    with subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, text=True) as process:
        yield process, top / os.path.basename(process.stdout.readline().strip())
        process.kill()


def make_old(folder):
    then = time.time() - LEFT_SECONDS - 60
    os.utime(folder, (then, then))


def test_it_is_gone_after_the_block(top):
    with temporary_folder("data") as folder:
        (folder / "images.npy").write_bytes(b"x")
    assert list(top.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_a_later_one(top, holder):
    process, folder = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    make_old(folder)
    with temporary_folder("data"):
        assert not folder.exists()


def test_what_a_process_works_in_stays_however_old_it_is(holder):
    _, folder = holder
    make_old(folder)
    with temporary_folder("data"):
        assert (folder / "images.npy").exists()


def test_what_may_not_be_locked_yet_and_what_others_made_stay(top):
    (top / "aepipe-work-young").mkdir()
    for name in ("work-of-somebody", "aepipe-prefect-old"):
        (top / name).mkdir()
        make_old(top / name)
    with temporary_folder("data"):
        names = {path.name for path in top.iterdir()}
    assert {"aepipe-work-young", "work-of-somebody", "aepipe-prefect-old"} <= names
