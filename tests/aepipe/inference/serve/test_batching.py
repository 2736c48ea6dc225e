"""What waits is computed together, each answer goes to whoever asked, and nothing is lost at the end."""

import threading

import pytest

from aepipe.inference.serve.batching import Batcher


def test_what_waits_together_is_computed_together():
    batches, gate = [], threading.Event()

    def double(kind, items):
        gate.wait(60)
        batches.append((kind, list(items)))
        return [2 * item for item in items]

    with Batcher(double, max_items=3, wait_seconds=0) as batcher:
        first = batcher.submit("a", 0)
        others = [batcher.submit(kind, item) for item, kind in enumerate("abaaab", start=1)]
        gate.set()
        assert [answer.result(60) for answer in [first, *others]] == [0, 2, 4, 6, 8, 10, 12]
    assert [kind for kind, _ in batches[1:]] == ["a", "b", "a"] or batches[0] == ("a", [0, 1, 3])
    assert sorted(item for _, items in batches for item in items) == list(range(7))
    assert max(len(items) for _, items in batches) == 3


def test_one_waits_for_others_until_the_batch_is_full():
    batches = []

    def note(kind, items):
        batches.append(list(items))
        return items

    with Batcher(note, max_items=3, wait_seconds=60) as batcher:
        answers = [batcher.submit("a", item) for item in range(3)]
        assert [answer.result(60) for answer in answers] == [0, 1, 2]
    assert batches == [[0, 1, 2]]


def test_what_waits_at_the_end_is_answered():
    with Batcher(lambda kind, items: items, max_items=10, wait_seconds=60) as batcher:
        answer = batcher.submit("a", 1)
    assert answer.result(0) == 1


def test_an_error_is_of_its_batch_alone():
    def refuse(kind, items):
        if kind == "bad":
            raise ValueError("no")
        return items

    with Batcher(refuse, max_items=10, wait_seconds=0) as batcher:
        bad, good = batcher.submit("bad", 1), batcher.submit("good", 2)
        with pytest.raises(ValueError, match="no"):
            bad.result(60)
        assert good.result(60) == 2


def test_what_nobody_waits_for_any_more_is_not_computed():
    gate, seen = threading.Event(), []

    def note(kind, items):
        gate.wait(60)
        seen.extend(items)
        return items

    with Batcher(note, max_items=1, wait_seconds=0) as batcher:
        first, second, third = (batcher.submit("a", item) for item in range(3))
        assert second.cancel()
        gate.set()
        assert (first.result(60), third.result(60)) == (0, 2)
    assert seen == [0, 2]
