"""Check of a model's files in a process that did not make them: how far their outputs are from the model's.

python -m aepipe.exports.check ARRAYS.npz model.onnx=PATH encoder.onnx=PATH model.tflite=PATH

What a file is called says what it is; where it lies, as in a cache by its digest, it may be called anything.
"""

import json
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from aepipe.exports.formats import FILES, Runtime
from aepipe.io.temporary import temporary_folder


def _keras(path: str) -> Callable[[np.ndarray], np.ndarray]:
    from aepipe.training.saving import load_model

    model = load_model(Path(path))
    return lambda inputs: model.predict(inputs, verbose=0)


def _saved_model(path: str) -> Callable[[np.ndarray], np.ndarray]:
    from aepipe.training.runtime import tf

    with temporary_folder("exports") as folder:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        loaded = tf.saved_model.load(str(folder))

    def run(images: np.ndarray) -> np.ndarray:
        # Named so that what it needs lives as long as it does.
        (made,) = loaded.signatures["reconstruct"](tf.constant(images)).values()
        return np.asarray(made.numpy())

    return run


def _onnx(path: str) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    return lambda inputs: session.run(None, {given.name: inputs})[0]


def _litert(path: str) -> Callable[[np.ndarray], np.ndarray]:
    from aepipe.training.runtime import tf

    interpreter = tf.lite.Interpreter(path)

    def run(inputs: np.ndarray) -> np.ndarray:
        (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
        interpreter.resize_tensor_input(given["index"], inputs.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], inputs)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(made["index"]))

    return run


LOADERS: Mapping[Runtime, Callable[[str], Callable[[np.ndarray], np.ndarray]]] = {
    "keras": _keras,
    "tensorflow": _saved_model,
    "onnxruntime": _onnx,
    "litert": _litert,
}
BATCH_SIZE = 100


def main(arrays: str, *files: str) -> None:
    """Print one line of JSON: file name to its differences."""
    with np.load(arrays) as archive:
        given = dict(archive)
    paths = dict(file.split("=", 1) for file in files)
    print(json.dumps({name: _compare(name, path, given) for name, path in paths.items()}, allow_nan=False))


def _compare(name: str, path: str, given: Mapping[str, np.ndarray]) -> dict[str, float]:
    form, part = FILES[name]
    inputs, expected = given["encoder" if part == "decoder" else "images"], given[part]
    run = LOADERS[form.runtime](path)
    starts = range(0, len(inputs), BATCH_SIZE)
    outputs = np.concatenate([run(inputs[start : start + BATCH_SIZE]) for start in starts])
    if outputs.shape != expected.shape:
        sys.exit(f"{name} gives {outputs.shape}, Keras {expected.shape}")
    difference = outputs.astype(np.float64) - expected
    found = {"max_abs_difference": float(np.abs(difference).max())}
    if part != "model":
        return found | {"max_abs_value": float(np.abs(expected).max())}
    return found | {
        "mse_to_keras": float(np.mean(np.square(difference))),
        "mse_per_pixel": float(np.mean(np.square(outputs.astype(np.float64) - given["targets"]))),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
