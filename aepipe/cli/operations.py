"""The command `aepipe` with all it has: the library's commands, the flows', and what operators do with a server."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from aepipe.cli.app import StoreOption
from aepipe.cli.releases import JsonOption
from aepipe.cli.training import app, main
from aepipe.errors import ParameterError

__all__ = ["app", "main"]

Pools = Annotated[Literal["process", "docker", "kubernetes"], typer.Option(help="What starts the runs.")]
NotifyOption = Annotated[
    str | None,
    typer.Option(envvar="AEPIPE_NOTIFY", help="Who is told of trouble: slack-webhook/operations, or a webhook's URL."),
]
FileOption = Annotated[Path | None, typer.Option(help="Your own deployments instead of deploy/prefect.yaml.")]


@app.command(epilog="Example: aepipe apply --store s3://models/aepipe --notify slack-webhook/operations")
def apply(
    store: StoreOption = "./store",
    pools: Pools = "process",
    notify: NotifyOption = None,
    file: FileOption = None,
    check: Annotated[bool, typer.Option(help="Change nothing; exit with 1 where something would change.")] = False,
) -> None:
    """Bring the Prefect server at PREFECT_API_URL to deploy/prefect.yaml; applied twice it changes nothing."""
    from aepipe.deploy.apply.everything import apply_all, check_all
    from aepipe.deploy.connection import connected

    with connected() as client:
        lines = list((check_all if check else apply_all)(client, store, pools, notify, file))
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo("Everything is as in the file.")
    elif check:
        raise typer.Exit(1)


@app.command(epilog="Example: aepipe up --store s3://models/aepipe --port 4200")
def up(
    context: typer.Context,
    store: StoreOption = "./store",
    host: Annotated[str, typer.Option(help="Address that the server listens on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API and the UI.")] = 4200,
    state: Annotated[Path, typer.Option(help="Where the server keeps its database and logs.")] = Path("./prefect"),
    database: Annotated[
        str | None,
        typer.Option(envvar="AEPIPE_DATABASE", help="postgresql+asyncpg://host/name; SQLite by default."),
    ] = None,
    notify: NotifyOption = None,
    file: FileOption = None,
) -> None:
    """Run a Prefect server, its deployments and workers on this machine, until Ctrl-C.

    Started again it finds its state, and what was running goes on from its checkpoints. It asks everybody for the
    string in its folder, so that no page in a browser and no other user of the machine can start runs.
    """
    _refuse_shown_password(context, database)
    from aepipe.deploy.up.supervisor import Machine

    Machine(store, host, port, state, database, notify, file).run()


def _refuse_shown_password(context: typer.Context, database: str | None) -> None:
    # Every user of the machine can list what commands were started with.
    source = context.get_parameter_source("database")
    was_typed = source is not None and source.name == "COMMANDLINE"
    if was_typed and urlsplit(database).password is not None:
        rule = "A password on the command line is seen by everybody on the machine."
        raise ParameterError(rule, "Set AEPIPE_DATABASE to the same URL instead.", option="--database")


@app.command(epilog="Example: PREFECT_API_URL=http://server:4200/api aepipe doctor --store s3://models/aepipe")
def doctor(
    store: StoreOption = "./store",
    pools: Pools = "process",
    file: FileOption = None,
    state: Annotated[Path, typer.Option(help="The folder of `aepipe up`, where that runs here.")] = Path("./prefect"),
    as_json: JsonOption = False,
) -> None:
    """Check server, workers, deployments, store, data sources and machine; exits with 1 where something is wrong."""
    from aepipe.cli.output import print_rows
    from aepipe.deploy.doctor.examination import examine

    findings = examine(store, pools, file, state)
    rows = [[finding.state, finding.subject, finding.finding, finding.way_out or None] for finding in findings]
    print_rows(as_json, f"aepipe doctor on {os.uname().nodename}", ["state", "what", "found", "way out"], rows)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)
