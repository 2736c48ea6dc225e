"""What is found of the machine: GPUs, disks, memory, packages."""

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest

from aepipe.deploy.doctor import machine
from aepipe.deploy.doctor.machine import (
    GIB,
    check_disks,
    check_gpus,
    check_memory,
    check_packages,
    judge_disk,
    judge_driver,
    judge_gpus,
    judge_memory,
    judge_packages,
)


@pytest.mark.parametrize(("shown", "seen", "state"), [(0, 0, "ok"), (2, 2, "ok"), (2, 0, "broken"), (2, 1, "broken")])
def test_gpus_that_tensorflow_does_not_see(shown, seen, state, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    finding = judge_gpus(shown, seen)
    assert finding.state == state
    assert ("gpu.lock" in finding.way_out) == (state == "broken")


def test_gpus_that_a_variable_hides(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert judge_gpus(1, 0).way_out == "Unset CUDA_VISIBLE_DEVICES, which is '-1'."


@pytest.mark.parametrize(
    ("driver", "cuda", "state"),
    [
        ("535.104.05", "12.5.1", "ok"),
        ("525.60.13", "12.3", "ok"),
        ("470.57.02", "12.5.1", "broken"),
        ("470.57.02", "11.8", "ok"),
        ("570.124.06", "13.0", "broken"),
        (None, "12.5.1", None),
        ("535.104.05", None, None),
        ("[N/A]", "12.5.1", None),
        ("535.104.05", "64_112", None),
    ],
)
def test_drivers_that_are_too_old_for_the_cuda_of_tensorflow(driver, cuda, state):
    found = list(judge_driver(driver, cuda))
    assert [finding.state for finding in found] == ([state] if state else [])
    if state == "broken":
        assert found[0].finding.startswith(f"{driver} is too old for CUDA {cuda}")
        assert found[0].way_out.startswith("Install NVIDIA's driver 5")


def test_tensorflow_that_is_not_there(monkeypatch):
    monkeypatch.setattr(machine, "ASK_TENSORFLOW", "import there_is_no_such_module")
    (finding,) = check_gpus()
    assert finding.state == "broken"
    assert "there_is_no_such_module" in finding.finding


def test_tensorflow_that_hangs(monkeypatch):
    monkeypatch.setattr(machine, "ASK_TENSORFLOW", "import time; time.sleep(60)")
    monkeypatch.setattr(machine, "TENSORFLOW_SECONDS", 0.2)
    (finding,) = check_gpus()
    assert finding.state == "warning"
    assert "did not start within 0.2 s" in finding.finding


@pytest.mark.parametrize(
    ("free_gib", "state"), [(5.01, "ok"), (4.99, "warning"), (0.49, "warning"), (0.48, "broken"), (0, "broken")]
)
def test_how_full_a_disk_may_be(free_gib, state):
    finding = judge_disk("cache, store", int(free_gib * GIB))
    assert (finding.state, finding.subject) == (state, "disk of cache, store")
    assert bool(finding.way_out) == (state != "ok")


def test_each_disk_is_looked_at_once_and_folders_need_not_be_there(tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "not/there"))
    looked_at = [finding.subject for finding in check_disks(str(tmp_path / "store"), tmp_path)]
    names = sorted(name for subject in looked_at for name in subject.removeprefix("disk of ").split(", "))
    assert names == ["Prefect", "cache", f"server's state {tmp_path}", "store", "temporary files"]
    (shared,) = [subject for subject in looked_at if "cache" in subject]
    assert "store" in shared


@pytest.mark.parametrize("store", ["s3://bucket/x", "ftp://host/x"])
def test_a_store_that_is_no_folder_has_no_disk_here(store):
    assert all("store" not in finding.subject for finding in check_disks(store, Path("none")))


def test_a_full_disk_under_the_servers_state_is_found(tmp_path, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    broken = [finding for finding in check_disks("s3://bucket/x", tmp_path) if finding.state == "broken"]
    assert [finding for finding in broken if f"server's state {tmp_path}" in finding.subject]


def test_memory():
    assert [judge_memory(int(gib * GIB)).state for gib in (2.01, 1.99)] == ["ok", "warning"]
    (finding,) = check_memory()
    assert 0 < float(finding.finding.split()[0]) < 1e6


def test_a_containers_limit_counts(tmp_path, monkeypatch):
    for name, value in {"LIMIT_FILE": 3 * GIB, "USED_FILE": 2.5 * GIB}.items():
        (tmp_path / name).write_text(f"{int(value)}\n")
        monkeypatch.setattr(machine, name, tmp_path / name)
    (finding,) = check_memory()
    assert (finding.state, finding.finding) == ("warning", "0.5 GiB available")


def test_packages_of_this_environment_are_inside_their_ranges():
    (finding,) = check_packages()
    assert finding.state == "ok", finding


def test_packages_outside_their_ranges_are_named():
    fastapi, python = metadata.version("fastapi"), ".".join(map(str, sys.version_info[:3]))
    requirements = ["numpy>=1", "fastapi<0.1", "no-such-package-of-ours>=1", "python>=4", 'keras<0; extra == "bench"']
    finding = judge_packages(requirements)
    assert finding.state == "broken"
    assert finding.finding == (
        f"fastapi is {fastapi}, not <0.1; no-such-package-of-ours is missing; python is {python}, not >=4"
    )


def test_a_folder_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(sys, "path", [os.path.dirname(os.__file__)])
    (finding,) = check_packages()
    assert (finding.state, finding.way_out) == ("warning", "Run: make up.")
