"""Trainings side by side share the cores that the process may use, unless somebody said how many threads each has."""

import os

import pytest
from threadpoolctl import threadpool_info

from aepipe.flows.executors import lanes, local
from aepipe.flows.executors.lanes import Lane, threads_of_lane


@pytest.mark.parametrize(("num_lanes", "threads"), [(1, 6), (2, 3), (4, 1), (12, 1)])
def test_cores_are_shared_out(num_lanes, threads, monkeypatch):
    monkeypatch.delenv("AEPIPE_THREADS", raising=False)
    monkeypatch.setattr(lanes, "usable_cores", lambda: 6)
    assert threads_of_lane(num_lanes) == threads


def test_a_users_choice_is_kept(monkeypatch):
    monkeypatch.setenv("AEPIPE_THREADS", "5")
    assert threads_of_lane(2) == 5


def test_one_core_has_one_training_at_a_time(monkeypatch):
    monkeypatch.setattr(local, "usable_cores", lambda: 1)
    assert local._count_lanes(None, 8) == 1


def test_a_lanes_variables_are_there_before_a_library_reads_them_and_not_here(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("AEPIPE_THREADS", "7")
    lane = Lane.begin({"OMP_NUM_THREADS": "1", "AEPIPE_THREADS": "5"})
    there = [lane.executor.submit(os.getenv, name).result() for name in ("OMP_NUM_THREADS", "AEPIPE_THREADS")]
    blas = [pool["num_threads"] for pool in lane.executor.submit(threadpool_info).result()]
    lane.executor.shutdown()
    assert there == ["1", "5"]
    assert set(blas) == {1}
    assert (os.environ.get("OMP_NUM_THREADS"), os.environ["AEPIPE_THREADS"]) == (None, "7")
