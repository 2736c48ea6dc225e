"""Tasks that keep a search's journal and its table in the store."""

from aepipe.stages import study
from aepipe.store import open_store
from aepipe.store.stages import StageResult
from tasks.artifacts import show_search
from tasks.stages import store_task


@store_task(name="save-study")
def save_study(search: study.Search) -> None:
    """Put the journal into the store, so that a search that is killed goes on from here."""
    search.save()


@store_task(name="tabulate-study")
def tabulate_study(store_url: str, search: study.Search) -> StageResult:
    """Write what the candidates came to as one table."""
    result = study.tabulate(open_store(store_url), search)
    show_search(search.rows(), result)
    return result
