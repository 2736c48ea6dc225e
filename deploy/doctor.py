"""Checking an installation: the server, what is on it, the store, the data sets' sources and this machine."""

from functools import partial
from pathlib import Path

from deploy.checks_data import check_data_sets
from deploy.checks_machine import check_disks, check_gpus, check_memory, check_packages
from deploy.checks_server import check_server
from deploy.checks_store import check_store
from deploy.finding import Finding, gather
from deploy.work_pools import PoolType

__all__ = ["Finding", "examine"]

LIMIT_SECONDS = 12.0


def examine(store: str, pools: PoolType, file: Path | None) -> list[Finding]:
    """Check everything that an operator can get wrong, side by side and in seconds; change nothing.

    Args:
        store: The store that deployments should have.
        pools: What should start the runs.
        file: The deployments that should be there; None for deploy/prefect.yaml.
    """
    checks = {
        "Prefect server": partial(check_server, store, pools, file),
        "store": partial(check_store, store),
        "data sets": check_data_sets,
        "GPUs": check_gpus,
        "disks": partial(check_disks, store),
        "memory": check_memory,
        "packages": check_packages,
    }
    return gather(checks, LIMIT_SECONDS)
