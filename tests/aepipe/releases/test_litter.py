"""What somebody else put into a store stops no command: it is passed over and named, and what was asked for is done."""

import json
import os
import shutil

import pytest
from command_line import app
from releases import put_release
from typer.testing import CliRunner

from aepipe.releases.channels import read_channel
from aepipe.store import open_store

OLD, NEW, BAD = "20260101T000000Z-a", "20260201T000000Z-b", "20260115T000000Z-c"
MANIFEST = f"releases/{BAD}/manifest.json"
FACTS = {
    **{"verdict": "first", "setting": "tuned", "data": "digits", "code_size": 8},
    **{"mse_per_pixel": None, "pca_mse_per_pixel": None},
}
LITTER = {
    "a finder's file among the channels": ("channels/.DS_Store", b"x"),
    "an editor's backup of a channel": ("channels/production.json~", b"{}"),
    "a backup of a channel": ("channels/candidate.json.bak", b"{}"),
    "a copy of a channel": ("channels/production (conflicted copy).json", b"{}"),
    "a channel in capital letters": ("channels/Production.json", b"{}"),
    "a folder among the channels": ("channels/old/production.json", b"{}"),
    "an empty channel": ("channels/staging.json", b""),
    "a channel of a newer version": ("channels/staging.json", b'{"schema_version": 2}'),
    "a manifest cut short": (MANIFEST, b"{"),
    "an empty manifest": (MANIFEST, b""),
    "a manifest of a newer version": (MANIFEST, b'{"schema_version": 2}'),
    "a manifest with a field more": (MANIFEST, {"notes": "x"}),
    "a verdict of a newer version": (
        MANIFEST,
        {"recipes": {"dense": {**FACTS, "origin": None, "verdict": "approved"}}},
    ),
    "a manifest of another release": (MANIFEST, {"release": NEW}),
    "a finder's file in a release": (f"releases/{OLD}/.DS_Store", b"x"),
    "a finder's file among the releases": ("releases/.DS_Store", b"x"),
    "something else among the releases": ("releases/myapp-1.0/manifest.json", b"{}"),
    "a page that can't be written": ("index.html/x", b"x"),
    "a stage's manifest cut short": ("stages/train/abc/manifest.json", b"{"),
}
COMMANDS = {
    "list": ["releases", "list"],
    "table": ["table"],
    "prune": ["releases", "prune", "--keep", "1", "--grace-hours", "0"],
    "history": ["releases", "history"],
    "verify": ["releases", "verify", OLD, "--full"],
    "promote": ["releases", "promote", OLD, "--channel", "candidate", "--why", "x"],
    "rollback": ["releases", "rollback", "--why", "x"],
    "remove-channel": ["releases", "remove-channel", "demonstration", "--why", "x"],
    "prune --delete": ["releases", "prune", "--keep", "1", "--grace-hours", "0", "--delete"],
}


@pytest.fixture(scope="module")
def tidy(tmp_path_factory):
    """A store without litter, which no test changes."""
    store = open_store(tmp_path_factory.mktemp("tidy") / "store")
    for release in (OLD, NEW):
        # Without figures, as drawing them takes longer than all of these tests.
        put_release(store, release, {"dense": b"model"}, recipes={"dense": {**FACTS, "origin": release}})
        for channel in ("production", "demonstration"):
            aepipe(store, "releases", "promote", release, "--channel", channel, "--why", "x")
    return store


@pytest.fixture
def store(tidy, tmp_path):
    return open_store(shutil.copytree(tidy.root, tmp_path / "store"))


def aepipe(store, *arguments):
    done = CliRunner().invoke(app, [*arguments, "--store", str(store.root)], env={"COLUMNS": "160"})
    assert done.exit_code == 0, (arguments, done.output, done.exception)
    return done


def put_litter(store, kind):
    key, data = LITTER[kind]
    if isinstance(data, dict):
        good = json.loads(store.get(f"releases/{OLD}/manifest.json"))
        data = json.dumps({**good, "release": BAD, "candidate": BAD, **data}).encode()
    if key.startswith("index.html/"):
        (store.root / "index.html").unlink()
    store.root.joinpath(key).parent.mkdir(parents=True, exist_ok=True)
    store.root.joinpath(key).write_bytes(data)


@pytest.mark.parametrize("kind", LITTER)
def test_litter_stops_no_command(store, kind):
    put_litter(store, kind)
    for arguments in COMMANDS.values():
        aepipe(store, *arguments)
    # The last of them has moved it, and what prune may not take is there.
    assert read_channel(store, "production").release == OLD
    aepipe(store, "releases", "verify", OLD, "--full")
    if kind != "a page that can't be written":
        aepipe(store, "releases", "index")
        assert OLD in store.get("index.html").decode()


@pytest.mark.parametrize("kind", ["a manifest cut short", "a manifest of a newer version"])
def test_one_bad_release_is_one_bad_line(store, kind):
    put_litter(store, kind)
    rows = json.loads(aepipe(store, "releases", "list", "--json").stdout)
    assert [row["release"] for row in rows] == [NEW, BAD, OLD]
    assert "can't be read" in rows[1]["recipes"]
    assert f"key='{MANIFEST}'" in rows[1]["recipes"]
    aepipe(store, "releases", "index")
    assert BAD in store.get("index.html").decode()


def test_prune_takes_what_has_a_releases_id_and_nothing_else(store):
    foreign = ["releases/README.md", "releases/docs/a.md", "releases/myapp-1.0/app.tar.gz", "releases/20260101/x"]
    for key in foreign:
        store.put(key, b"of somebody else")
    store.put(f"releases/{BAD}/half", b"of a killed publisher")
    aepipe(store, "releases", "prune", "--keep", "0", "--grace-hours", "0", "--delete")
    assert all(store.exists(key) for key in foreign)
    assert not store.exists(f"releases/{BAD}/half")


def test_nothing_goes_while_a_channel_cannot_be_read(store):
    put_release(store, BAD)
    store.put("channels/staging.json", b"{")
    rows = json.loads(aepipe(store, "releases", "prune", "--keep", "0", "--grace-hours", "0", "--json").stdout)
    assert rows == []
    aepipe(store, "releases", "remove-channel", "staging", "--why", "damaged")
    rows = json.loads(aepipe(store, "releases", "prune", "--keep", "0", "--grace-hours", "0", "--json").stdout)
    assert [row["release"] for row in rows] == [BAD]


def test_pipes_devices_and_links_to_nowhere_are_no_objects(store):
    channels = store.root / "channels"
    os.mkfifo(channels / "staging.json")
    (channels / "zero.json").symlink_to("/dev/zero")
    (channels / "loop.json").symlink_to("loop.json")
    os.mkfifo(store.root / "releases" / OLD / "pipe")
    for arguments in COMMANDS.values():
        aepipe(store, *arguments)
    assert read_channel(store, "staging") is None
