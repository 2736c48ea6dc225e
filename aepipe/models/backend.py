"""Keras, imported here by whatever needs it: without TensorFlow's banner, and with Keras' own defaults.

The file `keras.json` in a user's home is of other projects: it must not change what a training comes to.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# TensorFlow prints them before it reads TF_CPP_MIN_LOG_LEVEL. They are no news to anybody.
BANNER = (
    "All log messages before absl::InitializeLog() is called are written to STDERR",
    "oneDNN custom operations are on.",
    "Could not find cuda drivers on your machine, GPU will not be used.",
    "This TensorFlow binary is optimized to use available CPU instructions",
    "To enable the following instructions:",
)
FILTER_SECONDS = 5


@contextmanager
def without_banner() -> Iterator[None]:
    """Within the block, let the process' stderr through but for the lines of TensorFlow's banner.

    A process of its own reads them, so that what an import says before it aborts is not lost.
    """
    grep = shutil.which("grep")
    if grep is None or not _has_stderr():
        yield
        return
    patterns = [part for line in BANNER for part in ("-e", line)]
    # In a session of its own: Ctrl-C must not end it before what it reads from.
    command = [grep, "--line-buffered", "--text", "--fixed-strings", "--invert-match", *patterns]
    read_end, write_end = os.pipe()
    reader = subprocess.Popen(command, stdin=read_end, stdout=2, stderr=subprocess.DEVNULL, start_new_session=True)
    os.close(read_end)
    before = os.dup(2)
    sys.stderr.flush()
    os.dup2(write_end, 2)
    os.close(write_end)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
        # It ends when the last process that has its pipe does.
        with suppress(subprocess.TimeoutExpired):
            reader.wait(FILTER_SECONDS)


def _has_stderr() -> bool:
    try:
        os.fstat(2)
    except OSError:
        return False
    return sys.stderr is not None


# Read once, at the import.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
with without_banner():
    import keras
    from keras import ops

keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")

__all__ = ["keras", "ops", "without_banner"]
