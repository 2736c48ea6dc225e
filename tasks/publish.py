"""Task that publishes a run as a release."""

import sys
from collections.abc import Sequence

from prefect import get_run_logger
from prefect.context import FlowRunContext
from prefect.events import emit_event
from prefect.runtime import flow_run
from pydantic import JsonValue
from rich.progress import Progress

from aepipe.checks.facts import Checked
from aepipe.checks.news import describe_news
from aepipe.gate.settings import PublishSettings
from aepipe.publishing import upkeep
from aepipe.publishing.published import Published, Run
from aepipe.releases.signatures import require_able_to_sign
from aepipe.stages.outcome import Outcome
from aepipe.store import open_store
from aepipe.store.preflight import preflight, require_safe
from aepipe.tasks.artifacts import show_release
from aepipe.tasks.stages import store_task


def this_run() -> Run:
    """Return the flow run that this is called in; one that is tried again started when this attempt did."""
    context = FlowRunContext.get()
    started = context.start_time if context is not None and flow_run.run_count > 1 else flow_run.scheduled_start_time
    return Run(flow_run=str(flow_run.id), started=started, parameters=flow_run.parameters)


@store_task("publishing", name="publish")
def publish(
    store_url: str,
    outcomes: list[Outcome],
    run: Run,
    settings: PublishSettings,
    store_facts: dict[str, JsonValue],
    checked: Sequence[Checked] = (),
) -> Published:
    """Publish models, figures, noisy test sets and the report, and promote what passes the gate."""
    with Progress(transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("publishing", total=None)
        published, index_uri = upkeep.publish(
            open_store(store_url), outcomes, run, settings, store_facts, lambda _: progress.advance(bar), checked
        )
    if published.is_unchanged:
        get_run_logger().info(published.summary)
        return published
    get_run_logger().info("Release %s: %s", published.release, published.uri)
    get_run_logger().info("All releases: %s", index_uri or "not written anew")
    show_release(store_url, published, outcomes, describe_news(one.facts for one in checked))
    if published.newly_held:
        # What an automation may tell people of: once, not each night that nothing changed.
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
def check_store(store_url: str, settings: PublishSettings, preset: str) -> dict[str, JsonValue]:
    """Measure what the store enforces, and find the keys that sign, before anything is trained for it."""
    store = open_store(store_url)
    require_able_to_sign(store, settings.channel_for(preset))
    found = preflight(store)
    require_safe(found, settings.allow_unsafe_pointer)
    if not found.is_safe:
        get_run_logger().warning("The store ignores conditions: the last of several writers wins. %s", found)
    return found.model_dump(mode="json")
