"""Models as files: the same weights give the same bytes, and loading runs no code from the file."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aepipe.io.temporary import temporary_folder
from aepipe.models import layers, subclassed  # noqa: F401 - registers what saved models are made of
from aepipe.models.architectures import import_builders
from aepipe.models.autoencoder import Autoencoder
from aepipe.training.runtime import keras

CONFIG = "config.json"
EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def save_autoencoder(autoencoder: Autoencoder, folder: Path) -> None:
    """Write model.keras, encoder.keras, decoder.keras and saved_model.zip into a folder."""
    for name in ("model", "encoder", "decoder"):
        save_model(getattr(autoencoder, name), folder / f"{name}.keras")
    save_export(autoencoder, folder / "saved_model.zip")


def save_model(model: keras.Model, path: Path) -> None:
    """Write a Keras file that says nothing about when it was written."""
    with temporary_folder("save") as folder:
        written = folder / "model.keras"
        model.save(written)
        with zipfile.ZipFile(written) as source:
            members = {name: source.read(name) for name in source.namelist()}
    metadata = json.loads(members["metadata.json"])
    metadata["date_saved"] = "1980-01-01@00:00:00"
    members["metadata.json"] = json.dumps(metadata).encode()
    members[CONFIG] = _number_shared_objects(members[CONFIG])
    _write_zip(path, members)


def _number_shared_objects(config: bytes) -> bytes:
    """Return a model's configuration with shared objects numbered from 0: Keras takes their addresses in memory."""
    numbers: dict[int, int] = {}

    def renumber(entry: dict) -> dict:
        if "shared_object_id" in entry:
            entry["shared_object_id"] = numbers.setdefault(entry["shared_object_id"], len(numbers))
        return entry

    return json.dumps(json.loads(config, object_hook=renumber)).encode()


def load_model(path: Path) -> keras.Model:
    """Read a Keras file in safe mode, for inference only."""
    with zipfile.ZipFile(path) as archive:
        import_layers(json.loads(archive.read(CONFIG)))
    return keras.saving.load_model(path, compile=False, safe_mode=True)


def import_layers(config: Any) -> None:
    """Import the modules that register a model's layers, of a file's config.json."""
    modules = (node.get("module") for _, node in nodes_of(config) if isinstance(node, dict))
    import_builders(module for module in modules if isinstance(module, str))


def nodes_of(config: Any) -> Iterator[tuple[int, Any]]:
    """Yield every part of a configuration with its level; not by recursion, for which it may be too deep."""
    waiting = [(1, config)]
    while waiting:
        level, node = waiting.pop()
        yield level, node
        parts = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        waiting.extend((level + 1, part) for part in parts)


def load_autoencoder(model: Path, encoder: Path, decoder: Path) -> Autoencoder:
    """Read the three Keras files of an autoencoder; they share their weights no more."""
    keras.backend.clear_session()
    return Autoencoder(load_model(model), load_model(encoder), load_model(decoder))


def save_export(autoencoder: Autoencoder, path: Path) -> None:
    """Write a zipped TensorFlow SavedModel with the signatures `reconstruct`, `encode` and `decode`."""
    images, codes = (("float32", (None, *part.input_shape[1:])) for part in (autoencoder.encoder, autoencoder.decoder))
    end_points = {
        "reconstruct": (autoencoder.model, images),
        "encode": (autoencoder.encoder, images),
        "decode": (autoencoder.decoder, codes),
    }
    archive = keras.export.ExportArchive()
    # The whole has the parts' weights; tracked again, they would be written again.
    archive.track(autoencoder.model)
    for name, (model, (dtype, shape)) in end_points.items():
        archive.add_endpoint(name, model.__call__, [keras.InputSpec(dtype, shape)])
    with temporary_folder("export") as folder:
        archive.write_out(str(folder), verbose=False)
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        _write_zip(path, {file.relative_to(folder).as_posix(): file.read_bytes() for file in files})


def _write_zip(path: Path, members: dict[str, bytes]) -> None:
    # Stored as they are: weights take seconds to deflate, and become 7% smaller.
    with zipfile.ZipFile(path, "w") as target:
        for name, data in members.items():
            target.writestr(zipfile.ZipInfo(name, EPOCH_OF_ZIP), data)
