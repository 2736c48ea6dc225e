"""What servers say about the time, whatever else they say."""

import pytest
from servers.server import free_ports

from aepipe.errors import TransientStoreError
from aepipe.store.s3.clock import seconds_ahead


def test_a_server_on_this_machine_has_its_time(s3_store_url):
    assert -2 < seconds_ahead(s3_store_url) < 30


def test_a_refusal_tells_the_time_too(s3_store_url):
    assert -2 < seconds_ahead("s3://no-such-bucket-of-ours/x") < 30


def test_no_server(s3_store_url, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(TransientStoreError):
        seconds_ahead(s3_store_url)
