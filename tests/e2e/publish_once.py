"""A publisher of small releases, as a process that tests can kill: python publish_once.py STORE NAME COUNT.

Each release has some files and two recipes' models, which its bytes tell it by; the gate lets all of them pass.
"""

import hashlib
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from releases import describe

from aepipe.errors import AepipeError, UnknownOutcomeError
from aepipe.gate.verdicts import Verdict
from aepipe.publishing.promotion import Judgement, promote_passed
from aepipe.releases.channels import CANDIDATE, point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.releases.writing import complete_release, put_release_files
from aepipe.store import open_store

NUM_FIGURES = 12
ATTEMPTS = 20


def files_of(release: str, folder: Path) -> dict[str, Path]:
    """Write the release's files, the same for the same name."""
    generator = random.Random(release)
    files = {f"models/{recipe}/model.keras": 40_000 for recipe in ("dense", "conv")}
    files |= {f"models/dense/figures/{number}.png": 10_000 for number in range(NUM_FIGURES)}
    for path, size in files.items():
        local = folder / hashlib.sha256(path.encode()).hexdigest()
        local.write_bytes(generator.randbytes(size))
        files[path] = local
    return files


def publish(store, release: str) -> str:
    """Publish one release as the pipeline does; return what became of it."""
    with tempfile.TemporaryDirectory() as folder:
        files = files_of(release, Path(folder))
        manifest = describe(release, {path: local.read_bytes() for path, local in files.items()})
        put_release_files(store, release, files)
        complete_release(store, manifest)
    digest = manifest_sha256(manifest)
    point_channel(store, CANDIDATE, release, digest, action="published", why="tests", by=release)
    verdicts = tuple(Verdict(recipe=recipe, verdict="promoted", reason="tests") for recipe in ("dense", "conv"))
    done = promote_passed(store, "production", manifest, lambda _, base: Judgement(base, verdicts), None, release)
    return "published" if done.channel.has_had(release) else "lost"


def main(url: str, name: str, count: str) -> None:
    """Publish so many releases, each until it is there, and print how often which error came."""
    store, errors = open_store(url), []
    print("started", flush=True)
    for number in range(int(count)):
        for _ in range(ATTEMPTS):
            try:
                publish(store, f"2026010{number % 10}T0000{number:02}Z-{name}")
                break
            except UnknownOutcomeError:
                errors.append("unknown")
            except AepipeError as error:
                errors.append(type(error).__name__)
            time.sleep(0.05)
    print(json.dumps(errors), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
