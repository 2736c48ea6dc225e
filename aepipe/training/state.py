"""Everything that a training needs to go on as if it had never stopped, as bytes."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aepipe.errors import CorruptObjectError


@dataclass
class TrainingState:
    """Where a training is.

    Attributes:
        variables: Weights, the optimizer's moments and counters, the states of random generators.
        best_weights: The weights of the best epoch; none where the last are kept.
        step_losses: Loss and MSE of each step of the epoch that is not, (num_steps, 2).
        history: The complete epochs' results.
        best: The number of the best epoch, where one is kept.
        seconds: How long the training has taken, in seconds, over all its parts.
        epoch_seconds: How long the epoch that is not complete has taken.
    """

    variables: list[np.ndarray]
    best_weights: list[np.ndarray] = field(default_factory=list)
    step_losses: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    history: list[dict[str, Any]] = field(default_factory=list)
    best: int | None = None
    seconds: float = 0.0
    epoch_seconds: float = 0.0


def to_bytes(state: TrainingState) -> bytes:
    """Return a state as an npz archive."""
    arrays = {f"variable_{number}": array for number, array in enumerate(state.variables)}
    arrays |= {f"best_{number}": array for number, array in enumerate(state.best_weights)}
    facts = {name: getattr(state, name) for name in ("history", "best", "seconds", "epoch_seconds")}
    buffer = io.BytesIO()
    np.savez(buffer, step_losses=state.step_losses, facts=np.array(json.dumps(facts)), **arrays)
    return buffer.getvalue()


def from_bytes(data: bytes) -> TrainingState:
    """Return the state that `to_bytes` made these bytes from.

    Raises:
        CorruptObjectError: it did not make them.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = dict(archive)
        facts, step_losses = json.loads(str(arrays.pop("facts"))), arrays.pop("step_losses")
        parts = [_numbered(arrays, name) for name in ("variable", "best")]
        return TrainingState(*parts, step_losses=step_losses, **facts)
    # A checkpoint has the digest in its name that whoever wrote it gave it: the bytes may be anything.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise CorruptObjectError("A checkpoint must be a training's state.", reason=reason) from error


def _numbered(arrays: Mapping[str, np.ndarray], name: str) -> list[np.ndarray]:
    return [arrays[f"{name}_{number}"] for number in range(sum(key.startswith(f"{name}_") for key in arrays))]
