"""Objects of any store as checked local files."""

import os

import pytest

from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.io.folders import default_cache_folder
from aepipe.stages.facts import SweepFacts
from aepipe.stages.results import SweepResult, produce_stage
from aepipe.store import open_store
from aepipe.store.local_files import local_file


@pytest.fixture
def store(store_url, tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    return open_store(store_url)


@pytest.fixture
def ref(store):
    def work(folder):
        (folder / "model.keras").write_bytes(b"x")
        return SweepFacts(num_trainings=1, best="")

    return produce_stage(store, "train", "a" * 64, SweepResult, work).files["model.keras"]


def test_a_local_file_has_the_bytes_and_the_ending(store, ref):
    path = local_file(store, ref)
    assert path.read_bytes() == b"x"
    assert path.suffix == ".keras"
    assert local_file(store, ref) == path


def test_other_bytes_in_the_store_are_refused_and_not_kept(store, ref):
    store.put(ref.uri.removeprefix(f"{store.url}/"), b"y")
    with pytest.raises(CorruptObjectError, match="refresh"):
        local_file(store, ref)
    kept = [name for _, _, names in os.walk(default_cache_folder()) for name in names if not name.endswith(".lock")]
    assert kept == []


def test_a_missing_object_is_an_error(store, ref):
    store.delete(ref.uri.removeprefix(f"{store.url}/"))
    with pytest.raises((CorruptObjectError, ObjectNotFoundError)):
        local_file(store, ref)
