"""What watches a training: the weights worth keeping, the progress bar, TensorBoard."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from aepipe.models.autoencoder import Autoencoder
from aepipe.training.engine import Epoch, Pixels
from aepipe.training.runtime import tf

NUM_IMAGE_SUMMARIES = 10


class KeepBest:
    """Keeps the best epoch's weights, and asks to stop after `patience` epochs without a better one."""

    def __init__(self, patience: int | None = None):
        self.best: Epoch | None = None
        self.should_stop = False
        self._patience = patience
        self._weights: list[np.ndarray] = []

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """Remember the weights if the epoch is better than all before it."""
        if self.best is None or epoch.monitored < self.best.monitored:
            self.best, self._weights = epoch, autoencoder.model.get_weights()
        elif self._patience is not None:
            self.should_stop = epoch.epoch - self.best.epoch >= self._patience

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """Put the best weights back."""
        autoencoder.model.set_weights(self._weights)


class KeepLast:
    """Keeps the weights as they are at the end, as the sources do."""

    should_stop = False

    def __init__(self):
        self.best: Epoch | None = None

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """Remember which epoch is kept."""
        self.best = epoch

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """Leave the weights as they are."""


class ProgressBar:
    """One line on the terminal: epoch, loss, validation loss, time left. Silent where there is no terminal.

    A context: the terminal is given back however the training ends.
    """

    should_stop = False

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

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """Show the epoch's losses."""
        losses = f"loss {epoch.loss:.5g}"
        if not np.isnan(epoch.validation_loss):
            losses += f"  validation {epoch.validation_loss:.5g}"
        self._progress.update(self._task, advance=1, losses=losses)

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """Leave the last state of the bar on the terminal."""


class TensorBoard:
    """Scalars of every epoch, and originals over reconstructions about ten times in a training."""

    should_stop = False

    def __init__(self, folder: Path, examples: Pixels, num_epochs: int):
        self._writer = tf.summary.create_file_writer(str(folder))
        minimum, maximum = examples.pixel_range
        self._originals = (examples.images.astype(np.float32) - minimum) / (maximum - minimum)
        self._every = max(1, num_epochs // NUM_IMAGE_SUMMARIES)

    def on_epoch_end(self, autoencoder: Autoencoder, epoch: Epoch) -> None:
        """Write the epoch's scalars, and images where it is time for them."""
        with self._writer.as_default(step=epoch.epoch):
            for name in ("loss", "mse", "validation_loss", "validation_mse", "learning_rate"):
                value = getattr(epoch, name)
                if not np.isnan(value):
                    tf.summary.scalar(name, value)
            with tf.summary.record_if((epoch.epoch - 1) % self._every == 0):
                reconstructions = np.clip(autoencoder.model(self._originals, training=False), 0, 1)
                pairs = np.concatenate([self._originals, reconstructions], axis=1)
                tf.summary.image("original over reconstruction", pairs, max_outputs=len(pairs))

    def on_train_end(self, autoencoder: Autoencoder) -> None:
        """Write what is still buffered."""
        self._writer.close()
