"""What the project says of itself is said once: version, licence, Pythons, and the targets of make."""

import os
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import yaml
from longest import LONGEST
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = {name for line in re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE) for name in line.split()} - {"FORCE"}
# Without the records of versions that were.
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(path for path in (ROOT / "deploy").rglob("*"))]
TEXTS = [path for path in PAGES if path.is_file() and path.suffix not in {".lock", ".pyc"}]


def test_the_package_that_is_installed_has_the_projects_version():
    """Where this fails, the environment is older than pyproject.toml: run make lint."""
    assert metadata.version("aepipe") == PROJECT["version"]


def test_images_are_named_by_the_projects_version():
    named = {(path.name, tag) for path in TEXTS for tag in re.findall(r"\baepipe:(\d+\.\d+\.\d+)", path.read_text())}
    assert len(named) > 5
    assert {tag for _, tag in named} == {PROJECT["version"]}


def test_the_changelog_begins_with_the_projects_version():
    heading = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading.group(1) == PROJECT["version"]


def test_the_licence_goes_with_the_package():
    (file,) = PROJECT["license-files"]
    assert PROJECT["license"] == "Apache-2.0"
    assert " ".join((ROOT / file).read_text().split()).startswith("Apache License Version 2.0, January 2004")


def test_the_pythons_of_the_package_are_those_that_are_tested():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    named = [classifier.rpartition(" ")[2] for classifier in PROJECT["classifiers"] if ":: 3." in classifier]
    assert tested == named
    assert [minor for minor in range(30) if f"3.{minor}.5" in SpecifierSet(PROJECT["requires-python"])] == [
        int(version.removeprefix("3.")) for version in tested
    ]


def test_what_is_run_for_a_commit_are_targets_of_make():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    run = [hook["entry"] for repository in hooks for hook in repository["hooks"]]
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"].values()
    run += [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    called = {command.split()[1] for command in run if command.startswith("make ")}
    assert {"test", "run", "types"} <= called <= TARGETS


def test_make_alone_lists_every_target():
    # The tests themselves may be run by make, which would say where it is.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    said = subprocess.run(["make"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in said.splitlines()} == TARGETS


def test_the_files_that_begin_first_are_there():
    assert [path for path in LONGEST if not path.is_file()] == []
    assert "--no-loadscope-reorder" in MAKEFILE
