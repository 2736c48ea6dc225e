import pytest

from aepipe.errors import StoreError
from aepipe.io.s3_client import connect


def test_an_endpoint_with_a_password_is_refused_without_showing_it(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://user:sec/ret@127.0.0.1:9")
    with pytest.raises(StoreError, match=r"holds no user.*AWS_ACCESS_KEY_ID") as refused:
        connect("s3://bucket")
    assert "ret" not in str(refused.value).replace("SECRET", "")


def test_an_endpoint_that_is_no_address(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "127.0.0.1")
    with pytest.raises(StoreError, match="must be a URL"):
        connect("s3://bucket")
