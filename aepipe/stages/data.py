"""Stage `data`: fetch, decode, preprocess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe import datasets
from aepipe.arrays import Images
from aepipe.checks.settings import CheckSettings
from aepipe.datasets.choosing import choose_pictures
from aepipe.datasets.images import ImageData, Masks
from aepipe.datasets.own.masks import MASK_ARRAYS, write_masks
from aepipe.datasets.own_settings import OwnSettings
from aepipe.datasets.pixel_mask import PixelMask
from aepipe.datasets.spec import DataSetSpec
from aepipe.errors import ChangedDataError
from aepipe.io.hashing import array_sha256
from aepipe.io.names import printable_name
from aepipe.io.urls import without_secrets
from aepipe.preprocess import Preprocessing, preprocess
from aepipe.stages.facts import DataFacts
from aepipe.stages.own_data import COUNTING, has_its_blocks, load_blocks, own_facts, take_own, write_own
from aepipe.stages.results import DataResult, StageResult, produce_stage
from aepipe.stages.stage import OnEpoch, Stage, Workplace
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file

# What is known of each image.
ARRAYS = ("labels", "persons", "parts", "files", "anomalous")


class DataSettings(OwnSettings):
    """What a run may choose about the images, and which state of one's own it began with."""

    most_left_out: float = Field(
        0.1,
        ge=0,
        le=1,
        title="Most left out",
        description="Share of the files that look like pictures that may give none; with more the run fails.",
    )
    checks: CheckSettings = Field(
        CheckSettings(), title="Checks", description="How far they may be from those of the last release."
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
    settings: DataSettings = Field(DataSettings(), description="What a run chooses about the images.")

    @property
    def name(self) -> str:
        """What the images are called, with what was chosen about those of a known data set; nothing is read for it."""
        chosen = self.settings.pictures
        class_name = chosen.class_name or self.preprocessing.class_name
        name = datasets.name_of(self.data_set, class_name, self.settings.name, chosen.classes)
        if datasets.is_own(self.data_set):
            return name
        size = [] if chosen.chosen_size is None else [chosen.size]
        return "-".join([name, *size, *([] if chosen.color == "keep" else [chosen.color])])

    @property
    def content(self) -> "DataParameters":
        """What the images depend on, beside their identity."""
        # Of one's own images a mask is part of the identity: it is the same one wherever it lies.
        in_identity = {"mask"} if datasets.is_own(self.data_set) else set()
        return self.model_copy(update={"settings": DataSettings(**self.settings.own.model_dump(exclude=in_identity))})

    def without_limit(self) -> "DataParameters":
        """Return these parameters with no limit to what may be left out, for whoever checks that later."""
        return self.model_copy(update={"settings": self.settings.model_copy(update={"most_left_out": 1.0})})

    def with_identity(self, identity: str) -> "DataParameters":
        """Return these parameters for images of this identity."""
        return self.model_copy(update={"settings": self.settings.model_copy(update={"identity": identity})})


@dataclass(frozen=True)
class DataStage(Stage[DataFacts]):
    """A data set's images, as models see them.

    Its facts have the shape, the number of images and what is known about them. Images whose identity is given were
    put into the store by the run that found it, and are not done again.
    """

    parameters: DataParameters

    name = "data"
    kind = DataResult
    libraries = ("numpy", "pillow")

    @property
    def identity(self) -> str | None:
        """Digest of the images that are expected; None for those that are there when they are read."""
        return self.parameters.settings.identity

    def _modules(self) -> Sequence[str]:
        return ("aepipe.stages.data", datasets.module_of(self.parameters.data_set))

    def _settings(self) -> DataParameters:
        return self.parameters.content

    def depends_on(self) -> Mapping[str, str]:
        """Return the identity of the images."""
        return {"source": self.identity or self._source().identity()}

    def label(self) -> str:
        """Return what it is called: by its fingerprint, where nothing must be read for it."""
        if datasets.is_own(self.parameters.data_set) and self.identity is None:
            return f"data/{printable_name(self.parameters.data_set.rstrip('/').rpartition('/')[2])[:12]}"
        return super().label()

    def lines(self, result: StageResult[DataFacts]) -> Sequence[str]:
        """Return what a person should know of the images before anything trains."""
        lines = [*result.said, *account_lines(result), *_resized_lines(self.parameters.data_set, result.facts)]
        return [f"{result.facts.name}: {line}" for line in lines]

    def find(self, store: Store) -> DataResult | None:
        """Return the result if the store has it, and the blocks of its images."""
        found = super().find(store)
        return found if found is not None and has_its_blocks(store, found) else None

    def produce(self, store: Store, refresh: bool = False, on_epoch: OnEpoch | None = None) -> DataResult:
        """Return the images' result from the store, or read them and put it there.

        Raises:
            DataError: the images can't be read, or more of them than is allowed were left out.
            ChangedDataError: the images are not those of the identity any more, or kept changing while they were read.
        """
        found = self.find(store) if self.identity else None
        if found is not None:
            result = found
        elif datasets.is_own(self.parameters.data_set):
            result = self._take_own(store, refresh)
        else:
            result = super().produce(store, refresh, on_epoch)
        if result.facts.account is not None:
            most = self.parameters.settings.most_left_out
            result.facts.account.check_share(most, without_secrets(self.parameters.data_set))
        return result

    def work(self, place: Workplace) -> DataFacts:
        """Decode and preprocess the images of a known data set: they are one block, which lies with the result."""
        source = self._source()
        self.parameters.settings.check_built_in(self.parameters.data_set)
        data = preprocess(datasets.build(source), self.parameters.preprocessing)
        data = choose_pictures(data, self.parameters.settings)
        for name in ("images", *ARRAYS):
            array = getattr(data, name)
            if array is not None:
                np.save(place.folder / f"{name}.npy", array)
        return _facts(data, self.parameters, source.identity())

    def _source(self) -> DataSetSpec:
        return datasets.open_data_set(self.parameters.data_set, self.parameters.settings)

    def _take_own(self, store: Store, refresh: bool) -> DataResult:
        """Read what is new of a user's own images, and put what they are then under the name of their state."""
        location = datasets.location_of(self.parameters.data_set)
        taking = take_own(store, location, self.parameters.settings, refresh)
        own = taking.own
        if self.identity not in (None, own.identity):
            raise ChangedDataError(
                "The images must be those that the run began with.", "Run again.", images=self.parameters.data_set
            )
        stage = DataStage(self.parameters.with_identity(own.identity))

        def write(folder: Path) -> DataFacts:
            write_own(own, folder, taking.blocks.all_sizes)
            write_masks(location, own.index, own.form, folder)
            return own_facts(own, self.parameters.settings, self.parameters.name, self.parameters.data_set)

        result = None if refresh else stage.find(store)
        if result is None or not own.counts.is_nothing:
            taking.note_index()
        if result is None:
            result = produce_stage(store, self.name, stage.fingerprint(), self.kind, write, refresh=True)
        return result.model_copy(update={"said": (own.counts.line,)})


def account_lines(result: DataResult) -> list[str]:
    """Return what a person should know of one's own images before anything trains; nothing of known ones."""
    account = result.facts.account
    return [] if account is None else list(account.lines())


def _resized_lines(data_set: str, facts: DataFacts) -> list[str]:
    """Return what a chosen size does to the images of a known data set."""
    summary = next((one for one in datasets.describe() if one.name == data_set), None)
    if summary is None or summary.image_shape is None or facts.pictures is None or facts.pictures.chosen_size is None:
        return []
    (height, width), own = facts.image_shape[:2], summary.image_shape
    if (height, width) == own[:2]:
        return []
    enlarged = "; larger ones show no more than they did" if height > own[0] or width > own[1] else ""
    return [f"images of {own[0]} x {own[1]} become {height} x {width}, by data.size{enlarged}"]


def _facts(data: ImageData, parameters: DataParameters, identity: str) -> DataFacts:
    return DataFacts(
        name=parameters.name,
        data_set=parameters.data_set,
        preprocessing=parameters.preprocessing,
        pictures=parameters.settings.pictures,
        num_images=len(data),
        image_shape=data.image_shape,
        dtype=str(data.images.dtype),
        pixel_range=(float(data.pixel_range[0]), float(data.pixel_range[1])),
        label_names=tuple(data.label_names),
        num_official_train=data.num_official_train,
        has_persons=data.persons is not None,
        images_sha256=array_sha256(np.asarray(data.images)),
        identity=identity,
    )


def load_data(store: Store, result: DataResult) -> ImageData:
    """Return the images that `DataStage` put into the store; the pixels stay on disk until they are used."""
    facts = result.facts
    known: dict[str, Any] = {name: _array(store, result, name) for name in ARRAYS}
    return ImageData(
        name=facts.name,
        pixel_range=facts.pixel_range,
        label_names=facts.label_names,
        num_official_train=facts.num_official_train,
        images=load_images(store, result),
        clean=_images_in_blocks(store, result, "clean_"),
        **known,
    )


def load_images(store: Store, result: DataResult) -> Images:
    """Return the images alone, as one array."""
    in_blocks = _images_in_blocks(store, result)
    if in_blocks is not None:
        return in_blocks
    images: np.ndarray = np.load(local_file(store, result.files["images.npy"]), mmap_mode="r")
    return images


def _images_in_blocks(store: Store, result: DataResult, prefix: str = "") -> Images | None:
    places = _array(store, result, f"{prefix}places")
    return None if places is None else load_blocks(store, result, places, _array(store, result, f"{prefix}whites"))


def load_masks(store: Store, result: DataResult) -> Masks | None:
    """Return the masks of anomalous images, at the images' size; None where none has one."""
    rows, masks = (_array(store, result, name) for name in MASK_ARRAYS)
    return None if rows is None or masks is None else Masks(rows, masks)


def load_pixel_mask(store: Store, result: DataResult) -> PixelMask | None:
    """Return which pixels of the images count; all where None."""
    counts = _array(store, result, COUNTING)
    return None if counts is None else PixelMask.of(counts)


def _array(store: Store, result: DataResult, name: str) -> np.ndarray | None:
    file = result.files.get(f"{name}.npy")
    return None if file is None else np.load(local_file(store, file), mmap_mode="r")


def image_shape_of(data: DataResult) -> tuple[int, int, int]:
    """Return (height, width, channels) of the images."""
    return data.facts.image_shape
