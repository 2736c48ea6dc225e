"""The state of a training: everything that it needs to go on as if it had never stopped."""

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from aepipe.errors import CorruptObjectError


class Variable(Protocol):
    """A Keras variable, as far as a state reads and sets it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    def numpy(self) -> np.ndarray:
        """Return its value."""

    def assign(self, value: np.ndarray) -> object:
        """Set its value."""


class Losses(NamedTuple):
    """What a step or a validation comes to.

    Attributes:
        loss: What is made small, the penalty in it.
        mse: Per pixel in [0, 1].
        penalty: What the model itself adds to the loss: the weighted KL divergence or the L1 norm of its codes.
    """

    loss: float
    mse: float
    penalty: float


NO_STEPS = np.zeros((0, len(Losses._fields)))


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to. `loss` counts the model's penalties; `mse` is per pixel in [0, 1].

    They are means over the epoch's steps; of the untrained model, and where epochs are compared with it and nothing is
    held out, they are on the training images as they are. A variational model's losses are those of drawn codes; its
    validation's MSE is that of their means, as the model is used.

    Attributes:
        code_mean: Mean of all code values on some images, held-out ones where there are any.
        images_a_second: Of its steps, without those that were compiled first.
        peak_memory_mb: The most that the process has had so far.
        gpu_peak_memory_mb: The same of a GPU's memory.
    """

    epoch: int
    loss: float
    mse: float
    validation_loss: float
    validation_mse: float
    learning_rate: float
    seconds: float
    penalty: float = math.nan
    validation_penalty: float = math.nan
    code_mean: float = math.nan
    images_a_second: float = math.nan
    peak_memory_mb: float = math.nan
    gpu_peak_memory_mb: float = math.nan

    @property
    def monitored(self) -> float:
        """The loss that decides which epoch was best: the validation's where there is one."""
        return self.loss if np.isnan(self.validation_loss) else self.validation_loss


@dataclass
class TrainingState:
    """Where a training is: the one thing about it that changes, saved and loaded as it is.

    Attributes:
        variables: Weights, the optimizer's moments and counters, the states of random generators; those in use.
        history: The complete epochs' results.
        best: The best epoch, where one is kept.
        best_weights: Its weights; none where the last are kept.
        step_losses: `Losses` of each step of the epoch that is not complete, (num_steps, 3).
        seconds: How long the training has taken, in seconds, over all its parts.
        epoch_seconds: How long the epoch that is not complete has taken.
        num_parts: In how many parts a batch is computed, for want of memory.
    """

    variables: Sequence[Variable]
    history: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    best_weights: list[np.ndarray] = field(default_factory=list)
    step_losses: np.ndarray = field(default_factory=lambda: NO_STEPS)
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    num_parts: int = 1

    @property
    def num_epochs(self) -> int:
        """How many epochs are complete."""
        return self.history[-1].epoch if self.history else 0

    def add_seconds(self, seconds: float) -> None:
        """Count time that the training took."""
        self.seconds, self.epoch_seconds = self.seconds + seconds, self.epoch_seconds + seconds

    def add_steps(self, losses: np.ndarray) -> None:
        """Count steps with their `Losses`, (num_steps, 3)."""
        self.step_losses = np.concatenate([self.step_losses, losses])

    def add_epoch(self, epoch: Epoch) -> None:
        """Count an epoch as complete."""
        self.history.append(epoch)
        self.step_losses, self.epoch_seconds = NO_STEPS, 0.0

    def to_bytes(self) -> bytes:
        """Return the state as an npz archive."""
        arrays = {f"variable_{number}": variable.numpy() for number, variable in enumerate(self.variables)}
        arrays |= {f"best_{number}": array for number, array in enumerate(self.best_weights)}
        numbers = {
            "history": [asdict(epoch) for epoch in self.history],
            "best": self.best and self.best.epoch,
            "seconds": self.seconds,
            "epoch_seconds": self.epoch_seconds,
            "num_parts": self.num_parts,
        }
        buffer = io.BytesIO()
        np.savez(
            buffer, allow_pickle=False, step_losses=self.step_losses, facts=np.array(json.dumps(numbers)), **arrays
        )
        return buffer.getvalue()

    def load(self, data: bytes) -> None:
        """Become what `to_bytes` made these bytes from.

        Raises:
            CorruptObjectError: it did not make them, or not of such a training; the state is what it was.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                arrays = dict(archive)
            numbers, step_losses = json.loads(str(arrays.pop("facts"))), arrays.pop("step_losses")
            values, best_weights = _numbered(arrays, "variable"), _numbered(arrays, "best")
            history = [Epoch(**row) for row in numbers.pop("history")]
            best_epoch, seconds = numbers.pop("best"), (numbers.pop("seconds"), numbers.pop("epoch_seconds"))
            # Who has less memory than whoever saved it has found more of them already.
            num_parts = max(self.num_parts, numbers.pop("num_parts", 1))
            best = None if best_epoch is None else next(epoch for epoch in history if epoch.epoch == best_epoch)
            self._require_shapes(values)
        # A checkpoint has the digest in its name that whoever wrote it gave it: the bytes may be anything.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise CorruptObjectError("A checkpoint must be a training's state.", reason=reason) from error
        for variable, value in zip(self.variables, values, strict=True):
            variable.assign(value)
        self.history, self.best, self.best_weights = history, best, best_weights
        self.step_losses, (self.seconds, self.epoch_seconds) = step_losses, seconds
        self.num_parts = num_parts

    def _require_shapes(self, values: Sequence[np.ndarray]) -> None:
        own, found = [tuple(variable.shape) for variable in self.variables], [value.shape for value in values]
        if own != found:
            raise ValueError(f"its variables have the shapes {found}, not {own}")


def history_rows(history: Sequence[Epoch]) -> list[dict[str, Any]]:
    """Return one dict an epoch, as history.csv has them."""
    return [asdict(epoch) for epoch in history]


def _numbered(arrays: Mapping[str, np.ndarray], name: str) -> list[np.ndarray]:
    return [arrays[f"{name}_{number}"] for number in range(sum(key.startswith(f"{name}_") for key in arrays))]
