"""One server for all tests that change nothing about it."""

from collections.abc import Iterator

import httpx
import pytest
from published_models import RECIPE, publish
from serving import running

from aepipe.store import Store, open_store


@pytest.fixture(scope="session")
def digits_store(tmp_path_factory, trained_files) -> Store:
    """A store that nobody changes, with a model in production."""
    store = open_store(tmp_path_factory.mktemp("served"))
    publish(store, trained_files, {RECIPE: "promoted"})
    return store


@pytest.fixture(scope="session")
def client(digits_store) -> Iterator[httpx.Client]:
    """A client of the server."""
    with running(digits_store) as client:
        yield client
