"""aepipe apply, up and doctor: what operators do with a Prefect server and its machines."""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from aepipe.cli.options import JsonOption, StoreOption
from aepipe.cli.output import Row, print_rows
from aepipe.errors import ParameterError

Pools = Annotated[Literal["process", "docker", "kubernetes"], typer.Option(help="What starts the runs.")]
NotifyOption = Annotated[
    str | None,
    typer.Option(envvar="AEPIPE_NOTIFY", help="Who is told of trouble: slack-webhook/operations, or a webhook's URL."),
]
FileOption = Annotated[Path | None, typer.Option(help="Your own deployments instead of deploy/prefect.yaml.")]
NightlyOption = Annotated[
    Path | None,
    typer.Option(
        envvar="AEPIPE_NIGHTLY",
        help="Your own data sets, each the deployment nightly/NAME, and uses of models, each USE/NAME.",
    ),
]


class FindingRow(Row):
    """What the doctor found about one thing."""

    state: str
    what: str
    found: str
    way_out: str | None


def apply(
    store: StoreOption = "./store",
    pools: Pools = "process",
    notify: NotifyOption = None,
    file: FileOption = None,
    nightly: NightlyOption = None,
    check: Annotated[bool, typer.Option(help="Change nothing; exit with 1 where something would change.")] = False,
) -> None:
    """Bring the Prefect server at PREFECT_API_URL to deploy/prefect.yaml; applied twice it changes nothing."""
    from aepipe.deploy.apply.everything import apply_all, check_all
    from aepipe.deploy.connection import connected

    with connected() as client:
        lines = list((check_all if check else apply_all)(client, store, pools, notify, file, nightly))
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo("Everything is as in the file.")
    elif check:
        raise typer.Exit(1)


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
    nightly: NightlyOption = None,
) -> None:
    """Run a Prefect server, its deployments and workers on this machine, until Ctrl-C.

    Started again it finds its state, and what was running goes on from its checkpoints. It asks everybody for the
    string in its folder, so that no page in a browser and no other user of the machine can start runs.
    """
    _refuse_shown_password(context, database)
    from aepipe.deploy.up.supervisor import Machine

    Machine(store, host, port, state, database, notify, file, nightly).run()


def _refuse_shown_password(context: typer.Context, database: str | None) -> None:
    # Every user of the machine can list what commands were started with.
    source = context.get_parameter_source("database")
    was_typed = source is not None and source.name == "COMMANDLINE"
    if was_typed and urlsplit(database).password is not None:
        rule = "A password on the command line is seen by everybody on the machine."
        raise ParameterError(rule, "Set AEPIPE_DATABASE to the same URL instead.", option="--database")


def doctor(
    store: StoreOption = "./store",
    pools: Pools = "process",
    file: FileOption = None,
    nightly: NightlyOption = None,
    state: Annotated[Path, typer.Option(help="The folder of `aepipe up`, where that runs here.")] = Path("./prefect"),
    as_json: JsonOption = False,
) -> None:
    """Check server, workers, deployments, store, data sources and machine; exits with 1 where something is wrong."""
    from aepipe.deploy.doctor.examination import examine

    findings = examine(store, pools, file, state, nightly)
    rows = [
        FindingRow(state=one.state, what=one.subject, found=one.finding, way_out=one.way_out or None)
        for one in findings
    ]
    print_rows(as_json, f"aepipe doctor on {os.uname().nodename}", FindingRow, rows)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)
