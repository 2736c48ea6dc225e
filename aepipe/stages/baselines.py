"""Stage `baselines`: what PCA, PCA of patches and a low-pass filter come to on a split at a code size.

Every model of the same split and code size is held against the same ones, so they are fitted once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.evaluation.opponents import KINDS, Opponents, measure_opponents
from aepipe.linear import PrincipalComponents
from aepipe.stages.data import load_data
from aepipe.stages.facts import BaselineFacts
from aepipe.stages.results import BaselineResult, DataResult, SplitResult, find_stage
from aepipe.stages.split import load_split
from aepipe.stages.stage import Stage, Workplace
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file


class BaselineParameters(BaseModel):
    """How large the codes are that are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code_size: int = Field(description="Number of values in the code.")


@dataclass(frozen=True)
class BaselinesStage(Stage[BaselineFacts]):
    """The baselines of a split at a code size."""

    data: DataResult
    split: SplitResult
    code_size: int

    name = "baselines"
    kind = BaselineResult
    libraries = ("numpy", "scipy")

    def _modules(self) -> Sequence[str]:
        return ("aepipe.stages.baselines",)

    def _settings(self) -> BaselineParameters:
        return BaselineParameters(code_size=self.code_size)

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of the images and the split."""
        return {"data": self.data.digest, "split": self.split.digest}

    def work(self, place: Workplace) -> BaselineFacts:
        """Fit the baselines, and measure them on held-out images."""
        data, split = load_data(place.store, self.data), load_split(place.store, self.split)
        found = measure_opponents(data, split, self.code_size)
        components = found.components
        np.savez(place.folder / "components.npz", mean=components.mean, components=components.components)
        arrays = {"errors": found.errors} | {name: codec.arrays for name, codec in found.chosen.items()}
        for name, of_it in arrays.items():
            np.savez(place.folder / f"{name}.npz", allow_pickle=False, **of_it)
        return BaselineFacts(chosen={name: codec.name for name, codec in found.chosen.items()})


def fingerprint_of_baselines(store: Store, lineage: Mapping[str, str], code_size: int | None) -> Iterator[str]:
    """Yield the fingerprint of the baselines that a release's recipe was held against, as they would be found today.

    Args:
        store: Where the recipe's data and split are.
        lineage: The fingerprint of each of its stages.
        code_size: Number of values in its code.
    """
    names = lineage.get("data"), lineage.get("split")
    if code_size is None or None in names:
        return
    data = find_stage(store, "data", str(names[0]), DataResult)
    split = find_stage(store, "split", str(names[1]), SplitResult)
    if data is not None and split is not None:
        yield BaselinesStage(data, split, code_size).fingerprint()


def load_baselines(store: Store, result: BaselineResult) -> Opponents:
    """Return what `BaselinesStage` put into the store."""
    components = PrincipalComponents(**_arrays(store, result, "components"))
    chosen = result.facts.chosen
    found = {name: KINDS[name].from_arrays(which, _arrays(store, result, name)) for name, which in chosen.items()}
    return Opponents(components, _arrays(store, result, "errors"), found)


def _arrays(store: Store, result: BaselineResult, name: str) -> dict[str, np.ndarray]:
    with np.load(local_file(store, result.files[f"{name}.npz"])) as archive:
        return dict(archive)
