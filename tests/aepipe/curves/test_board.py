"""TensorBoard itself shows what the store has, and ends when it is told to."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

from releases import put_release
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from aepipe.store import open_store

RELEASE = "20260101T000000Z-a"


def test_it_opens_with_the_latest_release_and_ends_in_good_order(tmp_path):
    EventFileWriter(str(tmp_path / "events")).close()
    (file,) = (tmp_path / "events").iterdir()
    more = {f"models/mnist-dense/tensorboard/{file.name}": file.read_bytes()}
    put_release(open_store(tmp_path / "store"), RELEASE, {"mnist-dense": b"model"}, more)
    command = [sys.executable, "-c", "from aepipe.cli.app import main; main()", "tensorboard", "--port", "0", "dens"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(tmp_path), "AEPIPE_CACHE": str(tmp_path)}
    command += ["dense", "--store", str(tmp_path / "store")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout.readline() == f"mnist-dense@digits/{RELEASE}\n"
        assert process.stdout.readline().startswith("There are no curves of dens yet; ")
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        until, runs = time.monotonic() + 30, []
        while not runs and time.monotonic() < until:
            time.sleep(0.1)
            with urllib.request.urlopen(f"{url}data/runs") as answer:
                runs = json.load(answer)
        assert runs == [f"mnist-dense@digits/{RELEASE}"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert list(tmp_path.glob("aepipe-work-*")) == []
