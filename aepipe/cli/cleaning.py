"""aepipe clean: what grows with each run, bounded."""

import typer

from aepipe.cli.options import DaysOption, DeleteOption, GraceOption, JsonOption, KeepOption, StoreOption
from aepipe.cli.output import Row, print_rows


class CleanedRow(Row):
    """What went of one kind, or would."""

    kind: str
    number: int
    bytes: int | None


def clean(
    keep: KeepOption = 10,
    grace_hours: GraceOption = 24,
    days: DaysOption = 30,
    delete: DeleteOption = False,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Remove what grows with each run and nothing needs any more: in the store, in this machine's cache, on the server.

    Releases that channels name or would go back to stay, and whatever a run may be at work with.
    """
    from aepipe.deploy.connection import ServerError, connected
    from aepipe.flows.old_runs import clean_runs
    from aepipe.publishing.cleaning import CleanSettings, clean_cache, clean_store
    from aepipe.releases.absent import require_store
    from aepipe.store import open_store

    opened, settings = open_store(store), CleanSettings(keep=keep, grace_hours=grace_hours, days=days)
    require_store(opened)
    done = [*clean_store(opened, settings, delete), clean_cache(settings, delete)]
    try:
        with connected() as client:
            done.append(clean_runs(client, days, delete))
    except ServerError as error:
        typer.echo(f"Runs on a server stay. {error}", err=True)
    title = "Removed" if delete else "Would be removed; --delete does it"
    rows = [CleanedRow(kind=cleaned.kind, number=cleaned.number, bytes=cleaned.size) for cleaned in done]
    print_rows(as_json, title, CleanedRow, rows)
