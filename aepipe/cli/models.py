"""aepipe table and reproduce: how good models came out, and what others have published."""

from pathlib import Path
from typing import Annotated

import typer

from aepipe.cli.arguments import split_list
from aepipe.cli.options import JsonOption, StoreOption
from aepipe.cli.output import print_result, printable
from aepipe.errors import ParameterError


def show_table(store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Print the table of results over all releases of a store, as Markdown: mean and spread over the seeds."""
    from aepipe.pages.table import as_markdown, result_lines
    from aepipe.releases.absent import require_store
    from aepipe.releases.listing import listed_releases
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    lines = result_lines(listed_releases(opened))
    told = [line.model_dump(mode="json") for line in lines]
    print_result(as_json, told, *as_markdown(lines).removesuffix("\n").split("\n"))


def reproduce(
    tables: Annotated[
        list[str] | None, typer.Argument(help="Which tables; all of them by default.", show_default=False)
    ] = None,
    seeds: Annotated[str, typer.Option(help="Each row is trained with each of these, with commas between them.")] = (
        "0,1,2"
    ),
    output: Annotated[Path, typer.Option(help="What was measured, CSV; what it has is not trained again.")] = Path(
        "reproductions.csv"
    ),
    quick: Annotated[
        bool, typer.Option("--quick", help="A few rows with few steps, which fails where one comes to less than usual.")
    ] = False,
) -> None:
    """Train what the tables of the literature need, and print ours beside what others have published, as Markdown."""
    from aepipe.experiments.reproductions import tables_of
    from aepipe.experiments.reproductions.rows import as_markdown, measure_missing, missed, read_rows

    chosen, numbers = tables_of(tables or []), _seeds(seeds)
    for rows in measure_missing(chosen, numbers, output, quick):
        who = ", ".join(str(rows[0][name]) for name in ("table", "row", "part") if rows[0][name])
        figures = ", ".join(f"{row['figure']} {row['value']:.4g}" for row in rows)
        typer.echo(printable(f"{who}, seed {rows[0]['seed']}: {figures} ({rows[0]['seconds']:.0f} s)"), err=True)
    found = read_rows(output)
    for table in chosen:
        typer.echo(f"{as_markdown(table, found, quick)}\n")
    if failed := [line for table in chosen for line in missed(table, found)] if quick else []:
        raise ParameterError("A quick run comes to what such runs came to before.", figures=failed)


def _seeds(text: str) -> list[int]:
    words = split_list(text)
    if not words or not all(word.isascii() and word.isdigit() for word in words):
        raise ParameterError("Seeds are whole numbers, with commas between them.", "Say --seeds 0,1,2.", seeds=text)
    return list(dict.fromkeys(map(int, words)))
