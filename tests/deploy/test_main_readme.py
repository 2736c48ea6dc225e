"""What README.md tells a reader to type is understood as it is written, and what looks after releases also runs so."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from releases import put_release
from typer.testing import CliRunner

from aepipe.cli.app import app
from aepipe.releases.channels import DEMONSTRATION, point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.store import open_store

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
FIRST, SECOND = "20260101T020000Z-aaaaaa", "20260102T020000Z-bbbbbb"


def commands_of(block: str) -> list[list[str]]:
    """Return the arguments of each call of aepipe in a block."""
    calls = [shlex.split(line, comments=True) for line in block.splitlines()]
    without_variables = (call[sum("=" in word for word in call[:1]) :] for call in calls)
    return [call[1:] for call in without_variables if call[:1] == ["aepipe"]]


COMMANDS = [call for block in BLOCKS for call in commands_of(block)]
# Signing takes a key of the reader's.
OF_RELEASES = [call for call in COMMANDS if call[0] == "releases" and call[1] != "sign" and "--store" not in call]


@pytest.mark.parametrize("call", COMMANDS, ids=" ".join)
def test_a_command_is_understood(call):
    command, name = typer.main.get_command(app), "aepipe"
    while hasattr(command, "commands"):
        name, *call = call
        command = command.commands[name]
    command.make_context(name, call)


def test_the_commands_are_found():
    assert {"run", "sweep", "tune", "rerun", "reconstruct", "apply", "releases"} <= {call[0] for call in COMMANDS}
    assert len(OF_RELEASES) >= 8


def test_the_commands_for_releases_run_in_their_order_after_quick_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("./store")
    for release in (FIRST, SECOND):
        # As two quick runs leave it, but for what only a training makes.
        manifest = put_release(store, release, {"mnist-dense": release.encode()}, parameters={"preset": "quick"})
        for channel in ("candidate", DEMONSTRATION):
            point_channel(
                store, channel, release, manifest_sha256(manifest), action="promoted", why="passed", by="the run"
            )
    runner = CliRunner()
    # So that there is a release to go back to.
    assert runner.invoke(app, ["releases", "promote", FIRST, "--why", "the first"]).exit_code == 0
    for call in OF_RELEASES:
        done = runner.invoke(app, call)
        assert done.exit_code == 0, (call, done.output, done.exception)
    assert (tmp_path / "production" / "models" / "mnist-dense" / "model.keras").is_file()
    part = runner.invoke(app, ["releases", "download", "production", "--to", "./part", "--recipe", "dense"])
    assert part.exit_code == 0, part.exception
    assert (tmp_path / "part" / "models" / "mnist-dense" / "model.keras").is_file()
