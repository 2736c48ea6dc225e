"""An S3 server that goes away in the middle of each stage, and a disk that is full.

AEPIPE_OUTAGE_SECONDS says for how long. With AEPIPE_STAYS_AWAY=0 no server stays away for good: a run takes minutes to
give up on one.
"""

import os
import subprocess
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from servers.outage import OutageProxy
from servers.proxy import serving

from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import list_releases, resolve_release
from aepipe.releases.verify import find_problems
from aepipe.store import open_store

# Of one run each, one after the other. Where the first two runs have come to their end, the third has lost its server.
OUTAGES = [
    ("preflight/", "stages/split/", "stages/train/", "releases/"),
    ("stages/data/", "stages/noise/", "stages/evaluate/", "channels/"),
    ("checkpoints/",),
]
SECONDS = float(os.environ.get("AEPIPE_OUTAGE_SECONDS", 60))
STAYS_AWAY = os.environ.get("AEPIPE_STAYS_AWAY", "1") == "1"
RUN = [
    *("run", "--recipes", "mnist-dense", "--setting", "published", "--data-set", "digits", "--at-once", "1"),
    *("--set", "epochs=100", "--set", "checkpoints.every_seconds=1", "--set", "publishing.demand_baselines=false"),
    *("--exports", "none"),
    *("--set", "noise.kinds=gaussian", "--set", "noise.levels=0.4", "--set", "noise.max_images=20"),
]


def run_behind(stack, s3_server, texts: Sequence[str], for_good: str | None) -> tuple[str, subprocess.CompletedProcess]:
    """Run the pipeline into a new store through a server that goes away; return store and outcome."""
    store = f"s3://{s3_server.bucket}/{uuid.uuid4().hex}"
    with serving(OutageProxy(s3_server.endpoint_url, texts, SECONDS, for_good)) as proxy:
        done = stack.aepipe(*RUN, "--store", store, AWS_ENDPOINT_URL_S3=proxy.endpoint_url)
    print(f"{SECONDS:g} s away at {', '.join(proxy.outages)}, for good at {for_good}: exit {done.returncode}")
    assert done.returncode == (1 if for_good else 0), done.stderr[-3000:]
    assert set(proxy.outages) == {*texts, *([for_good] if for_good else [])}
    return store, done


def model_sha256(store: str) -> str:
    manifest = list_releases(open_store(store))[0]
    assert find_problems(open_store(store), manifest, full=True) == []
    return next(file.sha256 for file in manifest.files if file.path == "models/mnist-dense@digits/model.keras")


def test_a_server_that_goes_away_is_waited_for_in_any_stage_and_named_where_it_stays_away(stack, s3_server, lead_to):
    lead_to(s3_server)
    # All at once, because they do little but wait.
    with ThreadPoolExecutor() as pool:
        for_good = [None, None, "releases/" if STAYS_AWAY else None]
        *results, last = pool.map(partial(run_behind, stack, s3_server), OUTAGES, for_good)
    if STAYS_AWAY:
        check_failed_and_run_again(stack, s3_server, *last)
    assert len({model_sha256(store) for store, _ in (*results, last)}) == 1


def check_failed_and_run_again(stack, s3_server, store: str, failed: subprocess.CompletedProcess) -> None:
    print(failed.stdout)
    assert failed.returncode == 1
    assert "The server did not answer" in failed.stdout
    assert list_releases(open_store(store)) == []
    again = stack.aepipe(*RUN, "--store", store, **s3_server.environment())
    assert again.returncode == 0, again.stderr
    # Only what is missing is done.
    assert "1 of 1 recipes were in the store" in again.stdout


def test_a_disk_that_is_full_fails_the_run_in_one_line_and_loses_nothing(stack, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        full = stack.aepipe(*RUN, "--store", str(disk / "store"))
        print(full.stdout)
        assert full.returncode == 1
        assert "The disk must have room" in full.stdout + full.stderr
        store = open_store(str(disk / "store"))
        assert read_channel(store, "production") is None
        # Where there was room for it, of a run that failed; whole in any case.
        assert all(find_problems(store, manifest, full=True) == [] for manifest in list_releases(store))
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        again = stack.aepipe(*RUN, "--store", str(disk / "store"))
        assert again.returncode == 0, again.stderr
        assert find_problems(store, resolve_release(store, "production"), full=True) == []
        assert not list(disk.rglob("*.part"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
