"""The three Olivetti recipes after GeeksforGeeks and Bonaccorso: convolutional, denoising, sparse.

The source adds its noise at 64x64 before the resize, which weakens it; here noise is added to the images that the model
sees. It trains on all 400 faces; here a part of each person's images, or whole persons, are held out.
"""

from collections.abc import Mapping
from typing import Any

from aepipe.models.options import ConvolutionalOptions, ResidualOptions
from aepipe.preprocess import Preprocessing
from aepipe.recipes.recipe import Recipe, Variant
from aepipe.splits import SplitSettings
from aepipe.training.settings import AugmentationSettings, CorruptionSettings, OptimizerSettings, TrainingSettings

_DATA = {
    "data_set": "olivetti",
    "preprocessing": Preprocessing(size=32),
    "native_shape": (32, 32, 1),
}
_FILTERS = (16, 32, 64, 128)
_BY_ADAM: Mapping[str, Any] = {"batch_size": 10, "epochs": 100}
_BY_MUON: Mapping[str, Any] = {"optimizer": OptimizerSettings(name="muon"), "batch_size": 20, "epochs": 60}
_NOISE = CorruptionSettings(kind="gaussian", level=0.2)


def _published(code_l1: float = 0.0, corruption: CorruptionSettings | None = None) -> Variant:
    return Variant(
        split=SplitSettings(method="known-persons", test_fraction=0.2, validation_fraction=0),
        model=ConvolutionalOptions(
            filters=_FILTERS,
            code_size=256,
            code_activation="sigmoid",
            output_activation="sigmoid",
            code_l1=code_l1,
        ),
        training=TrainingSettings(
            loss="half-sum-of-squares", batch_size=50, epochs=600, keep="last", corruption=corruption
        ),
    )


def _tuned(
    learning_rate: float,
    encoder_filters: tuple[int, ...] = (),
    code_threshold: float = 0.0,
    code_l1: float = 0.0,
    corruption: CorruptionSettings | None = None,
    **by: Any,
) -> Variant:
    return Variant(
        split=SplitSettings(method="known-persons", test_fraction=0.2),
        model=ResidualOptions(
            code_size=256,
            encoder_filters=encoder_filters,
            decoder_filters=(32, 32, 32),
            initializer="he_normal",
            code_threshold=code_threshold,
            code_l1=code_l1,
        ),
        training=TrainingSettings(
            loss="half-sum-of-squares",
            learning_rate=learning_rate,
            schedule="cosine",
            warm_up_share=0.05,
            augmentation=AugmentationSettings(flip=True, shift=0.5),
            corruption=corruption,
            keep="best-or-start",
            **by,
        ),
    )


CONVOLUTIONAL = Recipe(
    name="faces-conv",
    aliases=("conv",),
    title="Deep convolutional autoencoder on Olivetti faces",
    source="GeeksforGeeks after Bonaccorso, deep convolutional autoencoder",
    published=_published(),
    # docs/studies/muon.csv: validation MSE .000412; .000423 by Adam in twice the time.
    tuned=_tuned(learning_rate=2e-3, **_BY_MUON),
    **_DATA,
)
DENOISING = Recipe(
    name="faces-denoising",
    title="Convolutional denoising autoencoder on Olivetti faces",
    source="GeeksforGeeks after Bonaccorso, denoising autoencoder",
    published=_published(corruption=_NOISE),
    # docs/studies/muon.csv: validation MSE .00304; .00310 by Adam in twice the time.
    tuned=_tuned(learning_rate=2e-3, encoder_filters=(32, 32, 32), corruption=_NOISE, **_BY_MUON),
    **_DATA,
)
SPARSE = Recipe(
    name="faces-sparse",
    aliases=("sparse",),
    title="Sparse convolutional autoencoder on Olivetti faces",
    source="GeeksforGeeks after Bonaccorso, sparse autoencoder",
    published=_published(code_l1=0.01),
    # Study faces-sparse-397d5f0e0ad0, trial 1: validation MSE .000498, .000500 in batches of 20; .000596 by Muon.
    tuned=_tuned(learning_rate=3.5e-4, code_threshold=0.04, code_l1=0.02, **_BY_ADAM),
    **_DATA,
)
