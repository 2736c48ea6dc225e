"""The examination of an installation: server, what is on it, store, keys, data sets' sources and this machine."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from aepipe.deploy.apply.job_templates import PoolType
from aepipe.deploy.doctor.data_sets import check_data_sets
from aepipe.deploy.doctor.finding import Check, Finding, gather
from aepipe.deploy.doctor.keys import check_keys
from aepipe.deploy.doctor.machine import check_disks, check_gpus, check_memory, check_packages
from aepipe.deploy.doctor.releases import check_releases
from aepipe.deploy.doctor.server import check_server
from aepipe.deploy.doctor.store import check_store
from aepipe.deploy.up.credentials import DEFAULT_STATE

__all__ = ["Finding", "examine"]

# Of a busy machine: one that is not needs seconds.
LIMIT_SECONDS = 90.0


def examine(
    store: str, pools: PoolType, file: Path | None, state: Path = DEFAULT_STATE, nights: Path | None = None
) -> list[Finding]:
    """Check everything that an operator can get wrong, side by side and in seconds; change nothing.

    Args:
        store: The store that deployments should have.
        pools: What should start the runs.
        file: The deployments that should be there; None for deploy/prefect.yaml.
        state: The folder of `aepipe up`, where that runs here.
        nights: The operator's own data sets; None where there are none.
    """
    checks: Mapping[str, Check] = {
        "Prefect server": partial(check_server, store, pools, file, nights),
        "store": partial(check_store, store),
        "channels": partial(check_releases, store),
        "signing keys": partial(check_keys, store),
        "data sets": check_data_sets,
        "GPUs": check_gpus,
        "disks": partial(check_disks, store, state),
        "memory": check_memory,
        "packages": check_packages,
    }
    return gather(checks, LIMIT_SECONDS)
