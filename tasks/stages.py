"""How a Prefect task stands for a stage: named by the stage's fingerprint, Cached where the store has the result.

Prefect's own cache is off. It answers from its result storage, which one worker has and another has not, and which
says nothing about what the store still holds.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import prefect
from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import TaskRun
from prefect.states import Completed, State

from aepipe.errors import TransientStoreError, UnknownOutcomeError
from aepipe.stages.stage import StageResult

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


def store_task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return the decorator for whatever reads or writes the store, which is tried again while it is away.

    Args:
        **options: Prefect's own.
    """
    return task(
        retries=len(RETRY_DELAYS_SECONDS),
        retry_delay_seconds=list(RETRY_DELAYS_SECONDS),
        retry_jitter_factor=0.2,
        retry_condition_fn=passes_by_itself,
        **options,
    )


def stage_task(fingerprint_of: Callable[..., str], name: str):
    """Return a decorator for a function that runs one stage as a Prefect task and returns its `StageResult`.

    The task run is called `name/fingerprint`; its final state is named Cached where the store had the result.

    Args:
        fingerprint_of: Takes the function's arguments but `store_url`, `saving` and `refresh`, returns the stage's
            fingerprint.
        name: The task's name.
    """

    def run_name(parameters: dict) -> str:
        work = {name: value for name, value in parameters.items() if name not in ("store_url", "saving", "refresh")}
        return f"{name}/{fingerprint_of(**work)[:12]}"

    def decorate(run_stage: Callable[..., StageResult]) -> Callable[..., StageResult]:
        @store_task(name=name, task_run_name=run_name)
        @functools.wraps(run_stage)
        def stage(*args, **kwargs) -> State:
            return _final_state(run_stage(*args, **kwargs))

        @functools.wraps(run_stage)
        def call(*args, **kwargs) -> StageResult:
            return stage(*args, **kwargs, return_state=True).result()

        return call

    return decorate


def _final_state(result: StageResult) -> State:
    done = "found in the store" if result.was_cached else f"done in {result.seconds:.1f} s"
    message = f"{result.stage}/{result.fingerprint[:12]} {done}"
    return Completed(name="Cached" if result.was_cached else "Completed", message=message, data=result)
