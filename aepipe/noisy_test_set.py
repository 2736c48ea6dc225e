"""The noisy-input test set: held-out images, what noise made of them, and the manifest that says so."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aepipe.errors import CorruptObjectError
from aepipe.io.hashing import array_sha256, file_sha256
from aepipe.noise import WHITE, NoiseParameters, NoiseSpec, corrupt

# About the bytes of its archive; of very large images there are some all the same.
MAX_VALUES, MIN_IMAGES = 16_000_000, 10


@dataclass(frozen=True)
class NoisyTestSet:
    """Held-out images and what noise made of them.

    Attributes:
        name: The data set and its split.
        clean: uint8, (num_images, height, width, channels).
        noisy: uint8, (num_specs, num_images, height, width, channels).
        labels: int64, (num_images,), or None.
        image_ids: int64, (num_images,), each image's row in its data set.
        specs: The kind and level of each of `noisy`.
        seed: What the draws depended on.
    """

    name: str
    clean: np.ndarray
    noisy: np.ndarray
    labels: np.ndarray | None
    image_ids: np.ndarray
    specs: tuple[NoiseSpec, ...]
    seed: int

    def pair(self, spec: NoiseSpec) -> tuple[np.ndarray, np.ndarray]:
        """Return clean and noisy images for one kind and level, float32 in [0, 1]."""
        scale = np.float32(1 / WHITE)
        return self.clean * scale, self.noisy[self.specs.index(spec)] * scale


def most_images(num_values: int, parameters: NoiseParameters) -> int:
    """Return how many images of this size a noisy test set has at most: noise can't be compressed, and is published."""
    return min(parameters.max_images, max(MIN_IMAGES, MAX_VALUES // (num_values * len(parameters.specs))))


def build_noisy_test_set(
    name: str, images: np.ndarray, labels: np.ndarray | None, image_ids: np.ndarray, parameters: NoiseParameters
) -> NoisyTestSet:
    """Corrupt the first images, (num_images, height, width, channels) in [0, 1], in every asked way.

    They are as many as `most_images` says.
    """
    first = slice(most_images(images[0].size, parameters))
    images, image_ids = images[first], np.asarray(image_ids[first], np.int64)
    noisy = np.stack([corrupt(images, spec, parameters.seed, image_ids) for spec in parameters.specs])
    clean = np.rint(np.asarray(images, np.float64) * WHITE).astype(np.uint8)
    labels = None if labels is None else np.asarray(labels[first], np.int64)
    return NoisyTestSet(name, clean, noisy, labels, image_ids, parameters.specs, parameters.seed)


def save_noisy_test_set(noisy: NoisyTestSet, folder: Path) -> None:
    """Write NAME.npz and its manifest NAME.json; equal sets give equal arrays, and equal bytes under the same zlib."""
    arrays = {
        "clean": noisy.clean,
        "noisy": noisy.noisy,
        "image_ids": noisy.image_ids,
        "kinds": np.array([spec.kind for spec in noisy.specs]),
        "levels": np.array([spec.level for spec in noisy.specs]),
    }
    if noisy.labels is not None:
        arrays["labels"] = noisy.labels
    path = folder / f"{noisy.name}.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            # A fixed date: np.savez_compressed would do the same but says nowhere that it will go on doing so.
            member = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            archive.writestr(member, buffer.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=6)
    manifest = {
        "schema_version": 1,
        "name": noisy.name,
        "seed": noisy.seed,
        "white": WHITE,
        "how": "Pixels are levels of grey, 0 to 255. An image's noise is drawn as 16-bit integers from Philox with the "
        "key (first 8 bytes of the sha256 of SEED/KIND/INTEGER, image id), where INTEGER is the level times 65536, "
        "rounded; normal values are a table of quantiles.",
        "archive": {"file": path.name, "size": path.stat().st_size, "sha256": file_sha256(path)},
        "specs": [spec.model_dump() for spec in noisy.specs],
        "arrays": {
            name: {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": array_sha256(array)}
            for name, array in arrays.items()
        },
    }
    (folder / f"{noisy.name}.json").write_text(json.dumps(manifest, indent=2))


def load_noisy_test_set(archive: Path, manifest: Path) -> NoisyTestSet:
    """Read a set and check it against its manifest.

    Raises:
        CorruptObjectError: the archive or an array is not the one that was saved.
    """
    described = json.loads(manifest.read_text())
    expected, received = described["archive"]["sha256"], file_sha256(archive)
    # Before the archive is opened, so that nothing reads damaged bytes.
    if received != expected:
        raise CorruptObjectError(
            "A noisy test set is the archive that its manifest describes.",
            "Download it again.",
            archive=archive.name,
            expected_sha256=expected,
            sha256=received,
        )
    with np.load(archive, allow_pickle=False) as arrays:
        loaded = {name: arrays[name] for name in described["arrays"]}
    for name, entry in described["arrays"].items():
        if array_sha256(loaded[name]) != entry["sha256"]:
            raise CorruptObjectError("A noisy test set has the arrays that its manifest names.", array=name)
    return NoisyTestSet(
        name=described["name"],
        clean=loaded["clean"],
        noisy=loaded["noisy"],
        labels=loaded.get("labels"),
        image_ids=loaded["image_ids"],
        specs=tuple(NoiseSpec(**spec) for spec in described["specs"]),
        seed=described["seed"],
    )
