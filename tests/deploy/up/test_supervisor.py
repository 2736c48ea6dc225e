"""What `aepipe up` does before a server is there, and when it does not answer; the whole of it is in tests/e2e."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from servers.server import free_ports

from aepipe.deploy.connection import ServerError, connected
from aepipe.deploy.up.address import Address
from aepipe.deploy.up.credentials import AUTH_FILE, auth_string, find_servers, prepare_state, write_client_file
from aepipe.deploy.up.leftovers import MARK, environments
from aepipe.deploy.up.program import Program
from aepipe.deploy.up.supervisor import Machine
from aepipe.io.listening import ListenError


def machine(tmp_path: Path, port: int, host: str = "127.0.0.1", **changes) -> Machine:
    return Machine(
        **{
            **{"store": str(tmp_path / "store"), "host": host, "port": port, "state": tmp_path / "state"},
            **{"database": None, "notify": None, "file": None},
            **changes,
        }
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def nothing_starts(monkeypatch):
    """Fails the test where a program is started."""
    monkeypatch.setattr(Program, "start", lambda program: pytest.fail(f"{program.name} was started"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0"])
def test_where_somebody_else_listens_it_ends_in_one_line_and_starts_nothing(tmp_path, nothing_starts, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as other:
        port = other.getsockname()[1]
        with pytest.raises(ListenError, match=f"Address already in use; nothing was changed. Received: host='{host}'"):
            machine(tmp_path, port, host).run()


def test_a_folder_of_another_server_is_refused(tmp_path, nothing_starts):
    from filelock import FileLock

    prepare_state(tmp_path / "state")
    with FileLock(tmp_path / "state" / "lock"), pytest.raises(ServerError, match="belongs to one server"):
        machine(tmp_path, free_ports(1)[0]).run()


def test_an_address_that_is_not_this_machines_is_refused(tmp_path, nothing_starts):
    with pytest.raises(ListenError, match="The server must be able to listen"):
        machine(tmp_path, free_ports(1)[0], "203.0.113.7").run()


@pytest.mark.parametrize(("host", "url"), [("::1", "http://[::1]:42"), ("localhost", "http://localhost:42")])
def test_an_address_with_colons_stands_in_brackets(host, url):
    assert Address(host, 42).url == url
    assert url in Address(host, 42).origins({})


def test_a_server_answers_to_what_operators_call_it():
    environment = {"PREFECT_SERVER_UI_API_URL": "https://prefect.example.org/api"}
    address = Address("10.0.0.5", 4200)
    assert address.hosts(environment) == ["10.0.0.5", "127.0.0.1", "localhost", "::1", "prefect.example.org"]
    assert "https://prefect.example.org" in address.origins(environment)
    assert "http://prefect.example.org:4200" in address.origins(environment)


def test_what_the_folder_keeps_is_for_its_user_alone(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    (state / "prefect.db").write_text("an older server's")
    prepare_state(state)
    write_client_file(state, "http://127.0.0.1:4200", auth_string(state))
    assert mode(state) == mode(state / "logs") == 0o700
    assert {mode(file) for file in state.iterdir() if file.is_file()} == {0o600}


def test_a_folder_with_other_things_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "somebody's").touch()
    prepare_state(tmp_path)
    assert mode(tmp_path) == 0o755


def test_the_string_is_made_once_and_an_operators_own_goes_first(tmp_path, monkeypatch):
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    first = auth_string(tmp_path)
    assert len(first) > 40
    assert auth_string(tmp_path) == first == (tmp_path / AUTH_FILE).read_text().strip()
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "me:mine")
    assert auth_string(tmp_path) == "me:mine"


def test_commands_of_its_user_find_a_server_that_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("aepipe.deploy.up.credentials.environments", environments)
    state = tmp_path / "state"
    prepare_state(state)
    write_client_file(state, "http://127.0.0.1:4321", "user:it's $HOME")
    with subprocess.Popen([sys.executable, "-c", "input()"], env={MARK: str(state)}, stdin=subprocess.PIPE) as running:
        assert find_servers()["http://127.0.0.1:4321/api"] == "user:it's $HOME"
        running.communicate(b"\n")


def test_a_shell_reads_what_commands_must_know(tmp_path):
    write_client_file(tmp_path, "http://127.0.0.1:4321", "user:it's $HOME")
    command = f'set -a; . {tmp_path}/client.env; set +a; printf %s "$PREFECT_API_AUTH_STRING"'
    assert subprocess.run(["sh", "-c", command], capture_output=True, text=True).stdout == "user:it's $HOME"


def test_stopping_needs_no_answer(tmp_path, monkeypatch, capsys):
    """A server that hangs: it accepts, and says nothing for ever."""
    monkeypatch.setattr("aepipe.deploy.up.supervisor.GOODBYE", {})
    monkeypatch.setattr("aepipe.deploy.up.supervisor.connected", _no_server)
    programs = [
        Program(name, [sys.executable, "-c", "input()"], {MARK: str(tmp_path)}, tmp_path / name) for name in ("s", "w")
    ]
    with machine(tmp_path, free_ports(1)[0])._stopped_at_the_end(programs[0], programs[1:]):
        for program in programs:
            program.start()
            # input() at the end of its input ends by itself.
            program.process.wait(20)
            program.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    assert [program.process.returncode for program in programs] == [-signal.SIGTERM, -signal.SIGTERM]
    said = capsys.readouterr()
    assert "could not be told" in said.err
    assert said.out.endswith("Stopped.\n")


def _no_server():
    raise ServerError("The Prefect server must answer.")


def test_without_a_server_the_way_out_names_one():
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ServerError, match="must be named"),
        connected(),
    ):
        pass
    assert "PREFECT_API_URL" not in os.environ
