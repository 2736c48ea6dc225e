"""Tasks that look after releases: each is one call of the library and one line for the run's state."""

from prefect import get_run_logger

from aepipe.errors import printable
from aepipe.pages.index import refresh_index
from aepipe.publishing import promotion
from aepipe.publishing.change import latest_change
from aepipe.releases.channels import Channel
from aepipe.releases.manifest import resolve_release
from aepipe.releases.prune import HOUR_SECONDS, plan_prune
from aepipe.releases.prune import prune as remove
from aepipe.releases.prune_stages import plan_stages, prune_stages
from aepipe.releases.signatures import describe_signers, find_distrust, signers_of
from aepipe.releases.verify import find_foreign, find_problems
from aepipe.stages.graph import STAGE_NAMES
from aepipe.store import open_store
from aepipe.tasks.stages import store_task


@store_task(name="promote")
def promote(
    store_url: str, channel: str, release: str, why: str, by: str, force: bool, missing: promotion.Missing
) -> str:
    """Let a channel name a release."""
    promoted = promotion.promote(open_store(store_url), channel, release, why, by, force, missing)
    return _tell(store_url, channel, promoted)


@store_task(name="rollback")
def rollback(store_url: str, channel: str, why: str, by: str) -> str:
    """Let a channel name the release that it named before."""
    return _tell(store_url, channel, promotion.rollback(open_store(store_url), channel, why, by))


@store_task(name="verify")
def verify(store_url: str, release: str, full: bool) -> tuple[int, str]:
    """Return how many problems a release has, and a line about them; each is logged."""
    store = open_store(store_url)
    manifest = resolve_release(store, release)
    findings = find_problems(store, manifest, full) + find_distrust(store, manifest)
    for finding in findings:
        get_run_logger().error("%s: %s", printable(finding.key), finding.problem)
    for finding in find_foreign(store, manifest):
        get_run_logger().warning("%s: %s", printable(finding.key), finding.problem)
    signed = describe_signers(signers_of(store, manifest))
    return len(findings), f"{manifest.release}: {len(manifest.files)} files, {len(findings)} problems, {signed}"


@store_task(name="prune")
def prune(store_url: str, keep: int, grace_hours: float, delete: bool) -> str:
    """Remove old releases, or name them; each is logged."""
    store = open_store(store_url)
    planned = plan_prune(store, keep, grace_hours)
    removed = list(remove(store, planned)) if delete else planned
    planned_stages = plan_stages(store, [pruned.release for pruned in removed], grace_hours, STAGE_NAMES)
    stages = list(prune_stages(store, planned_stages)) if delete else planned_stages
    size = sum(stage.size for stage in stages)
    uploads = store.abort_stale_uploads(grace_hours * HOUR_SECONDS) if delete else 0
    for pruned in removed:
        get_run_logger().info("%s, %s, %d bytes", pruned.release, pruned.state, pruned.size)
    if delete:
        refresh_index(store)
        return (
            f"{len(removed)} releases and {len(stages)} results of stages ({size:,} bytes) removed, "
            f"{uploads} unfinished uploads ended"
        )
    return f"{len(removed)} releases and {len(stages)} results of stages ({size:,} bytes) would be removed"


def _tell(store_url: str, channel: str, found: Channel) -> str:
    store = open_store(store_url)
    refresh_index(store)
    change = latest_change(store, found)
    message = f"{channel} is {found.release}, generation {found.current.generation}. {change or ''}".rstrip()
    get_run_logger().info(message)
    return message
