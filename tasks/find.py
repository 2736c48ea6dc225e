"""Task that looks for a recipe's results in the store before anything is started for it."""

from prefect.states import Completed, State

from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, find_outcome
from aepipe.store import open_store
from aepipe.tasks.stages import store_task


def find_results(store_url: str, request: TrainingRequest, refresh: bool) -> Outcome | None:
    """Return the recipe's outcome if the store has all of it and it is not to be redone."""
    return None if refresh else _find_results(store_url, request, return_state=True).result()


@store_task(name="collect", task_run_name="collect/{request.recipe}")
def collect_results(store_url: str, request: TrainingRequest) -> Outcome:
    """Return what a run on another machine put into the store."""
    outcome = find_outcome(open_store(store_url), request)
    if outcome is None:
        error = "its run completed, but its results are not in this store; do its workers use the same one?"
        return Outcome(recipe=request.recipe, setting=request.setting, error=error)
    return outcome.model_copy(update={"was_cached": False})


@store_task(name="find", task_run_name="find/{request.recipe}")
def _find_results(store_url: str, request: TrainingRequest) -> State:
    outcome = find_outcome(open_store(store_url), request)
    if outcome is None:
        return Completed(message=f"{request.recipe} has to be trained", data=None)
    return Completed(
        name="Cached", message=f"{request.recipe}: no training, its results are in the store", data=outcome
    )
