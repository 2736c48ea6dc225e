"""The Makefile's environment: a project of three files and empty locks stands in, so that nothing has to be fetched."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "deploy" / "requirements"
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# It builds a package of nothing. Where there is a file `kill`, it ends its make and all that the make started.
BACKEND = """
import os, pathlib, signal, zipfile

def build_editable(folder, *_):
    if os.path.exists("kill"):
        os.remove("kill")
        pathlib.Path(".venv/half-made").touch()
        os.killpg(0, signal.SIGKILL)
    name = "nothing-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("nothing-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: nothing\\nVersion: 1\\n")
        wheel.writestr("nothing-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("nothing-1.dist-info/RECORD", "")
    return name
"""
# In the place of the module `venv`: a copy takes a tenth of the time.
VENV = """
import shutil, sys

if __name__ == "__main__":
    shutil.copytree({template!r}, sys.argv[1], symlinks=True, dirs_exist_ok=True)
"""
NOT_TO_BE_HAD = "nothing-of-this-name==1 --hash=sha256:" + "0" * 64


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def project(tmp_path, template) -> Path:
    folder = tmp_path / "a project"
    (folder / "deploy").mkdir(parents=True)
    shutil.copytree(REQUIREMENTS, folder / "deploy" / "requirements", ignore=shutil.ignore_patterns("*.lock", "__*"))
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    for name in ("runtime", "dev"):
        write_lock(folder, name, "")
    (folder / "shadow").mkdir()
    (folder / "shadow" / "venv.py").write_text(VENV.format(template=str(template)))
    return folder


def write_lock(project: Path, name: str, text: str) -> None:
    (project / "deploy" / "requirements" / f"{name}.lock").write_text(text + "\n")


def make(project: Path, target: str, answer: str = "") -> tuple[int, str]:
    """Run make in a session of its own; return its exit code and all that it said."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(project),
        "PYTHONPATH": str(project / "shadow"),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", target],
        cwd=project,
        env=environment,
        input=answer,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        start_new_session=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_python_without_ensurepip_is_told_what_to_install(project):
    (project / "shadow" / "ensurepip.py").write_text('raise ImportError("No module named ensurepip")')
    code, said = make(project, ".venv/runtime.installed")
    (line,) = [line for line in said.splitlines() if not line.startswith("make")]
    assert code != 0
    assert "reason='no module ensurepip'" in line
    assert f"apt install python3.{sys.version_info.minor}-venv" in line
    assert not (project / ".venv").exists()


def test_what_was_cut_off_or_moved_is_made_anew(project):
    (project / "kill").touch()
    assert make(project, ".venv/runtime.installed")[0] in (-signal.SIGKILL, 2)
    assert (project / ".venv" / "half-made").exists()
    assert make(project, ".venv/runtime.installed")[0] == 0
    assert not (project / ".venv" / "half-made").exists()

    # A lock that can't be installed takes nothing away, and is tried again.
    write_lock(project, "runtime", NOT_TO_BE_HAD)
    code, said = make(project, ".venv/runtime.installed")
    assert code != 0
    assert "pip must succeed" in said
    (project / ".venv" / "of-the-old-place").touch()

    write_lock(project, "runtime", "")
    moved = project.rename(project.with_name("elsewhere"))
    assert make(moved, ".venv/runtime.installed")[0] == 0
    assert not (moved / ".venv" / "of-the-old-place").exists()
    assert "up to date" in make(moved, ".venv/runtime.installed")[1]


def test_a_first_installation_that_fails_leaves_nothing(project):
    write_lock(project, "dev", NOT_TO_BE_HAD)
    code, said = make(project, ".venv/dev.installed")
    assert code != 0
    assert "pip must succeed" in said
    assert not (project / ".venv").exists()


def test_clean_leaves_the_releases(project):
    manifest = project / "store" / "releases" / "one" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    assert make(project, "clean")[0] == 0
    for answer in ("", "no\n"):
        code, said = make(project, "clean-store", answer=answer)
        assert code != 0
        assert "its 1 releases" in said
    assert manifest.exists()
    assert make(project, "clean-store", answer="yes\n")[0] == 0
    assert not (project / "store").exists()


def locked(name: str) -> list[Requirement]:
    text = (REQUIREMENTS / f"{name}.lock").read_text()
    return [Requirement(line) for line in re.findall(r"^(\w\S*==[^\\\n]+?) *\\$", text, re.MULTILINE)]


def named(name: str, **environment: str) -> dict[str, str]:
    """Name to version of what a lock installs in an environment."""
    all_markers = {"python_version": "3.11", "python_full_version": "3.11.15", "sys_platform": "linux", **environment}
    return {
        each.name: str(each.specifier) for each in locked(name) if not each.marker or each.marker.evaluate(all_markers)
    }


@pytest.mark.parametrize(
    ("system", "machine", "build"),
    [("linux", "x86_64", "tensorflow-cpu"), ("linux", "aarch64", "tensorflow"), ("darwin", "arm64", "tensorflow")],
)
def test_one_build_of_tensorflow_is_installed(system, machine, build):
    on_it = {"sys_platform": system, "platform_machine": machine}
    builds = {"tensorflow", "tensorflow-cpu"}
    assert named("runtime", **on_it).keys() & builds == {build}
    assert named("dev", **on_it).keys() & builds == {build}
    assert named("gpu", **on_it).keys() & builds == {"tensorflow"}


def test_both_builds_of_tensorflow_have_the_range_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = [each for each in map(Requirement, project["dependencies"]) if each.name == "tensorflow"]
    lines = [line for line in (REQUIREMENTS / "cpu.txt").read_text().splitlines() if not line.startswith("#")]
    assert {Requirement(line).specifier for line in lines} == {wanted.specifier}


def test_the_lock_of_the_tests_has_all_of_the_runtimes():
    assert named("runtime", platform_machine="x86_64").items() <= named("dev", platform_machine="x86_64").items()
