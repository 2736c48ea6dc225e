"""Who may be served without a token, and what is one."""

import pytest

from aepipe.errors import ParameterError
from aepipe.inference.serve.server import serve
from aepipe.inference.serve.settings import TOKEN, ServeSettings, read_token


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_nobody_elsewhere_is_served_without_a_token(tmp_path, host):
    with pytest.raises(ParameterError, match=rf"loopback asks for a token.*{TOKEN}.*--token-file"):
        serve(tmp_path / "store", "mnist-dense", "production", ServeSettings(host=host, port=0))


def test_a_token_is_in_a_file_or_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv(TOKEN, raising=False)
    assert read_token(None) is None
    monkeypatch.setenv(TOKEN, "of-the-environment")
    (tmp_path / "token").write_text("of-the-file-itself\n")
    tokens = read_token(None), read_token(tmp_path / "token")
    assert [token.get_secret_value() for token in tokens] == ["of-the-environment", "of-the-file-itself"]
    assert "of-the" not in repr(ServeSettings(token=tokens[0]))


@pytest.mark.parametrize("text", ["", "short", "with spaces in its middle"])
def test_what_is_soon_guessed_is_no_token(tmp_path, text):
    (tmp_path / "token").write_text(text)
    with pytest.raises(ParameterError, match="at least 16 characters") as caught:
        read_token(tmp_path / "token")
    assert not text or text not in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ParameterError, match="No such file"):
        read_token(tmp_path / "token")
