"""The program starts beside other people's modules that have the names of its own packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["tasks", "flows", "deploy"])
def test_a_module_of_the_same_name_on_the_path_does_no_harm(name, tmp_path):
    (tmp_path / f"{name}.py").write_text("raise RuntimeError('this is not the one')")
    code = "import sys; sys.argv[1:] = ['run', '--set', 'epochs=0']; from aepipe.command import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("aepipe: Input should be greater than or equal to 1.")
    assert done.stderr.count("\n") == 1


def test_the_program_is_this_one():
    assert 'aepipe = "aepipe.command:main"' in (ROOT / "pyproject.toml").read_text()
