"""Tasks that put the tables of sweeps and searches, and a search's journal, into the store."""

from aepipe.experiments import search as searches
from aepipe.experiments import sweep as sweeps
from aepipe.stages.outcome import Outcome
from aepipe.stages.results import SearchResult, SweepResult
from aepipe.store import open_store
from aepipe.tasks.artifacts import show_search, show_sweep
from aepipe.tasks.stages import store_task


@store_task(name="tabulate")
def tabulate_sweep(store_url: str, outcomes: list[Outcome]) -> SweepResult:
    """Write what the trainings came to as one table."""
    result = sweeps.tabulate(open_store(store_url), outcomes)
    show_sweep(outcomes, result)
    return result


@store_task(name="save-study")
def save_study(search: searches.Search) -> None:
    """Put the journal into the store, so that a search that is killed goes on from here."""
    search.save()


@store_task(name="tabulate-study")
def tabulate_study(store_url: str, search: searches.Search) -> SearchResult:
    """Write what the candidates came to as one table."""
    result = searches.tabulate(open_store(store_url), search)
    show_search(search.rows(), result)
    return result
