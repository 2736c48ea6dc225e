"""Output of the commands: tables and lines for people, JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from pydantic import AliasGenerator, BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from aepipe.errors import printable

__all__ = ["Row", "print_result", "print_rows", "print_table", "printable"]

PIPE_WIDTH = 160


class Row(BaseModel):
    """A row of a table; its fields are the columns, whose names are the fields' in words, also in JSON."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=AliasGenerator(serialization_alias=lambda name: name.replace("_", " ")),
    )

    @classmethod
    def columns(cls) -> list[str]:
        """Return the names of the columns."""
        return [field.serialization_alias or name for name, field in cls.model_fields.items()]


def print_rows(as_json: bool, title: str, of: type[Row], rows: Iterable[Row], names: Mapping[str, str] = {}) -> None:
    """Print a table, or a JSON list of one object a row.

    Args:
        as_json: Print JSON.
        title: What stands above the table.
        of: What the rows are; a table without any has its columns all the same.
        rows: The rows.
        names: Other names of columns, by those that they have.
    """
    columns = [names.get(column, column) for column in of.columns()]
    if as_json:
        found = [row.model_dump(by_alias=True).values() for row in rows]
        typer.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in found], indent=2))
    else:
        print_table(title, columns, [[value for _, value in row] for row in rows])


def print_result(as_json: bool, result: Mapping[str, Any] | Sequence[Any], *lines: str) -> None:
    """Print lines, or as JSON what they say."""
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    for line in lines:
        typer.echo(printable(line))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table whose numbers stand to the right; wide ones are folded, never cut."""
    table = Table(title=printable(title), title_justify="left", show_edge=False)
    for number, column in enumerate(columns):
        is_number = bool(rows) and all(isinstance(row[number], int | float) for row in rows)
        table.add_column(printable(column), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    # A file or a pipe has no width that a table would have to fit.
    console = Console()
    Console(width=None if console.is_terminal else PIPE_WIDTH).print(table, markup=False)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.5f}" if isinstance(value, float) else printable(str(value))
