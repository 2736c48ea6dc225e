"""Stage `data`: fetch, decode, preprocess. Stage `split`: which rows train and which are held out."""

import json
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe import datasets
from aepipe.datasets.images import ImageData
from aepipe.errors import ChangedDataError, ObjectNotFoundError
from aepipe.io.hashing import array_sha256
from aepipe.io.names import printable_name
from aepipe.io.urls import without_secrets
from aepipe.parts import PARTS, picture_digests
from aepipe.preprocess import Preprocessing, preprocess
from aepipe.splits import Split, SplitSettings, asked_shares, default_method, describe_parts, make_split
from aepipe.stages.facts import DataFacts, SplitFacts
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.stage import DataResult, SplitResult, find_whole_stage, produce_stage
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file

ARRAYS = ("images", "labels", "persons", "parts", "files")
# Files that are written while they are read: the next reading finds them as they are then.
TRIES = 3


class DataSettings(BaseModel):
    """What a run may choose about one's own images, and which state of them it began with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_left_out: float = Field(
        0.1,
        ge=0,
        le=1,
        title="Most left out",
        description="Share of the files that look like pictures that may give none; with more the run fails.",
    )
    identity: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        title="Identity",
        description="Digest of the images; a run finds it when it begins, and gives it to the runs that it starts.",
    )


class DataParameters(BaseModel):
    """Which images, and what is done to them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_set: str = Field(description="The data set's name, or images:PATH.")
    preprocessing: Preprocessing = Field(Preprocessing(), description="What is done before the split.")
    settings: DataSettings = Field(DataSettings(), description="What a run chooses about its own images.")

    @property
    def content(self) -> "DataParameters":
        """What the images depend on, beside their identity."""
        return self.model_copy(update={"settings": DataSettings()})


def data_fingerprint(parameters: DataParameters) -> str:
    """Return the name of this data. One's own images are read for it where their identity is not given."""
    return _fingerprint(parameters, parameters.settings.identity or datasets.data_set_identity(parameters.data_set))


def data_label(parameters: DataParameters) -> str:
    """Return what a task of this data is called: its fingerprint, where nothing must be read for it."""
    if datasets.is_own(parameters.data_set) and parameters.settings.identity is None:
        return printable_name(parameters.data_set.rstrip("/").rpartition("/")[2])
    return data_fingerprint(parameters)


def account_lines(result: DataResult) -> list[str]:
    """Return what a person should know of one's own images before anything trains; nothing of known ones."""
    account = result.facts.account
    return [] if account is None else list(account.lines())


def _fingerprint(parameters: DataParameters, identity: str) -> str:
    return fingerprint(
        "data",
        parameters.content,
        {"source": identity},
        ["aepipe.stages.data", datasets.module_of(parameters.data_set)],
        ["numpy", "pillow"],
    )


def find_data(store: Store, parameters: DataParameters) -> DataResult | None:
    """Return this data's result if the store has it."""
    return find_whole_stage(store, "data", data_fingerprint(parameters), DataResult)


def prepare_data(store: Store, parameters: DataParameters, refresh: bool = False) -> DataResult:
    """Put a data set's images, as models see them, into the store.

    Its facts have the shape, the number of images and what is known about them. Images whose identity is given were
    put there by the run that found it, and are not done again.

    Raises:
        DataError: the images can't be read, or more of them than is allowed were left out.
        ChangedDataError: the images are not those of the identity any more, or kept changing while they were read.
    """
    for attempt in range(1, TRIES + 1):
        try:
            result = _prepare(store, parameters, refresh)
            break
        except ChangedDataError:
            if parameters.settings.identity or attempt == TRIES:
                raise
    if result.facts.account is not None:
        result.facts.account.check_share(parameters.settings.most_left_out, without_secrets(parameters.data_set))
    return result


def _prepare(store: Store, parameters: DataParameters, refresh: bool) -> DataResult:
    expected = parameters.settings.identity
    found = find_whole_stage(store, "data", _fingerprint(parameters, expected), DataResult) if expected else None
    if found is not None:
        return found
    source = datasets.open_data_set(parameters.data_set)
    identity = source.identity()
    if expected not in (None, identity):
        raise ChangedDataError(
            "The images must be those that the run began with.", "Run again.", images=parameters.data_set
        )

    def work(folder: Path) -> DataFacts:
        data = preprocess(datasets.build(source), parameters.preprocessing)
        for name in ARRAYS:
            array = getattr(data, name)
            if array is not None:
                np.save(folder / f"{name}.npy", array)
        return _facts(data, parameters, identity)

    return produce_stage(store, "data", _fingerprint(parameters, identity), DataResult, work, refresh)


def _facts(data: ImageData, parameters: DataParameters, identity: str) -> DataFacts:
    return DataFacts(
        name=data.name,
        data_set=parameters.data_set,
        preprocessing=parameters.preprocessing,
        num_images=len(data),
        image_shape=data.image_shape,
        dtype=str(data.images.dtype),
        pixel_range=(float(data.pixel_range[0]), float(data.pixel_range[1])),
        label_names=tuple(data.label_names),
        num_official_train=data.num_official_train,
        has_persons=data.persons is not None,
        images_sha256=array_sha256(data.images),
        sample_bits=None if data.account is None else data.account.losses.deep_bits,
        account=data.account,
        identity=identity,
    )


def load_data(store: Store, result: DataResult) -> ImageData:
    """Return the images that `prepare_data` put into the store; the pixels stay on disk until they are used."""
    arrays = {name: None for name in ARRAYS}
    for name in ARRAYS:
        if f"{name}.npy" in result.files:
            arrays[name] = np.load(local_file(store, result.files[f"{name}.npy"]), mmap_mode="r")
    facts = result.facts
    return ImageData(
        name=facts.name,
        pixel_range=facts.pixel_range,
        label_names=facts.label_names,
        num_official_train=facts.num_official_train,
        **arrays,
    )


def image_shape_of(data: DataResult) -> tuple[int, int, int]:
    """Return (height, width, channels) of the images."""
    return data.facts.image_shape


def recommended_split(data: DataResult) -> SplitSettings:
    """Return the split that this data is best judged by."""
    has_official = data.facts.num_official_train is not None
    return SplitSettings(method=default_method(has_official, data.facts.has_persons))


def split_fingerprint(data: DataResult, settings: SplitSettings) -> str:
    """Return the name of this split."""
    return fingerprint("split", settings, {"data": data.digest}, ["aepipe.stages.data"], ["numpy"])


def find_split(store: Store, data: DataResult, settings: SplitSettings) -> SplitResult | None:
    """Return this split's result if the store has it."""
    return find_whole_stage(store, "split", split_fingerprint(data, settings), SplitResult)


def split_data(store: Store, data: DataResult, settings: SplitSettings, refresh: bool = False) -> SplitResult:
    """Put the rows of the training, validation and test parts into the store, and the digests of their pictures.

    Its facts have the size of each part and its number of classes, how many held-out pictures were trained on too, as
    copies, and how many copies a part of the source's own has left out.
    """

    def work(folder: Path) -> SplitFacts:
        images = load_data(store, data)
        split, digests = make_split(images, settings), picture_digests(images.images)
        np.savez(folder / "split.npz", **split.parts)
        np.savez(folder / "digests.npz", **{part: digests[rows] for part, rows in split.parts.items()})
        (folder / "split.json").write_text(json.dumps(settings.model_dump(mode="json"), indent=2))
        return SplitFacts(
            name=f"{data.facts.name}-{settings.label}",
            settings=settings,
            test_sha256=array_sha256(split.test),
            **describe_parts(images, split, digests).model_dump(exclude_unset=True)
            | {"asked_shares": asked_shares(images, settings)},
        )

    return produce_stage(store, "split", split_fingerprint(data, settings), SplitResult, work, refresh)


def load_split(store: Store, result: SplitResult) -> Split:
    """Return the rows that `split_data` put into the store."""
    with np.load(local_file(store, result.files["split.npz"])) as rows:
        return Split(**{part: rows[part] for part in PARTS})


def load_digests(store: Store, data: DataResult | None, split: SplitResult) -> dict[str, np.ndarray]:
    """Return the digests of each part's pictures, in the order of its rows.

    An older version kept none; they are made from the pictures.

    Raises:
        ObjectNotFoundError: neither digests nor pictures are there any more.
    """
    if "digests.npz" in split.files:
        with np.load(local_file(store, split.files["digests.npz"])) as digests:
            return {part: digests[part] for part in PARTS}
    if data is None:
        raise ObjectNotFoundError("The pictures of a split must be there to know them.", split=split.fingerprint)
    digests = picture_digests(load_data(store, data).images)
    return {part: digests[rows] for part, rows in load_split(store, split).parts.items()}
