"""Tasks that keep a search's journal and its table in the store."""

from aepipe.experiments.search import Search, tabulate
from aepipe.stages.stage import StageResult
from aepipe.store import open_store
from aepipe.tasks.artifacts import show_search
from aepipe.tasks.stages import store_task


@store_task(name="save-study")
def save_study(search: Search) -> None:
    """Put the journal into the store, so that a search that is killed goes on from here."""
    search.save()


@store_task(name="tabulate-study")
def tabulate_study(store_url: str, search: Search) -> StageResult:
    """Write what the candidates came to as one table."""
    result = tabulate(open_store(store_url), search)
    show_search(search.rows(), result)
    return result
