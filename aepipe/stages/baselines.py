"""Stage `baselines`: what PCA, PCA of patches and a low-pass filter come to on a split at a code size.

Every model of the same split and code size is held against the same ones, so they are fitted once.
"""

from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.evaluation.opponents import Opponents, measure_opponents
from aepipe.linear import PrincipalComponents
from aepipe.stages.data import load_data, load_split
from aepipe.stages.facts import BaselineFacts
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.stage import BaselineResult, DataResult, SplitResult, produce_stage
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file


class BaselineParameters(BaseModel):
    """How large the codes are that are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code_size: int = Field(description="Number of values in the code.")


def fit_baselines(store: Store, data: DataResult, split: SplitResult, code_size: int) -> BaselineResult:
    """Put the baselines of a split at a code size into the store, unless they are there."""
    parameters = BaselineParameters(code_size=code_size)
    inputs = {"data": data.digest, "split": split.digest}
    name = fingerprint("baselines", parameters, inputs, ["aepipe.stages.baselines"], ["numpy", "scipy"])

    def work(folder: Path) -> BaselineFacts:
        found = measure_opponents(load_data(store, data), load_split(store, split), code_size)
        np.savez(folder / "components.npz", mean=found.components.mean, components=found.components.components)
        np.savez(folder / "errors.npz", **found.errors)
        return BaselineFacts(chosen=dict(found.chosen))

    return produce_stage(store, "baselines", name, BaselineResult, work)


def load_baselines(store: Store, result: BaselineResult) -> Opponents:
    """Return what `fit_baselines` put into the store."""
    with np.load(local_file(store, result.files["components.npz"])) as arrays:
        components = PrincipalComponents(arrays["mean"], arrays["components"])
    with np.load(local_file(store, result.files["errors.npz"])) as errors:
        return Opponents(components, dict(errors.items()), result.facts.chosen)
