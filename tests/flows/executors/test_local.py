"""Trainings side by side share the cores that the process may use, unless somebody said how many threads each has."""

import pytest

from aepipe.flows.executors import lanes, local
from aepipe.flows.executors.lanes import threads_of_lane


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
