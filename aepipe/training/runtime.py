"""TensorFlow, imported and set up the way every training and evaluation wants it."""

import contextlib
import os

from aepipe.errors import ParameterError
from aepipe.hardware import chosen_threads, cpu_flags, usable_cores
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

for _gpu in tf.config.list_physical_devices("GPU"):
    # Several trainings share a GPU only if none takes all of its memory.
    tf.config.experimental.set_memory_growth(_gpu, True)

_threads = chosen_threads() or usable_cores()
if _threads != os.cpu_count():
    # Trainings side by side would wait for one another with as many threads each as there are cores; and TensorFlow
    # counts cores that a container may not use.
    tf.config.threading.set_intra_op_parallelism_threads(_threads)

# Every training compiles its own steps; TensorFlow takes that for needless retracing.
tf.get_logger().setLevel("ERROR")

# NVIDIA's Ampere, the first with bfloat16.
MIN_COMPUTE_CAPABILITY = (8, 0)
CPU_FLAGS = ("avx512_bf16", "amx_bf16")

__all__ = ["hardware", "keras", "resolve_precision", "tf", "use_precision"]


def hardware() -> str:
    """Return what TensorFlow computes on, in words."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        threads = tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()
        return f"CPU, {threads} of {os.cpu_count()} cores"
    return ", ".join(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus)


def resolve_precision(precision: Precision) -> Precision:
    """Return float32 or bfloat16; `auto` is bfloat16 where the GPU or the processor has instructions for it."""
    if precision != "auto":
        return precision
    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    if gpus:
        has_it = all(detail.get("compute_capability", (0, 0)) >= MIN_COMPUTE_CAPABILITY for detail in details)
    else:
        has_it = not cpu_flags().isdisjoint(CPU_FLAGS)
    return "bfloat16" if has_it else "float32"


@contextlib.contextmanager
def use_precision(precision: Precision):
    """Build layers that compute in this precision; their weights are float32 in any case."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if resolve_precision(precision) == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
