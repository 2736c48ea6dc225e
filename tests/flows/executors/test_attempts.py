"""A training that is killed is begun again as long as it comes on: three times at most from where it is stuck."""

import math

import pytest

from aepipe.flows.executors import attempts
from aepipe.flows.executors.attempts import Attempts
from aepipe.flows.executors.executor import Shared
from aepipe.stages.request import TrainingRequest

REQUEST = TrainingRequest(recipe="mnist-dense", data_set="digits")


@pytest.fixture
def killed_at(monkeypatch):
    """Begins and kills a training at each of some steps; gives what is said, of the last that it is not begun again."""

    def killed(*steps: float, refresh: bool = False) -> list[str]:
        counted, said = Attempts([REQUEST], Shared(store="unused", refresh=refresh)), []
        for number, step in enumerate(steps, 1):
            assert counted.begin(REQUEST) == number
            monkeypatch.setattr(attempts, "find_steps", lambda *_, step=step: step)
            if not counted.may_go_on(REQUEST):
                return [*said, f"given up: {counted.describe_last(REQUEST)}"]
            said.append(counted.describe_next(REQUEST))
        return said

    return killed


def test_one_that_never_comes_on_is_begun_three_times(killed_at):
    said = ["attempt 2 of 3 since step 0", "attempt 3 of 3 since step 0", "given up: attempt 3 of 3 since step 0"]
    assert killed_at(0, 0, 0, 0) == said


def test_one_that_comes_on_is_not_given_up(killed_at):
    assert killed_at(*range(1000, 11_000, 1000))[-1] == "attempt 1 of 3 since step 10,000"
    assert killed_at(400, 400, 800, 800, 800, 800) == [
        *("attempt 1 of 3 since step 400", "attempt 2 of 3 since step 400"),
        *(f"attempt {number} of 3 since step 800" for number in (1, 2, 3)),
        "given up: attempt 3 of 3 since step 800",
    ]


def test_one_that_is_killed_after_its_training_does_not_go_on_for_ever(killed_at):
    assert killed_at(*[math.inf] * 9)[-1] == "given up: attempt 3 of 3 since its training"


def test_what_is_done_anew_each_time_does_not_come_on(killed_at):
    assert len(killed_at(400, 800, 1200, refresh=True)) == 3
