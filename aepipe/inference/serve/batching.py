"""Batches of what waits: items of one kind that arrived together are computed together, by one thread."""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
KindT = TypeVar("KindT", bound=Hashable)
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True)
class _Waiting(Generic[KindT, ItemT, AnswerT]):
    kind: KindT
    item: ItemT
    answer: "Future[AnswerT]" = field(default_factory=Future)
    arrived: float = field(default_factory=time.monotonic)


class Batcher(Generic[KindT, ItemT, AnswerT]):
    """A queue and the thread that empties it.

    How much may wait is decided by whoever submits.

    Args:
        compute: Takes a kind and items of it, and returns an answer for each.
        max_items: Most items of a batch.
        wait_seconds: How long an item waits for others of its kind; none where the thread was busy for longer.
    """

    def __init__(
        self,
        compute: Callable[[KindT, Sequence[ItemT]], Sequence[AnswerT]],
        max_items: int,
        wait_seconds: float,
    ):
        self._compute, self._max_items, self._wait_seconds = compute, max_items, wait_seconds
        self._waiting: deque[_Waiting[KindT, ItemT, AnswerT]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="aepipe-batches")

    def __enter__(self) -> "Batcher[KindT, ItemT, AnswerT]":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Answer what still waits, and end the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()

    def submit(self, kind: KindT, item: ItemT) -> "Future[AnswerT]":
        """Let an item wait for its batch, and return what will have its answer, or the error of its batch."""
        waiting: _Waiting[KindT, ItemT, AnswerT] = _Waiting(kind, item)
        with self._changed:
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.answer

    def _run(self) -> None:
        while batch := self._next():
            # Whoever asked may be gone.
            if asked := [one for one in batch if one.answer.set_running_or_notify_cancel()]:
                self._answer(asked)

    def _answer(self, batch: Sequence[_Waiting[KindT, ItemT, AnswerT]]) -> None:
        try:
            answers = self._compute(batch[0].kind, [one.item for one in batch])
            for one, answer in zip(batch, answers, strict=True):
                one.answer.set_result(answer)
        except Exception as error:
            # Each of them raises it where it is waited for.
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(error)

    def _next(self) -> list[_Waiting[KindT, ItemT, AnswerT]]:
        """Wait for the next batch; none when it is closed and nothing waits any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return []
            first = self._waiting[0]
            deadline = first.arrived + self._wait_seconds
            while not (self._is_closed or self._is_full(first.kind)) and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            return self._take(first.kind)

    def _is_full(self, kind: KindT) -> bool:
        return len(self._waiting) >= self._max_items and (
            sum(one.kind == kind for one in self._waiting) >= self._max_items
        )

    def _take(self, kind: KindT) -> list[_Waiting[KindT, ItemT, AnswerT]]:
        """Return what has waited longest of a kind; the others keep their places."""
        taken: list[_Waiting[KindT, ItemT, AnswerT]] = []
        left: deque[_Waiting[KindT, ItemT, AnswerT]] = deque()
        for one in self._waiting:
            (taken if one.kind == kind and len(taken) < self._max_items else left).append(one)
        self._waiting = left
        return taken
