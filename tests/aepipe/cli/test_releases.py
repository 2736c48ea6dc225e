"""aepipe releases, on a store with releases in it."""

import json
import shutil

import pytest
from command_line import releases_app as app
from releases import put_release
from typer.testing import CliRunner

from aepipe.releases.channels import read_channel
from aepipe.store import open_store

OLD, NEW = "20260101T000000Z-a", "20260201T000000Z-b"


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path / "store")
    put_release(store, OLD, {"dense": b"old"})
    put_release(store, NEW, {"dense": b"new", "conv": b"new"}, packages={"keras": "4"})
    return store


def aepipe(store, *arguments, fails=False):
    done = CliRunner().invoke(app, [*arguments, "--store", str(store.root)], env={"COLUMNS": "160"})
    assert (done.exit_code != 0) == fails, done.output
    return done.output


def promote(store):
    aepipe(store, "promote", OLD, "--why", "the first", "--by", "ada")
    return aepipe(store, "promote", NEW, "--why", "sharper faces", "--by", "ada")


def test_promote_roll_back_and_the_history_of_both(store):
    said = f"production is {NEW} (generation 2, promoted by ada: sharper faces)\nGains: conv. Replaces: dense.\n"
    assert promote(store) == said
    told = json.loads(aepipe(store, "rollback", "--why", "blurred", "--by", "bob", "--json"))
    assert (told["channel"], told["release"], told["generation"]) == ("production", OLD, 3)
    assert (told["gains"], told["replaces"], told["loses"]) == ([], ["dense"], ["conv"])
    rows = json.loads(aepipe(store, "history", "--json"))
    assert [(row["release"], row["action"], row["by"], row["why"]) for row in rows] == [
        (OLD, "rolled back", "bob", "blurred"),
        (NEW, "promoted", "ada", "sharper faces"),
        (OLD, "promoted", "ada", "the first"),
    ]
    assert read_channel(store, "production").release == OLD


def test_list_says_what_is_in_which_channel(store):
    promote(store)
    rows = json.loads(aepipe(store, "list", "--json"))
    assert [(row["release"], row["channel"], row["recipes"]) for row in rows] == [
        (NEW, "production", "2 first"),
        (OLD, None, "1 first"),
    ]
    assert NEW in aepipe(store, "list")


def test_show_a_release_by_its_channel(store):
    promote(store)
    assert NEW in aepipe(store, "show", "production")
    assert json.loads(aepipe(store, "show", OLD, "--json"))["release"] == OLD


def test_verify_finds_a_flipped_bit_in_full_alone_and_a_lost_file_always(store):
    promote(store)
    assert "0 problems" in aepipe(store, "verify", "--full")
    store.put(f"releases/{NEW}/models/dense/model.keras", b"nEw")
    assert "0 problems" in aepipe(store, "verify")
    assert "dense/model.keras: other bytes" in aepipe(store, "verify", "--full", fails=True)
    store.delete(f"releases/{NEW}/models/dense/model.keras")
    found = json.loads(aepipe(store, "verify", "--json", fails=True))
    assert found["problems"] == [{"key": f"releases/{NEW}/models/dense/model.keras", "problem": "missing"}]


def test_diff_tells_what_differs_and_nothing_else(store):
    rows = {row["value"]: row for row in json.loads(aepipe(store, "diff", OLD, NEW, "--json"))}
    assert rows["packages.keras"][NEW] == "4"
    assert rows["recipes.conv.code_size"][OLD] == "-"
    assert "models/dense/model.keras" in rows
    assert "recipes.dense.code_size" not in rows


def test_download_of_one_recipe_with_what_belongs_to_the_whole(store, tmp_path):
    aepipe(store, "download", NEW, "--to", str(tmp_path / "copy"), "--recipe", "dense")
    there = {path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*.*")}
    assert there == {"models/dense/model.keras", "report.html", "manifest.json"}
    assert (tmp_path / "copy" / "models" / "dense" / "model.keras").read_bytes() == b"new"


def test_a_download_that_meets_a_flipped_bit_leaves_nothing(store, tmp_path):
    store.put(f"releases/{NEW}/models/dense/model.keras", b"nEw")
    aepipe(store, "download", NEW, "--to", str(tmp_path / "out" / "copy"), fails=True)
    assert list((tmp_path / "out").iterdir()) == []


def test_prune_names_first_and_removes_when_told(store):
    promote(store)
    aepipe(store, "rollback", "--why", "blurred")
    rows = json.loads(aepipe(store, "prune", "--keep", "0", "--grace-hours", "0", "--json"))
    assert [row["release"] for row in rows] == [NEW]
    assert store.exists(f"releases/{NEW}/manifest.json")
    aepipe(store, "prune", "--keep", "0", "--grace-hours", "0", "--delete")
    assert not list(store.list(f"releases/{NEW}/"))
    assert store.exists(f"releases/{OLD}/manifest.json")


def test_a_channel_that_a_typing_error_made_is_said_and_can_be_removed(store):
    promote(store)
    said = aepipe(store, "promote", NEW, "--channel", "producton", "--why", "x")
    assert "The channel producton is new; there were: production." in said
    assert "remove-channel producton" in said
    assert "is removed" in aepipe(store, "remove-channel", "producton", "--why", "typing error")
    assert read_channel(store, "producton") is None
    aepipe(store, "remove-channel", "production", "--why", "no more", fails=True)
    assert read_channel(store, "production").release == NEW


def test_prune_takes_results_of_stages_that_no_kept_release_is_made_of(store):
    needed, old, of_a_search = (f"{letter * 64}" for letter in "abc")
    put_release(store, "20260301T000000Z-c", {"dense": b"x"}, lineage={"dense": {"trained": needed}})
    for key in (f"train/{needed}", f"train/{old}", f"search/{of_a_search}"):
        store.put(f"stages/{key}/x/model.keras", b"12345")
        store.put(f"stages/{key}/manifest.json", b"{}")
    options = ["prune", "--keep", "1", "--grace-hours", "0"]
    assert "1 results of stages that no release needs would be removed, 7 bytes" in aepipe(store, *options)
    assert "1 results of stages that no release needs were removed, 7 bytes" in aepipe(store, *options, "--delete")
    left = {info.key.split("/")[2] for info in store.list("stages/")}
    assert left == {needed, of_a_search}
    store.put(f"stages/train/{old}/manifest.json", b"{}")
    aepipe(store, "prune", "--keep", "1", "--grace-hours", "1", "--delete")
    assert store.exists(f"stages/train/{old}/manifest.json")


def test_prune_works_on_a_store_that_was_restored_and_leaves_no_empty_folders(store):
    promote(store)
    shutil.rmtree(store.root / ".tmp")
    (store.root / "releases" / "20260101T000000Z-killed" / "models" / "dense").mkdir(parents=True)
    aepipe(store, "prune", "--keep", "0", "--grace-hours", "0", "--delete")
    assert {path.name for path in (store.root / "releases").iterdir()} == {OLD, NEW}


def test_a_page_that_can_not_be_written_fails_nothing_that_is_done(store):
    (store.root / "index.html").mkdir()
    (store.root / "index.html" / "x").write_text("x")
    assert "production is" in promote(store)
    assert read_channel(store, "production").release == NEW
    aepipe(store, "index", fails=True)
