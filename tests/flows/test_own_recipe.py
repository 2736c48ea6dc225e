"""A recipe of another distribution, trained from the command line as docs/own-recipes.md says."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from distributions import ALIAS, NAME, PAGE, install, install_page
from prefect.settings import PREFECT_API_URL

from aepipe.releases.manifest import list_releases
from aepipe.store import open_store

ROOT = Path(__file__).parents[2]
MODULE = PAGE.partition("## As a module")[2].partition("\n## ")[0]


@pytest.fixture
def run(tmp_path):
    """Runs a command where the page's distribution is installed."""
    install_page(tmp_path / "site")
    # Whatever another distribution says, the others go on.
    install(tmp_path / "site", "odd", {"Digits_Narrow": "odd:A", "faces-conv": "odd:B", "all": "odd:C"}, {})
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}"}

    def begin(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", "from aepipe.command import main; main()", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)

    return begin


def test_a_recipe_from_outside_is_listed_and_trained(run, tmp_path):
    shown, trained = (shlex.split(line)[1:] for line in re.findall(r"^aepipe .*$", MODULE, re.MULTILINE))
    listed = run(*shown, "--json")
    rows = json.loads(listed.stdout)
    assert listed.stderr.count("Mend or uninstall odd 1.0.\n") == listed.stderr.count("\n") == 3
    assert [(row["short"], row["setting"]) for row in rows if row["recipe"] == NAME] == [(ALIAS, "tuned")]
    refused = run(*trained, "--setting", "published")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"The recipe {NAME} has the setting tuned only. Received: setting='published'" in refused.stderr
    changes = (f"{ALIAS}.max_steps=3", "noise.kinds=gaussian", "noise.levels=0.2")
    few = ["--exports", "none", *(word for change in changes for word in ("--set", change))]
    done = run(*trained, *few, "--server", PREFECT_API_URL.value())
    assert done.returncode == 0, done.stderr[-2000:]
    (manifest,) = list_releases(open_store(str(tmp_path / "store")))
    assert (list(manifest.recipes), manifest.recipes[NAME].code_size) == ([NAME], 8)
