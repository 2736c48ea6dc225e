"""Looking after releases from the Prefect UI: the same as `aepipe releases` on the command line.

prefect deployment run releases/promote --param release=candidate --param why="better faces"
"""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State
from pydantic import Field

from aepipe.flows.deployable import deployable
from aepipe.flows.names import named
from aepipe.publishing.promotion import Missing
from aepipe.tasks.releases import promote, prune, rollback, verify

ChannelName = Annotated[str, Field(pattern="^[a-z0-9-]+$", max_length=64)]
Why = Annotated[str, Field(min_length=1)]


@flow(name="releases", flow_run_name=named("{release} to {channel}"))
@deployable
def promote_release(
    release: str,
    why: Why,
    channel: ChannelName = "production",
    force: bool = False,
    missing: Missing = "refuse",
    store: str = "./store",
) -> State:
    """Let a channel name a release; every byte is checked before.

    Args:
        release: The release's id, or another channel's name.
        why: The reason; it is kept in the channel's history.
        channel: The channel's name.
        force: Also where the gate held a recipe back.
        missing: The channel's models of recipes that the release has none of: keep makes a release of both, drop lets
            them go, refuse promotes nothing where there are any.
        store: Where the releases are: a folder, file:///path or s3://bucket/prefix.
    """
    return Completed(message=promote(store, channel, release, why, f"flow run {flow_run.id}", force, missing))


@flow(name="releases", flow_run_name=named("roll {channel} back"))
@deployable
def rollback_channel(why: Why, channel: ChannelName = "production", store: str = "./store") -> State:
    """Let a channel name the release that it named before.

    Args:
        why: The reason; it is kept in the channel's history.
        channel: The channel's name.
        store: Where the releases are: a folder, file:///path or s3://bucket/prefix.
    """
    return Completed(message=rollback(store, channel, why, f"flow run {flow_run.id}"))


@flow(name="releases", flow_run_name=named("verify {release}"))
@deployable
def verify_release(release: str = "production", full: bool = True, store: str = "./store") -> State:
    """Check a release's files against its manifest; the run fails where something is wrong.

    Args:
        release: The release's id, or a channel's name.
        full: Read every byte back; otherwise sizes are compared.
        store: Where the releases are: a folder, file:///path or s3://bucket/prefix.
    """
    problems, message = verify(store, release, full)
    return Failed(message=message) if problems else Completed(message=message)


@flow(name="releases", flow_run_name=named("prune"))
@deployable
def prune_releases(
    keep: Annotated[int, Field(ge=0)] = 10,
    grace_hours: Annotated[float, Field(ge=0)] = 24,
    delete: bool = False,
    store: str = "./store",
) -> State:
    """Remove old releases and what killed publishers left; never what a channel names or would go back to.

    Args:
        keep: How many of the latest stay, beside what channels name.
        grace_hours: Nothing younger goes.
        delete: Remove them; otherwise they are only named.
        store: Where the releases are: a folder, file:///path or s3://bucket/prefix.
    """
    return Completed(message=prune(store, keep, grace_hours, delete))
