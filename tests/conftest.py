"""Fixtures that several folders of tests share."""

import uuid

import pytest
from s3_server import S3Server, seaweedfs_server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory) -> S3Server:
    """A real S3 server, started once."""
    with seaweedfs_server(tmp_path_factory.mktemp("s3") / "server") as server:
        yield server


@pytest.fixture
def s3_store_url(s3_server, monkeypatch) -> str:
    """A fresh prefix in its bucket, with the variables set that lead there."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return f"s3://{s3_server.bucket}/{uuid.uuid4().hex}"


@pytest.fixture(params=["folder", "s3"])
def store_url(request, tmp_path) -> str:
    """An empty store of each kind."""
    return str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("s3_store_url")
