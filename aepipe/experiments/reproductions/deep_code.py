"""A deep autoencoder of digits with a code of 30 values, on which optimizers have been compared since 2006."""

from collections.abc import Iterator

from aepipe.experiments.reproductions.case import Case, Figure, Published, Table
from aepipe.experiments.reproductions.measuring import held_out
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides
from aepipe.stages.request import TrainingRequest

PIXELS = 784
HINTON = "Hinton and Salakhutdinov (2006)"
SUTSKEVER = "Sutskever and others (2013)"
# To be reached by that very network, and by any of that code size.
AIM, STRETCH = 2.46, 2.0


def _figures(aim: float) -> tuple[Figure, ...]:
    return (
        Figure(
            *("mse_per_pixel", "squared error of a test image", PIXELS, 2),
            published=(Published(3.00, HINTON),),
            aim=aim,
            quick_limit=20,
        ),
        Figure(
            *("train_mse", "squared error of a training image", PIXELS, 2),
            published=(Published(0.73, f"{SUTSKEVER}, momentum"), Published(0.69, f"{SUTSKEVER}, Hessian-free")),
        ),
        Figure("pca_mse_per_pixel", "PCA", PIXELS, 2, published=(Published(13.87, HINTON),)),
    )


def _cases() -> Iterator[Case]:
    recipe = RecipeName("mnist-dense")
    yield Case(
        row="784-1000-500-250-30, that very network",
        request=TrainingRequest(
            recipe=recipe,
            overrides=Overrides(
                code_size=30,
                model={"hidden_widths": (1000, 500, 250)},
                optimizer={"name": "muon"},
                learning_rate=0.01,
                batch_size=600,
                epochs=40,
                # Without it the error of training images is half that of others.
                augmentation={"shift": 0.5},
            ),
        ),
        setting="mnist-dense, Muon at .01, batches of 600, 40 epochs, shifts of half a pixel",
        figures=_figures(AIM),
        measure=held_out,
    )
    yield Case(
        row="mnist-dense, its own widths",
        request=TrainingRequest(recipe=recipe, overrides=Overrides(code_size=30)),
        setting="mnist-dense, code 30",
        figures=_figures(STRETCH),
        measure=held_out,
        is_quick=True,
    )


TABLE = Table(
    "deep-code",
    "Digits in 30 values",
    "MNIST's official test images; the sum of the squared errors of an image's 784 pixels in [0, 1]. A tenth "
    "of the training images chooses the epoch. Published: Hinton and Salakhutdinov, Reducing the "
    "Dimensionality of Data with Neural Networks, 2006; Sutskever, Martens, Dahl and Hinton, On the "
    "importance of initialization and momentum in deep learning, 2013, whose errors are of training images.",
    "network",
    _cases,
)
