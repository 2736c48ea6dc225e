"""Checks of this machine: GPUs, disk, memory, Python and its packages."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version
from prefect.settings import PREFECT_HOME

from aepipe.deploy.doctor.finding import Finding, State
from aepipe.deploy.up.credentials import find_states
from aepipe.errors import StoreError
from aepipe.hardware import count_gpus, driver_version
from aepipe.io.folders import default_cache_folder
from aepipe.packages import installed_version
from aepipe.store import FolderStore, open_store

ASK_TENSORFLOW = """
import json, tensorflow as tf
print(json.dumps([len(tf.config.list_physical_devices("GPU")), tf.sysconfig.get_build_info().get("cuda_version")]))
"""
TENSORFLOW_SECONDS = 80.0
# The first driver for Linux that runs programs for each CUDA, by its major version (NVIDIA, "CUDA compatibility").
FIRST_DRIVERS = {"11": "450.80.02", "12": "525.60.13", "13": "580.65.06"}
GIB = 2**30
DISK_TO_WARN_BYTES, DISK_TO_FAIL_BYTES = 5 * GIB, 500 * 2**20
MEMORY_TO_WARN_BYTES = 2 * GIB
MEMORY_FILE = Path("/proc/meminfo")
# A container's own limit, and what it uses of that.
LIMIT_FILE, USED_FILE = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


def check_gpus() -> Iterator[Finding]:
    """Compare the GPUs that the driver shows with those that TensorFlow sees, which a process of its own tells."""
    num_shown = count_gpus()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", ASK_TENSORFLOW],
            env=environment,
            capture_output=True,
            text=True,
            timeout=TENSORFLOW_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        way_out = "Run it again: a first start reads much from the disk, and a busy machine takes longer."
        text = f"nvidia-smi shows {num_shown}; TensorFlow did not start within {TENSORFLOW_SECONDS:g} s"
        yield Finding("warning", "GPUs", text, way_out)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["it said nothing"])[-1]
        way_out = "Install what deploy/requirements/runtime.lock names."
        yield Finding("broken", "GPUs", f"TensorFlow can't be imported: {last}", way_out)
    else:
        num_seen, cuda = json.loads(done.stdout.splitlines()[-1])
        yield judge_gpus(num_shown, num_seen)
        yield from judge_driver(driver_version(), cuda)


def judge_gpus(num_shown: int, num_seen: int) -> Finding:
    """Judge the number of GPUs that the driver shows beside the number that TensorFlow sees."""
    if num_shown == num_seen:
        text = f"{num_seen}, and TensorFlow sees them" if num_seen else "none; trainings run on the CPU"
        return Finding("ok", "GPUs", text)
    way_out = "Install what deploy/requirements/gpu.lock names, and a driver that is new enough for its CUDA."
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        way_out = f"Unset CUDA_VISIBLE_DEVICES, which is {visible!r}."
    return Finding("broken", "GPUs", f"nvidia-smi shows {num_shown}, TensorFlow sees {num_seen}", way_out)


def judge_driver(driver: str | None, cuda: str | None) -> Iterator[Finding]:
    """Judge whether a driver is new enough for the CUDA that TensorFlow was built for, by the versions of both.

    Nothing is found where there is no driver or no CUDA, or where one of their versions is none that is known.
    """
    known = FIRST_DRIVERS.get((cuda or "").partition(".")[0])
    try:
        found = Version(driver or "")
    except InvalidVersion:
        return
    if known is None:
        return
    if found >= Version(known):
        yield Finding("ok", "GPU driver", f"{driver}, new enough for CUDA {cuda}")
        return
    text = f"{driver} is too old for CUDA {cuda}, which TensorFlow was built for"
    yield Finding("broken", "GPU driver", text, f"Install NVIDIA's driver {known} or a newer one.")


def check_disks(store: str, state: Path) -> Iterator[Finding]:
    """Look at the room on each disk that something is written to.

    Args:
        store: The store that deployments have.
        state: The folder of `aepipe up`; those of servers that run here are looked at, too.
    """
    folders = {
        "cache": default_cache_folder(),
        "temporary files": Path(tempfile.gettempdir()),
        "Prefect": Path(PREFECT_HOME.value()),
        **{f"server's state {folder}": folder for folder in find_states(state)},
        **_store_folder(store),
    }
    names_of_device: dict[int, list[str]] = {}
    free_bytes = {}
    for name, folder in folders.items():
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        device = existing.stat().st_dev
        names_of_device.setdefault(device, []).append(name)
        free_bytes[device] = shutil.disk_usage(existing).free
    for device, names in names_of_device.items():
        yield judge_disk(", ".join(names), free_bytes[device])


def _store_folder(store: str) -> dict[str, Path]:
    if store.startswith("s3:"):
        return {}
    try:
        opened = open_store(store)
    except StoreError:
        # The store's own check tells.
        return {}
    return {"store": opened.root} if isinstance(opened, FolderStore) else {}


def judge_disk(names: str, free_bytes: int) -> Finding:
    """Judge the room on the disk of what these names name."""
    state: State = (
        "broken" if free_bytes < DISK_TO_FAIL_BYTES else "warning" if free_bytes < DISK_TO_WARN_BYTES else "ok"
    )
    way_out = "" if state == "ok" else "Make room: aepipe releases prune, the cache, old runs' files; or move it."
    return Finding(state, f"disk of {names}", f"{free_bytes / GIB:.1f} GiB free", way_out)


def check_memory() -> Iterator[Finding]:
    """Look at the memory that programs can still have, of the machine and of the container."""
    if MEMORY_FILE.exists():
        lines = dict(line.split(":") for line in MEMORY_FILE.read_text().splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
        limit = LIMIT_FILE.read_text().strip() if LIMIT_FILE.exists() else "max"
        if limit != "max":
            available = min(available, int(limit) - int(USED_FILE.read_text()))
        yield judge_memory(available)


def judge_memory(available_bytes: int) -> Finding:
    """Judge the memory that programs can still have."""
    text = f"{available_bytes / GIB:.1f} GiB available"
    if available_bytes >= MEMORY_TO_WARN_BYTES:
        return Finding("ok", "memory", text)
    return Finding("warning", "memory", text, "End other programs, or start fewer workers here.")


def check_packages() -> Iterator[Finding]:
    """Compare Python and the installed packages with the ranges that this project is made for."""
    try:
        project = metadata.distribution("aepipe")
    except metadata.PackageNotFoundError:
        yield Finding("warning", "packages", "aepipe runs from a folder, not installed", "Run: make up.")
        return
    yield judge_packages([*(project.requires or ()), f"python{project.metadata['Requires-Python']}"])


def judge_packages(requirements: Iterable[str]) -> Finding:
    """Compare versions with requirements; Python counts as a package."""
    wrong: list[str] = []
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            wrong += _wrong(requirement.name, requirement.specifier)
    if not wrong:
        return Finding("ok", "packages", f"Python {_version('python')} and every package inside their ranges")
    way_out = "Install what deploy/requirements/runtime.lock names, under a Python from 3.11 to 3.13."
    return Finding("broken", "packages", "; ".join(wrong), way_out)


def _wrong(name: str, specifier: SpecifierSet) -> Iterator[str]:
    try:
        version = _version(name)
    except metadata.PackageNotFoundError:
        yield f"{name} is missing"
        return
    if not specifier.contains(version, prereleases=True):
        yield f"{name} is {version}, not {specifier}"


def _version(name: str) -> str:
    return ".".join(map(str, sys.version_info[:3])) if name == "python" else installed_version(name)
