"""What is found of a pool's workers; pools of a real server are in test_checks_server.py."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.objects import Worker, WorkerStatus, WorkPool

from aepipe.deploy.doctor.workers import judge_workers

POOL = WorkPool(name="aepipe-gpu", type="process", concurrency_limit=3, default_queue_id="0" * 32)


def worker(name: str, status: WorkerStatus) -> Worker:
    heard_of = datetime.now(UTC) - timedelta(seconds=20)
    return Worker(name=name, work_pool_id="0" * 32, last_heartbeat_time=heard_of, status=status)


@pytest.mark.parametrize("workers", [[], [worker("old", WorkerStatus.OFFLINE)]])
def test_workers_of_the_past_take_nothing(workers):
    finding = judge_workers(POOL, workers, ["train/gpu"])
    assert (finding.state, finding.finding) == ("broken", "none online, so nothing runs of train/gpu")


def test_workers_that_are_online_are_named_with_the_pools_limit():
    workers = [worker("b", WorkerStatus.ONLINE), worker("a", WorkerStatus.ONLINE), worker("c", WorkerStatus.OFFLINE)]
    finding = judge_workers(POOL, workers, [])
    assert finding.state == "ok"
    assert finding.finding.startswith("2 online (a, b), heard of 2")
    assert finding.finding.endswith("the pool's limit is 3")
