"""Rows of the tables: what was measured is kept in a file, so that a run that was stopped goes on where it was."""

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from aepipe.errors import ParameterError
from aepipe.experiments.reproductions.case import Case, Figure, Table
from aepipe.store import open_store

IDENTITY = ["table", "row", "part", "seed", "is_quick"]
COLUMNS = [*IDENTITY, "figure", "value", "seconds", "date"]
KINDS = {"part": str, "seed": int, "is_quick": bool, "value": float, "seconds": float}


def read_rows(path: Path) -> pd.DataFrame:
    """Return the rows of a file, one for each figure of each training; none where there is no file.

    Raises:
        ParameterError: it is a file of something else, or can't be read.
    """
    if not path.exists():
        return pd.DataFrame(columns=COLUMNS)
    try:
        rows = pd.read_csv(path, dtype=KINDS, keep_default_na=False, na_values={"value": [""]})
    except (OSError, ValueError) as error:
        raise _refused(path, str(error).splitlines()[0]) from error
    if list(rows.columns) != COLUMNS:
        raise _refused(path, f"it has the columns {', '.join(map(str, rows.columns))}")
    return rows


def _refused(path: Path, problem: str) -> ParameterError:
    return ParameterError(
        f"Rows of tables are a file that can be read and written, with the columns {', '.join(COLUMNS)}.",
        "Mend the file, or name another with --output.",
        output=str(path),
        problem=problem,
    )


def _begin(path: Path) -> None:
    """Write the columns' names into a new file: that it can't be written is said before hours of training."""
    try:
        with path.open("a", encoding="utf-8") as file:
            if not file.tell():
                file.write(f"{','.join(COLUMNS)}\n")
    except OSError as error:
        raise _refused(path, str(error.strerror)) from error


def measure_missing(
    tables: Iterable[Table], seeds: Sequence[int], path: Path, is_quick: bool = False
) -> Iterator[list[dict[str, Any]]]:
    """Train what a file has no rows of, add them to it, and yield those of each training.

    Args:
        tables: Which tables.
        seeds: Each row is trained once with each.
        path: The file, CSV.
        is_quick: A few rows with few steps, for a test of all of it in minutes.

    Raises:
        ParameterError: the file is one of something else, or can't be written.
    """
    _begin(path)
    known = {tuple(row) for row in read_rows(path)[IDENTITY].itertuples(index=False)}
    for table in tables:
        for case in table.cases():
            wanted = [seed for seed in seeds if (table.name, case.row, case.part, seed, is_quick) not in known]
            if case.is_quick or not is_quick:
                for rows in _measured(table, case, wanted, is_quick):
                    pd.DataFrame(rows, columns=COLUMNS).to_csv(path, mode="a", header=False, index=False)
                    yield rows


def _measured(table: Table, case: Case, seeds: Sequence[int], is_quick: bool) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each seed; seeds share a store, and with it the images and the baselines."""
    with tempfile.TemporaryDirectory(prefix="aepipe-reproduce-") as folder:
        store = open_store(folder)
        for seed in seeds:
            started = time.perf_counter()
            measured = case.measure(store, case.asked(seed, is_quick))
            who = dict(zip(IDENTITY, (table.name, case.row, case.part, seed, is_quick), strict=True))
            how = {
                "seconds": round(time.perf_counter() - started, 1),
                "date": datetime.now(UTC).date().isoformat(),
            }
            values = {figure: measured.get(figure.name) for figure in case.figures}
            yield [
                {**who, "figure": figure.name, "value": value, **how}
                for figure, value in values.items()
                if value is not None
            ]


def as_markdown(table: Table, rows: pd.DataFrame, is_quick: bool = False) -> str:
    """Return a table as Markdown: means over parts and seeds, the spread over seeds, and what others have published.

    A seed of which a part is missing would have another mean: it is left out, and that is said.
    """
    found = rows[(rows.table == table.name) & (rows.is_quick == is_quick)]
    cases = _by_row(table, is_quick)
    labels = list(dict.fromkeys(figure.label for parts in cases.values() for figure in parts[0].figures))
    columns = [table.rows, *labels, "published", "reached", "trained", "seeds", "seconds"]
    lines = [f"### {table.title}", "", table.protocol, ""]
    lines += [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    for name, parts in cases.items():
        of_row = found[found.row == name]
        counts = of_row.groupby("seed").part.nunique()
        complete = of_row[of_row.seed.isin(counts[counts == len(parts)].index)]
        missing = "".join(
            f", seed {seed} has {count} of {len(parts)} parts" for seed, count in _incomplete(counts, parts)
        )
        lines.append(f"| {' | '.join(_cells(parts[0], complete, labels, missing))} |")
    return "\n".join(lines)


def missed(table: Table, rows: pd.DataFrame) -> list[str]:
    """Return a line for each figure of a quick run that is not what such a run comes to."""
    found = rows[(rows.table == table.name) & rows.is_quick]
    lines = []
    for name, parts in _by_row(table, is_quick=True).items():
        for figure in parts[0].figures:
            values = found[(found.row == name) & (found.figure == figure.name)].value * figure.times
            limit = figure.quick_limit
            if len(values) and limit is not None and not figure.reaches(values.mean(), limit):
                lines.append(f"{table.name}, {name}: {figure.label} {values.mean():.4g}, not {limit:g}")
    return lines


def _by_row(table: Table, is_quick: bool) -> Mapping[str, list[Case]]:
    """Return the parts of each row."""
    found: dict[str, list[Case]] = {}
    for case in table.cases():
        if case.is_quick or not is_quick:
            found.setdefault(case.row, []).append(case)
    return found


def _incomplete(counts: pd.Series, parts: Sequence[Case]) -> list[tuple[int, int]]:
    return [(int(seed), int(count)) for seed, count in counts.items() if count < len(parts)]


def _cells(case: Case, rows: pd.DataFrame, labels: Sequence[str], missing: str) -> list[str]:
    seeds = rows.seed.nunique()
    means = {figure: _of_seeds(figure, rows) for figure in case.figures}
    written = {figure.label: _written(figure, values) for figure, values in means.items()}
    seconds = f"{rows.seconds.mean():.0f}" if seeds else "-"
    return [
        *(case.row, *(written.get(label, "-") for label in labels)),
        *(_told(case), _reached(case, means)),
        *(case.setting, f"{seeds}{missing}", seconds),
    ]


def _of_seeds(figure: Figure, rows: pd.DataFrame) -> pd.Series:
    """Return the mean of each seed, in the figure's unit."""
    return rows[rows.figure == figure.name].groupby("seed").value.mean() * figure.times


def _written(figure: Figure, values: pd.Series) -> str:
    if not len(values):
        return "-"
    spread = f" ± {values.std():.{figure.places}f}" if len(values) > 1 else ""
    return f"{values.mean():.{figure.places}f}{spread}"


def _told(case: Case) -> str:
    """Return what others have published; of the first figure where nothing else is said."""
    told = []
    for figure in case.figures:
        numbers = (
            f"{number.who} {number.value:.{figure.places}f}{'' if number.was_read else ' (as quoted)'}"
            for number in figure.published
        )
        if figure.published:
            told.append(f"{_named(case, figure)}{', '.join(numbers)}")
    return "; ".join(told) or "-"


def _reached(case: Case, means: Mapping[Figure, pd.Series]) -> str:
    """Return whether each figure that has a target reaches it."""
    said = [
        f"{_named(case, figure)}{'yes' if figure.reaches(values.mean(), figure.target) else 'no'} ({figure.target:g})"
        for figure, values in means.items()
        if figure.target is not None and len(values)
    ]
    return "; ".join(said) or "-"


def _named(case: Case, figure: Figure) -> str:
    return "" if figure is case.figures[0] else f"{figure.label}: "
