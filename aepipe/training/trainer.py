"""The trainer of every recipe: one loop. What differs between recipes is data: options, settings, images."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from aepipe.errors import CorruptObjectError, TrainingError
from aepipe.models.autoencoder import Autoencoder
from aepipe.training.batches import Pace, Pixels, epoch_rows, steps_per_epoch, total_steps
from aepipe.training.checkpoints import Checkpoints, PacedSaving
from aepipe.training.chunk import Chunk, compile_chunk, steps_in_a_group
from aepipe.training.cost import Speed, gpu_peak_memory_mb, peak_memory_mb
from aepipe.training.ending import End, ending, is_out_of_time
from aepipe.training.feed import feed_for
from aepipe.training.making import make_step
from aepipe.training.parts import StepTooLargeError
from aepipe.training.runtime import tf
from aepipe.training.settings import CheckpointSettings, TrainingSettings
from aepipe.training.state import Epoch, TrainingState
from aepipe.training.stopping import stopped
from aepipe.training.validation import code_mean, compile_validation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
        history: Each epoch's result, in order, counted from 1; 0 is the untrained model where that may be kept.
        kept: The epoch whose weights the model has.
        ended_by: What ended it.
        resumed_at: The step that it went on from, counted over all epochs; None where it started anew.
        compile_seconds: What the first steps took, which are compiled before; None where it took none.
        num_parts: In how many parts a batch was computed.
    """

    history: Sequence[Epoch]
    kept: Epoch
    ended_by: End
    resumed_at: int | None
    compile_seconds: float | None
    num_parts: int


class Callback(Protocol):
    """Watches a training."""

    def on_train_begin(self, history: Sequence[Epoch]) -> None:
        """See the epochs that a resumed training has behind it."""

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """See an epoch's result, with the model as it is after it."""

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """See the model as it is kept."""


@dataclass
class Trainer:
    """Trains a model in place, from its last checkpoint where there is one.

    All that a training changes is in its `state`, which checkpoints are of.

    Attributes:
        autoencoder: What is trained.
        train: The images that the loss is taken on.
        validation: Held out from training; may be empty.
        settings: Loss, optimizer, order, limits.
        callbacks: Called in order after each epoch and at the end.
        checkpoints: Where the state is saved; nowhere where None.
        saving: How often.
        strategy: What the model was built under, to share batches out; one device where None.
        stop: Ends it after the chunk of steps in hand as soon as it is set.
        num_parts: In how many parts a batch is computed, unless the checkpoint has more.
        state: Where it is.
    """

    autoencoder: Autoencoder
    train: Pixels
    validation: Pixels
    settings: TrainingSettings
    callbacks: Sequence[Callback] = ()
    checkpoints: Checkpoints | None = None
    saving: CheckpointSettings = CheckpointSettings()  # noqa: RUF009 - frozen
    strategy: tf.distribute.Strategy | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    num_parts: int = 1
    state: TrainingState = field(init=False)

    def __post_init__(self) -> None:
        """Compile the steps, for as many devices as there are."""
        settings, num_steps = self.settings, total_steps(len(self.train), self.settings)
        self._step = make_step(self.autoencoder, self.train, settings, num_steps, self.strategy)
        self._optimizer = self._step.optimizer
        self.state = TrainingState(self._step.variables, num_parts=self.num_parts)
        self._feed = feed_for(self.train, min(settings.batch_size, len(self.train)), self.strategy is not None)
        self._group = 1 if self.strategy else steps_in_a_group(self.autoencoder, settings, num_steps)
        self._validate = compile_validation(self.autoencoder, self.validation, settings)
        keeps_start = settings.keep == "best-or-start"
        self._on_plain_images = compile_validation(self.autoencoder, self.train, settings) if keeps_start else None
        self._pace, self._speed, self._saving = Pace(), Speed(), PacedSaving(self.checkpoints, self.saving)

    def run(self) -> Trained:
        """Train until a limit is reached.

        Raises:
            TrainingError: the loss is no longer finite.
            TrainingInterruptedError: it was told to stop; its state is saved.
            StepTooLargeError: memory ran out; another trainer can go on, with more parts.
        """
        resumed_at = self._resume()
        for callback in self.callbacks:
            callback.on_train_begin(self.state.history)
        if self._on_plain_images and not self.state.history:
            self._complete_epoch(0, self._on_plain_images())
        while (ended_by := ending(self.settings, self.state, len(self.train))) is None and not self.stop.is_set():
            self.run_steps()
            if not self.stop.is_set():
                self.end_epoch()
        if ended_by is None or self.stop.is_set():
            self._save(is_last=True)
            raise stopped()
        kept = self._keep(ended_by)
        for callback in self.callbacks:
            callback.on_train_end(self.autoencoder)
        return Trained(
            self.state.history, kept, ended_by, resumed_at, self._speed.compile_seconds, self.state.num_parts
        )

    def run_steps(self) -> None:
        """Train until the epoch ends, time runs out or it is told to stop."""
        state = self.state
        rows = epoch_rows(len(self.train), self.settings, state.num_epochs, self.train.image_bytes)
        num_done = len(state.step_losses)
        values = self._optimizer.step_values(self._steps_done() - num_done, len(rows))
        started = time.perf_counter()
        for items in self._feed.chunks(rows[num_done:], lambda: self._pace.steps, self._group):
            num_done, first = num_done + len(items), num_done
            losses = self._train(items, values[first:num_done])
            seconds, started = time.perf_counter() - started, time.perf_counter()
            state.add_seconds(seconds)
            state.add_steps(losses)
            self._pace.adapt(len(items), seconds)
            self._speed.add(len(items) * self._feed.batch_size, seconds)
            self._require_finite(losses)
            if self._saving.is_due():
                self._save()
                started = time.perf_counter()
            if self.stop.is_set() or self._is_out_of_time():
                return

    @property
    def share_of_batch(self) -> int:
        """How many images of a batch one device computes."""
        return self._feed.batch_size // self._step.num_shares

    def _train(self, items: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Take some steps; return the `Losses` of each, float64 of (num_steps, 3)."""
        try:
            return self._train_chunk(items, values).numpy().astype(np.float64)
        except tf.errors.ResourceExhaustedError as error:
            raise StepTooLargeError(self.settings.batch_size, self.state.num_parts) from error

    @cached_property
    def _train_chunk(self) -> Chunk:
        """The compiled steps; a checkpoint says in how many parts."""
        step = replace(self._step, num_parts=self.state.num_parts)
        return compile_chunk(step, self._feed, self._group, self.strategy)

    def end_epoch(self) -> None:
        """Note what the steps of an epoch came to, and validate."""
        # Steps see augmented images: by their errors no epoch could be compared with the start.
        with self._optimizer.averaged(self.autoencoder.model.trainable_variables):
            if self._on_plain_images and not len(self.validation):
                losses = self._on_plain_images()
            else:
                losses = self.state.step_losses.mean(axis=0)
            self._complete_epoch(self.state.num_epochs + 1, losses)
        if self._saving.is_due_after(self.state.num_epochs):
            self._save()

    def _complete_epoch(self, number: int, losses: Iterable[float]) -> None:
        """Validate, and note what an epoch came to: its mean `Losses` on the training images."""
        started = time.perf_counter()
        loss, mse, penalty = (float(value) for value in losses)
        validation = self._validate()
        self.state.add_seconds(time.perf_counter() - started)
        epoch = Epoch(
            epoch=number,
            loss=loss,
            mse=mse,
            validation_loss=validation.loss,
            validation_mse=validation.mse,
            learning_rate=float(self._optimizer.step_values(self._steps_done(), 1)[0, 0]),
            seconds=self.state.epoch_seconds,
            penalty=penalty,
            validation_penalty=validation.penalty,
            code_mean=code_mean(self.autoencoder, self.validation if len(self.validation) else self.train),
            images_a_second=self._speed.take(),
            peak_memory_mb=peak_memory_mb(),
            gpu_peak_memory_mb=gpu_peak_memory_mb(),
        )
        self._require_finite([epoch.monitored])
        self.state.add_epoch(epoch)
        best = self.state.best
        if self.settings.keep != "last" and (best is None or epoch.monitored < best.monitored):
            self.state.best, self.state.best_weights = epoch, self.autoencoder.model.get_weights()
        for callback in self.callbacks:
            callback.on_epoch_end(self.autoencoder, epoch)

    def _steps_done(self) -> int:
        steps = self.state.num_epochs * steps_per_epoch(len(self.train), self.settings.batch_size)
        return min(steps + len(self.state.step_losses), total_steps(len(self.train), self.settings))

    def _is_out_of_time(self) -> bool:
        return is_out_of_time(self.settings, self.state)

    def _keep(self, ended_by: End) -> Epoch:
        """Leave the model with the weights that are kept, and return their epoch: at a target, those that reached it.

        By another loss than the MSE an epoch before may be better, and have missed it.
        """
        if self.state.best is None or ended_by == "target":
            self._optimizer.take_averages(self.autoencoder.model.trainable_variables)
            return self.state.history[-1]
        self.autoencoder.model.set_weights(self.state.best_weights)
        return self.state.best

    def _require_finite(self, losses: np.ndarray | Sequence[float]) -> None:
        if not np.isfinite(losses).all():
            raise TrainingError(
                "A loss must stay finite.",
                "Lower the learning rate.",
                epoch=self.state.num_epochs + 1,
                loss=float(np.ravel(losses)[~np.isfinite(np.ravel(losses))][0]),
                learning_rate=self.settings.learning_rate,
            )

    def _save(self, is_last: bool = False) -> None:
        self._saving.save(self._steps_done(), self.state.to_bytes, is_last)

    def _resume(self) -> int | None:
        """Take up the last checkpoint, and return how many steps it has behind it."""
        data = self.checkpoints and self.checkpoints.latest()
        if not data:
            return None
        try:
            self.state.load(data)
        except CorruptObjectError as error:
            logger.warning("The training begins anew: %s", error)
            return None
        return self._steps_done()
