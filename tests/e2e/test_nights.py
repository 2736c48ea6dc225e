"""Nights of a data set that grows, shrinks and breaks, by the operator's own deployment on a worker of a real server.

For each night it prints what came in, how many files were read and decoded, what the gate said, and how long it took.
No image of any night ever moves into another part.
"""

import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from sklearn.datasets import load_digits

from aepipe.datasets.index import Index, read_index
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import Manifest, list_releases
from aepipe.store import open_store
from aepipe.store.interface import Store

FIRST, GROWTH, GONE, BROKEN = 240, 24, 12, 3
ENTRY = {
    "recipes": "mnist-dense",
    "execution": "local",
    "exports": [],
    "overrides": {"epochs": 40, "learning_rate": 0.01},
    "noise": {"kinds": ["gaussian"], "levels": [0.4], "max_images": 20},
    "publishing": {"demand_baselines": False, "regression_tolerance": 0.5},
    # A night brings so few pictures that chance alone makes them look like others.
    "data": {"checks": {"min_new": 200}},
}


@dataclass
class Pictures:
    """Files of a data set, in a folder or in a bucket.

    Attributes:
        location: Where, as a data set names it.
        write: Puts a file there, by its name.
        remove: Takes one away.
        there: Every file that is there, and its bytes.
    """

    location: str
    write: Callable[[str, bytes], object]
    remove: Callable[[str], object]
    there: dict[str, bytes] = field(default_factory=dict)

    def put(self, **files: bytes) -> None:
        for name, data in files.items():
            self.write(f"{name}.png", data)
        self.there |= files

    def take_away(self, *names: str) -> dict[str, bytes]:
        for name in names:
            self.remove(f"{name}.png")
        return {name: self.there.pop(name) for name in names}


def picture(number: int) -> bytes:
    """A handwritten digit as a PNG."""
    return png(np.round(load_digits().images[number] * 255 / 16).astype(np.uint8))


def png(pixels: np.ndarray) -> bytes:
    """A grey picture of 8 bits as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def digits(start: int, stop: int) -> dict[str, bytes]:
    return {f"digit-{number:04}": picture(number) for number in range(start, stop)}


@pytest.fixture(params=["folder", "s3"])
def place(request, tmp_path) -> tuple[Pictures, str]:
    """Where the pictures are, and the store: both in folders, or both in a bucket."""
    if request.param == "folder":
        folder = tmp_path / "photos"
        folder.mkdir()

        def write(name: str, data: bytes) -> None:
            (folder / name).write_bytes(data)

        return Pictures(f"images:{folder}", write, lambda name: (folder / name).unlink()), str(tmp_path / "store")
    url = request.getfixturevalue("s3_store_url")
    bucket = open_store(f"{url}/photos")
    return Pictures(f"images:{url}/photos", bucket.put, bucket.delete), f"{url}/store"


class Nights:
    """Runs night after night, and says of each what it came to."""

    def __init__(self, stack, deployment: str, store: Store):
        self._stack, self._deployment, self._store = stack, deployment, store
        self._parts: dict[str, str] = {}

    def run(self, title: str):
        started = time.monotonic()
        run = self._stack.start_run(self._deployment)
        ended = self._stack.wait_until_ended(run, 240)
        seconds, own = time.monotonic() - started, ended.total_run_time.total_seconds()
        print(f"\n{title}: {ended.state.name} after {seconds:.0f} s, {own:.1f} of its own, called {ended.name!r}")
        print(f"  {ended.state.message}")
        for line in self._stack.log_of(run).splitlines():
            if " read" in line or "decoded" in line:
                print(f"  {line}")
        return ended

    def releases(self) -> list[Manifest]:
        return list_releases(self._store)

    def check_parts(self) -> Index:
        """Check that no image has moved since the night before, and return the latest release's index."""
        manifest = next(one for one in self.releases() if one.release == one.candidate)
        (summary,) = manifest.recipes.values()
        folder = Path(self._stack._folder) / "indices"
        folder.mkdir(exist_ok=True)
        self._store.get_file(f"releases/{manifest.release}/{summary.index}", folder / "index.parquet")
        index = read_index(folder / "index.parquet")
        parts = dict(zip(index.images["pixels_sha256"], index.images["part"], strict=True))
        moved = [digest for digest, part in parts.items() if self._parts.get(digest, part) != part]
        sizes = {part: list(parts.values()).count(part) for part in ("train", "validation", "test")}
        decision = json.loads(self._store.get(f"releases/{manifest.release}/decision.json"))
        (verdict,) = decision["verdicts"]
        print(f"  parts {sizes}, {len(moved)} moved; {verdict['verdict']}: {verdict['reason']}")
        assert moved == []
        assert all(sizes.values())
        self._parts |= parts
        return index


@pytest.fixture
def nights(stack, place, tmp_path) -> Nights:
    pictures, store = place
    name = f"photos-{tmp_path.name.replace('_', '-')}"
    file = tmp_path / "nightly.yaml"
    file.write_text(yaml.safe_dump([{**ENTRY, "name": name, "data_set": pictures.location, "store": store}]))
    done = stack.aepipe("apply", "--store", "s3://unset/unset", "--nightly", str(file))
    assert done.returncode == 0, done.stderr
    assert f"deployment nightly/{name}: created" in done.stdout
    yield Nights(stack, f"nightly/{name}", open_store(store))
    stack.apply("s3://unset/unset")


@pytest.mark.slow
def test_nights_of_a_data_set_that_grows_shrinks_breaks_and_is_gone(nights, place):
    pictures, store = place[0], open_store(place[1])
    pictures.put(**digits(0, FIRST))
    first = nights.run("night 1, the first")
    assert first.state.is_completed(), first.state.message
    assert first.name.endswith(f"{FIRST} images for the first time")
    nights.check_parts()

    pictures.put(**digits(FIRST, FIRST + GROWTH))
    grown = nights.run("night 2, a tenth more")
    assert grown.state.is_completed(), grown.state.message
    assert grown.name.endswith(f": {GROWTH} new")
    nights.check_parts()
    releases = nights.releases()

    same = nights.run("night 3, nothing changed")
    assert same.state.message.startswith("nothing changed since ")
    assert same.name.endswith(": as it was")
    assert nights.releases() == releases

    names = sorted(pictures.there)
    pictures.take_away(*names[:GONE])
    pictures.put(**{names[-1]: picture(1000)})
    pictures.put(**dict.fromkeys(names[GONE : GONE + BROKEN], b"\x89PNG\r\n\x1a\nno more of it"))
    broken = nights.run("night 4, some gone, one replaced, three broken")
    assert broken.state.is_completed(), broken.state.message
    assert broken.name.endswith(f": {GONE + BROKEN} gone, 1 replaced, {BROKEN} broken")
    index = nights.check_parts()
    assert (index.rows["state"] == "broken").sum() == BROKEN

    releases, production = nights.releases(), read_channel(store, "production")
    kept = pictures.take_away(*list(pictures.there))
    empty = nights.run("night 5, nothing there")
    assert empty.state.is_failed()
    assert empty.state.message.startswith("data: ")
    assert nights.releases() == releases
    assert read_channel(store, "production") == production

    pictures.put(**kept)
    back = nights.run("night 6, all of it back")
    assert back.state.message.startswith("nothing changed since "), back.state.message
    assert nights.releases() == releases
