"""Fixtures that several folders of tests share."""

import gc
import uuid
from contextlib import ExitStack
from functools import cache

import pytest
from longest import LONGEST
from servers.certificates import Certificates, make_certificates
from servers.moto import moto_server
from servers.rclone import rclone_server
from servers.seaweedfs import seaweedfs_server
from servers.server import S3Server
from shapes import check_shapes

# Before anything imports the modules that are checked.
check_shapes()
# TensorFlow, Prefect and pandas are a million objects: looking through them again and again takes 4% of the time.
gc.set_threshold(50_000, 20, 100)

SERVERS = {"seaweedfs": seaweedfs_server, "moto": moto_server, "rclone": rclone_server}
# What the machine's user may have set, and what would lead a test elsewhere.
UNWANTED_VARIABLES = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AEPIPE_S3_ANONYMOUS")


def pytest_collection_modifyitems(items):
    """Workers take files in this order where pytest-xdist is told not to put those with the most tests first."""
    items.sort(key=lambda item: LONGEST.index(item.path) if item.path in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory) -> Certificates:
    """An authority of the tests' own, and a certificate of it for this machine."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def start_server(tmp_path_factory, certificates):
    """Gives a running server, `start_server("moto", "https")`; each is started once, when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def start(name: str, scheme: str) -> S3Server:
            folder = tmp_path_factory.mktemp(name) / "server"
            return stack.enter_context(SERVERS[name](folder, certificates if scheme == "https" else None))

        yield start


@pytest.fixture
def lead_to(monkeypatch):
    """Sets the standard variables so that they lead to a server."""

    def lead(server: S3Server) -> None:
        for name in UNWANTED_VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)

    return lead


@pytest.fixture(scope="session")
def s3_server(start_server) -> S3Server:
    """A real S3 server that enforces what it is asked."""
    return start_server("seaweedfs", "http")


@pytest.fixture
def s3_store_url(s3_server, lead_to) -> str:
    """A fresh prefix in its bucket, with the variables set that lead there."""
    lead_to(s3_server)
    return f"s3://{s3_server.bucket}/{uuid.uuid4().hex}"


@pytest.fixture(params=["folder", "s3"])
def store_url(request, tmp_path) -> str:
    """An empty store of each kind."""
    return str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("s3_store_url")


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory):
    """A real Prefect server, one for all: what sends events to it keeps to the first that there was."""
    from prefect import settings
    from prefect.logging import disable_run_logger  # noqa: F401 - imported before the harness changes settings
    from prefect.testing.utilities import prefect_test_harness

    chosen = {
        settings.PREFECT_RESULTS_LOCAL_STORAGE_PATH: tmp_path_factory.mktemp("results"),
        # Every flow waits up to a second for its heartbeat to end.
        settings.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        settings.PREFECT_LOGGING_TO_API_ENABLED: False,
        settings.PREFECT_SERVER_ANALYTICS_ENABLED: False,
        # Where the links in messages lead.
        settings.PREFECT_UI_URL: "http://prefect.test",
    }
    with settings.temporary_settings(chosen), prefect_test_harness(server_startup_timeout=120):
        yield
