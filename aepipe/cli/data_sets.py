"""aepipe datasets: what there is to train on, and its cache."""

from typing import Annotated

import typer

from aepipe import datasets
from aepipe.cli.options import JsonOption
from aepipe.cli.output import Row, print_rows


class DataSetRow(Row):
    """One data set; None where it depends on the user's own files."""

    data_set: str
    images: int | None
    shape: str | None
    classes: int | None
    split: str
    source: str


class CachedFileRow(Row):
    """One file in the cache, and what it decodes to."""

    data_set: str
    file: str
    state: str
    reason: str


def list_data_sets(as_json: JsonOption = False) -> None:
    """Show the data sets, and where they come from."""
    rows = [
        DataSetRow(
            data_set=summary.name,
            images=summary.num_images,
            shape="x".join(map(str, summary.image_shape or ())) or None,
            classes=summary.num_classes,
            split=summary.split,
            source=summary.source,
        )
        for summary in datasets.describe()
    ]
    print_rows(as_json, "Data sets", DataSetRow, rows)


def fetch_data_sets(names: Annotated[list[str], typer.Argument(help="Data sets to download into the cache.")]) -> None:
    """Download data sets into the cache and check them."""
    for name in names:
        for path in datasets.fetch(name):
            typer.echo(path)


def verify_data_sets(
    names: Annotated[list[str], typer.Argument(help="Data sets to check in the cache.")], as_json: JsonOption = False
) -> None:
    """Check the cached files and what they decode to; exits with 1 where something is wrong."""
    results = [(name, check) for name in names for check in datasets.verify(name)]
    rows = [
        CachedFileRow(
            data_set=name, file=check.path.name, state="ok" if check.is_valid else "broken", reason=check.reason
        )
        for name, check in results
    ]
    print_rows(as_json, "Cached files", CachedFileRow, rows)
    if not all(check.is_valid for _, check in results):
        raise typer.Exit(1)
