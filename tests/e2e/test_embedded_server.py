"""A run's own Prefect server: it answers the run alone, needs no home, and is gone with the run, however that ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
RUN = """
import os
from aepipe.flows.embedded_server import start_embedded_server
server = start_embedded_server()
server.wait_until_healthy()
print(server.url, server.folder, server.process.pid, os.environ["PREFECT_API_AUTH_STRING"], flush=True)
input()
"""


def run(**environment) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", RUN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def wait_until_gone(*paths: Path) -> None:
    deadline = time.monotonic() + 60
    while any(path.exists() for path in paths):
        assert time.monotonic() < deadline, paths
        time.sleep(0.1)


def test_it_answers_who_started_it_and_is_gone_when_that_one_is_killed(tmp_path):
    others = {
        # Of another server: it would ask for other credentials, listen under another path, or keep to no file.
        "PREFECT_SERVER_API_AUTH_STRING": "their:own",
        "PREFECT_SERVER_API_BASE_PATH": "/theirs",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://nobody@127.0.0.1:9/none",
        "PREFECT_HOME": "/proc/none",
        "PREFECT_PROFILE": "theirs",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "AEPIPE_CACHE": "/proc/none",
    }
    process = run(**others, TMPDIR=str(tmp_path))
    try:
        line = process.stdout.readline().split()
        assert line, process.communicate()
        url, folder, pid, password = line
        ask = f"{url}/admin/version"
        assert httpx.get(ask, trust_env=False).status_code == 401
        user, _, secret = password.partition(":")
        assert httpx.get(ask, auth=(user, secret), trust_env=False).status_code == 200
        assert (Path(folder).stat().st_mode & 0o077, os.getsid(int(pid))) == (0, int(pid))
    finally:
        process.kill()
        process.communicate()
    wait_until_gone(Path(folder), Path("/proc") / pid)


def test_one_that_dies_while_it_starts_is_one_line(tmp_path):
    # Where a module of its own can't be imported.
    (tmp_path / "sqlalchemy.py").write_text("raise ImportError('this is what it died of')")
    code = """
import sys
from aepipe.flows import embedded_server
from aepipe.flows.embedded_server import EmbeddedServerError, start_embedded_server
# On a busy machine the start would be a line of its own.
embedded_server.SAY_EVERY_SECONDS = 600
try:
    start_embedded_server().wait_until_healthy()
except EmbeddedServerError as error:
    sys.exit(str(error))
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "AEPIPE_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == 1
    # A busy machine is told that it takes a while.
    (line,) = [line for line in done.stderr.splitlines() if "still starting" not in line]
    assert "this is what it died of" in line


@pytest.mark.parametrize("folder", ["/proc/none"])
def test_a_machine_without_a_writable_folder_is_told_so(folder, monkeypatch):
    from aepipe.flows import embedded_server

    monkeypatch.setattr(embedded_server.tempfile, "tempdir", folder)
    with pytest.raises(embedded_server.EmbeddedServerError, match="Set TMPDIR to one"):
        embedded_server.start_embedded_server()
