"""Where the program `aepipe` begins."""

import sys
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Run the command line of these files, whatever else is called `tasks`, `flows` or `deploy` on the path.

    Ctrl-C before there is anything to end in good order says nothing.
    """
    sys.path.insert(0, str(Path(__file__).parents[1]))
    try:
        import_module("aepipe.cli.operations").main()
    except KeyboardInterrupt:
        sys.exit(130)
