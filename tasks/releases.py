"""Tasks that look after releases: each is one call of the library and one line for the run's state."""

from prefect import get_run_logger

from aepipe.errors import printable
from aepipe.publishing import upkeep
from aepipe.releases.channel import Missing
from aepipe.releases.manifest import resolve_release
from aepipe.releases.signatures import describe_signers, find_distrust, signers_of
from aepipe.releases.verify import find_foreign, find_problems
from aepipe.store import open_store
from aepipe.tasks.stages import store_task


@store_task(name="promote")
def promote(store_url: str, channel: str, release: str, why: str, by: str, force: bool, missing: Missing) -> str:
    """Let a channel name a release."""
    return _tell(upkeep.promote(open_store(store_url), channel, release, why, by, force, missing))


@store_task(name="rollback")
def rollback(store_url: str, channel: str, why: str, by: str) -> str:
    """Let a channel name the release that it named before."""
    return _tell(upkeep.rollback(open_store(store_url), channel, why, by))


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
    done = upkeep.prune(open_store(store_url), keep, grace_hours, delete)
    for pruned in done.releases:
        get_run_logger().info("%s, %s, %d bytes", pruned.release, pruned.state, pruned.size)
    counts = f"{len(done.releases)} releases and {len(done.stages)} results of stages ({done.stage_bytes:,} bytes)"
    return f"{counts} removed, {done.num_uploads} unfinished uploads ended" if delete else f"{counts} would be removed"


def _tell(moved: upkeep.Moved) -> str:
    entry = moved.channel.current
    message = f"{moved.name} is {entry.release}, generation {entry.generation}. {moved.change or ''}".rstrip()
    get_run_logger().info(message)
    return message
