"""A release names the commit of aepipe, never that of a project around it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aepipe.releases import commit
from aepipe.releases.commit import git_commit

ROOT = Path(__file__).parents[3]
ASKED = "from aepipe.releases.commit import git_commit; print(git_commit())"


def git(folder: Path, *arguments: str) -> str:
    names = ["-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *names, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A project's checkout with a copy of the package in it, which git does not know yet."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "another project")
    folder = tmp_path / "aepipe"
    for path in ("__init__.py", "errors.py", "releases/__init__.py", "releases/commit.py"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "aepipe" / path, folder / path)
    # What it imports of the package is not needed here.
    (folder / "__init__.py").write_text("")
    return tmp_path


def say(checkout: Path, **variables: str) -> str | None:
    environment = {name: value for name, value in os.environ.items() if name != "AEPIPE_GIT_COMMIT"}
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(checkout)!r}); {ASKED}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment | variables, cwd="/")
    said = done.stdout.strip()
    return None if said == "None" else said


def add(checkout: Path, project: str | None) -> str:
    if project is not None:
        (checkout / "pyproject.toml").write_text(f'[project]\nname = "{project}"\n')
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "a copy")
    return git(checkout, "rev-parse", "HEAD")


def test_a_project_around_the_installation_gives_no_commit(checkout):
    assert say(checkout) is None


@pytest.mark.parametrize("project", ["shoes", None])
def test_a_project_that_keeps_a_copy_gives_no_commit(checkout, project):
    add(checkout, project)
    assert say(checkout) is None


def test_the_packages_own_checkout_gives_its_commit_and_says_what_was_changed_since(checkout):
    head = add(checkout, "aepipe")
    assert say(checkout, GIT_DIR="/nowhere") == head
    (checkout / "aepipe" / "errors.py").write_text("changed = True")
    assert say(checkout) == f"{head}-dirty"


def test_what_pip_installed_from_a_repository_has_the_commit_that_pip_took(checkout, monkeypatch):
    package, information = checkout / "aepipe", checkout / "aepipe-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: aepipe\nVersion: 0.1.0\n")
    (information / "direct_url.json").write_text('{"url": "u", "vcs_info": {"vcs": "git", "commit_id": "abc"}}')
    assert say(checkout) == "abc"
    shutil.copytree(package, checkout / "vendor" / "aepipe")
    monkeypatch.setattr(sys, "path", [str(checkout), *sys.path])
    assert commit._installed(checkout / "vendor" / "aepipe") is None


def test_the_commit_can_be_told_where_there_is_no_checkout(monkeypatch):
    monkeypatch.setenv("AEPIPE_GIT_COMMIT", "abc")
    assert git_commit() == "abc"
