"""The package as it is installed elsewhere: one name beside other people's, and a run beside folders of their own."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("aepipe", "flows", "tasks", "deploy", "pyproject.toml", "README.md")
OWN = "raise RuntimeError('this is not the one')\n"


def call(*command: object, **options) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    # A build leaves its own folders beside the sources.
    sources, folder = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        path = ROOT / name
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, sources / name, **({"symlinks": True} if path.is_dir() else {}))
    for extra in ROOT.glob("LICENSE*"):
        shutil.copy(extra, sources)
    call(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", folder, sources)
    (built,) = folder.iterdir()
    return built


def test_everything_is_in_one_package(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"aepipe"}
    for needed in (
        "py.typed",
        "flows/pipeline.py",
        "tasks/publish.py",
        "deploy/prefect.yaml",
        "deploy/pools/docker.json",
    ):
        assert f"aepipe/{needed}" in names
    assert not [name for name in names if "requirements" in name or name.endswith(".lock")]


def test_a_run_beside_flows_of_ones_own(wheel, tmp_path):
    """As a user of Prefect has them: a folder flows/, and modules tasks and deploy, which come first on the path."""
    installed, project = tmp_path / "installed", tmp_path / "project"
    call(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", installed, wheel)
    (project / "flows").mkdir(parents=True)
    for name in ("flows/__init__.py", "flows/pipeline.py", "tasks.py", "deploy.py"):
        (project / name).write_text(OWN)
    environment = {**os.environ, "PYTHONPATH": f"{project}:{installed}", "HOME": str(tmp_path)}
    options = {"cwd": project, "env": environment}
    where = "import aepipe.flows.pipeline as found; print(found.__file__)"
    assert Path(call(sys.executable, "-c", where, **options).strip()).is_relative_to(installed)
    arguments = ["--recipes", "mnist-dense", "--preset", "quick", "--data-set", "digits", "--set", "max_steps=5"]
    said = call(installed / "bin" / "aepipe", "run", *arguments, **options)
    assert "Report: file://" in said
    (report,) = (project / "store" / "releases").glob("*/report.html")
    assert report.is_file()
