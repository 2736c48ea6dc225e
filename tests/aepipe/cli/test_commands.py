"""The command tree: a command waits for what it needs and no more, and all are listed."""

import os
import subprocess
import sys

import pytest
from prefect._internal.analytics.enabled import is_telemetry_enabled
from releases import put_release

from aepipe.cli.commands import COMMANDS, build_app
from aepipe.command import main
from aepipe.store import open_store

FOR_SETTINGS = {"typer", "rich", "pydantic", "pydantic_core"}
# What a command may wait for that only lists something, of what takes a while to import.
LISTINGS = {
    "--version": {"typer"},
    "--help": {"typer"},
    "releases list": FOR_SETTINGS,
    "recipes": {*FOR_SETTINGS, "numpy"},
    "datasets list": {*FOR_SETTINGS, "numpy"},
}
SMALL = {"annotated_doc", "annotated_types", "shellingham", "typing_extensions", "typing_inspection", "markdown_it"}


@pytest.mark.parametrize("command", LISTINGS)
def test_a_listing_imports_no_more_than_it_needs(command, tmp_path):
    code = (
        "import atexit, sys, aepipe.command\n"
        "files = lambda: {name.partition('.')[0] for name, module in list(sys.modules.items())"
        " if 'site-packages' in (getattr(module, '__file__', None) or '')}\n"
        "atexit.register(lambda: print(*files(), file=sys.stderr))\n"
        "aepipe.command.main()"
    )
    put_release(open_store(str(tmp_path)), "20260101T020000Z-1a2b3c", {})
    called = [sys.executable, "-c", code, *command.split()]
    environment = {**os.environ, "AEPIPE_STORE": str(tmp_path)}
    done = subprocess.run(called, capture_output=True, text=True, check=True, env=environment)
    imported = {name for name in done.stderr.split() if not name.startswith("_")}
    assert imported - LISTINGS[command] - SMALL - {"aepipe"} == set()
    assert done.stdout


def test_what_is_listed_says_what_it_says_when_it_is_called():
    for command in COMMANDS:
        assert command.stand_in().__doc__.split() == command.load().__doc__.split()


def test_a_shell_that_asks_for_what_could_come_next_gets_everything(monkeypatch):
    monkeypatch.setenv("_AEPIPE_COMPLETE", "complete_bash")
    loaded = build_app([])
    assert "not_called" not in {command.callback.__name__ for command in loaded.registered_commands}


def test_nobody_is_told_that_the_program_is_used(monkeypatch):
    monkeypatch.delenv("DO_NOT_TRACK", raising=False)
    monkeypatch.setattr("prefect._internal.analytics.enabled.is_ci_environment", lambda: False)
    assert is_telemetry_enabled()
    monkeypatch.setattr(sys, "argv", ["aepipe", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert not is_telemetry_enabled()
