"""Event files of a training that was stopped, as far as the training that goes on takes them over."""

from collections.abc import Iterator
from pathlib import Path

from aepipe.training.runtime import tf


def keep_epochs(path: Path, num_epochs: int) -> set[int]:
    """Leave in an event file what is of so many epochs and whole, and return which these are.

    Its last epoch goes in any case: a process that was killed may have written a part of it. Where a training begins
    anew the file goes.
    """
    if not num_epochs:
        path.unlink()
        return set()
    records = list(_records(path))
    whole = {step for step, _ in records if step <= num_epochs} - {max((step for step, _ in records), default=0)}
    with tf.io.TFRecordWriter(str(path)) as writer:
        for step, record in records:
            # Of step 0 is also what says the kind of the file.
            if step in whole or step == 0:
                writer.write(record)
    return whole


def _records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield each event with its step, up to where the file was cut."""
    try:
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            yield tf.compat.v1.Event.FromString(record).step, record
    except tf.errors.DataLossError:
        return
