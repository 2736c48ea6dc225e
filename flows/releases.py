"""Looking after releases from the Prefect UI: the same as `aepipe releases` on the command line.

prefect deployment run releases/promote --param release=candidate --param why="better faces"
"""

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from aepipe.flows.deployable import deployable
from aepipe.flows.names import named
from aepipe.flows.parameters import stores
from aepipe.tasks.releases import promote, prune, rollback, verify


@flow(name="releases", flow_run_name=named("{release} to {channel}"))
@deployable
def promote_release(
    release: stores.Release,
    why: stores.Why,
    channel: stores.Channel = "production",
    force: stores.Force = False,
    missing: stores.Missing = "refuse",
    store: stores.Store = "./store",
) -> State:
    """Let a channel name a release; every byte is checked before."""
    return Completed(message=promote(store, channel, release, why, f"flow run {flow_run.id}", force, missing))


@flow(name="releases", flow_run_name=named("roll {channel} back"))
@deployable
def rollback_channel(why: stores.Why, channel: stores.Channel = "production", store: stores.Store = "./store") -> State:
    """Let a channel name the release that it named before."""
    return Completed(message=rollback(store, channel, why, f"flow run {flow_run.id}"))


@flow(name="releases", flow_run_name=named("verify {release}"))
@deployable
def verify_release(
    release: stores.Release = "production", full: stores.Full = True, store: stores.Store = "./store"
) -> State:
    """Check a release's files against its manifest; the run fails where something is wrong."""
    problems, message = verify(store, release, full)
    return Failed(message=message) if problems else Completed(message=message)


@flow(name="releases", flow_run_name=named("prune"))
@deployable
def prune_releases(
    keep: stores.Keep = 10,
    grace_hours: stores.GraceHours = 24,
    delete: stores.Delete = False,
    store: stores.Store = "./store",
) -> State:
    """Remove old releases and what killed publishers left; never what a channel names or would go back to."""
    return Completed(message=prune(store, keep, grace_hours, delete))
