"""aepipe releases, what changes a store: channels that move or go, signatures, old releases, the page over all."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from aepipe.cli.options import (
    ByOption,
    ChannelOption,
    DeleteOption,
    ForceOption,
    GraceOption,
    JsonOption,
    KeepOption,
    MissingOption,
    ReleaseArgument,
    StoreOption,
    WhyOption,
)
from aepipe.cli.output import Row, print_result, print_rows

if TYPE_CHECKING:
    from aepipe.publishing.upkeep import Moved
    from aepipe.store import Store


class PrunedRow(Row):
    """A release that went, or would."""

    release: str
    state: str
    files: int
    bytes: int
    hours_old: float


def promote_release(
    release: ReleaseArgument,
    why: WhyOption,
    channel: ChannelOption = "production",
    force: ForceOption = False,
    missing: MissingOption = "refuse",
    by: ByOption = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Let a channel name a release; every byte is checked before, and what the channel gains and loses is said."""
    from aepipe.publishing.upkeep import promote
    from aepipe.store import open_store

    opened = open_store(store)
    moved = promote(opened, channel, release, why, by, force, missing)
    _tell(moved, as_json)
    _warn_of_new_channel(opened, moved)


def rollback_channel(
    why: WhyOption,
    channel: ChannelOption = "production",
    by: ByOption = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Let a channel name the release that it named before."""
    from aepipe.publishing.upkeep import rollback
    from aepipe.store import open_store

    _tell(rollback(open_store(store), channel, why, by), as_json)


def remove_channel(
    channel: Annotated[str, typer.Argument(help="The channel's name.")],
    why: WhyOption,
    force: Annotated[bool, typer.Option("--force", help="Also production.")] = False,
    by: ByOption = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Remove a channel, also one that can't be read; what it held is kept, with the reason. No release goes with it."""
    from aepipe.publishing import upkeep
    from aepipe.store import open_store

    opened = open_store(store)
    record = upkeep.remove_channel(opened, channel, why, by, force)
    told = {"channel": channel, "record": record}
    print_result(as_json, told, f"{channel} is removed; what it was: {opened.url}/{record}")


def sign(release: ReleaseArgument, store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Sign a release with the key that AEPIPE_SIGNING_KEY names; every byte is checked before."""
    from aepipe.releases.signatures import describe_signers, sign_release, signers_of
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = sign_release(opened, release)
    signers = signers_of(opened, manifest)
    told = {"release": manifest.release, "signed_by": [asdict(signer) for signer in signers]}
    print_result(as_json, told, f"{manifest.release} is {describe_signers(signers)}")


def make_index(store: StoreOption = "./store") -> None:
    """Read every manifest, write index.html, the page over all releases, and the listing anew; print where it lies."""
    from aepipe.pages.index import write_index
    from aepipe.releases.absent import require_store
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    typer.echo(write_index(opened, anew=True))


def prune_releases(
    keep: KeepOption = 10,
    grace_hours: GraceOption = 24,
    delete: DeleteOption = False,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Remove old releases, what killed publishers left, and results of stages that no release needs any more.

    Never what a channel names or would go back to; a run makes a stage's result anew where it needs one.
    """
    from aepipe.publishing.upkeep import prune
    from aepipe.releases.absent import require_store
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    done = prune(opened, keep, grace_hours, delete)
    rows = [
        PrunedRow(
            release=pruned.release,
            state=pruned.state,
            files=len(pruned.keys),
            bytes=pruned.size,
            hours_old=round(pruned.age_hours, 1),
        )
        for pruned in done.releases
    ]
    title = f"{'Removed' if delete else 'Would be removed; --delete does it'}: {len(rows)}"
    print_rows(as_json, title, PrunedRow, rows)
    verb = "were removed" if delete else "would be removed"
    if done.stages:
        size = f"{done.stage_bytes:,} bytes"
        typer.echo(f"{len(done.stages)} results of stages that no release needs {verb}, {size}.", err=as_json)
    if done.num_uploads:
        typer.echo(f"{done.num_uploads} unfinished uploads were ended.", err=as_json)


def _tell(moved: "Moved", as_json: bool) -> None:
    entry, change = moved.channel.current, moved.change
    told = {"channel": moved.name, **entry.model_dump(mode="json"), **({} if change is None else asdict(change))}
    set_by = f"generation {entry.generation}, {entry.action} by {entry.by}: {entry.why}"
    lines = [f"{moved.name} is {entry.release} ({set_by})", *([str(change)] if change and str(change) else [])]
    print_result(as_json, told, *lines)


def _warn_of_new_channel(store: "Store", moved: "Moved") -> None:
    from aepipe.releases.channels import USUAL, list_channels

    if moved.channel.current.generation > 1 or moved.name in USUAL:
        return
    others = ", ".join(name for name in list_channels(store) if name != moved.name) or "none"
    typer.echo(
        f"The channel {moved.name} is new; there were: {others}. If that is a typing error: "
        f'aepipe releases remove-channel {moved.name} --why "typing error"',
        err=True,
    )
