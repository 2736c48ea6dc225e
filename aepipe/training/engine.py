"""The one loop that trains every recipe. What differs between recipes is data: options, settings, images."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from aepipe.errors import CorruptObjectError, TrainingError, TransientStoreError
from aepipe.models.autoencoder import Autoencoder
from aepipe.training.batches import Pixels, epoch_rows, num_epochs, read_ahead, steps_per_epoch, total_steps
from aepipe.training.chance import Chance
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.optimizer import FusedAdam
from aepipe.training.settings import CheckpointSettings, TrainingSettings
from aepipe.training.state import TrainingState, from_bytes, to_bytes
from aepipe.training.steps import compile_steps, compile_validation, steps_in_a_group
from aepipe.training.stopping import stopped

# Who is told to stop does so after a chunk of steps at the latest.
CHUNK_SECONDS = 0.25
LARGEST_SAVING_SHARE = 0.01
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to. `loss` counts the model's penalties; `mse` is per pixel in [0, 1].

    Both are means over the epoch's steps; of the untrained model, and where epochs are compared with it and nothing is
    held out, they are on the training images as they are.
    """

    epoch: int
    loss: float
    mse: float
    validation_loss: float
    validation_mse: float
    learning_rate: float
    seconds: float

    @property
    def monitored(self) -> float:
        """The loss that decides which epoch was best: the validation's where there is one."""
        return self.loss if np.isnan(self.validation_loss) else self.validation_loss


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
        history: Each epoch's result, in order, counted from 1; 0 is the untrained model where that may be kept.
        kept: The epoch whose weights the model has.
        ended_by: What ended it.
        resumed_at: The step that it went on from, counted over all epochs; None where it started anew.
    """

    history: Sequence[Epoch]
    kept: Epoch
    ended_by: Literal["limit", "patience", "time limit"]
    resumed_at: int | None


class Callback(Protocol):
    """Watches a training."""

    def on_train_begin(self, history: Sequence[Epoch]) -> None:
        """See the epochs that a resumed training has behind it."""

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """See an epoch's result, with the model as it is after it."""

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """See the model as it is kept."""


def fit(
    autoencoder: Autoencoder,
    train: Pixels,
    validation: Pixels,
    settings: TrainingSettings,
    callbacks: Iterable[Callback] = (),
    checkpoints: Checkpoints | None = None,
    saving: CheckpointSettings = CheckpointSettings(),  # noqa: B008 - frozen
    strategy=None,
    stop: threading.Event | None = None,
) -> Trained:
    """Train a model in place, from its last checkpoint where there is one.

    Args:
        autoencoder: What is trained.
        train: The images that the loss is taken on.
        validation: Held out from training; may be empty.
        settings: Loss, optimizer, order, limits.
        callbacks: Called in order after each epoch and at the end.
        checkpoints: Where the state is saved; nowhere where None.
        saving: How often.
        strategy: A tf.distribute strategy that the model was built under; one device where None.
        stop: Ends it after the chunk of steps in hand as soon as it is set.

    Raises:
        TrainingError: the loss is no longer finite.
        TrainingInterruptedError: it was told to stop; its state is saved.
    """
    stop = stop or threading.Event()
    training = _Training(
        autoencoder, train, validation, settings, tuple(callbacks), checkpoints, saving, strategy, stop
    )
    return training.run()


def history_rows(history: Iterable[Epoch]) -> list[dict[str, float]]:
    """Return one dict an epoch, as history.csv has them."""
    return [dict(vars(epoch)) for epoch in history]


class _Training:
    """A training in progress."""

    def __init__(self, autoencoder, train, validation, settings, callbacks, checkpoints, saving, strategy, stop):
        self._autoencoder, self._train, self._settings = autoencoder, train, settings
        self._callbacks, self._checkpoints, self._saving, self._stop = callbacks, checkpoints, saving, stop
        self._num_steps = num_steps = total_steps(len(train), settings)
        self._steps_in_epoch = steps_per_epoch(len(train), settings.batch_size)
        with strategy.scope() if strategy else nullcontext():
            self._optimizer = FusedAdam(settings, num_steps)
            self._optimizer.build(autoencoder.model.trainable_variables)
            chance = Chance.of(settings)
        self._variables = [*autoencoder.model.variables, *self._optimizer.variables, *chance.variables]
        self._group = 1 if strategy else steps_in_a_group(autoencoder, num_steps)
        self._train_chunk = compile_steps(autoencoder, self._optimizer, chance, train, settings, self._group, strategy)
        self._validate = compile_validation(autoencoder, validation, settings)
        keeps_start = settings.keep == "best-or-start"
        self._on_plain_images = compile_validation(autoencoder, train, settings) if keeps_start else None
        # Steps see augmented images: by their errors no epoch could be compared with the start.
        self._compares_on_plain_images = keeps_start and not len(validation)
        self._history: list[Epoch] = []
        self._step_losses = np.zeros((0, 2))
        self._best: Epoch | None = None
        self._best_weights: list[np.ndarray] = []
        self._seconds = self._epoch_seconds = 0.0
        self._chunk_steps = 1
        self._saved_at, self._saving_seconds = time.perf_counter(), 0.0

    def run(self) -> Trained:
        resumed_at = self._resume()
        for callback in self._callbacks:
            callback.on_train_begin(self._history)
        if self._on_plain_images and not self._history:
            self._add_epoch(0, self._on_plain_images())
        while self._ended_by() is None and not self._stop.is_set():
            self._run_steps()
            if not self._stop.is_set():
                self._end_epoch()
        if self._stop.is_set():
            self._save(is_last=True)
            raise stopped()
        kept = self._keep()
        for callback in self._callbacks:
            callback.on_train_end(self._autoencoder)
        return Trained(self._history, kept, self._ended_by(), resumed_at)

    def _run_steps(self) -> None:
        """Train until the epoch ends, time runs out or it is told to stop."""
        rows = epoch_rows(len(self._train), self._settings, self._num_epochs, self._train.image_bytes)
        num_done = len(self._step_losses)
        values = self._optimizer.step_values(self._steps_done() - num_done, len(rows))
        started = time.perf_counter()
        for batches in read_ahead(self._train, rows[num_done:], lambda: self._chunk_steps, self._group):
            num_done, first = num_done + len(batches), num_done
            losses = self._train_chunk(batches, values[first:num_done]).numpy().astype(np.float64)
            seconds, started = time.perf_counter() - started, time.perf_counter()
            self._seconds, self._epoch_seconds = self._seconds + seconds, self._epoch_seconds + seconds
            self._chunk_steps = max(1, min(4 * len(batches), round(CHUNK_SECONDS * len(batches) / seconds)))
            self._step_losses = np.concatenate([self._step_losses, losses])
            self._check_finite(losses)
            if self._is_saving_due():
                self._save()
                started = time.perf_counter()
            if self._stop.is_set() or self._is_out_of_time():
                return

    def _end_epoch(self) -> None:
        on_plain = self._compares_on_plain_images
        losses = self._on_plain_images() if on_plain else self._step_losses.mean(axis=0)
        self._add_epoch(self._num_epochs + 1, losses)
        if self._saving.every_epochs and self._num_epochs % self._saving.every_epochs == 0:
            self._save()

    def _add_epoch(self, number: int, losses: Iterable[float]) -> None:
        """Validate, and note what an epoch came to: its mean loss and MSE on the training images."""
        started = time.perf_counter()
        loss, mse = (float(value) for value in losses)
        validation_loss, validation_mse = self._validate()
        seconds = time.perf_counter() - started
        self._seconds, self._epoch_seconds = self._seconds + seconds, self._epoch_seconds + seconds
        epoch = Epoch(
            epoch=number,
            loss=loss,
            mse=mse,
            validation_loss=validation_loss,
            validation_mse=validation_mse,
            learning_rate=float(self._optimizer.step_values(self._steps_done(), 1)[0, 0]),
            seconds=self._epoch_seconds,
        )
        self._check_finite([epoch.monitored])
        self._history.append(epoch)
        self._step_losses, self._epoch_seconds = np.zeros((0, 2)), 0.0
        if self._settings.keep != "last" and (self._best is None or epoch.monitored < self._best.monitored):
            self._best, self._best_weights = epoch, self._autoencoder.model.get_weights()
        for callback in self._callbacks:
            callback.on_epoch_end(self._autoencoder, epoch)

    def _ended_by(self) -> Literal["limit", "patience", "time limit"] | None:
        """Return what ended the training, or None."""
        patience = self._settings.patience
        if self._num_epochs >= num_epochs(len(self._train), self._settings):
            return "limit"
        if self._best and patience is not None and self._num_epochs - self._best.epoch >= patience:
            return "patience"
        return "time limit" if self._num_epochs and self._is_out_of_time() else None

    @property
    def _num_epochs(self) -> int:
        """How many epochs are complete."""
        return self._history[-1].epoch if self._history else 0

    def _steps_done(self) -> int:
        return min(self._num_epochs * self._steps_in_epoch + len(self._step_losses), self._num_steps)

    def _is_out_of_time(self) -> bool:
        limit = self._settings.time_limit_minutes
        return limit is not None and self._seconds >= 60 * limit

    def _keep(self) -> Epoch:
        """Leave the model with the weights that are kept, and return their epoch."""
        if self._best is None:
            return self._history[-1]
        self._autoencoder.model.set_weights(self._best_weights)
        return self._best

    def _check_finite(self, losses) -> None:
        if not np.isfinite(losses).all():
            raise TrainingError(
                "A loss must stay finite.",
                "Lower the learning rate.",
                epoch=self._num_epochs + 1,
                loss=float(np.ravel(losses)[~np.isfinite(np.ravel(losses))][0]),
                learning_rate=self._settings.learning_rate,
            )

    def _is_saving_due(self) -> bool:
        least = max(self._saving.every_seconds, self._saving_seconds / LARGEST_SAVING_SHARE)
        return self._checkpoints is not None and time.perf_counter() - self._saved_at >= least

    def _save(self, is_last: bool = False) -> None:
        if self._checkpoints is None:
            return
        started = time.perf_counter()
        state = TrainingState(
            variables=[variable.numpy() for variable in self._variables],
            best_weights=self._best_weights,
            step_losses=self._step_losses,
            history=history_rows(self._history),
            best=self._best and self._best.epoch,
            seconds=self._seconds,
            epoch_seconds=self._epoch_seconds,
        )
        try:
            self._checkpoints.save(self._steps_done(), to_bytes(state))
        except TransientStoreError as error:
            # The store may be back when the next one is due.
            if is_last:
                raise
            logger.warning("A checkpoint could not be saved, and the training goes on: %s", error)
        self._saved_at = time.perf_counter()
        self._saving_seconds = self._saved_at - started

    def _resume(self) -> int | None:
        """Take up the last checkpoint, and return how many steps it has behind it."""
        data = self._checkpoints and self._checkpoints.latest()
        if not data:
            return None
        try:
            state = from_bytes(data)
        except CorruptObjectError as error:
            logger.warning("The training begins anew: %s", error)
            return None
        for variable, value in zip(self._variables, state.variables, strict=True):
            variable.assign(value)
        self._history = [Epoch(**row) for row in state.history]
        self._step_losses, self._best_weights = state.step_losses, state.best_weights
        self._best = next((epoch for epoch in self._history if epoch.epoch == state.best), None)
        self._seconds, self._epoch_seconds = state.seconds, state.epoch_seconds
        return self._steps_done()
