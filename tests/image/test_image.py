"""The image, built from deploy/Dockerfile and run: `make image-test`, where Docker or Podman is there."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from image.engine import Engine, find_engine

ROOT = Path(__file__).parents[2]
TAG = "aepipe:image-test"
WRITABLE = ("--tmpfs=/tmp:mode=1777", "--tmpfs=/var/lib/aepipe:mode=1777")
QUICK = (
    "aepipe",
    "run",
    "--preset",
    "quick",
    "--data-set",
    "digits",
    "--recipes",
    "mnist-dense",
    "--set",
    "max_steps=20",
)
SERVER_URL = "http://127.0.0.1:4200/api"
# A code layer has every module of the project twice, as text and compiled.
CODE_BYTES = 8_000_000


def base() -> str:
    """Return the image that is built upon."""
    default = re.search(r"^ARG PYTHON_IMAGE=(.+)", (ROOT / "deploy" / "Dockerfile").read_text(), re.M).group(1)
    return os.environ.get("IMAGE_BASE") or default


@pytest.fixture(scope="module")
def engine() -> Engine:
    name = find_engine()
    if name is None:
        pytest.skip("neither docker nor podman answers on this machine, so no image can be built and run")
    engine = Engine(name)
    missing = engine.missing(base())
    if missing:
        pytest.skip(f"the base can't be had here; BASE= names another. Received: base={base()!r}, reason={missing!r}")
    return engine


@pytest.fixture(scope="module")
def context(tmp_path_factory) -> Path:
    """A copy of what git would commit, so that a line of it can be changed."""
    folder = tmp_path_factory.mktemp("context")
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def build(engine, context, tmp_path_factory):
    secrets = tmp_path_factory.mktemp("secrets")

    def build(tag: str) -> str:
        engine.build(tag, context, secrets)
        return tag

    return build


@pytest.fixture(scope="module")
def image(build) -> str:
    return build(TAG)


def wait_until_healthy(engine: Engine, container: str, seconds: float = 300) -> None:
    """Ask as the image's own health check does."""
    configuration = json.loads(engine.call("inspect", container))[0]["Config"]["Healthcheck"]
    command = configuration["Test"][1:] if configuration["Test"][0] == "CMD" else pytest.fail(str(configuration))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if "healthy" in engine.call("exec", container, *command[:-1], command[-1] + "; print('healthy')", check=False):
            return
        time.sleep(2)
    pytest.fail(engine.call("logs", container))


def test_the_image_says_what_it_is(engine, image):
    labels = json.loads(engine.call("image", "inspect", image))[0]["Config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == "0123456789ab"
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M).group(1)
    assert labels["org.opencontainers.image.version"] == version


def test_no_secret_of_the_build_stays(engine, image):
    found = engine.run(
        image, "sh", "-c", "ls /etc/pip.conf /run/secrets 2>/dev/null; env | grep -i -e PIP_ -e proxy; true"
    )
    assert found == ""
    assert not re.search(r"https?://(?!127\.0\.0\.1)", engine.call("history", "--no-trunc", image))


@pytest.mark.parametrize("user", ["1001:1001", "4321:4321"])
def test_a_run_needs_no_server_and_no_rights(engine, image, tmp_path, user):
    tmp_path.chmod(0o777)
    options = (f"--volume={tmp_path}:/store", "--network=none", f"--user={user}", *WRITABLE)
    said = engine.run(image, *QUICK, "--store", "/store", options=options, timeout=900)
    assert len(list(tmp_path.glob("releases/*/manifest.json"))) == 1, said
    (manifest,) = tmp_path.glob("releases/*/manifest.json")
    assert json.loads(manifest.read_text())["git_commit"] == "0123456789ab"


def test_server_and_worker_say_how_they_are(engine, image):
    start_server = ("prefect", "server", "start", "--host", "127.0.0.1", "--port", "4200")
    health = ("--env=HEALTH_URL=http://127.0.0.1:4200/api/health", "--env=PREFECT_SERVER_UI_STATIC_DIRECTORY=/tmp/ui")
    with engine.running(image, *start_server, options=(*WRITABLE, *health)) as server:
        wait_until_healthy(engine, server)
        beside = (f"--network=container:{server}", f"--env=PREFECT_API_URL={SERVER_URL}", *WRITABLE)
        with engine.running(image, options=beside) as worker:
            wait_until_healthy(engine, worker)
            stopped = time.monotonic()
            engine.call("stop", "--time=60", worker)
            assert time.monotonic() - stopped < 50, "the worker did not hear the signal"


def test_what_changes_with_a_commit_is_small(engine, build, image, context):
    before = engine.layers(image)
    with (context / "deploy" / "README.md").open("a") as file:
        file.write("\nOne more line.\n")
    assert engine.layers(build(f"{TAG}-readme")) == before
    with (context / "aepipe" / "errors.py").open("a") as file:
        file.write("\n# One more line.\n")
    after = engine.layers(build(f"{TAG}-line"))
    assert after[:-1] == before[:-1]
    assert after[-1] != before[-1]
    sizes = engine.call("history", "--format={{.Size}}", f"{TAG}-line").splitlines()
    assert next(size for size in map(bytes_of, sizes) if size) < CODE_BYTES


def bytes_of(size: str) -> float:
    """Return what an engine writes as 2.41 MB or 2.41MB."""
    number, unit = re.fullmatch(r"([\d.]+) ?(\w+)", size.strip()).groups()
    return float(number) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]
