"""What grows is bounded, and what anybody needs stays: what channels name, what the next run takes for granted."""

import hashlib
import io
import os
import time

import numpy as np
import pytest
from releases import put_release

from aepipe.datasets.blocks import block_key
from aepipe.datasets.index import make_index, write_index
from aepipe.datasets.indices import list_indices, save_index
from aepipe.io.hashing import canonical_json
from aepipe.publishing.cleaning import CleanSettings, clean_cache, clean_store
from aepipe.releases.manifest import list_releases
from aepipe.releases.prune_stages import plan_stages, prune_stages
from aepipe.stages.facts import BaselineFacts
from aepipe.stages.results import BaselineResult, produce_stage
from aepipe.store import open_store
from aepipe.store.cached_objects import find_unused
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref

ALL = CleanSettings(keep=1, grace_hours=0, days=0)
RELEASE, OLD = "20260301T000000Z-c", "20260201T000000Z-b"


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


def put_block(store, name: str, form: str = "form") -> str:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((1, 2, 2, 1), np.uint8))
    key = block_key(form, name)
    store.put(key, buffer.getvalue())
    return key


def index_of(*blocks: str):
    return make_index([{"path": f"{n}.png", "state": "ok", "block": block} for n, block in enumerate(blocks)])


def put_index(store, *blocks: str) -> None:
    save_index(store, "photos", "data", index_of(*blocks))


def cleaned(store, settings=ALL, delete=True) -> dict[str, int]:
    return {done.kind: done.number for done in clean_store(store, settings, delete) if done.number}


def blocks_of(store) -> list[str]:
    return [info.key for info in store.list("blocks/")]


def test_blocks_that_no_index_names_go(store, tmp_path):
    newest, released, staged, listed, alone = (put_block(store, name) for name in "abcde")
    put_index(store, newest)
    for key, block in ((f"releases/{RELEASE}/data/photos.parquet", released), ("stages/x/1/c/index.parquet", staged)):
        write_index(index_of(block), tmp_path / "index.parquet")
        store.put_file(key, tmp_path / "index.parquet")
    store.put("stages/x/1/c/blocks.json", canonical_json([[listed, 3]]))
    put_release(store, RELEASE, {"dense": b"x"}, lineage={"dense": {"x": "1"}})
    assert cleaned(store, delete=False) == {"blocks": 1}
    assert blocks_of(store) == [newest, released, staged, listed, alone]
    assert cleaned(store) == {"blocks": 1}
    assert blocks_of(store) == [newest, released, staged, listed]


def test_with_a_release_and_a_result_go_the_blocks_that_only_they_named(store, tmp_path):
    old, staged = put_block(store, "a"), put_block(store, "b")
    for key, block in ((f"releases/{OLD}/data/photos.parquet", old), ("stages/x/1/c/index.parquet", staged)):
        write_index(index_of(block), tmp_path / "index.parquet")
        store.put_file(key, tmp_path / "index.parquet")
    put_release(store, OLD, {"dense": b"x"}, lineage={"dense": {"x": "1"}})
    put_release(store, RELEASE, {"dense": b"x"})
    expected = {"releases": 1, "results of stages": 1, "blocks": 2}
    assert cleaned(store, delete=False) == expected
    assert cleaned(store) == expected
    assert [manifest.release for manifest in list_releases(store)] == [RELEASE]
    assert blocks_of(store) == []


def test_the_newest_index_of_each_form_stays_with_its_blocks(store):
    small, large = put_block(store, "a", "small"), put_block(store, "b", "large")
    put_index(store, small)
    first = list_indices(store, "photos", "data")
    for _ in range(3):
        put_index(store, large)
    assert cleaned(store) == {"indices": 2}
    left = list_indices(store, "photos", "data")
    assert len(left) == 2
    assert set(first) < set(left)
    assert blocks_of(store) == [large, small]


def test_the_newest_index_of_each_choice_stays(store):
    block = put_block(store, "a")
    for choice in ("found", *["given"] * 3):
        save_index(store, "photos", "data", index_of(block), choice)
    kept = list_indices(store, "photos", "data", "found")
    assert cleaned(store) == {"indices": 2}
    assert list_indices(store, "photos", "data", "found") == kept
    assert len(list_indices(store, "photos", "data", "given")) == 1


def test_what_is_young_stays(store):
    put_block(store, "a")
    store.put("checkpoints/one/1.npz", b"state")
    store.put("curves/one/tensorboard/events.out.tfevents.1.v2", b"events")
    put_index(store)
    put_index(store)
    assert cleaned(store, CleanSettings(keep=1)) == {}
    assert cleaned(store) == {"indices": 1, "blocks": 1, "checkpoints": 1, "files of curves": 1}


def test_a_damaged_index_keeps_all_blocks(store, caplog):
    block = put_block(store, "a")
    store.put("stages/data/1/c/index.parquet", b"no table")
    put_release(store, RELEASE, {"dense": b"x"}, lineage={"dense": {"data": "1"}})
    assert cleaned(store) == {}
    assert blocks_of(store) == [block]
    assert "No block may go" in caplog.text


def test_what_was_used_lately_stays_in_the_cache(s3_store_url, tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    store = open_store(s3_store_url)
    paths = {}
    for data in (b"old", b"new"):
        store.put(f"stages/{data.decode()}", data)
        sha256 = hashlib.sha256(data).hexdigest()
        ref = Ref(uri=f"{store.url}/stages/{data.decode()}", sha256=sha256, size=3, kind="data")
        paths[data] = local_file(store, ref), ref
    month_ago = time.time() - 31 * 86400
    for path, _ in paths.values():
        os.utime(path, (month_ago, month_ago))
    local_file(store, paths[b"new"][1])
    assert list(find_unused(30)) == [paths[b"old"][0]]
    assert clean_cache(CleanSettings(), delete=False).number == 1
    assert clean_cache(CleanSettings(), delete=True).size == 3
    assert paths[b"new"][0].is_file()
    assert not paths[b"old"][0].exists()


def test_a_result_that_a_run_begins_to_use_is_as_young_as_the_run(store):
    facts = BaselineFacts(chosen={})

    def produce():
        return produce_stage(store, "baselines", "1", BaselineResult, lambda folder: facts)

    def age_hours() -> float:
        return (store.clock() - max(info.modified for info in store.list("stages/"))) / 3600

    def let_time_pass() -> None:
        for path in (path for path in store.path("stages").rglob("*") if path.is_file()):
            os.utime(path, (time.time() - 25 * 3600,) * 2)

    produce()
    let_time_pass()
    assert age_hours() > 24
    # A run that begins while the results are gone through, and one that begins before.
    planned = plan_stages(store, [], 24)
    assert produce().was_cached
    assert list(prune_stages(store, planned)) == []
    assert plan_stages(store, [], 24) == []
    let_time_pass()
    assert len(list(prune_stages(store, plan_stages(store, [], 24)))) == 1
    assert not produce().was_cached
