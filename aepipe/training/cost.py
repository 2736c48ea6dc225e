"""Cost of a training: images a second, seconds to compile, memory."""

import math
import resource
import sys

from aepipe.hardware import gpu_memory_bytes
from aepipe.io.memory import memory_bytes
from aepipe.training.runtime import tf

MEGABYTE = 1_000_000
# macOS counts in bytes, others in kilobytes.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class Speed:
    """Counts images and seconds of steps.

    Attributes:
        compile_seconds: What the first steps took, which are compiled before; None where there were none yet.
    """

    def __init__(self) -> None:
        self.compile_seconds: float | None = None
        self._num_images, self._seconds = 0, 0.0

    def add(self, num_images: int, seconds: float) -> None:
        """Count steps on so many images."""
        if self.compile_seconds is None:
            self.compile_seconds = seconds
        else:
            self._num_images, self._seconds = self._num_images + num_images, self._seconds + seconds

    def take(self) -> float:
        """Return the images a second since it was last asked, without those that were compiled; NaN for none."""
        speed = self._num_images / self._seconds if self._seconds else math.nan
        self._num_images, self._seconds = 0, 0.0
        return speed


def device_memory_bytes() -> int:
    """Return the memory of what trainings compute on: that of the smallest GPU, or the machine's."""
    return min(gpu_memory_bytes(), default=memory_bytes())


def peak_memory_mb() -> float:
    """Return the most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / MEGABYTE


def gpu_peak_memory_mb() -> float:
    """Return the most memory that this process has had on any of its GPUs; NaN where there is none."""
    names = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices("GPU")]
    return max((tf.config.experimental.get_memory_info(name)["peak"] / MEGABYTE for name in names), default=math.nan)
