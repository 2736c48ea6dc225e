"""Task that publishes a run as a release."""

import sys

from prefect import get_run_logger
from prefect.events import emit_event
from rich.progress import Progress

from aepipe.publishing.index import refresh_index
from aepipe.publishing.release import Published, Run, publish_release
from aepipe.publishing.settings import PublishSettings
from aepipe.stages.outcome import Outcome
from aepipe.store import open_store
from aepipe.store.preflight import preflight, require_safe
from tasks.artifacts import show_release
from tasks.stages import store_task


@store_task(name="publish")
def publish(
    store_url: str, outcomes: list[Outcome], run: Run, settings: PublishSettings, store_facts: dict
) -> Published:
    """Publish models, figures, noisy test sets and the report, and promote what passes the gate."""
    with Progress(transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("publishing", total=None)
        published = publish_release(
            open_store(store_url), outcomes, run, settings, store_facts, lambda _: progress.advance(bar)
        )
    get_run_logger().info("Release %s: %s", published.release, published.uri)
    get_run_logger().info("All releases: %s", refresh_index(open_store(store_url)) or "not written anew")
    show_release(store_url, published, outcomes)
    if any(verdict.verdict == "held" for verdict in published.verdicts):
        # What an automation may tell people of.
        emit_event(
            "aepipe.release.held",
            resource={
                "prefect.resource.id": f"aepipe.release.{published.release}",
                "prefect.resource.name": published.release,
            },
            payload={"summary": published.summary, "report_uri": published.report_uri},
        )
    return published


@store_task(name="check-store")
def check_store(store_url: str, allow_unsafe_pointer: bool) -> dict:
    """Measure what the store enforces, before anything is trained for it."""
    found = preflight(open_store(store_url))
    require_safe(found, allow_unsafe_pointer)
    if not found.is_safe:
        get_run_logger().warning("The store ignores conditions: the last of several writers wins. %s", found)
    return found.model_dump(mode="json")
