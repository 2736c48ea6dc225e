"""Stored objects with hostile values in any place end in the project's own errors, whoever reads them."""

import copy
import json
import random

import pytest
from memory_store import MemoryStore
from releases import put_release

from aepipe.errors import AepipeError
from aepipe.pages.index import series_of
from aepipe.pages.table import as_markdown, result_lines
from aepipe.publishing.equal import read_verdicts
from aepipe.publishing.promotion import promote, rollback
from aepipe.releases.channels import list_channels
from aepipe.releases.diff import compare
from aepipe.releases.download import download
from aepipe.releases.manifest import list_releases, read_manifest, resolve_release
from aepipe.releases.prune import plan_prune
from aepipe.releases.prune_stages import plan_stages
from aepipe.releases.verify import find_problems
from aepipe.stages.results import DataResult, find_stage

GOOD, BAD = "20260101T000000Z-aaaaaa", "20270101T000000Z-bbbbbb"
HOSTILE = [
    *(None, True, 0, -1, 1e308, float("nan"), float("inf"), 2**63, 10**400, "", "x" * 300, "../../etc/passwd", "/etc"),
    *("..", "a/../../b", "a\0b", "\x1b[2J", "\ud800", [], {}, [[]], {"a": {"b": {}}}, ["x"] * 1000, "2026-01-01"),
    *("0000-13-99", "0" * 64, 3.5, "NaN", [None], {"": ""}, {"x": {"y": "\x1b"}}),
]
CASES = 400
FIGURES = {
    **{"verdict": "first", "origin": BAD, "setting": "tuned", "data": "digits", "code_size": 8, "seed": 0},
    **{"mse_per_pixel": 0.01, "pca_mse_per_pixel": 0.02, "psnr_db": 20.0, "ssim": 0.9, "training_seconds": 1.0},
    **{"compression_ratio": 8.0, "denoised_mse_per_pixel": 0.02, "linear_mse_per_pixel": 0.03},
    **{"noisy_mse_per_pixel": 0.04},
}
DECISION = [{"recipe": "dense", "verdict": "first", "reason": "r", "rules": [{"rule": "r", "passed": True}]}]
STAGE = {
    **{"stage": "data", "fingerprint": "f", "content": "c", "seconds": 1.0},
    "facts": {
        "name": "digits",
        "num_images": 9,
        "image_shape": [8, 8, 1],
        "pixel_range": [0, 16],
        "label_names": ["0"],
    },
    "created": "2026-01-01T00:00:00+00:00",
    "files": {"model.keras": {"sha256": "0" * 64, "size": 1, "kind": "model"}},
}


def places(value, at=()):
    yield at
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def mutate(value, generator):
    """Put something hostile into one to three places, or take something away."""
    value = copy.deepcopy(value)
    for _ in range(generator.choice((1, 1, 2, 3))):
        at = generator.choice(list(places(value)))
        new = copy.deepcopy(generator.choice(HOSTILE))
        if not at:
            return new
        parent = value
        for key in at[:-1]:
            parent = parent[key]
        if generator.random() < 0.8:
            parent[at[-1]] = new
        elif isinstance(parent, dict):
            del parent[at[-1]]
            parent[generator.choice(["extra", "", "../x", "\x1b[2J"])] = new
    return value


def as_bytes(value):
    return json.dumps(value).encode()


@pytest.fixture
def store():
    store = MemoryStore()
    for release in (GOOD, BAD):
        put_release(store, release, {"dense": b"x"}, recipes={"dense": FIGURES}, git_commit="c")
    for release in (GOOD, BAD):
        promote(store, "production", release, "w", "b")
    store.put(f"releases/{BAD}/decision.json", as_bytes(DECISION))
    store.put("stages/data/f/manifest.json", as_bytes(STAGE))
    return store


def readers(store, folder):
    return {
        f"releases/{BAD}/manifest.json": [
            lambda: as_markdown(result_lines(list_releases(store))),
            lambda: [series_of("dense", list_releases(store))],
            lambda: compare(read_manifest(store, GOOD), read_manifest(store, BAD)),
            lambda: find_problems(store, read_manifest(store, BAD), True),
            lambda: download(store, read_manifest(store, BAD), folder / "copy"),
            lambda: promote(store, "other", BAD, "w", "b", True),
            lambda: plan_stages(store, [], 0),
        ],
        "channels/production.json": [
            lambda: list_channels(store),
            lambda: resolve_release(store, "production"),
            lambda: rollback(store, "production", "w", "b"),
            lambda: plan_prune(store, 1, 0),
        ],
        f"releases/{BAD}/decision.json": [lambda: read_verdicts(store, BAD)],
        "stages/data/f/manifest.json": [lambda: find_stage(store, "data", "f", DataResult).digest],
    }


@pytest.mark.parametrize("number", range(4))
def test_no_other_error_than_the_projects_own_leaves_a_reader(store, tmp_path, number):
    key, functions = list(readers(store, tmp_path / "out").items())[number]
    generator, good, refused, texts = random.Random(number), dict(store.objects), 0, set()
    document = json.loads(store.get(key))
    for _ in range(CASES):
        store.objects = dict(good)
        value = mutate(document, generator)
        if isinstance(value, dict) and "sha256" in value:
            # Not only what its digest gives away.
            value["sha256"] = None
        store.put(key, as_bytes(value))
        for function in generator.sample(functions, min(2, len(functions))):
            try:
                function()
            except AepipeError as error:
                refused += 1
                texts.add(str(error))
    assert all(text.isprintable() for text in texts)
    assert refused > CASES / 10
