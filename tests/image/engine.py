"""Docker or Podman, whichever answers on this machine."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ENGINES = ("docker", "podman")
# An image must run as the least that an orchestrator allows.
CONFINED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=1001:1001")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
# What of pip's settings means the same in a container; paths of this machine do not.
OF_THE_INDEX = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout", "retries")


def find_engine() -> str | None:
    """Return the first engine that answers."""
    found = (name for name in ENGINES if shutil.which(name))
    return next((name for name in found if _run([name, "info"], 60).returncode == 0), None)


@dataclass(frozen=True)
class Engine:
    """Calls of one engine."""

    name: str

    def call(self, *arguments: str, timeout: int = 120, check: bool = True) -> str:
        """Return the output of a command, in which errors are errors of the test."""
        done = _run([self.name, *arguments], timeout)
        assert not check or done.returncode == 0, f"{self.name} {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def missing(self, image: str) -> str:
        """Return why an image is neither here nor to be had; nothing where it is."""
        if _run([self.name, "image", "inspect", image], 60).returncode == 0:
            return ""
        pulled = _run([self.name, "pull", image], 900)
        return "" if pulled.returncode == 0 else (pulled.stderr.strip().splitlines() or ["no word"])[-1]

    def build(self, tag: str, context: Path, secrets: Path) -> None:
        """Build deploy/Dockerfile as a machine's own pip would fetch: its index, its certificates, its proxies."""
        options = [
            "--build-arg=AEPIPE_GIT_COMMIT=0123456789ab",
            *shlex.split(os.environ.get("IMAGE_BUILD_OPTIONS", "")),
        ]
        if os.environ.get("IMAGE_BASE"):
            options.append(f"--build-arg=PYTHON_IMAGE={os.environ['IMAGE_BASE']}")
        if self.name == "podman":
            options.append("--format=docker")
        options += [f"--build-arg={name}" for name in PROXIES if os.environ.get(name)]
        options += [f"--secret=id={path.name},src={path}" for path in pip_secrets(secrets)]
        dockerfile = context / "deploy" / "Dockerfile"
        self.call("build", *options, f"--file={dockerfile}", f"--tag={tag}", str(context), timeout=2400)

    def run(
        self, image: str, *command: str, options: tuple[str, ...] = (), timeout: int = 600, check: bool = True
    ) -> str:
        """Return what a confined container prints until it ends."""
        return self.call("run", "--rm", *self._options(options), image, *command, timeout=timeout, check=check)

    @contextmanager
    def running(self, image: str, *command: str, options: tuple[str, ...] = ()) -> Iterator[str]:
        """Start a confined container, give its id, and remove it."""
        container = self.call("run", "--detach", *self._options(options), image, *command).split()[-1]
        try:
            yield container
        finally:
            self.call("rm", "--force", "--volumes", container)

    def layers(self, image: str) -> list[str]:
        """Return the digests of an image's layers, the lowest first."""
        return json.loads(self.call("image", "inspect", image))[0]["RootFS"]["Layers"]

    def _options(self, options: tuple[str, ...]) -> list[str]:
        return [*CONFINED, *shlex.split(os.environ.get("IMAGE_RUN_OPTIONS", "")), *options]


def pip_secrets(folder: Path) -> list[Path]:
    """Write down where this machine's pip fetches from, for the build alone; return the files."""
    listed = _run([sys.executable, "-m", "pip", "config", "list"], 60).stdout.splitlines()
    settings = dict(line.partition(".")[2].split("=", 1) for line in listed if "=" in line)
    lines = [
        f"{name} = {value[1:-1]}" for name, value in settings.items() if name in OF_THE_INDEX and "file:" not in value
    ]
    configuration = folder / "pip.conf"
    configuration.write_text("\n".join(["[global]", *lines, ""]))
    certificates = os.environ.get("PIP_CERT") or settings.get("cert", "''")[1:-1]
    if not certificates:
        return [configuration]
    return [configuration, Path(shutil.copy(certificates, folder / "ca.crt"))]


def _run(command: list[str], timeout: int) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
