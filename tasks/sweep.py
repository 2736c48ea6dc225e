"""Task that puts a sweep's table into the store."""

from aepipe.experiments import sweep
from aepipe.stages.outcome import Outcome
from aepipe.stages.stage import StageResult
from aepipe.store import open_store
from aepipe.tasks.artifacts import show_sweep
from aepipe.tasks.stages import store_task


@store_task(name="tabulate")
def tabulate(store_url: str, outcomes: list[Outcome]) -> StageResult:
    """Write what the trainings came to as one table."""
    result = sweep.tabulate(open_store(store_url), outcomes)
    show_sweep(outcomes, result)
    return result
