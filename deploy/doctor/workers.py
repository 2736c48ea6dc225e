"""Checks of the work pools: there, open, and with workers that take runs from them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import Worker, WorkerStatus, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from aepipe.deploy.apply.job_templates import POOLS, PoolType
from aepipe.deploy.doctor.finding import Finding


def check_pools(
    client: SyncPrefectClient, pool_type: PoolType, deployments: Mapping[str, DeploymentResponse], apply: str
) -> Iterator[Finding]:
    """Check each work pool and its workers.

    Args:
        client: Of the server.
        pool_type: What should start the runs.
        deployments: Those on the server, by full name.
        apply: The way out where a pool is not as it should be.
    """
    for name in POOLS:
        try:
            pool = client.read_work_pool(name)
        except ObjectNotFound:
            yield Finding("broken", f"work pool {name}", "missing", apply)
            continue
        yield from _check_open(client, pool, pool_type)
        waiting = [full_name for full_name, found in deployments.items() if found.work_pool_name == name]
        yield judge_workers(pool, client.read_workers_for_work_pool(name), sorted(waiting))


def _check_open(client: SyncPrefectClient, pool: WorkPool, pool_type: PoolType) -> Iterator[Finding]:
    subject = f"work pool {pool.name}"
    if pool.type != pool_type:
        way_out = f"Name its type: --pools {pool.type}; or drain it, prefect work-pool delete {pool.name}, and apply."
        yield Finding("broken", subject, f"of type {pool.type}, not {pool_type}", way_out)
    if pool.is_paused:
        yield Finding("broken", subject, "paused: no run starts", f"Run: prefect work-pool resume {pool.name}")
    if pool.concurrency_limit == 0:
        way_out = f"Run: prefect work-pool clear-concurrency-limit {pool.name}"
        yield Finding("broken", subject, "its limit is 0: no run starts", way_out)
    for queue in client.read_work_queues(work_pool_name=pool.name):
        if queue.is_paused:
            way_out = f"Run: prefect work-queue resume {queue.name} --pool {pool.name}"
            yield Finding("broken", f"{subject}, queue {queue.name}", "paused: no run starts", way_out)


def judge_workers(pool: WorkPool, workers: Sequence[Worker], deployments: Sequence[str]) -> Finding:
    """Judge a pool's workers, for the deployments that run on it."""
    subject = f"workers of {pool.name}"
    online = [worker for worker in workers if worker.status is WorkerStatus.ONLINE]
    if not online:
        waiting = f", so nothing runs of {', '.join(deployments)}" if deployments else ""
        way_out = f"Run: prefect worker start --pool {pool.name} --type {pool.type}; or aepipe up."
        return Finding("broken", subject, f"none online{waiting}", way_out)
    heartbeats = [worker.last_heartbeat_time for worker in online if worker.last_heartbeat_time]
    seconds = (datetime.now(UTC) - max(heartbeats)).total_seconds() if heartbeats else 0.0
    limit = (
        "the pool has no limit" if pool.concurrency_limit is None else f"the pool's limit is {pool.concurrency_limit}"
    )
    names = ", ".join(sorted(worker.name for worker in online))
    text = f"{len(online)} online ({names}), heard of {max(0.0, seconds):.0f} s ago; {limit}"
    return Finding("ok", subject, text)
