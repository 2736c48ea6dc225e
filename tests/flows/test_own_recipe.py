"""A recipe of another distribution, trained from the command line as docs/own-recipes.md says."""

import json
import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from distributions import ALIAS, NAME, PAGE, install_page
from prefect.settings import PREFECT_API_URL

import aepipe


@pytest.fixture
def run(tmp_path):
    """Runs a command where the page's distribution is installed."""
    install_page(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "COLUMNS": "200"}

    def begin(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "aepipe.command", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)

    return begin


def test_a_recipe_from_outside_is_listed_trained_and_loaded(run, tmp_path):
    shown, trained = (shlex.split(line)[1:] for line in re.findall(r"^aepipe .*$", PAGE, re.MULTILINE))
    rows = json.loads(run(*shown, "--json").stdout)
    assert [(row["short"], row["setting"]) for row in rows if row["recipe"] == NAME] == [(ALIAS, "tuned")]
    refused = run(*trained, "--setting", "published")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"The recipe {NAME} has the setting tuned only. Received: setting='published'" in refused.stderr
    few = ["--set", f"{ALIAS}.max_steps=3", "--set", "noise.kinds=gaussian", "--set", "noise.levels=0.2"]
    done = run(*trained, *few, "--server", PREFECT_API_URL.value())
    assert done.returncode == 0, done.stderr[-2000:]
    # Who loads a model needs its release, not the distribution.
    model = aepipe.load(tmp_path / "store", NAME, channel="candidate")
    assert model.encode(np.zeros((2, 8, 8, 1), np.float32)).shape == (2, 8)
