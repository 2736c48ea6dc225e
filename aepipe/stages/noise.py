"""Stage `noise`: the noisy-input test set of a split, and the best linear denoisers on it."""

from pathlib import Path

import numpy as np

from aepipe.linear import most_rows
from aepipe.noise import NoiseBaseline, NoiseParameters
from aepipe.noisy_test_set import (
    NoisyTestSet,
    build_noisy_test_set,
    load_noisy_test_set,
    most_images,
    save_noisy_test_set,
)
from aepipe.splits import evenly_spaced
from aepipe.stages.data import load_data, load_split
from aepipe.stages.facts import NoiseFacts
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.stage import DataResult, NoiseResult, SplitResult, find_whole_stage, produce_stage
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file


def noise_fingerprint(data: DataResult, split: SplitResult, parameters: NoiseParameters) -> str:
    """Return the name of this noisy test set. The validation part does not count: it is not held out."""
    inputs = {"data": data.digest, "name": split.facts.name, "held_out": split.facts.test_sha256}
    modules = ["aepipe.stages.noise", "aepipe.evaluation.baselines", "aepipe.evaluation.figures"]
    parameters = parameters.with_needed_kinds(is_for_denoiser=True)
    return fingerprint("noise", parameters, inputs, modules, ["numpy", "scipy"])


def find_noise(store: Store, data: DataResult, split: SplitResult, parameters: NoiseParameters) -> NoiseResult | None:
    """Return this noisy test set's result if the store has it."""
    return find_whole_stage(store, "noise", noise_fingerprint(data, split, parameters), NoiseResult)


def make_noisy_test_set(
    store: Store, data: DataResult, split: SplitResult, parameters: NoiseParameters, refresh: bool = False
) -> NoiseResult:
    """Put the noisy test set, its manifest and its preview into the store.

    Its facts have, for each kind and level, the error of doing nothing and of the best linear map, fitted on images
    that are not held out.
    """

    def work(folder: Path) -> NoiseFacts:
        from aepipe.evaluation.baselines import LinearDenoiser
        from aepipe.evaluation.figures import noisy_preview

        images, rows = load_data(store, data), load_split(store, split)
        name = split.facts.name
        test = rows.test[: most_images(images.images[0].size, parameters)]
        labels = None if images.labels is None else np.asarray(images.labels[test])
        noisy = build_noisy_test_set(name, images.scaled(test), labels, test, parameters)
        save_noisy_test_set(noisy, folder)
        noisy_preview(noisy, folder / f"{name}.png")
        train_rows = np.union1d(rows.train, rows.validation)
        # As many as a linear map is fitted on, and no more in memory.
        train_rows = train_rows[evenly_spaced(len(train_rows), most_rows(images.images[0].size))]
        train_images = images.scaled(train_rows)
        baselines = []
        for spec in noisy.specs:
            clean, corrupted = noisy.pair(spec)
            linear = LinearDenoiser.fit(train_images, train_rows, spec, parameters.seed)
            baselines.append(
                NoiseBaseline(
                    kind=spec.kind,
                    level=spec.level,
                    nothing_mse=float(np.mean((corrupted - clean) ** 2)),
                    linear_mse=linear.mse(corrupted, clean),
                )
            )
        return NoiseFacts(name=name, num_images=len(noisy.clean), baselines=tuple(baselines))

    return produce_stage(store, "noise", noise_fingerprint(data, split, parameters), NoiseResult, work, refresh)


def load_noise(store: Store, result: NoiseResult) -> NoisyTestSet:
    """Return the noisy test set that `make_noisy_test_set` put into the store."""
    name = result.facts.name
    archive, manifest = (local_file(store, result.files[f"{name}.{suffix}"]) for suffix in ("npz", "json"))
    return load_noisy_test_set(archive, manifest)
