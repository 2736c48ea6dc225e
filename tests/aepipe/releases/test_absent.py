"""Commands on what is not there say so, with what to run; none prints an empty table for a store that is not there."""

import pytest
from command_line import app
from PIL import Image
from releases import put_release
from typer.testing import CliRunner

from aepipe.errors import ObjectNotFoundError
from aepipe.releases.channels import point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.store import open_store

DEMONSTRATED = "20260101T000000Z-a"
# As README has them.
OF_PRODUCTION = [
    "releases history production",
    "releases diff production candidate",
    "releases verify production --full",
    'releases rollback --why "blurred"',
    "releases download production --to {to} --recipe dense",
    "releases show production",
    "reconstruct {images} --recipe dense --output {to}",
]
OF_A_RELEASE = [f"releases show {DEMONSTRATED}", f"releases verify {DEMONSTRATED}"]
OF_A_STORE = ["releases list", "releases list --json", "releases index", "releases prune", "table", "table --json"]


@pytest.fixture
def store(tmp_path):
    """What a quick run leaves: a candidate, and the channel demonstration."""
    store = open_store(tmp_path / "store")
    manifest = put_release(store, DEMONSTRATED, {"dense": b"model"})
    for channel in ("candidate", "demonstration"):
        digest = manifest_sha256(manifest)
        point_channel(store, channel, DEMONSTRATED, digest, action="published", why="tests", by="tests")
    return store


def refused(command: str, store, tmp_path) -> str:
    images = tmp_path / "images"
    images.mkdir()
    Image.new("L", (8, 8)).save(images / "black.png")
    words = command.format(to=tmp_path / "to", images=images).split()
    done = CliRunner().invoke(app, [*words, "--store", str(store.root)])
    assert isinstance(done.exception, ObjectNotFoundError), done.output
    assert done.output == ""
    return str(done.exception)


@pytest.mark.parametrize("command", OF_PRODUCTION)
def test_a_store_of_quick_runs_says_which_channel_they_went_to(command, store, tmp_path):
    said = refused(command, store, tmp_path)
    assert said.startswith("This store has no channel production: quick runs go to demonstration. Received: channel=")
    assert f"aepipe releases promote demonstration --why TEXT --store {store.url}" in said


@pytest.mark.parametrize("command", [*OF_PRODUCTION, *OF_A_RELEASE, *OF_A_STORE])
def test_an_address_with_a_mistake_in_it_is_said(command, store, tmp_path):
    mistyped = open_store(tmp_path / "stroe")
    said = refused(command, mistyped, tmp_path)
    assert said.startswith(f"A store is there once a run has written to it. Received: store='{mistyped.url}'.")
    assert not mistyped.root.exists()


def test_the_way_out_leads_out(store, tmp_path):
    runner, where = CliRunner(), ["--store", str(store.root)]
    assert runner.invoke(app, ["releases", "promote", "demonstration", "--why", "tests", *where]).exit_code == 0
    assert DEMONSTRATED in runner.invoke(app, ["releases", "history", "production", *where]).output
