"""The program `aepipe`: its first step, before anything that takes a while is imported."""

import gc
import os
import sys
from importlib import import_module

# Imports make no garbage, and to look for it between them takes a twentieth of a run that finds everything done.
MANY_OBJECTS = 50_000


def main() -> None:
    """Run the command line. Ctrl-C before there is anything to end in good order says nothing."""
    gc.set_threshold(MANY_OBJECTS)
    # In a terminal Prefect would tell its makers of the first run.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        import_module("aepipe.cli.app").main()
    except KeyboardInterrupt:
        sys.exit(130)
