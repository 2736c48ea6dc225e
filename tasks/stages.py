"""The one Prefect task of all stages: named by the stage's fingerprint, Cached where the store has the result.

Prefect's own cache is off. It answers from its result storage, which one worker has and another has not, and which
says nothing about what the store still holds.
"""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, TypeVar, cast

import prefect
from prefect import Task, get_run_logger
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.states import Completed, State

from aepipe.errors import TransientStoreError, UnknownOutcomeError
from aepipe.stages.data import DataStage
from aepipe.stages.results import FactsT, StageResult
from aepipe.stages.stage import Stage
from aepipe.stages.train import TrainStage
from aepipe.store import open_store
from aepipe.tasks.artifacts import TrainingProgress
from aepipe.tasks.ending import ending_in_time
from aepipe.tasks.timeouts import Step, timeouts

# A store that is away for minutes. What a task did before is in the store, so it is not done again.
RETRY_DELAYS_SECONDS = (5, 15, 30, 60, 60)

P = ParamSpec("P")
R = TypeVar("R")


def task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return Prefect's decorator without its cache, which pickles every argument for a key that nobody reads.

    Args:
        **options: Prefect's own.
    """
    return prefect.task(cache_policy=NO_CACHE, persist_result=False, **options)


# A plain function: Prefect 3.8 takes a condition that is any other callable for one that forbids retries.
def passes_by_itself(task: Task, task_run: TaskRun, state: State) -> bool:
    """Tell whether a task failed because the store did not answer."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, TransientStoreError | UnknownOutcomeError)


def store_task(step: Step = "other", **options: Any) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return the decorator for whatever reads or writes the store, which is tried again while it is away.

    Args:
        step: Which timeout each try has.
        **options: Prefect's own.
    """

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        @functools.wraps(function)
        def in_time(*args: P.args, **kwargs: P.kwargs) -> R:
            with ending_in_time(step, str(options["name"])):
                return function(*args, **kwargs)

        return _patient_task(**options)(in_time)

    return decorate


def _patient_task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]:
    return task(
        retries=len(RETRY_DELAYS_SECONDS),
        retry_delay_seconds=list(RETRY_DELAYS_SECONDS),
        retry_jitter_factor=0.2,
        retry_condition_fn=passes_by_itself,
        **options,
    )


def produce(store_url: str, stage: Stage[FactsT], refresh: bool = False) -> StageResult[FactsT]:
    """Run one stage as a Prefect task of its name, and return its result.

    The task run is called `name/fingerprint`; its final state is named Cached where the store had the result.
    """
    run = _produce.with_options(name=stage.name, description=type(stage).__doc__)
    return result_of(run(store_url, stage, refresh, return_state=True))


def result_of(state: State[State[R]]) -> R:
    """Return what a task came to that returns a state: its run ends in that one, which its type does not say."""
    return cast("State[R]", state).result()


def _label(parameters: dict[str, Any]) -> str:
    return parameters["stage"].label()


@_patient_task(name="stage", task_run_name=_label)
def _produce(store_url: str, stage: Stage[Any], refresh: bool) -> State[StageResult[Any]]:
    progress = TrainingProgress()
    with _in_time(stage):
        result = stage.produce(open_store(store_url), refresh, progress)
    progress.end()
    for line in stage.lines(result):
        get_run_logger().info(line)
    return _final_state(result)


def _in_time(stage: Stage[Any]) -> AbstractContextManager[None]:
    if isinstance(stage, TrainStage):
        limit = stage.plan.training.time_limit_minutes
        return ending_in_time("training", stage.name, timeouts().of_training(limit))
    return ending_in_time("data" if isinstance(stage, DataStage) else "other", stage.name)


def _final_state(result: StageResult[FactsT]) -> State[StageResult[FactsT]]:
    done = "found in the store" if result.was_cached else f"done in {result.seconds:.1f} s"
    message = f"{result.stage}/{result.fingerprint[:12]} {done}"
    return Completed(name="Cached" if result.was_cached else "Completed", message=message, data=result)
