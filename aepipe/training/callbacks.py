"""Callbacks of a training: the progress bar, TensorBoard."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from aepipe.models.autoencoder import Autoencoder
from aepipe.training.batches import Pixels
from aepipe.training.event_files import keep_epochs
from aepipe.training.runtime import tf
from aepipe.training.state import Epoch

NUM_IMAGE_SUMMARIES = 10
SCALARS = (
    *("loss", "mse", "validation_loss", "validation_mse", "learning_rate"),
    *("code_mean", "images_a_second", "peak_memory_mb", "gpu_peak_memory_mb"),
)


class ProgressBar:
    """One line on the terminal: epoch, loss, validation loss, time left. Silent where there is no terminal.

    A context: the terminal is given back however the training ends.
    """

    def __init__(self, title: str, num_epochs: int, console: Console | None = None):
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[losses]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        console = console or Console(stderr=True)
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task(title, total=num_epochs, losses="")

    def __enter__(self) -> "ProgressBar":
        self._progress.start()
        return self

    def __exit__(self, *_) -> None:
        self._progress.stop()

    def on_train_begin(self, history: Sequence[Epoch]) -> None:
        """Start where a resumed training goes on."""
        self._progress.update(self._task, completed=history[-1].epoch if history else 0)

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """Show the epoch's losses."""
        losses = f"loss {epoch.loss:.5g}"
        if not np.isnan(epoch.validation_loss):
            losses += f"  validation {epoch.validation_loss:.5g}"
        self._progress.update(self._task, completed=epoch.epoch, losses=losses)

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """Leave the last state of the bar on the terminal."""


class Listener:
    """Passes each epoch on, with the number of epochs that there will be at most."""

    def __init__(self, on_epoch: Callable[[Epoch, int], None], num_epochs: int):
        self._on_epoch, self._num_epochs = on_epoch, num_epochs

    def on_train_begin(self, history: Sequence[Epoch]) -> None:
        """Pass on none of the epochs that a resumed training has behind it."""

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """Pass the epoch on."""
        self._on_epoch(epoch, self._num_epochs)

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """Pass nothing on."""


class TensorBoard:
    """Scalars of every epoch, and originals over reconstructions about ten times in a training.

    Event files that are in the folder are of the same training, by processes that were stopped.
    """

    def __init__(self, folder: Path, examples: Pixels, num_epochs: int):
        self._earlier = sorted(folder.glob("*"))
        self._writer = tf.summary.create_file_writer(str(folder))
        self._originals = examples.scaled(np.arange(len(examples)))
        self._every = max(1, num_epochs // NUM_IMAGE_SUMMARIES)

    def on_train_begin(self, history: Sequence[Epoch]) -> None:
        """Take over what earlier processes wrote of the epochs that a resumed training has behind it.

        The scalars of those that they lack are written anew; their images are gone.
        """
        done = {epoch for path in self._earlier for epoch in keep_epochs(path, len(history) and history[-1].epoch)}
        for epoch in history:
            if epoch.epoch not in done:
                self._write_scalars(epoch)
        self._writer.flush()

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """Write the epoch's scalars, and images where it is time for them."""
        self._write_scalars(epoch)
        if (epoch.epoch - 1) % self._every == 0:
            reconstructions = np.clip(autoencoder.model(self._originals, training=False), 0, 1)
            pairs = np.concatenate([self._originals, reconstructions], axis=1)
            with self._writer.as_default(step=epoch.epoch):
                tf.summary.image("original over reconstruction", pairs, max_outputs=len(pairs))
        # Whoever watches sees an epoch when it is over.
        self._writer.flush()

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """Write what is still buffered."""
        self._writer.close()

    def _write_scalars(self, epoch: Epoch) -> None:
        with self._writer.as_default(step=epoch.epoch):
            for name in SCALARS:
                value = getattr(epoch, name)
                if not np.isnan(value):
                    tf.summary.scalar(name, value)
