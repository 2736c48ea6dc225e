"""Every test of the flows has the server, and what trains one recipe does so in its own process."""

import pytest

from aepipe.flows.executors import train_all
from aepipe.flows.executors.lanes import train_here


@pytest.fixture(autouse=True)
def _with_a_server(prefect_server):
    """One for all of them."""


@pytest.fixture(autouse=True, scope="module")
def _one_recipe_in_this_process():
    """Another process takes seconds to start; those that train two recipes show that trainings have processes."""
    in_processes = train_all.TRAIN["local"]

    def train(requests, at_once, shared):
        return in_processes(requests, at_once, shared) if len(requests) > 1 else [train_here(requests[0], shared)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(train_all.TRAIN, "local", train)
        yield
