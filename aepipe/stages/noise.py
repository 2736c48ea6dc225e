"""Stage `noise`: the noisy-input test set of a split, and the best linear denoisers on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aepipe.datasets.images import ImageData
from aepipe.linear import most_rows
from aepipe.noise import NoiseBaseline, NoiseParameters
from aepipe.noisy_test_set import (
    NoisyTestSet,
    build_noisy_test_set,
    load_noisy_test_set,
    most_images,
    save_noisy_test_set,
)
from aepipe.splits import Split, evenly_spaced
from aepipe.stages.data import load_data
from aepipe.stages.facts import NoiseFacts
from aepipe.stages.results import DataResult, NoiseResult, SplitResult
from aepipe.stages.split import load_split
from aepipe.stages.stage import Stage, Workplace
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file


@dataclass(frozen=True)
class NoiseStage(Stage[NoiseFacts]):
    """The noisy test set, its manifest and its preview.

    Its facts have, for each kind and level, the error of doing nothing and of the best linear map, fitted on images
    that are not held out.
    """

    data: DataResult
    split: SplitResult
    parameters: NoiseParameters

    name = "noise"
    kind = NoiseResult
    libraries = ("numpy", "scipy")

    def _modules(self) -> Sequence[str]:
        return ("aepipe.stages.noise", "aepipe.evaluation.baselines", "aepipe.evaluation.figures")

    def _settings(self) -> NoiseParameters:
        return self.parameters.with_needed_kinds(is_for_denoiser=True)

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of the images and of the held-out rows."""
        # The validation part does not count: it is not held out.
        split = self.split.facts
        return {"data": self.data.digest, "name": split.name, "held_out": split.test_sha256}

    def work(self, place: Workplace) -> NoiseFacts:
        """Corrupt the held-out images, and fit what there is to beat."""
        from aepipe.evaluation.figures import noisy_preview

        # Noise on noisy images would say little.
        images, rows = load_data(place.store, self.data).targets, load_split(place.store, self.split)
        name = self.split.facts.name
        test = rows.test[: most_images(images.images[0].size, self.parameters)]
        labels = None if images.labels is None else np.asarray(images.labels[test])
        noisy = build_noisy_test_set(name, images.scaled(test), labels, test, self.parameters)
        save_noisy_test_set(noisy, place.folder)
        noisy_preview(noisy, place.folder / f"{name}.png")
        return NoiseFacts(name=name, num_images=len(noisy.clean), baselines=self._baselines(images, rows, noisy))

    def _baselines(self, images: ImageData, rows: Split, noisy: NoisyTestSet) -> tuple[NoiseBaseline, ...]:
        from aepipe.evaluation.baselines import LinearDenoiser

        train_rows = np.union1d(rows.train, rows.validation)
        # As many as a linear map is fitted on, and no more in memory.
        train_rows = train_rows[evenly_spaced(len(train_rows), most_rows(images.images[0].size))]
        train_images = images.scaled(train_rows)
        found = []
        for spec in noisy.specs:
            clean, corrupted = noisy.pair(spec)
            linear = LinearDenoiser.fit(train_images, train_rows, spec, self.parameters.seed)
            nothing_mse = float(np.mean((corrupted - clean) ** 2))
            linear_mse = linear.mse(corrupted, clean)
            found.append(
                NoiseBaseline(kind=spec.kind, level=spec.level, nothing_mse=nothing_mse, linear_mse=linear_mse)
            )
        return tuple(found)


def load_noise(store: Store, result: NoiseResult) -> NoisyTestSet:
    """Return the noisy test set that `NoiseStage` put into the store."""
    name = result.facts.name
    archive, manifest = (local_file(store, result.files[f"{name}.{suffix}"]) for suffix in ("npz", "json"))
    return load_noisy_test_set(archive, manifest)
