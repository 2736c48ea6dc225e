"""Codes of two values: a picture's place on a map."""

from collections.abc import Iterator

from aepipe.experiments.reproductions.case import Case, Figure, Published, Table
from aepipe.experiments.reproductions.measuring import map_of_codes
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides
from aepipe.stages.data import DataSettings
from aepipe.stages.request import TrainingRequest

AUTOENCODER, TOPOLOGICAL = "autoencoder", "TopoAE"
# Their errors are of pixels in [-1, 1], four times those of pixels in [0, 1].
PUBLISHED = {
    "mnist": {AUTOENCODER: 0.1373 / 4, TOPOLOGICAL: 0.1388 / 4},
    "fashion-mnist": {AUTOENCODER: 0.1020 / 4, TOPOLOGICAL: 0.1207 / 4},
    "cifar10": {AUTOENCODER: 0.1403 / 4, TOPOLOGICAL: 0.1398 / 4},
}


def _cases() -> Iterator[Case]:
    for data_set, numbers in PUBLISHED.items():
        published = tuple(Published(value, who, was_read=False) for who, value in numbers.items())
        yield Case(
            row=data_set,
            request=TrainingRequest(
                recipe=RecipeName("mnist-dense"),
                data_set=data_set,
                overrides=Overrides(code_size=2),
                data=DataSettings(color="rgb") if data_set == "cifar10" else DataSettings(),
            ),
            setting="mnist-dense, code 2",
            figures=(
                Figure("mse_per_pixel", "MSE", places=4, published=published, quick_limit=0.07),
                Figure("pca_mse_per_pixel", "MSE of PCA", places=4),
                Figure("trustworthiness", "trustworthiness", places=3, better="higher"),
                Figure("continuity", "continuity", places=3, better="higher"),
            ),
            measure=map_of_codes,
            is_quick=data_set == "mnist",
        )


TABLE = Table(
    "two-dimensions",
    "Codes of two values",
    "Official test parts, pixels in [0, 1]. Trustworthiness and continuity (12 neighbours, 2,000 images) are "
    "of the map against the pixels. Published: table 1 of Moor, Horn, Rieck and Borgwardt, Topological "
    "Autoencoders, 2020, as it is quoted; its rows of PCA (0.0557, 0.0461, 0.0371) are those here.",
    "data",
    _cases,
)
