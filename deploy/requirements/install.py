"""Make .venv hold what a lock names: `make` runs this by the system's Python, with the standard library alone.

An environment whose making was cut off is made anew, and a first installation that fails leaves nothing behind.
"""

import fcntl
import importlib
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

ENVIRONMENT = Path(".venv")
PYTHON = ENVIRONMENT / "bin" / "python"
# There from before the first file until the last one is in its place.
UNFINISHED = ENVIRONMENT / "unfinished"
MADE_FOR = ENVIRONMENT / "made-for"
IDENTITY = Path(__file__).with_name("identity.py")
# To fetch and on the disk, in GB, on 64-bit x86 Linux.
SIZES = {"runtime": (0.5, 2.4), "dev": (0.7, 3.0), "gpu": (3.6, 7.5)}
INTERRUPTED = 130


class NotInstalledError(Exception):
    """What keeps the environment from being made, and the way out, in one line."""


def main(lock: str) -> None:
    """Install what deploy/requirements/LOCK.lock names, and the project itself, editable."""
    on_signals(signal.default_int_handler)
    try:
        with alone():
            if not is_current(lock):
                install(lock)
    except NotInstalledError as error:
        sys.exit(f"aepipe: {error}")
    except KeyboardInterrupt:
        on_signals(signal.SIG_IGN)
        remove_unfinished()
        print("aepipe: interrupted; the next make begins anew", file=sys.stderr)
        sys.exit(INTERRUPTED)


def on_signals(act: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Set what the signals that end a make do."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, act)


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other make of this folder installs anything."""
    with open("pyproject.toml", "r+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("aepipe: another make installs into .venv; waiting for it", file=sys.stderr)
            fcntl.flock(held, fcntl.LOCK_EX)
        # A pip that goes on after this process was killed still holds it.
        os.set_inheritable(held.fileno(), True)
        yield


def is_current(lock: str) -> bool:
    """Tell whether another make did the work in the meantime."""
    stamp = ENVIRONMENT / f"{lock}.installed"
    sources = (Path("pyproject.toml"), lock_file(lock))
    return is_sound() and stamp.exists() and all(stamp.stat().st_mtime > path.stat().st_mtime for path in sources)


def is_sound() -> bool:
    """Tell whether the environment is whole, of this place, and of a Python that is still there."""
    if UNFINISHED.exists() or not PYTHON.exists():
        return False
    return not MADE_FOR.exists() or MADE_FOR.read_text() == identity()


def identity() -> str:
    """Return where the environment lies and which Python it has."""
    return run(str(PYTHON), str(IDENTITY)).stdout


def install(lock: str) -> None:
    """Bring the environment to a lock; it counts as installed once all of it is."""
    is_new = not is_sound()
    if is_new:
        create(SIZES[lock][1])
    UNFINISHED.touch()
    for stamp in ENVIRONMENT.glob("*.installed"):
        stamp.unlink()
    try:
        fill(lock)
    except NotInstalledError:
        # pip took back what it had begun.
        remove_unfinished() if is_new else UNFINISHED.unlink()
        raise
    MADE_FOR.write_text(identity())
    # The lock of the tests has all that the runtime's has.
    for name in {"dev": ("dev", "runtime")}.get(lock, (lock,)):
        (ENVIRONMENT / f"{name}.installed").touch()
    UNFINISHED.unlink()


def create(disk_gb: float) -> None:
    """Make an empty environment in the place of what is left of another."""
    for module in ("venv", "ensurepip"):
        try:
            importlib.import_module(module)
        except ImportError:
            raise no_venv(f"no module {module}") from None
    if (ENVIRONMENT / "pyvenv.cfg").exists():
        UNFINISHED.touch()
    remove_unfinished()
    free_gb = shutil.disk_usage(ENVIRONMENT if ENVIRONMENT.exists() else ".").free / 1e9
    if free_gb < disk_gb:
        raise NotInstalledError(
            f"The disk must have room for .venv. Received: free_gb={free_gb:.1f}. Free {disk_gb} GB, or make .venv a "
            "link to an empty folder on another disk."
        )
    ENVIRONMENT.mkdir(exist_ok=True)
    UNFINISHED.touch()
    made = run(sys.executable, "-m", "venv", str(ENVIRONMENT))
    if made.returncode != 0:
        remove_unfinished()
        raise no_venv(first_line(made))


def no_venv(reason: str) -> NotInstalledError:
    """Return the error of a Python that can make no environment."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return NotInstalledError(
        f"`python -m venv` must work. Received: python={sys.executable!r}, reason={reason!r}. On Debian and Ubuntu: "
        f"apt install python{version}-venv. Elsewhere name another Python: make PYTHON=/path/to/python{version}"
    )


def remove_unfinished() -> None:
    """Remove an environment that is not whole; where .venv is a link, the link stays."""
    if not UNFINISHED.exists():
        return
    for path in ENVIRONMENT.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != UNFINISHED:
            path.unlink()
    UNFINISHED.unlink()
    if not ENVIRONMENT.is_symlink():
        ENVIRONMENT.rmdir()


def fill(lock: str) -> None:
    """Install the lock and the project into the environment."""
    if not any(ENVIRONMENT.glob("lib/*/site-packages/pip/__main__.py")):
        made = run(str(PYTHON), "-m", "ensurepip")
        if made.returncode != 0:
            raise no_venv(first_line(made))
    remove_other_tensorflow(lock)
    fetch_gb, disk_gb = SIZES[lock]
    print(f"Installing {lock_file(lock)} into .venv: {fetch_gb} GB to fetch, {disk_gb} GB on the disk", flush=True)
    # The lock is complete. Resolving it again, old pips look for newer packages with extras, and refuse them.
    pip("install", "--no-deps", "--require-hashes", "--requirement", str(lock_file(lock)))
    pip("install", "--no-deps", "--no-build-isolation", "--editable", ".")


def lock_file(lock: str) -> Path:
    """Return where a lock lies."""
    return Path("deploy", "requirements", f"{lock}.lock")


def remove_other_tensorflow(lock: str) -> None:
    """Remove the build of TensorFlow that the lock does not name: both write the same files."""
    without_cuda = lock != "gpu" and (sys.platform, platform.machine()) == ("linux", "x86_64")
    other = "tensorflow" if without_cuda else "tensorflow_cpu"
    if any(ENVIRONMENT.glob(f"lib/*/site-packages/{other}-*.dist-info")):
        pip("uninstall", "--yes", other)


def pip(*arguments: str) -> None:
    """Run pip: in a terminal it shows how far it is, in a log only what goes wrong."""
    quiet = () if sys.stdout.isatty() else ("--quiet",)
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [str(PYTHON), "-m", "pip", *quiet, *arguments]
    done = subprocess.run(command, env=environment, close_fds=False, check=False)
    if done.returncode != 0:
        raise NotInstalledError(
            f"pip must succeed; its reason is above. Received: exit_code={done.returncode}. Run the same make again."
        )


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command silently; its output and errors are one text."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def first_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the first line of what a command said, or its exit code where it said nothing."""
    return next(iter(done.stdout.split("\n")), "").strip() or f"exit code {done.returncode}"


if __name__ == "__main__":
    main(sys.argv[1])
