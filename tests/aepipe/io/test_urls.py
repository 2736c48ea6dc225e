import pytest

from aepipe.io.urls import has_secrets, without_secrets


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@h.example:8/p/a.gz?token=secret", "https://...@h.example:8/p/a.gz?..."),
        ("http://h.example/a#secret", "http://h.example/a?..."),
        ("s3://AKIA:abc/secret@bucket/prefix", "s3://...@bucket/prefix"),
        ("s3://AKIA:sec@ret/x@bucket/prefix", "s3://...@bucket/prefix"),
        ("images:s3://AKIA:secret@bucket/prefix", "images:s3://...@bucket/prefix"),
        ("https://secret@h.example/x", "https://...@h.example/x"),
        ("postgresql+asyncpg://user:secret@host/name", "postgresql+asyncpg://...@host/name"),
        ("http://user:se?cret#/@h.example/x", "http://...@h.example/x"),
    ],
)
def test_secrets_are_taken_out(url, shown):
    assert without_secrets(url) == shown
    assert has_secrets(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3://bucket/cats@2x/a.png",
        "s3://bucket/what?",
        "/data/me@home",
        "file:///a@b",
        "http://h:8080/a",
        "images:/x@y",
    ],
)
def test_other_addresses_stay_as_they_are(url):
    assert without_secrets(url) == url
    assert not has_secrets(url)
