"""Cores are those that the process may use, not those that the machine has."""

import os

import pytest

from aepipe import hardware
from aepipe.errors import ParameterError
from aepipe.hardware import (
    chosen_gpu_memory_mb,
    chosen_threads,
    core_quota,
    count_gpus,
    cpu_flags,
    driver_version,
    gpu_memory_bytes,
    gpus_busy_percent,
    usable_cores,
)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def quota(tmp_path, membership: str) -> float | None:
    return core_quota(write(tmp_path / "cgroup", membership), tmp_path / "groups")


def test_a_process_that_is_kept_to_one_core_has_one():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_one_hierarchy_limits_a_group_and_all_in_it(tmp_path):
    write(tmp_path / "groups" / "pod" / "cpu.max", "150000 100000\n")
    write(tmp_path / "groups" / "pod" / "container" / "cpu.max", "max 100000\n")
    assert quota(tmp_path, "0::/pod/container\n") == 1.5


def test_a_hierarchy_for_each_controller_limits_too(tmp_path):
    write(tmp_path / "groups" / "cpu,cpuacct" / "box" / "cpu.cfs_quota_us", "200000\n")
    write(tmp_path / "groups" / "cpu,cpuacct" / "box" / "cpu.cfs_period_us", "100000\n")
    assert quota(tmp_path, "5:memory:/box\n4:cpu,cpuacct:/box\n1:name=systemd:/box\n") == 2


def test_in_a_container_the_path_may_be_the_hosts(tmp_path):
    write(tmp_path / "groups" / "cpu" / "cpu.cfs_quota_us", "100000\n")
    write(tmp_path / "groups" / "cpu" / "cpu.cfs_period_us", "100000\n")
    assert quota(tmp_path, "3:cpu:/docker/0123abcd\n") == 1


@pytest.mark.parametrize("limit", ["max 100000", "", "-1 100000", "100000 0", "many few"])
def test_no_limit_is_none(tmp_path, limit):
    write(tmp_path / "groups" / "cpu.max", limit)
    assert quota(tmp_path, "0::/\n") is None


def test_without_control_groups_there_is_no_limit(tmp_path):
    assert core_quota(tmp_path / "missing", tmp_path) is None


def test_a_quota_of_less_than_a_core_is_one(monkeypatch):
    monkeypatch.setattr("aepipe.hardware.core_quota", lambda: 0.3)
    assert usable_cores() == 1


@pytest.mark.parametrize("value", ["none", "0", "-1", "", "2.5", "\u00b2"])
def test_threads_that_are_no_number_are_refused(value, monkeypatch):
    monkeypatch.setenv("AEPIPE_THREADS", value)
    with pytest.raises(ParameterError, match="Received: AEPIPE_THREADS="):
        chosen_threads()


def test_instructions_are_those_that_the_processor_tells(tmp_path):
    told = write(tmp_path / "cpuinfo", "processor\t: 0\nflags\t\t: fpu avx2 avx512f\nmodel name\t: Any\n")
    assert cpu_flags(told) == {"fpu", "avx2", "avx512f"}
    assert cpu_flags(tmp_path / "none") == set()


DRIVER = """#!/bin/sh
case $1 in
--list-gpus) echo "GPU 0: Tesla V100"; echo "GPU 1: Tesla V100";;
--query-gpu=memory.total) echo "32768"; echo "[N/A]"; echo "16384";;
--query-gpu=utilization.gpu) echo "97"; echo "$*" > "$(dirname "$0")/asked";;
--query-gpu=driver_version) echo "535.104.05"; echo "535.104.05";;
esac
"""


@pytest.fixture
def driver(tmp_path, monkeypatch):
    write(tmp_path / "nvidia-smi", DRIVER).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("AEPIPE_GPU_MEMORY_MB", raising=False)


@pytest.mark.usefixtures("driver")
def test_what_the_driver_says_of_gpus(monkeypatch, tmp_path):
    assert (count_gpus(), driver_version()) == (2, "535.104.05")
    assert gpu_memory_bytes() == [32 << 30, 16 << 30]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert gpus_busy_percent() == [97]
    assert (tmp_path / "asked").read_text().endswith("--id=1\n")
    monkeypatch.setenv("AEPIPE_GPU_MEMORY_MB", "20000")
    assert gpu_memory_bytes() == [20000 << 20, 16 << 30]


def test_a_driver_that_does_not_answer_shows_no_gpus(tmp_path, monkeypatch):
    write(tmp_path / "nvidia-smi", "#!/bin/sh\nexec sleep 60\n").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(hardware, "DRIVER_SECONDS", 0.1)
    assert count_gpus() == 0


def test_without_a_driver_there_are_no_gpus(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (count_gpus(), driver_version(), gpu_memory_bytes()) == (0, None, [])


@pytest.mark.parametrize("value", ["", "0", "-1", "4GB", "1.5"])
def test_memory_of_a_gpu_that_is_no_number_is_refused(monkeypatch, value):
    monkeypatch.setenv("AEPIPE_GPU_MEMORY_MB", value)
    with pytest.raises(ParameterError, match="Received: AEPIPE_GPU_MEMORY_MB="):
        chosen_gpu_memory_mb()
