"""Tables and JSON on the command line."""

import json

import typer
from rich.console import Console
from rich.table import Table

from aepipe.errors import printable

__all__ = ["print_rows", "print_table", "printable"]

PIPE_WIDTH = 160


def print_rows(as_json: bool, title: str, columns: list[str], rows: list[list[object]]) -> None:
    """Print a table, or a JSON list of one object a row."""
    if as_json:
        typer.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=2))
    else:
        print_table(title, columns, rows)


def print_table(title: str, columns: list[str], rows: list[list[object]]) -> None:
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
