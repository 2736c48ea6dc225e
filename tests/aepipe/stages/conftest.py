"""A store, and pictures of one's own beside it."""

import pytest
from picture_files import save_plain

from aepipe.store import open_store


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def store(cache, tmp_path):
    return open_store(tmp_path / "store")


@pytest.fixture
def pets(tmp_path):
    """Four pictures of two classes, each of one value."""
    for number in range(4):
        save_plain(tmp_path / "pets" / "ab"[number % 2] / f"{number}.png", number)
    return tmp_path / "pets"
