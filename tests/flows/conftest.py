"""Every test of the flows has the server."""

import pytest


@pytest.fixture(autouse=True)
def _with_a_server(prefect_server):
    """One for all of them."""
