"""Prune and promote at once, in every order of their calls to the store; and a prune that is killed at each of them."""

import contextlib
import threading

import pytest
from memory_store import MemoryStore
from releases import put_release

from aepipe.errors import AepipeError, CorruptObjectError
from aepipe.publishing.promotion import promote
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import read_manifest, resolve_release
from aepipe.releases.prune import INTERRUPTED_SECONDS, plan_prune, prune
from aepipe.releases.verify import find_problems

OLD, NEW = "20260101T000000Z-old", "20260201T000000Z-new"
CALLS = ("put", "create", "get", "get_file", "get_versioned", "swap", "exists", "list", "delete", "delete_many")


class Killed(BaseException):
    pass


def calling(store, before_call):
    """Return the same store for another user, who does something before each call."""

    class Watched(MemoryStore):
        def __init__(self):
            self.__dict__ = store.__dict__

    def watch(name):
        def call(self, *arguments):
            before_call()
            found = getattr(MemoryStore, name)(self, *arguments)
            # Other users change the dictionary while this one looks at a listing.
            return iter(list(found)) if name == "list" else found

        setattr(Watched, name, call)

    for name in CALLS:
        watch(name)
    return Watched()


def count(work, store):
    calls = []
    work(calling(store, lambda: calls.append(1)))
    return len(calls)


def make_store(named=NEW):
    store = MemoryStore()
    for release in (OLD, NEW):
        put_release(store, release, {"dense": release.encode()})
    if named:
        promote(store, "production", named, "tests", "tester")
    return store


def prune_all(store):
    list(prune(store, plan_prune(store, 1, 0)))


def promote_old(store):
    with contextlib.suppress(AepipeError):
        promote(store, "production", OLD, "race", "tester")


def run_interleaved(store, first_calls, second_calls):
    """Let prune make so many calls, then promote so many, then prune the rest, then promote the rest."""
    turn, may_promote, may_prune = threading.Event(), threading.Event(), threading.Event()
    made = {"prune": 0, "promote": 0}

    def before_prune():
        if made["prune"] == first_calls:
            may_promote.set()
            may_prune.wait(20)
        made["prune"] += 1

    def before_promote():
        if made["promote"] == second_calls:
            may_prune.set()
            turn.wait(20)
        made["promote"] += 1

    def pruner():
        prune_all(calling(store, before_prune))
        may_promote.set()
        turn.set()

    def promoter():
        may_promote.wait(20)
        promote_old(calling(store, before_promote))
        may_prune.set()

    threads = [threading.Thread(target=work) for work in (pruner, promoter)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("named", [NEW, None])
def test_in_no_order_does_a_channel_name_a_release_that_is_gone(named):
    num_prune, num_promote = count(prune_all, make_store(named)), count(promote_old, make_store(named))
    assert num_prune > 10
    assert num_promote > 5
    ends = set()
    for first_calls in range(num_prune + 1):
        for second_calls in range(num_promote + 1):
            store = make_store(named)
            run_interleaved(store, first_calls, second_calls)
            channel = read_channel(store, "production")
            if channel is not None:
                assert find_problems(store, resolve_release(store, "production")) == []
            assert not [key for key in store.objects if key.endswith(".removed")]
            ends.add(channel and channel.release)
    # Both ends were met: the promotion was refused, and the release was kept.
    assert ends == {OLD, named}


def test_a_prune_that_is_killed_leaves_nothing_that_a_later_one_does_not_remove():
    for kill_at in range(count(prune_all, make_store())):
        store, left = make_store(), [kill_at]

        def kill(left=left):
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        with pytest.raises(Killed):
            prune_all(calling(store, kill))
        assert resolve_release(store, "production").release == NEW
        prune_all(store)
        assert not list(store.list(f"releases/{OLD}/")), kill_at
        assert find_problems(store, resolve_release(store, "production")) == []


def test_a_release_that_was_promoted_while_a_prune_was_killed_comes_back():
    """Killed between the manifest's end and the look at the channels, which name the release by then."""
    store = make_store()
    manifest_key = f"releases/{OLD}/manifest.json"

    def promote_then_kill():
        if not store.exists(manifest_key):
            raise Killed

    class PromotedMeanwhile(type(calling(store, promote_then_kill))):
        def delete(self, key):
            if key == manifest_key:
                promote(store, "production", OLD, "race", "tester")
            super().delete(key)

    with pytest.raises(Killed):
        prune_all(PromotedMeanwhile())
    store.now += INTERRUPTED_SECONDS
    prune_all(store)
    assert resolve_release(store, "production").release == OLD
    assert find_problems(store, resolve_release(store, "production")) == []
    assert not [key for key in store.objects if key.endswith(".removed")]


def test_a_release_stays_where_a_channel_can_not_be_read_any_more():
    store = make_store()

    class DamagedMeanwhile(type(calling(store, lambda: None))):
        def delete(self, key):
            super().delete(key)
            if key == f"releases/{OLD}/manifest.json":
                store.put("channels/staging.json", b"{")

    with pytest.raises(CorruptObjectError, match="staging"):
        prune_all(DamagedMeanwhile())
    assert find_problems(store, read_manifest(store, OLD)) == []


def test_a_release_that_was_completed_after_the_plan_stays():
    store = make_store()
    manifest = store.get(f"releases/{OLD}/manifest.json")
    store.delete(f"releases/{OLD}/manifest.json")
    planned = plan_prune(store, 1, 0)
    assert [(pruned.release, pruned.state) for pruned in planned] == [(OLD, "unfinished")]
    store.create(f"releases/{OLD}/manifest.json", manifest)
    assert list(prune(store, planned)) == []
    assert store.exists(f"releases/{OLD}/report.html")
