"""The whole examination, and the command that prints it."""

import json
import os

import pytest
from command_line import app
from prefect.settings import PREFECT_API_URL, temporary_settings
from servers.server import free_ports
from typer.testing import CliRunner

from aepipe.deploy.doctor import examination, machine
from aepipe.deploy.doctor.examination import Finding, examine


def test_whatever_is_wrong_everything_is_checked(tmp_path, monkeypatch):
    # No server, a store that is none, no cache, and a driver that shows two GPUs more than there are.
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho GPU 0\necho GPU 1\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setenv("AEPIPE_MIRROR", "ftp://host")
    monkeypatch.delenv("AEPIPE_TRUSTED_KEYS", raising=False)
    # What a busy machine takes longer for is not tested here.
    monkeypatch.setattr(examination, "LIMIT_SECONDS", 200.0)
    monkeypatch.setattr(machine, "TENSORFLOW_SECONDS", 180.0)
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_ports(1)[0]}/api"}):
        found = {finding.subject: finding for finding in examine("ftp://host", "process", None)}
    broken = [subject for subject, finding in found.items() if finding.state == "broken"]
    assert broken == ["Prefect API", "store", "data sets", "GPUs"]
    assert found["GPUs"].finding == "nvidia-smi shows 2, TensorFlow sees 0"
    assert found["signing keys"].state == "ok"
    assert [subject.partition(" ")[0] for subject in found][5:] == ["disk", "memory", "packages"]


@pytest.mark.parametrize(("state", "exit_code"), [("ok", 0), ("warning", 0), ("broken", 1)])
def test_the_exit_code_is_1_where_something_is_broken(monkeypatch, state, exit_code):
    monkeypatch.setattr(
        examination, "examine", lambda *_: [Finding("ok", "a", "fine"), Finding(state, "b", "odd", "Look.")]
    )
    assert CliRunner().invoke(app, ["doctor"]).exit_code == exit_code
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == exit_code
    assert json.loads(done.stdout) == [
        {"state": "ok", "what": "a", "found": "fine", "way out": None},
        {"state": state, "what": "b", "found": "odd", "way out": "Look."},
    ]
