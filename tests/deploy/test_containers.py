"""What Docker would be asked to do: the files are read, and what they start is asked for.

`make image-test` builds the image and runs it.
"""

import functools
import importlib
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer
import yaml
from command_line import app
from prefect.settings import Settings

ROOT = Path(__file__).parents[2]
VERSION = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M).group(1)
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("aepipe:")}
ONCE = {name for name, service in SERVICES.items() if service["restart"] == "no"}
# Docker Compose's own, that compose.yaml does not name.
OF_COMPOSE = {"COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES"}


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, rest in lines]


def arguments_of(instruction: str) -> list[str]:
    return [rest for word, rest in instructions() if word == instruction]


def bases() -> list[str]:
    """Return the images that are built upon, with the arguments' defaults in their places."""
    defaults = dict(line.split("=", 1) for line in arguments_of("ARG") if "=" in line)
    named = [re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], line) for line in arguments_of("FROM")]
    return [line for line in named if not line.startswith("environment ")]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the instructions of each stage by its name; the last has none."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = "arguments"
    for word, rest in instructions():
        if word == "FROM":
            name = rest.partition(" AS ")[2] or "last"
        found.setdefault(name, []).append((word, rest))
    return found


def is_sent(path: str) -> bool:
    """Tell whether .dockerignore lets a file into the build: the last line that names it or a folder of it decides."""
    sent = True
    folders = [Path(path), *Path(path).parents[:-1]]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        same_depth = [folder for folder in folders if len(folder.parts) == len(Path(pattern).parts)]
        anywhere = [Path(folder.name) for folder in folders] if pattern.startswith("**/") else []
        if any(folder.match(pattern.removeprefix("**/")) for folder in [*same_depth, *anywhere]):
            sent = line.startswith("!")
    return sent


def image_environment() -> dict[str, str]:
    pairs = [pair for line in arguments_of("ENV") for pair in shlex.split(line)]
    return dict(pair.split("=", 1) for pair in pairs)


def health_command() -> list[str]:
    (line,) = arguments_of("HEALTHCHECK")
    return json.loads(line.partition("CMD")[2])


@functools.cache
def help_of(*command: str) -> str:
    # Where it is narrow, it breaks long options.
    environment = {**os.environ, "COLUMNS": "200"}
    command = (sys.executable, "-m", *command, "--help")
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True).stdout


def check_command(command: list[str]) -> None:
    """Raise where a program, a sub-command or an option is not there."""
    program, *rest = command
    if program == "python":
        assert rest[0] == "-c"
        compile(rest[1], "command", "exec")
    elif program == "aepipe":
        name, *options = rest
        typer.main.get_command(app).commands[name].make_context(name, options)
    else:
        assert program == "prefect"
        words = help_of("prefect", *rest[:2]).split()
        assert {word for word in rest if word.startswith("--")} <= set(words)


@pytest.mark.parametrize("image", [*bases(), *(service["image"] for service in SERVICES.values())])
def test_images_are_pinned(image):
    assert re.fullmatch(r"[a-z/]+:\d+\.\d+[\w.-]*( AS \w+)?", image)


def test_the_images_of_the_project_have_its_version():
    assert {service["image"] for service in OURS.values()} == {f"aepipe:{VERSION}", f"aepipe:{VERSION}-gpu"}


def test_the_image_holds_what_its_build_copies():
    for line in arguments_of("COPY"):
        *sources, _ = line.replace("${LOCK}", "runtime.lock").split()
        for source in sources if not line.startswith("--from=") else []:
            assert (ROOT / source).exists(), source
            assert is_sent(source.rstrip("/")), source


def test_what_is_not_installed_changes_no_layer():
    installed = {".py", ".json"}
    for path in (path for path in (ROOT / "deploy").rglob("*") if path.is_file()):
        name = str(path.relative_to(ROOT))
        data = path.suffix in installed or name in ("deploy/prefect.yaml", "deploy/automations.yaml")
        in_requirements = path.parent.name == "requirements"
        assert is_sent(name) == (path.suffix == ".lock" if in_requirements else data), name


def test_a_changed_line_of_the_code_changes_the_last_layer_alone():
    by_stage = stages()
    assert [rest for word, rest in by_stage["environment"] if word == "COPY"] == [
        "deploy/requirements/${LOCK} environment.lock"
    ]
    assert [word for word, rest in by_stage["code"] if "--require-hashes" in rest] == []
    changing = [rest for word, rest in by_stage["last"] if word in ("COPY", "RUN", "ADD")]
    assert changing[-2:] == ["--from=environment /opt/aepipe /opt/aepipe", "--from=code /opt/code /opt/aepipe"]


def test_where_the_build_fetches_from_is_its_secret():
    (install,) = [rest for word, rest in instructions() if word == "RUN" and "--require-hashes" in rest]
    assert re.findall(r"--mount=type=secret,id=(\S+?)[, ]", install) == ["pip.conf", "ca.crt"]
    assert "target=/etc/pip.conf" in install
    assert not any("pip.conf" in rest or "ca.crt" in rest for word, rest in instructions() if word == "COPY")


def test_the_image_says_which_version_it_is():
    (labels,) = arguments_of("LABEL")
    assert f'org.opencontainers.image.version="{VERSION}"' in labels
    assert 'org.opencontainers.image.revision="$AEPIPE_GIT_COMMIT"' in labels


def test_secrets_stay_out_of_the_image_and_out_of_git():
    assert not is_sent("deploy/compose.env")
    assert not is_sent("secrets.yaml")
    assert "/deploy/compose.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_locks_that_the_image_is_built_from_exist():
    builds = [service["build"].get("args", {}) for service in OURS.values()]
    (default,) = [line.partition("=")[2] for line in arguments_of("ARG") if line.startswith("LOCK=")]
    locks = {arguments.get("LOCK", default) for arguments in builds}
    assert locks == {"runtime.lock", "gpu.lock"}
    assert all((ROOT / "deploy" / "requirements" / lock).exists() for lock in locks)
    assert all("--require-hashes" in line for line in arguments_of("RUN") if "LOCK" in line)


def test_the_image_names_no_address():
    assert not re.search(r"https?://(?!127\.0\.0\.1)", (ROOT / "deploy" / "Dockerfile").read_text())


def test_signals_reach_the_program():
    assert json.loads(arguments_of("ENTRYPOINT")[0]) == ["/usr/bin/tini", "--"]
    check_command(json.loads(arguments_of("CMD")[0]))


def test_what_the_image_writes_lies_where_it_may():
    writable = ("/tmp", "/var/lib/aepipe")
    environment = image_environment()
    for name in ("HOME", "TMPDIR", "MPLCONFIGDIR", "AEPIPE_CACHE", "PREFECT_HOME"):
        assert environment[name].startswith(writable), name
    for name in OURS:
        mounts = [*SERVICES[name].get("tmpfs", []), *SERVICES[name].get("volumes", [])]
        targets = {part for mount in mounts for part in mount.split(":")}
        assert set(writable) <= targets, name


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_do_more_than_it_must(name):
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_image_has_the_user_that_the_services_have():
    assert {service["user"] for service in OURS.values()} == set(arguments_of("USER"))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_says_how_it_is(name):
    service = SERVICES[name]
    if name in ONCE:
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", OURS)
def test_a_service_starts_what_there_is(name):
    check_command(SERVICES[name]["command"])


def test_what_a_service_waits_for_happens():
    for name, service in SERVICES.items():
        for other, wait in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert wait["condition"] == expected, (name, other)


def test_every_setting_is_in_the_example():
    lines = (ROOT / "deploy" / "compose.env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    required = dict.fromkeys(re.findall(r"\$\{(\w+):\?", COMPOSE), "")
    optional = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE))
    assert {name: value for name, value in example.items() if name not in OF_COMPOSE} == {**required, **optional}
    assert set(example) >= OF_COMPOSE


def test_no_password_is_in_the_file():
    secrets = [
        (name, variable, value)
        for name, service in SERVICES.items()
        for variable, value in service["environment"].items()
        if re.search("PASSWORD|KEY|AUTH|DATABASE", variable)
    ]
    assert len(secrets) > 10
    assert [secret for secret in secrets if not re.search(r"\$\{\w+:(\?|-\})", secret[2])] == []


def test_prefect_knows_the_settings(monkeypatch):
    environments = [image_environment(), *(service["environment"] for service in SERVICES.values())]
    given = {name: value for each in environments for name, value in each.items() if name.startswith("PREFECT_")}
    for name, value in given.items():
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value))
    settings = Settings()
    assert set(given) <= set(settings.to_environment_variables(exclude_unset=True))
    assert settings.server.services.db_vacuum.enabled_vacuum_types >= {"events", "flow_runs"}
    assert not settings.server.ephemeral.enabled
    assert not settings.server.analytics_enabled
    importlib.import_module(settings.server.concurrency.lease_storage)


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/good" else 503)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(("path", "healthy"), [("good", True), ("bad", False)])
def test_the_health_check_sees_the_difference(path, healthy):
    assert all(SERVICES[name]["healthcheck"]["test"][1:] == health_command() for name in OURS if name not in ONCE)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {**os.environ, "HEALTH_URL": f"http://127.0.0.1:{server.server_port}/{path}"}
        command = [sys.executable, *health_command()[1:]]
        process = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
        server.shutdown()
    assert (process.returncode == 0) == healthy
