"""Publishers on a bad network, publishers that are killed: readers see whole releases, and no channel's move is lost.

AEPIPE_KILLS and AEPIPE_PUBLISHES say how much of it; little in the suite.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from servers.faults import fault_proxy

from aepipe.errors import AepipeError
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import read_manifest, resolve_release
from aepipe.releases.verify import find_problems
from aepipe.store import open_store

NUM_KILLS = int(os.environ.get("AEPIPE_KILLS", "4"))
NUM_PUBLISHES = int(os.environ.get("AEPIPE_PUBLISHES", "3"))
SEED = int(os.environ.get("AEPIPE_KILL_SEED", time.time_ns() % 10**6))
NUM_PUBLISHERS = 4
HERE = Path(__file__).parent


def publisher(url: str, name: str, count: int) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, HERE / "publish_once.py", url, name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{HERE.parent}:{HERE.parents[1]}"},
    )
    assert process.stdout.readline() == "started\n"
    return process


class Reader(threading.Thread):
    """Reads what production names, all the time, and counts what it saw."""

    def __init__(self, url: str):
        super().__init__()
        self.store, self.is_done = open_store(url), threading.Event()
        self.whole, self.torn, self.refused = 0, [], 0

    def run(self) -> None:
        while not self.is_done.is_set():
            try:
                if read_channel(self.store, "production") is not None:
                    self.read()
            except AepipeError:
                self.refused += 1

    def read(self) -> None:
        manifest = resolve_release(self.store, "production")
        for file in manifest.files:
            # A reader checks what it gets; a bit that flipped on the way is got again.
            for _ in range(5):
                data = self.store.get(f"releases/{manifest.release}/{file.path}")
                if hashlib.sha256(data).hexdigest() == file.sha256:
                    break
            else:
                self.torn.append((manifest.release, file.path))
        self.whole += 1


def test_publishers_at_once_on_a_bad_network(s3_server, s3_store_url, monkeypatch):
    with fault_proxy(s3_server.endpoint_url, share=0.05, seed=SEED) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        reader = Reader(s3_store_url)
        reader.start()
        publishers = [publisher(s3_store_url, f"p{number}", NUM_PUBLISHES) for number in range(NUM_PUBLISHERS)]
        errors = [json.loads(process.communicate(timeout=280)[0]) for process in publishers]
        reader.is_done.set()
        reader.join()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.endpoint_url)
    store = open_store(s3_store_url)
    channel = read_channel(store, "production")
    entries = [channel.current, *channel.history]
    print(
        f"seed {SEED}: {sum(proxy.counts.values())} faults {dict(proxy.counts)}, {len(entries)} promotions, "
        f"errors {errors}, whole reads {reader.whole}, refused {reader.refused}, torn {len(reader.torn)}"
    )
    assert reader.torn == []
    assert reader.whole > 0
    assert sum(proxy.counts.values()) > 10
    # No move of the channel is lost: every publisher's every release was in it.
    assert len({entry.candidate for entry in entries}) == NUM_PUBLISHERS * NUM_PUBLISHES
    assert sorted(entry.generation for entry in entries) == list(range(1, len(entries) + 1))
    for entry in entries:
        assert find_problems(store, read_manifest(store, entry.release, entry.manifest_sha256), full=True) == []


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_publisher_killed_at_any_moment_leaves_readers_on_a_whole_release(kind, request, tmp_path):
    url = str(tmp_path / "store") if kind == "folder" else request.getfixturevalue("s3_store_url")
    generator, store, seen = random.Random(SEED), open_store(url), []
    process, started = publisher(url, "first", 1), time.perf_counter()
    assert json.loads(process.stdout.readline()) == []
    seconds = time.perf_counter() - started
    process.communicate()
    for number in range(NUM_KILLS):
        process = publisher(url, f"k{number}", 1)
        time.sleep(generator.uniform(0, seconds))
        process.kill()
        process.communicate()
        channel = read_channel(store, "production")
        manifest = read_manifest(store, channel.release, channel.current.manifest_sha256)
        assert find_problems(store, manifest, full=True) == []
        release = f"20260100T000000Z-k{number}"
        is_complete = store.exists(f"releases/{release}/manifest.json")
        seen.append("promoted" if channel.has_had(release) else "complete" if is_complete else "begun")
        again = publisher(url, f"k{number}", 1)
        assert json.loads(again.communicate(timeout=60)[0]) == []
        assert read_channel(store, "production").has_had(release)
    print(f"seed {SEED}, {kind}: {len(seen)} kills left", {state: seen.count(state) for state in sorted(set(seen))})
    assert len(read_channel(store, "production").history) == NUM_KILLS
