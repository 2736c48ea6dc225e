"""An empty store on every kind of server, with what preflight measured there."""

import os
import uuid

import pytest

from aepipe.io.s3_client import make_client
from aepipe.store import open_store
from aepipe.store.preflight import preflight
from aepipe.store.s3 import store as s3_store

# A server of one's own: AEPIPE_TEST_S3=<endpoint> with the usual AWS variables, and a bucket that exists.
NAMED = ["named"] if os.environ.get("AEPIPE_TEST_S3") else []
SERVERS = [f"{name}-{scheme}" for name in ("seaweedfs", "moto", "rclone") for scheme in ("http", "https")]


@pytest.fixture(scope="session")
def clients_of():
    """Clients by server: to make one takes longer than most tests."""
    return {}


@pytest.fixture(scope="session")
def measured():
    """What preflight found, by server."""
    return {}


@pytest.fixture(params=["folder", *SERVERS, *NAMED])
def server_name(request):
    return request.param


@pytest.fixture
def store(server_name, request, tmp_path, monkeypatch, clients_of):
    """An empty store."""
    if server_name == "folder":
        return open_store(tmp_path / "store")
    clients = clients_of.setdefault(server_name, {})

    def make_once(session, total_max_attempts):
        if total_max_attempts not in clients:
            clients[total_max_attempts] = make_client(session, total_max_attempts)
        return clients[total_max_attempts]

    monkeypatch.setattr(s3_store, "make_client", make_once)
    return open_store(f"s3://{_bucket(server_name, request, monkeypatch)}/{uuid.uuid4().hex}")


def _bucket(server_name, request, monkeypatch) -> str:
    """Set the variables that lead to a server, and return the name of its bucket."""
    if server_name == "named":
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", os.environ["AEPIPE_TEST_S3"])
        return os.environ.get("AEPIPE_TEST_BUCKET", "aepipe-test")
    server = request.getfixturevalue("start_server")(*server_name.split("-"))
    request.getfixturevalue("lead_to")(server)
    return server.bucket


@pytest.fixture
def found(server_name, store, measured):
    """What preflight measures on this server."""
    if server_name not in measured:
        measured[server_name] = preflight(store)
    return measured[server_name]


@pytest.fixture
def conditions_are_enforced(found):
    if not found.is_safe:
        pytest.skip(f"measured: {found}")


@pytest.fixture
def conditions_are_ignored(found):
    if found.is_safe:
        pytest.skip(f"measured: {found}")
