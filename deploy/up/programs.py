"""The programs of `aepipe up`: what starts the server and each worker, and what they are told."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aepipe.deploy.up.address import Address
from aepipe.deploy.up.leftovers import MARK
from aepipe.deploy.up.program import Program
from aepipe.flows.limits import IMAGES_VARIABLE, SEPARATOR, STORES_VARIABLE
from aepipe.hardware import chosen_threads, count_gpus, usable_cores

CPU_RUNS_AT_ONCE = 4
WORKER = "worker-"
# What the server makes, above all its database, is for its user alone.
PRIVATE_UMASK = 0o077


class Programs:
    """Makes the programs of one machine.

    Args:
        state: The folder of server, workers and logs.
        address: Where the server listens.
        auth: What the server asks everybody for, as user:password.
    """

    def __init__(self, state: Path, address: Address, auth: str):
        self._state, self._address, self._auth = state, address, auth

    def server(self, descriptor: int, database: str | None) -> Program:
        """Return the server.

        Args:
            descriptor: Of the socket that listens already.
            database: A SQLAlchemy URL; None for SQLite in the folder.
        """
        hosts, origins = self._address.hosts(os.environ), self._address.origins(os.environ)
        options = [f"--host={host}" for host in hosts] + [f"--origin={origin}" for origin in origins]
        environment = {
            "PREFECT_SERVER_API_AUTH_STRING": self._auth,
            "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": ",".join(origins),
            # Where browsers ask; an operator whose browser is elsewhere names another address.
            "PREFECT_SERVER_UI_API_URL": os.environ.get("PREFECT_SERVER_UI_API_URL", f"{self._address.url}/api"),
            # Leases in memory are gone after a restart, and their slots are never free again.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        }
        if database:
            environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
        command = ["aepipe.deploy.up.guarded", f"--socket={descriptor}", *options]
        return self._program("server", command, environment, descriptors=(descriptor,), umask=PRIVATE_UMASK)

    def workers(self, stores: Sequence[str], images: Sequence[str]) -> list[Program]:
        """Return a worker for pipelines, and one for each GPU, or one for trainings on the CPU.

        Args:
            stores: What runs may name as their store, unless the operator says so in a variable.
            images: Where runs may read images from, likewise.
        """
        limits = {STORES_VARIABLE: SEPARATOR.join(stores), IMAGES_VARIABLE: SEPARATOR.join([*images, *stores])}
        limits |= {name: os.environ[name] for name in limits if os.environ.get(name)}
        cpu = self._worker("aepipe-cpu", "cpu", CPU_RUNS_AT_ONCE, {"CUDA_VISIBLE_DEVICES": "-1", **limits})
        num_gpus = count_gpus()
        if num_gpus:
            gpus = [{"CUDA_VISIBLE_DEVICES": str(number), **limits} for number in range(num_gpus)]
            return [cpu, *(self._worker("aepipe-gpu", f"gpu-{n}", 1, each) for n, each in enumerate(gpus))]
        # Two trainings keep two cores busier than one does.
        at_once = min(2, usable_cores())
        threads = chosen_threads() or max(1, usable_cores() // at_once)
        environment = {"AEPIPE_THREADS": str(threads), **limits}
        return [cpu, self._worker("aepipe-gpu", "gpu-on-cpu", at_once, environment)]

    def _worker(self, pool: str, name: str, at_once: int, environment: Mapping[str, str]) -> Program:
        options = ["worker", "start", "--pool", pool, "--type", "process", "--limit", str(at_once), "--name", name]
        own = {"PREFECT_WORKER_QUERY_SECONDS": "5", "PREFECT_API_AUTH_STRING": self._auth, **environment}
        return self._program(f"{WORKER}{name}", ["prefect", *options], own)

    def _program(self, name: str, module: Sequence[str], environment: Mapping[str, str], **options: Any) -> Program:
        shared = {
            "PREFECT_HOME": str(self._state),
            "PREFECT_API_URL": f"{self._address.url}/api",
            "DO_NOT_TRACK": "1",
            MARK: str(self._state),
        }
        log = self._state / "logs" / f"{name}.log"
        # -P: nothing in the folder that it is started from stands in for these modules.
        return Program(name, [sys.executable, "-P", "-m", *module], {**shared, **environment}, log, **options)
