"""The commit of the code that runs: the package's own, or none."""

import json
import os
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

PACKAGE = "aepipe"
PROJECT = "pyproject.toml"


def git_commit() -> str | None:
    """Return the commit of the code that runs, with -dirty where it was changed since; $AEPIPE_GIT_COMMIT goes first.

    It is that of aepipe's own checkout, or the one that pip installed it from. A checkout of another project around the
    installation, or one that has a copy of the package, says nothing about it.
    """
    folder = Path(__file__).parents[1]
    return os.environ.get("AEPIPE_GIT_COMMIT") or _checked_out(folder) or _installed(folder)


def _checked_out(package: Path) -> str | None:
    project = package.parent / PROJECT
    if not _is_of_this_package(project) or _git(package.parent, "ls-files", "--error-unmatch", PROJECT) is None:
        return None
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    return _git(package, "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")


def _is_of_this_package(project: Path) -> bool:
    try:
        name: object = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("name")
    except (OSError, ValueError):
        return False
    return name == PACKAGE


def _installed(package: Path) -> str | None:
    """Return the commit that pip took the package from, where this is the copy that pip installed."""
    try:
        distribution = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        return None
    if Path(str(distribution.locate_file(PACKAGE))).resolve() != package.resolve():
        return None
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    commit: str | None = origin.get("vcs_info", {}).get("commit_id")
    return commit


def _git(folder: Path, *arguments: str) -> str | None:
    # A hook's variables name the repository that it runs in.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10, env=environment)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
