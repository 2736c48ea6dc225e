"""Photographs of 32x32 in colour, in 64 to 384 values."""

from collections.abc import Iterator

from aepipe.experiments.reproductions.case import Case, Figure, Published, Table
from aepipe.experiments.reproductions.measuring import held_out
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides
from aepipe.stages.data import DataSettings
from aepipe.stages.request import TrainingRequest

# Code size to the error that the course prints.
PUBLISHED = {64: 0.00709, 128: 0.00409, 256: 0.00207, 384: 0.00128}


def _cases() -> Iterator[Case]:
    for code_size, error in PUBLISHED.items():
        published = (Published(error, "UvA deep learning course, tutorial 9"),)
        yield Case(
            row=f"{code_size} values",
            request=TrainingRequest(
                recipe=RecipeName("faces-conv"),
                data_set="cifar10",
                overrides=Overrides(code_size=code_size, epochs=5, batch_size=100),
                data=DataSettings(color="rgb"),
            ),
            setting="faces-conv, 5 epochs, batches of 100",
            figures=(
                Figure("mse_per_pixel", "MSE", places=5, published=published, quick_limit=0.02),
                Figure("pca_mse_per_pixel", "MSE of PCA", places=5),
            ),
            measure=held_out,
            quick_steps=50,
            is_quick=code_size == min(PUBLISHED),
        )


TABLE = Table(
    "colour-codes",
    "CIFAR-10 in colour",
    "The official test images, pixels in [0, 1]. Published: the UvA deep learning course, tutorial 9, "
    "convolutional autoencoders after 500 epochs on a GPU.",
    "code",
    _cases,
)
