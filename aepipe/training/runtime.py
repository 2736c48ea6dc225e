"""TensorFlow, imported the way every training and evaluation wants it."""

import os

import keras
import tensorflow as tf

for _gpu in tf.config.list_physical_devices("GPU"):
    # Several trainings share a GPU only if none takes all of its memory.
    tf.config.experimental.set_memory_growth(_gpu, True)

# Every training compiles its own epoch; TensorFlow takes that for needless retracing.
tf.get_logger().setLevel("ERROR")

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "Training runs on Keras' TensorFlow backend. "
        f"Received: KERAS_BACKEND={keras.backend.backend()!r}. Unset KERAS_BACKEND, or set it to tensorflow."
    )

__all__ = ["hardware", "keras", "tf"]


def hardware() -> str:
    """Return what TensorFlow computes on, in words."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return f"CPU, {os.cpu_count()} cores"
    return ", ".join(tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus)
