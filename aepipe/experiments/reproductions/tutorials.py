"""What the four tutorials print, from which the recipes come."""

from collections.abc import Iterator

from aepipe.experiments.reproductions.case import Case, Figure, Published, Table
from aepipe.experiments.reproductions.measuring import held_out
from aepipe.recipes import RecipeName
from aepipe.stages.request import TrainingRequest

# Half the sum of squared errors; the source adds up those of 350 faces, and divides by 400.
HALF_SUM_OF_350_IN_400 = 32 * 32 / 2 * 350 / 400


def _case(recipe: str, label: str, times: float, published: Published, quick_limit: float) -> Case:
    return Case(
        row=recipe,
        request=TrainingRequest(recipe=RecipeName(recipe), setting="published"),
        setting=f"{recipe}, published",
        figures=(
            Figure("train_mse", label, times, places=2, published=(published,), quick_limit=quick_limit),
            Figure("mse_per_pixel", "the same of held-out images", times, places=2),
        ),
        measure=held_out,
        is_quick=recipe == "mnist-dense",
    )


def _cases() -> Iterator[Case]:
    of_bytes = "training MSE, white = 255"
    yield _case("mnist-dense", of_bytes, 255**2, Published(897.18, "OpenGenus"), 8000)
    yield _case("horses-stacked", of_bytes, 255**2, Published(1254.34, "Guru99, last batch"), 8000)
    yield _case("faces-conv", "average loss per sample", HALF_SUM_OF_350_IN_400, Published(0.4636, "GeeksforGeeks"), 20)


TABLE = Table(
    "tutorials",
    "The tutorials' own numbers",
    "The published settings, each in the unit that its source prints; a source's number is of the images that "
    "it trained on. The fourth tutorial prints none.",
    "recipe",
    _cases,
)
