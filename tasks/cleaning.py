"""Task that removes from a store and from this machine what nothing needs any more."""

from prefect import get_run_logger

from aepipe.publishing.cleaning import Cleaned, CleanSettings, clean_cache, clean_store
from aepipe.store import open_store
from aepipe.tasks.stages import store_task


@store_task(name="clean")
def clean(store_url: str, settings: CleanSettings, delete: bool) -> list[Cleaned]:
    """Remove what nothing needs, or count it; each kind is logged."""
    done = [*clean_store(open_store(store_url), settings, delete), clean_cache(settings, delete)]
    for cleaned in done:
        get_run_logger().info("%s: %s", cleaned.kind, cleaned)
    return done
