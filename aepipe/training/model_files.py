"""Keras files that anybody may have written: held against what they may be before anything is built from them.

Keras' safe mode keeps code in a file from being run. What is here keeps a file from taking more memory than it has
bytes, and makes one kind of error of whatever it does.
"""

import json
import math
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from aepipe.errors import ModelFileError
from aepipe.training.runtime import keras
from aepipe.training.saving import CONFIG, import_layers, load_model, nodes_of

METADATA, WEIGHTS = "metadata.json", "model.weights.h5"
MEMBERS = sorted((CONFIG, METADATA, WEIGHTS))
MAX_CONFIG_BYTES, MAX_LEVELS, MAX_OBJECTS = 2**22, 64, 1000
# Beside the weights: the state of random layers, averages of batches.
MAX_OTHER_VALUES = 10_000
MAX_REASON = 300


@dataclass(frozen=True)
class Expected:
    """What a model must be, by what its release says of it elsewhere.

    Attributes:
        num_parameters: Its weights.
        input_shape: Of one input.
        output_shape: Of one output.
    """

    num_parameters: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]


def load_published(path: Path, expected: Expected | None = None) -> keras.Model:
    """Read a Keras file that may be anybody's, in safe mode and for inference only.

    Args:
        path: The file.
        expected: What it must be; not compared where None.

    Raises:
        ModelFileError: it can't be loaded, is not what was expected, or would take more than its bytes account for.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = _read_config(archive)
            num_bytes = _check_weights(archive, path.stat().st_size)
        import_layers(config)
        with ThreadPoolExecutor(1) as pool:
            # In a thread of its own: Keras keeps what was made in a stateless scope for its thread, to fill it later.
            num_values, output_shape = pool.submit(_build_without_weights, config, expected).result()
        _compare(num_values, num_bytes, output_shape, expected)
        model = load_model(path)
        if expected is not None:
            # What only shows when it runs shows here.
            model(np.zeros((1, *expected.input_shape), np.float32), training=False)
        return model
    except (ModelFileError, MemoryError):
        raise
    # Whatever a decoder makes of hostile bytes: the file is what is wrong.
    except Exception as error:
        # Keras wraps what it met into pages of configuration.
        text = str(error).rpartition("Exception encountered:")[2]
        reason = " ".join(f"{type(error).__name__}: {text}".split())[:MAX_REASON]
        raise ModelFileError("A model's file must be one that Keras' safe mode loads.", reason=reason) from error


def _read_config(archive: zipfile.ZipFile) -> dict[str, Any]:
    members = archive.infolist()
    names = sorted(member.filename for member in members)
    packed = [member.filename for member in members if member.compress_type != zipfile.ZIP_STORED]
    if names != MEMBERS or packed:
        raise ModelFileError(
            f"A model's file holds {', '.join(MEMBERS)}, as they are.", members=names[:9], packed=packed
        )
    num_bytes = max(archive.getinfo(name).file_size for name in (CONFIG, METADATA))
    if num_bytes > MAX_CONFIG_BYTES:
        raise ModelFileError(f"A model's configuration has at most {MAX_CONFIG_BYTES:,} bytes.", num_bytes=num_bytes)
    config = json.loads(archive.read(CONFIG))
    levels, num_objects = 0, 0
    for level, node in nodes_of(config):
        levels, num_objects = max(levels, level), num_objects + (isinstance(node, dict) and "class_name" in node)
    if levels > MAX_LEVELS or num_objects > MAX_OBJECTS:
        raise ModelFileError(
            f"A model's configuration has at most {MAX_LEVELS} levels and {MAX_OBJECTS:,} objects.",
            levels=levels,
            objects=num_objects,
        )
    return config


def _check_weights(archive: zipfile.ZipFile, file_bytes: int) -> int:
    """Return the bytes of the weights, which all are in the file: not elsewhere, and not said to be more."""
    num_bytes = min(archive.getinfo(WEIGHTS).file_size, file_bytes)
    said_bytes, elsewhere = 0, []

    def look(name: str, item: h5py.Group | h5py.Dataset) -> None:
        nonlocal said_bytes
        if isinstance(item, h5py.Dataset):
            said_bytes += item.nbytes
            if item.is_virtual or item.external:
                elsewhere.append(name)

    with archive.open(WEIGHTS) as member, h5py.File(member, "r") as weights:
        weights.visititems(look)
    if said_bytes > num_bytes or elsewhere:
        raise ModelFileError(
            "A model's weights are in its file.", num_bytes=num_bytes, said_bytes=said_bytes, elsewhere=elsewhere[:9]
        )
    return num_bytes


def _build_without_weights(config: dict[str, Any], expected: Expected | None) -> tuple[int, tuple[int | None, ...]]:
    """Return how many values the model would have, and the shape of an output; none of them takes memory yet."""
    with keras.StatelessScope(initialize_variables=False):
        model = keras.saving.deserialize_keras_object({**config, "compile_config": None}, safe_mode=True)
        if not isinstance(model, keras.Model):
            raise ModelFileError("A model's file has a model.", found=type(model).__name__)
        output = None if expected is None else model(keras.Input(expected.input_shape))
    num_values = sum(math.prod(variable.shape) for variable in model.variables)
    return num_values, () if output is None else tuple(output.shape[1:])


def _compare(num_values: int, num_bytes: int, output_shape: tuple[int | None, ...], expected: Expected | None) -> None:
    # Of at least a byte each.
    if num_values > num_bytes:
        raise ModelFileError(
            "A model has as many weights as its file.", num_values=num_values, bytes_of_weights=num_bytes
        )
    if expected is None:
        return
    if num_values > 2 * expected.num_parameters + MAX_OTHER_VALUES:
        raise ModelFileError(
            "A model is of the size that its recipe.json says.",
            num_values=num_values,
            expected=expected.num_parameters,
        )
    if output_shape != expected.output_shape:
        raise ModelFileError(
            "A model gives what its recipe.json says.", shape=output_shape, expected=expected.output_shape
        )
