"""A trained model for the tests of what is done with published ones."""

from pathlib import Path

import pytest
from published_models import RECIPE, publish, train_on_digits

from aepipe.store import Store, open_store


@pytest.fixture(scope="session")
def trained_files(tmp_path_factory) -> dict[str, Path]:
    """The files of one small training, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEPIPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return train_on_digits(open_store(tmp_path_factory.mktemp("training")))


@pytest.fixture
def published_store(store_url, trained_files, tmp_path, monkeypatch) -> Store:
    """A store of each kind with a release of that training in production."""
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    store = open_store(store_url)
    publish(store, trained_files, {RECIPE: "promoted", "faces-conv": "held"})
    return store
