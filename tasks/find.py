"""Task that looks for a recipe's results in the store before anything is started for it."""

from prefect.states import Completed, State

from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, find_outcome
from aepipe.store import open_store
from tasks.stages import task


def find_results(store_url: str, request: TrainingRequest, refresh: bool) -> Outcome | None:
    """Return the recipe's outcome if the store has all of it and it is not to be redone."""
    return None if refresh else _find_results(store_url, request, return_state=True).result()


@task(name="find", task_run_name="find/{request.recipe}")
def _find_results(store_url: str, request: TrainingRequest) -> State:
    outcome = find_outcome(open_store(store_url), request)
    if outcome is None:
        return Completed(message=f"{request.recipe} has to be trained", data=None)
    return Completed(
        name="Cached", message=f"{request.recipe}: no training, its results are in the store", data=outcome
    )
