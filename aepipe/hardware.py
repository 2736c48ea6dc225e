"""Hardware that this process may compute with: cores, threads, GPUs."""

import math
import os
import shutil
import subprocess
from pathlib import Path

from aepipe.errors import ParameterError

CONTROL_GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
CPU_INFO = Path("/proc/cpuinfo")
# A driver in trouble never answers.
DRIVER_SECONDS = 60.0


def usable_cores() -> int:
    """Return how many cores this process may use: less than the machine has under taskset or in a container."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = core_quota()
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def core_quota(membership: Path = MEMBERSHIP, control_groups: Path = CONTROL_GROUPS) -> float | None:
    """Return how many cores' time the control groups of this process grant it; None where they set no limit.

    Args:
        membership: Names the process's group in each hierarchy; without it there are no groups.
        control_groups: Where the hierarchies are mounted: one (version 2), or one for each controller (version 1).
    """
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return None
    quotas = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = control_groups / controllers
        # In a container the path may be the host's: then the group is what is mounted.
        for folder in (root / group.lstrip("/"), *(root / group.lstrip("/")).parents):
            quotas += [_quota_of(folder)]
            if folder == root:
                break
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota_of(group: Path) -> float | None:
    """Return the limit of one group, from version 2's file or version 1's two."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period"))
    except (OSError, ValueError):
        return None
    is_number = quota.isdecimal() and period.isdecimal() and int(quota) and int(period)
    return int(quota) / int(period) if is_number else None


def chosen_threads() -> int | None:
    """Return AEPIPE_THREADS, with how many threads each training computes; None where it is not set.

    Raises:
        ParameterError: it is no number, or 0.
    """
    return _chosen_number("AEPIPE_THREADS", "Trainings compute with at least one thread.")


def chosen_gpu_memory_mb() -> int | None:
    """Return AEPIPE_GPU_MEMORY_MB, the most memory of a GPU that a training takes; None where it is not set.

    Raises:
        ParameterError: it is no number, or 0.
    """
    return _chosen_number("AEPIPE_GPU_MEMORY_MB", "The memory of a GPU that a training may take is some MB.")


def _chosen_number(variable: str, rule: str) -> int | None:
    value = os.environ.get(variable)
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()) or not int(value):
        raise ParameterError(rule, "Set or unset it.", **{variable: value})
    return int(value)


def cpu_flags(cpu_info: Path = CPU_INFO) -> frozenset[str]:
    """Return what instructions the processor has, by Linux' names, as avx2 or avx512f; none where that is not told."""
    if not cpu_info.exists():
        return frozenset()
    lines = (line.partition(":") for line in cpu_info.read_text().splitlines())
    return frozenset(
        flag for name, _, flags in lines if name.strip() in ("flags", "Features") for flag in flags.split()
    )


def count_gpus() -> int:
    """Return how many GPUs of this machine the driver shows."""
    return len(_ask_driver("--list-gpus"))


def gpu_memory_bytes() -> list[int]:
    """Return the memory that a training may take of each GPU that is visible to it."""
    found, most = _numbers_of_visible("memory.total"), chosen_gpu_memory_mb()
    return [megabytes << 20 for megabytes in (found if most is None else [min(most, memory) for memory in found])]


def gpus_busy_percent() -> list[int]:
    """Return in how much of the last second each GPU that is visible to a training computed, in percent."""
    return _numbers_of_visible("utilization.gpu")


def driver_version() -> str | None:
    """Return the version of NVIDIA's driver; None where it shows no GPU."""
    return next(iter(_ask_driver("--query-gpu=driver_version", "--format=csv,noheader")), None)


def _numbers_of_visible(name: str) -> list[int]:
    """Return a number of each GPU that CUDA_VISIBLE_DEVICES leaves; of one whose driver does not say it, nothing."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    chosen = () if visible is None else (f"--id={visible}",)
    lines = _ask_driver(f"--query-gpu={name}", "--format=csv,noheader,nounits", *chosen)
    return [int(line) for line in lines if line.strip().isdecimal()]


def _ask_driver(*options: str) -> list[str]:
    """Return what nvidia-smi says, a line for each GPU; none where there is no driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        done = subprocess.run([program, *options], capture_output=True, text=True, timeout=DRIVER_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []
