"""The program's main function: one command is run, and whatever goes wrong is said in one line."""

import os
import sys

from aepipe.cli.commands import build_app
from aepipe.errors import AepipeError, ParameterError

FAILED, MISUSED = 1, 2


def main() -> None:
    """Run the command line; an error that the user can act on is one line.

    So is one that nobody foresaw; its traceback is kept in a file. The exit code is 2 where what was asked for can't be
    done, and 1 where doing it failed.
    """
    # Figures are files; a notebook leaves its programs a way to draw that only the notebook has.
    os.environ["MPLBACKEND"] = "agg"
    try:
        build_app(sys.argv[1:])()
    except AepipeError as error:
        _end(str(error), MISUSED if isinstance(error, ParameterError) else FAILED)
    except Exception as error:
        _end_by(error)


def _end_by(error: Exception) -> None:
    # Imported here, because most commands do without.
    from pydantic import ValidationError

    from aepipe.findings import describe_validation_error
    from aepipe.unforeseen import describe_unforeseen, wants_traceback

    if isinstance(error, ValidationError):
        _end(describe_validation_error(error), MISUSED)
    if wants_traceback():
        raise error
    _end(describe_unforeseen(error), FAILED)


def _end(line: str, exit_code: int) -> None:
    print(f"aepipe: {line}", file=sys.stderr)
    sys.exit(exit_code)
