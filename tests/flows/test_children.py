"""Children of a run that is stopped: they end with it, whatever the server says."""

import httpx
import pytest
from prefect import flow
from prefect.exceptions import ObjectNotFound

from aepipe.flows import children


class Stop(BaseException):
    """What a signal raises."""


@pytest.mark.parametrize(
    "problem", [None, httpx.ConnectError("gone"), ObjectNotFound(Exception("404")), ValueError("unforeseen")], ids=repr
)
def test_what_runs_here_is_stopped_once_whatever_the_server_says(problem, monkeypatch):
    stops = []
    read = children.read_children

    def ask(client):
        if problem is not None:
            raise problem
        return read(client)

    monkeypatch.setattr(children, "read_children", ask)

    @flow
    def parent():
        expected = ValueError if isinstance(problem, ValueError) else Stop
        with pytest.raises(expected), children.cancelled_children(lambda: stops.append(None)):
            raise Stop
        return len(stops)

    assert parent() == 1
