"""Progress of trainings that were stopped: where they go on, told from the states that they saved in the store."""

import re
from collections.abc import Callable

from aepipe.errors import AepipeError, TransientStoreError
from aepipe.store import open_store

STATE = re.compile(r"checkpoints/([^/]+)/(\d+)-[^/]+")


def watch_progress(store: str, refresh: bool = False) -> Callable[[], str]:
    """Return what says where the same command goes on, from what has been saved since this call.

    Args:
        store: The store's URL.
        refresh: The command trains anew whatever is there.
    """
    try:
        before = set(_saved_steps(store).items())
    except TransientStoreError:
        # The run waits for it. What was saved before is then told as what this command saved.
        before = set()

    def describe() -> str:
        command = "without --refresh the same command" if refresh else "the same command"
        try:
            saved = _saved_steps(store)
        except AepipeError:
            # It has been stopped in any case, perhaps because the store does not answer.
            saved = {}
        steps = [f"{steps:,}" for training, steps in saved.items() if (training, steps) not in before]
        if not steps:
            return f"{command} goes on from what the store has"
        return f"{command} goes on at step{'s' if len(steps) > 1 else ''} {' and '.join(steps)}"

    return describe


def _saved_steps(store: str) -> dict[str, int]:
    """Return the steps after which each training's latest state was saved, by the training's fingerprint."""
    found = (STATE.fullmatch(info.key) for info in open_store(store).list("checkpoints/"))
    return {match[1]: int(match[2]) for match in found if match}
