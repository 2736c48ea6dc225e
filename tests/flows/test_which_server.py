"""A run is told to the server that somebody asked for, and says which; a profile alone decides nothing."""

import http.server
import os
import threading

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from aepipe.errors import ParameterError
from aepipe.flows import which_server
from aepipe.flows.which_server import use_server

PROFILES = 'active = "other"\n[profiles.other]\nPREFECT_API_URL = "http://user:secret@other.test:4200/api"\n'


class Started:
    def wait_until_healthy(self):
        """Nothing to wait for."""


@pytest.fixture(autouse=True)
def _profile_of_another_project(tmp_path, monkeypatch):
    (tmp_path / "profiles.toml").write_text(PROFILES)
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH", "no_proxy", "NO_PROXY"):
        # Set first, so that what the code sets is taken back.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))


@pytest.fixture
def started(monkeypatch):
    servers = []
    monkeypatch.setattr(which_server, "start_embedded_server", lambda: servers.append(Started()) or servers[-1])
    return servers


def test_a_profile_is_passed_over_and_that_is_said(started, capsys):
    use_server(None, "two recipes")
    said = capsys.readouterr().err
    assert len(started) == 1
    assert "a Prefect server of its own (not http://...@other.test:4200/api of Prefect's profile other" in said
    assert "secret" not in said


def test_a_profile_that_is_asked_for_decides(started, capsys):
    use_server("profile", "two recipes")
    assert started == []
    assert os.environ["PREFECT_API_URL"] == "http://user:secret@other.test:4200/api"
    assert "http://...@other.test:4200/api, named by Prefect's profile other" in capsys.readouterr().err


def test_the_variable_decides_and_is_said(started, monkeypatch, capsys):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    wait = use_server(None, "two recipes")
    assert started == []
    assert "Prefect server http://127.0.0.1:9/api, named by PREFECT_API_URL" in capsys.readouterr().err
    with pytest.raises(ParameterError, match=r"named_by='PREFECT_API_URL'.*--server embedded"):
        wait()


def test_one_of_its_own_may_be_asked_for_where_the_variable_names_another(started, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    use_server("embedded", "two recipes")
    assert len(started) == 1


@pytest.mark.parametrize("address", ["nonsense", "http://[::1", "ftp://host/api", "http://127.0.0.1:9/api"])
def test_an_address_where_nothing_answers_is_one_line(address, started):
    with pytest.raises(ParameterError, match="The Prefect server must answer"):
        use_server(address, "two recipes")()


@pytest.mark.parametrize("text", ["", "active = 3", "not toml [", 'active = "gone"'])
def test_a_profile_that_names_none_is_refused(text, tmp_path):
    (tmp_path / "profiles.toml").write_text(text)
    with pytest.raises(ParameterError, match="must name a server"):
        use_server("profile", "two recipes")


def test_credentials_that_a_server_refuses_are_one_line(started, monkeypatch):
    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path.endswith("/health") else 401)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/api"
    wait = use_server(url, "two recipes")
    with temporary_settings({PREFECT_API_URL: url}), pytest.raises(ParameterError, match="Received: status=401"):
        wait()
    server.shutdown()
    server.server_close()


def test_loopback_is_asked_without_a_proxy(started, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "corp.test")
    use_server(None, "two recipes")
    assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "corp.test,127.0.0.1,localhost,::1"
