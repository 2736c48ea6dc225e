"""Where what can be fetched again is kept, also for a user without a home."""

import pytest

from aepipe.errors import ParameterError
from aepipe.io.folders import default_cache_folder


@pytest.fixture
def nobody(monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "AEPIPE_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2_000_123)


@pytest.mark.usefixtures("nobody")
def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    with pytest.raises(ParameterError, match="Set AEPIPE_CACHE"):
        default_cache_folder()
    monkeypatch.setenv("AEPIPE_CACHE", "/cache/of-nobody")
    assert str(default_cache_folder()) == "/cache/of-nobody"
