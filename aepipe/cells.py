"""Text from outside in the cells of a CSV table: no spreadsheet shall take it for a formula.

Names of files, folders and classes may begin with =, +, - or @, which makes a cell a formula that runs where the table
is opened. A quote before it makes it text; where a program expects another separator, a cell may begin within a name.
"""

import re
from collections.abc import Mapping
from typing import Any

_BEGINNING = r"(^|[,;\t\r\n])"
_FORMULA = r"('*[ \u00a0]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_PLAIN, _QUOTED = re.compile(_BEGINNING + _FORMULA), re.compile(_BEGINNING + "'" + _FORMULA)


def as_cell(text: str) -> str:
    """Return the text as a cell that no spreadsheet takes for a formula; any other text is returned as it is."""
    return _PLAIN.sub(r"\1'\2", text)


def from_cell(cell: str) -> str:
    """Return the text that `as_cell` was given."""
    return _QUOTED.sub(r"\1\2", cell)


def as_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a table with every text as a cell; numbers stay numbers, below zero too."""
    return {name: as_cell(value) if isinstance(value, str) else value for name, value in row.items()}
