"""aepipe noise and datasets index: what is made of a data set, a noisy-input test set or a table of its files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aepipe import datasets
from aepipe.cli.arguments import parse_changes
from aepipe.cli.options import JsonOption, StoreOption
from aepipe.cli.output import Row, print_rows, printable
from aepipe.cli.training_options import MaxLeftOutOption, RefreshOption
from aepipe.errors import ParameterError
from aepipe.flows.parameters import trainings
from aepipe.flows.parameters.words import words
from aepipe.noise import NoiseParameters

if TYPE_CHECKING:
    import pandas as pd

INDEX_ENDINGS = (".csv", ".parquet")


class IndexRow(Row):
    """How many files, or pages of them, are alike in something."""

    what: str
    value: str
    files: int


def index_images(
    data_set: Annotated[str, typer.Argument(help=words(trainings.Images))],
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="data.name=value: data.layout, data.size and others.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File for a row of each picture: .csv, or .parquet as releases have it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look at your own images as a run would, without a store: what is taken, what is not, and why."""
    from aepipe.datasets.index import write_index
    from aepipe.datasets.own.keeping import NoBlocks
    from aepipe.datasets.own_images import take
    from aepipe.stages.data import DataSettings

    if output is not None and output.suffix not in INDEX_ENDINGS:
        raise ParameterError(f"The file's name must end with {' or '.join(INDEX_ENDINGS)}.", output=str(output))
    settings = DataSettings.model_validate(parse_changes(changes or [])["data"])
    own = take(datasets.location_of(data_set), settings, NoBlocks())
    for line in own.described.account.lines():
        typer.echo(printable(line), err=True)
    rows = own.index.rows
    found = [
        (what, value, count) for what in ("state", "class", "kind", "part") for value, count in counts_of(rows[what])
    ]
    print_rows(
        as_json, own.name, IndexRow, [IndexRow(what=what, value=value, files=count) for what, value, count in found]
    )
    if output is not None and output.suffix == ".csv":
        rows.drop(columns=["block", "block_row"]).to_csv(output, index=False)
    elif output is not None:
        write_index(own.index, output)


def counts_of(column: "pd.Series") -> list[tuple[str, int]]:
    """Return the values of a column of an index, and how often each is there, the commonest first."""
    return [(str(value), int(count)) for value, count in column.dropna().value_counts().items()]


def _several(field: str) -> str:
    return f"{words(NoiseParameters, field)} May be given several times."


def make_noise(
    data_set: Annotated[str, typer.Argument(help=words(trainings.Images))],
    store: StoreOption = "./store",
    kinds: Annotated[list[str] | None, typer.Option(help=_several("kinds"))] = None,
    levels: Annotated[list[float] | None, typer.Option(help=_several("levels"))] = None,
    seed: Annotated[int, typer.Option(help=words(NoiseParameters, "seed"))] = 0,
    refresh: RefreshOption = False,
    most_left_out: MaxLeftOutOption = 0.1,
) -> None:
    """Make the noisy-input test set of a data set."""
    from aepipe.stages.data import DataParameters, DataSettings, DataStage
    from aepipe.stages.noise import NoiseStage
    from aepipe.stages.split import SplitStage, recommended_split
    from aepipe.store import open_store

    chosen = {"kinds": kinds, "levels": levels, "seed": seed}
    given = {name: value for name, value in chosen.items() if value not in (None, [])}
    corruption = NoiseParameters.model_validate(given)
    opened = open_store(store)
    settings = DataSettings(most_left_out=most_left_out)
    images = DataStage(DataParameters(data_set=data_set, settings=settings))
    data = images.produce(opened, refresh)
    for line in images.lines(data):
        typer.echo(line, err=True)
    split = SplitStage(data, recommended_split(data)).produce(opened, refresh)
    for ref in NoiseStage(data, split, corruption).produce(opened, refresh).files.values():
        typer.echo(ref.uri)
