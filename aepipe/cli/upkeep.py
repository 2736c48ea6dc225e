"""aepipe releases, what keeps a store in order: its page, channels that nobody needs, old releases."""

import json
from typing import Annotated

import typer

from aepipe.cli.options import ByOption, JsonOption, StoreOption, WhyOption
from aepipe.cli.output import print_rows


def remove_channel(
    channel: Annotated[str, typer.Argument(help="The channel's name.")],
    why: WhyOption,
    force: Annotated[bool, typer.Option("--force", help="Also production.")] = False,
    by: ByOption = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Remove a channel, also one that can't be read; what it held is kept, with the reason. No release goes with it."""
    from aepipe.pages.index import refresh_index
    from aepipe.releases import removal
    from aepipe.store import open_store

    opened = open_store(store)
    record = removal.remove_channel(opened, channel, why, by, force)
    refresh_index(opened)
    removed = {"channel": channel, "record": record}
    typer.echo(json.dumps(removed) if as_json else f"{channel} is removed; what it was: {opened.url}/{record}")


def make_index(store: StoreOption = "./store") -> None:
    """Write index.html, the page over all releases, and print where it lies; every change of a release does so, too."""
    from aepipe.pages.index import write_index
    from aepipe.releases.absent import require_store
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    typer.echo(write_index(opened))


def prune_releases(
    keep: Annotated[int, typer.Option(min=0, help="How many of the latest stay, beside what channels name.")] = 10,
    grace_hours: Annotated[float, typer.Option(min=0, help="Nothing younger goes.")] = 24,
    delete: Annotated[bool, typer.Option("--delete", help="Remove them; without it they are only named.")] = False,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Remove old releases, what killed publishers left, and results of stages that no release needs any more.

    Never what a channel names or would go back to; a run makes a stage's result anew where it needs one.
    """
    from aepipe.pages.index import refresh_index
    from aepipe.releases.absent import require_store
    from aepipe.releases.prune import HOUR_SECONDS, plan_prune, prune
    from aepipe.releases.prune_stages import plan_stages, prune_stages
    from aepipe.stages.graph import STAGE_NAMES
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    planned = plan_prune(opened, keep, grace_hours)
    removed = list(prune(opened, planned)) if delete else planned
    planned_stages = plan_stages(opened, [row.release for row in removed], grace_hours, STAGE_NAMES)
    stages = list(prune_stages(opened, planned_stages)) if delete else planned_stages
    uploads = opened.abort_stale_uploads(grace_hours * HOUR_SECONDS) if delete else 0
    if delete:
        refresh_index(opened)
    rows = [[row.release, row.state, len(row.keys), row.size, round(row.age_hours, 1)] for row in removed]
    title = f"{'Removed' if delete else 'Would be removed; --delete does it'}: {len(rows)}"
    print_rows(as_json, title, ["release", "state", "files", "bytes", "hours old"], rows)
    verb, size = "were removed" if delete else "would be removed", sum(stage.size for stage in stages)
    if stages:
        typer.echo(f"{len(stages)} results of stages that no release needs {verb}, {size:,} bytes.", err=as_json)
    if uploads:
        typer.echo(f"{uploads} unfinished uploads were ended.", err=as_json)
