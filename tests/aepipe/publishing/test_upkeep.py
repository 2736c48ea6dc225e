"""Whatever changes what a store has writes the page over all releases anew."""

import pytest
from releases import put_release

from aepipe.publishing import upkeep
from aepipe.releases.channels import point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.store import open_store

OLDEST, OLD, NEW = "20260101T000000Z-a", "20260201T000000Z-b", "20260301T000000Z-c"
STALE = b"a page of before"
ACTS = {
    "promote": lambda store: upkeep.promote(store, "production", NEW, "tests", "tests"),
    "roll back": lambda store: upkeep.rollback(store, "production", "tests", "tests"),
    "remove a channel": lambda store: upkeep.remove_channel(store, "old", "tests", "tests"),
    "prune": lambda store: upkeep.prune(store, keep=1, grace_hours=0, delete=True),
}


@pytest.fixture
def store(tmp_path):
    store = open_store(str(tmp_path))
    oldest, old, _ = (put_release(store, release, {"dense": release.encode()}) for release in (OLDEST, OLD, NEW))
    for channel, manifest in (("production", oldest), ("production", old), ("old", old)):
        digest = manifest_sha256(manifest)
        point_channel(store, channel, manifest.release, digest, action="promoted", why="tests", by="tests")
    store.put("index.html", STALE)
    return store


@pytest.mark.parametrize("act", ACTS)
def test_what_changes_a_store_writes_its_page_anew(store, act):
    ACTS[act](store)
    assert NEW in store.get("index.html").decode()


def test_a_prune_that_only_names_what_would_go_leaves_the_page(store):
    assert not upkeep.prune(store, keep=1, grace_hours=0, delete=False).was_done
    assert store.get("index.html") == STALE
