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
    value = os.environ.get("AEPIPE_THREADS")
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()) or not int(value):
        raise ParameterError("Trainings compute with at least one thread.", "Set or unset it.", AEPIPE_THREADS=value)
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
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    done = subprocess.run([program, "--list-gpus"], capture_output=True, text=True, check=False)
    return len(done.stdout.splitlines()) if done.returncode == 0 else 0
