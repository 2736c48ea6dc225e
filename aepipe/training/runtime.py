"""TensorFlow, imported and set up the way every training and evaluation wants it."""

import contextlib
import os
from collections.abc import Iterable, Mapping

from aepipe.errors import ParameterError
from aepipe.hardware import chosen_gpu_memory_mb, chosen_threads, cpu_flags, usable_cores
from aepipe.models.backend import keras, without_banner
from aepipe.training.settings import Precision

if keras.backend.backend() != "tensorflow":
    raise ParameterError(
        "Trainings run on Keras' TensorFlow backend.",
        "Unset KERAS_BACKEND, or set it to tensorflow.",
        backend=keras.backend.backend(),
    )

with without_banner():
    import tensorflow as tf

_most_mb = chosen_gpu_memory_mb()
for _gpu in tf.config.list_physical_devices("GPU"):
    # Several trainings share a GPU only if none takes all of its memory.
    if _most_mb is None:
        tf.config.experimental.set_memory_growth(_gpu, True)
    else:
        limit = tf.config.LogicalDeviceConfiguration(memory_limit=_most_mb)
        tf.config.set_logical_device_configuration(_gpu, [limit])

_threads = chosen_threads() or usable_cores()
if _threads != os.cpu_count():
    # Trainings side by side would wait for one another with as many threads each as there are cores; and TensorFlow
    # counts cores that a container may not use.
    tf.config.threading.set_intra_op_parallelism_threads(_threads)

# Every training compiles its own steps; TensorFlow takes that for needless retracing.
tf.get_logger().setLevel("ERROR")

# NVIDIA's Ampere is the first with bfloat16, Volta with fast float16.
MIN_CAPABILITY: Mapping[Precision, tuple[int, int]] = {"bfloat16": (8, 0), "float16": (7, 0)}
CPU_FLAGS = ("avx512_bf16", "amx_bf16")

__all__ = [
    "hardware",
    "keras",
    "resolve_precision",
    "tf",
    "use_deterministic_operations",
    "use_precision",
]


def hardware() -> str:
    """Return what TensorFlow computes on, in words."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        threads = tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()
        return f"CPU, {threads} of {os.cpu_count()} cores"
    return ", ".join(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus)


def resolve_precision(precision: Precision) -> Precision:
    """Return what a precision comes to here: `auto` is the fastest that the GPU or processor has instructions for."""
    if precision != "auto":
        return precision
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return fastest_precision([detail.get("compute_capability", (0, 0)) for detail in details])
    has_it = not cpu_flags().isdisjoint(CPU_FLAGS)
    return "bfloat16" if has_it else "float32"


def fastest_precision(capabilities: Iterable[tuple[int, int]]) -> Precision:
    """Return the fastest precision of GPUs with these compute capabilities."""
    least = min(capabilities)
    return next((precision for precision, needed in MIN_CAPABILITY.items() if least >= needed), "float32")


def use_deterministic_operations() -> None:
    """Let this process have no operation that comes to other bits each time, as a GPU's atomic sums do."""
    tf.config.experimental.enable_op_determinism()


@contextlib.contextmanager
def use_precision(precision: Precision):
    """Build layers that compute in this precision; their weights are float32 in any case."""
    before = keras.config.dtype_policy()
    resolved = resolve_precision(precision)
    keras.config.set_dtype_policy("float32" if resolved == "float32" else f"mixed_{resolved}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
