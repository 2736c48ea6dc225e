"""Image data sets by name: fetched from mirrors or their publishers, checked, cached, decoded to one shape."""

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

from pydantic import Field

from aepipe.datasets.cache import check_files, data_set_folder, fetch_arrays
from aepipe.datasets.images import ImageData
from aepipe.datasets.own_settings import OwnSettings
from aepipe.datasets.spec import DataSetSpec, DataSetSummary, FileCheck, join_digests
from aepipe.errors import DataError, ParameterError
from aepipe.io.urls import has_secrets, without_secrets
from aepipe.suggestions import did_you_mean

__all__ = [
    "DATA_SETS",
    "DataSetName",
    "build",
    "data_set_identity",
    "describe",
    "fetch",
    "is_own",
    "load",
    "location_of",
    "module_of",
    "name_of",
    "open_data_set",
    "verify",
]

# Names of modules, not modules: a stage's fingerprint must depend on the one data set that it reads.
DATA_SETS = {
    "mnist": "aepipe.datasets.mnist",
    "mnist-csv": "aepipe.datasets.mnist_csv",
    "fashion-mnist": "aepipe.datasets.fashion_mnist",
    "cifar10": "aepipe.datasets.cifar10",
    "olivetti": "aepipe.datasets.olivetti",
    "digits": "aepipe.datasets.digits",
    "images": "aepipe.datasets.own_images",
}
OWN_IMAGES = "images"
# Letters of the normal classes in a data set's name.
MAX_CLASSES = 24
# A pattern, not a function, so that the form of a deployment and the server hold it too.
DataSetName = Annotated[
    str, Field(pattern=f"^({'|'.join(name for name in DATA_SETS if name != OWN_IMAGES)}|{OWN_IMAGES}:.+)$")
]


class UnknownDataSetError(DataError, ParameterError):
    """A name is none of a data set."""


def load(name: str, *, cache_folder: Path | None = None, progress: bool = True) -> ImageData:
    """Return a data set's images; what is not in the cache is downloaded first.

    Args:
        name: A name in `DATA_SETS`, or images:LOCATION for one's own: a folder, zip, tar, npz, or s3:// prefix.
        cache_folder: The cache; None for $AEPIPE_CACHE or the user's cache folder.
        progress: Show a bar while downloading, where standard error is a terminal.

    Raises:
        DataError: there is no such data set, or no source has it as it should be.
    """
    return build(open_data_set(name), cache_folder=cache_folder, progress=progress)


def open_data_set(name: str, settings: OwnSettings | None = None) -> DataSetSpec:
    """Return a data set; nothing is read yet.

    One's own images are listed when the identity or the images are asked for, each time anew.

    Args:
        name: A name in `DATA_SETS`, or images:LOCATION.
        settings: What was chosen of one's own.

    Raises:
        DataError: there is no such data set.
    """
    return _spec(name, settings)


def build(spec: DataSetSpec, *, cache_folder: Path | None = None, progress: bool = True) -> ImageData:
    """Return an open data set's images; what is not in the cache is downloaded first.

    Raises:
        DataError: no source has it as it should be, or one's own images can't be read.
        StoreError: S3 does not give one's own images.
    """
    return spec.build(fetch_arrays(spec, cache_folder, progress))


def is_own(name: str) -> bool:
    """Tell whether a name is that of a user's own images."""
    return name.partition(":")[0] == OWN_IMAGES


def fetch(name: str, *, cache_folder: Path | None = None, progress: bool = True) -> list[Path]:
    """Download and check a data set's files where they are not in the cache; return their paths, maybe none.

    Raises:
        DataError: there is no such data set, or no source has it as it should be.
    """
    spec = _spec(name)
    fetch_arrays(spec, cache_folder, progress)
    return [data_set_folder(spec, cache_folder) / file.name for file in spec.files]


def verify(name: str, *, cache_folder: Path | None = None) -> list[FileCheck]:
    """Check again what is in the cache: each file, and the arrays in it. A bad file is told, not raised.

    Raises:
        DataError: there is no such data set.
    """
    spec = _spec(name)
    if spec.files:
        return check_files(spec, cache_folder)
    # Nothing of it is cached: it comes with a library, or is the user's own.
    path = Path(name.partition(":")[2] or name)
    try:
        spec.build({})
    except DataError as error:
        return [FileCheck(path, "broken", str(error))]
    return [FileCheck(path, "ok")]


def describe() -> list[DataSetSummary]:
    """Return what is known of every data set, without loading any."""
    return [import_module(module).SUMMARY for module in DATA_SETS.values()]


def data_set_identity(name: str) -> str:
    """Return 64 hex digits that change when any image or label does. Known data sets are not read for it.

    Raises:
        DataError: there is no such data set, or one's own images can't be read.
    """
    return _spec(name).identity()


def module_of(name: str) -> str:
    """Return the name of the module that decodes a data set.

    Raises:
        DataError: there is no such data set, or its address holds a password.
    """
    data_set, location = _split(name)
    if has_secrets(location):
        _spec(name)
    return DATA_SETS[data_set]


def name_of(
    data_set: str,
    class_name: str | None = None,
    chosen: str | None = None,
    normal_classes: Sequence[str] | None = None,
) -> str:
    """Return what a data set's images are called, by what was chosen of its classes; nothing is read for it.

    Args:
        data_set: A name in `DATA_SETS`, or images:LOCATION.
        class_name: The class, where it is one.
        chosen: What the user calls their own images.
        normal_classes: The classes that are normal, where some are named.

    Raises:
        DataError: there is no such data set.
    """
    name, location = _split(data_set)
    name = import_module(DATA_SETS[name]).name_of(location, chosen) if name == OWN_IMAGES else name
    if normal_classes is not None:
        return f"{name}-normal-{_several(normal_classes)}"
    return name if class_name is None else f"{name}-{_in_names(class_name)}"


def _several(class_names: Sequence[str]) -> str:
    """Return a short name for several classes, of no other ones."""
    joined = "-".join(map(_in_names, class_names))
    return joined if len(joined) <= MAX_CLASSES else f"{len(class_names)}-classes-{join_digests(class_names)[:8]}"


def _in_names(class_name: str) -> str:
    """Return a class in letters that names of files take: T-shirt/top is T-shirt-top."""
    return re.sub(r"[^\w.]+", "-", class_name).strip("-")


def location_of(name: str) -> str:
    """Return where a user's own images lie.

    Raises:
        DataError: it is no data set of one's own.
    """
    if not is_own(name):
        raise DataError("A data set of one's own is a place.", "Name it: images:/path/to/them.", name=name)
    return _split(name)[1]


def _split(name: str) -> tuple[str, str]:
    data_set, _, location = name.partition(":")
    if data_set not in DATA_SETS or bool(location) != (data_set == OWN_IMAGES):
        legal = [f"{key}:LOCATION" if key == OWN_IMAGES else key for key in DATA_SETS]
        way_out = did_you_mean(name, [key for key in DATA_SETS if key != OWN_IMAGES])
        rule = f"The data set must be one of {', '.join(legal)}."
        raise UnknownDataSetError(rule, way_out, name=without_secrets(name))
    return data_set, location


def _spec(name: str, settings: OwnSettings | None = None) -> DataSetSpec:
    data_set, location = _split(name)
    module = import_module(DATA_SETS[data_set])
    return module.own_images_spec(location, settings) if data_set == OWN_IMAGES else module.SPEC
