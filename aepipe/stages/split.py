"""Stage `split`: which rows train, validate and are held out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aepipe.bonds import PARTS, Pictures
from aepipe.datasets.index import ANOMALOUS, write_index
from aepipe.errors import ObjectNotFoundError
from aepipe.io.hashing import array_sha256
from aepipe.part_counts import describe_parts, say_parts
from aepipe.parts import picture_digests
from aepipe.splits import Split, SplitSettings, default_method, make_split, pictures_of
from aepipe.stages.data import load_data
from aepipe.stages.facts import SplitFacts
from aepipe.stages.indices import INDEX, divided, keep_split_index, load_index, remembered_parts
from aepipe.stages.results import DataResult, SplitResult, StageResult
from aepipe.stages.stage import OnEpoch, Stage, Workplace
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file


@dataclass(frozen=True)
class SplitStage(Stage[SplitFacts]):
    """The rows of the training, validation and test parts, and the digests of their pictures or the index of all.

    Its facts have the size of each part and its number of classes, how many of those held out are not normal, how many
    were trained on too, as copies, and how many copies a part of the source's own has left out.
    """

    data: DataResult
    chosen: SplitSettings

    name = "split"
    kind = SplitResult
    libraries = ("numpy",)

    def _modules(self) -> Sequence[str]:
        return ("aepipe.stages.split",)

    def _settings(self) -> SplitSettings:
        return self.chosen

    def depends_on(self) -> Mapping[str, str]:
        """Return the digest of the images."""
        return {"data": self.data.digest}

    def produce(self, store: Store, refresh: bool = False, on_epoch: OnEpoch | None = None) -> SplitResult:
        """Return the parts from the store, or divide the images; the index is the data set's newest from then on."""
        result = super().produce(store, refresh, on_epoch)
        keep_split_index(store, self.data.facts.name, result)
        return result

    def work(self, place: Workplace) -> SplitFacts:
        """Divide the images: what is remembered of them goes before any draw, and makes no other result."""
        images, index = load_data(place.store, self.data), load_index(place.store, self.data)
        pictures = pictures_of(images) if index is None else Pictures.of_index(index)
        before = {} if index is None else remembered_parts(place.store, self.data.facts.name, self.chosen)
        split = make_split(images, self.chosen, pictures, before)
        rows: dict[str, Any] = {**split.parts, ANOMALOUS: split.anomalous}
        np.savez(place.folder / "split.npz", **rows)
        if index is None:
            digests: dict[str, Any] = {name: pictures.digests[of] for name, of in rows.items()}
            np.savez(place.folder / "digests.npz", **digests)
        else:
            write_index(divided(index, split, self.chosen), place.folder / INDEX)
        (place.folder / "split.json").write_text(json.dumps(self.chosen.model_dump(mode="json"), indent=2))
        counts = describe_parts(images, split, pictures, self.chosen, before)
        return SplitFacts(
            name=f"{self.data.facts.name}-{self.chosen.label}",
            settings=self.chosen,
            test_sha256=array_sha256(split.test),
            **counts.model_dump(exclude_unset=True),
        )

    def lines(self, result: StageResult[SplitFacts]) -> Sequence[str]:
        """Return how many images and classes each part has."""
        return [f"Split {result.facts.name}: {say_parts(result.facts)}"]


def recommended_split(data: DataResult) -> SplitSettings:
    """Return the split that this data is best judged by."""
    return SplitSettings(method=default_method(data.facts.has_official_parts, data.facts.has_persons))


def load_split(store: Store, result: SplitResult) -> Split:
    """Return the rows that `SplitStage` put into the store."""
    with np.load(local_file(store, result.files["split.npz"])) as rows:
        # An older version held out whatever it was; its index tells what is not normal.
        return Split(**{name: rows[name] for name in (*PARTS, ANOMALOUS) if name in rows})


def load_groups(store: Store, data: DataResult, split: SplitResult) -> np.ndarray | None:
    """Return what each held-out normal image belongs to, equal where it is the same: a person, a group, a file.

    They are in the order of the rows; None where every image is by itself, as far as anybody knows.
    """
    rows, index = load_split(store, split).test, load_index(store, split)
    if index is not None:
        pictures = Pictures.of_index(index)
        return pictures.names[rows] if pictures.has_company[rows].any() else None
    persons = load_data(store, data).persons
    return None if persons is None else np.asarray(persons[rows])


def load_digests(store: Store, data: DataResult | None, split: SplitResult) -> dict[str, np.ndarray]:
    """Return the digests of each part's normal pictures as they were trained on, in the order of its rows.

    They were kept where there was no index; otherwise they are made from the pictures.

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
