"""An error that nobody foresaw, in one line: what it is, where in this project, and the file that has its traceback."""

import os
import tempfile
import traceback
from pathlib import Path

from aepipe.errors import printable

TRACEBACK = "AEPIPE_TRACEBACK"
ROOT = Path(__file__).parents[1]
# With the folders that are parts of the package by links in it.
PACKAGES = ("aepipe", "deploy", "flows", "tasks")
# What some libraries put into a message is pages long; the file has all of it.
MAX_CHARACTERS = 300


def wants_traceback() -> bool:
    """Whether the user asked for tracebacks where they happen."""
    return os.environ.get(TRACEBACK, "0") not in ("", "0")


def describe_unforeseen(error: BaseException) -> str:
    """Return one line about an error, and write its traceback to a file that the line names."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    text = text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]} ..."
    return f"{printable(text)} ({_where(error)}). {_keep(error)}"


def _where(error: BaseException) -> str:
    """Return the innermost line of this project that the error passed."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in PACKAGES:
            return f"{path.relative_to(ROOT)}:{frame.lineno}"
    return "outside of this project"


def _keep(error: BaseException) -> str:
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="aepipe-traceback-", suffix=".txt", delete=False
        ) as file:
            file.writelines(traceback.format_exception(error))
    except OSError:
        return f"{TRACEBACK}=1 shows its traceback."
    return f"Its traceback is in {file.name}; {TRACEBACK}=1 shows it."
