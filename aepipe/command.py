"""The program `aepipe`: its first step, before anything that takes a while is imported."""

import sys
from importlib import import_module


def main() -> None:
    """Run the command line. Ctrl-C before there is anything to end in good order says nothing."""
    try:
        import_module("aepipe.cli.app").main()
    except KeyboardInterrupt:
        sys.exit(130)
