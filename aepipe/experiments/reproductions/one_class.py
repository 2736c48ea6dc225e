"""One class against the rest: each class once as normal, its training images alone train."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from aepipe.datasets.cifar10 import CLASSES
from aepipe.datasets.fashion_mnist import ARTICLES
from aepipe.datasets.mnist import DIGITS
from aepipe.experiments.reproductions.case import Case, Figure, Published, Table
from aepipe.experiments.reproductions.measuring import trained
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides
from aepipe.scoring.scores import SCORES
from aepipe.stages.calibrate import CalibrateStage
from aepipe.stages.data import DataSettings
from aepipe.stages.request import TrainingRequest
from aepipe.store import Store
from aepipe.store.local_files import local_file

CODE_SIZE = 32
DCAE, DEEP_SVDD = "DCAE", "Deep SVDD"


@dataclass(frozen=True)
class Protocol:
    """How a data set is done.

    Attributes:
        classes: Each is normal once.
        recipe: What is trained.
        training: What is chosen about it, so that the numbers stay those of these settings.
        color: What is chosen about the channels.
        aim: Mean AUROC in percent that is to be reached.
        published: What others have.
        quick: The numbers of the classes that a quick run does.
    """

    classes: tuple[str, ...]
    recipe: str
    training: Overrides
    color: str
    aim: float
    published: tuple[Published, ...] = ()
    quick: tuple[int, ...] = ()


ADAM = {"name": "adam"}
OF_DENSE = Overrides(optimizer=ADAM, learning_rate=1.56e-3, batch_size=150, epochs=40, max_steps=600, patience=10)
OF_RESIDUAL = Overrides(optimizer=ADAM, learning_rate=1e-3 / 3, batch_size=50, epochs=30, max_steps=60)
PROTOCOLS = {
    "mnist": Protocol(
        *(DIGITS, "mnist-dense", OF_DENSE, "keep", 97.0),
        published=(Published(89.7, DCAE, was_read=False), Published(94.8, DEEP_SVDD)),
        quick=(0, 8),
    ),
    "fashion-mnist": Protocol(ARTICLES, "mnist-dense", OF_DENSE, "keep", 92.0),
    "cifar10": Protocol(
        *(CLASSES, "horses-stacked", OF_RESIDUAL, "rgb", 62.0),
        published=(Published(59.4, DCAE, was_read=False), Published(64.8, DEEP_SVDD, was_read=False)),
    ),
}


def _cases() -> Iterator[Case]:
    for data_set, protocol in PROTOCOLS.items():
        for number, class_name in enumerate(protocol.classes):
            yield Case(
                row=data_set,
                part=class_name,
                request=TrainingRequest(
                    recipe=RecipeName(protocol.recipe),
                    data_set=data_set,
                    overrides=protocol.training.model_copy(update={"code_size": CODE_SIZE}),
                    data=DataSettings(classes=(class_name,), color=protocol.color),
                ),
                setting=f"{protocol.recipe}, code {CODE_SIZE}, {protocol.training.max_steps} steps",
                figures=_figures(protocol),
                measure=_aurocs,
                quick_steps=protocol.training.max_steps or 0,
                is_quick=number in protocol.quick,
            )


def _figures(protocol: Protocol) -> tuple[Figure, ...]:
    chosen = replace(
        _in_percent("chosen", "chosen score"), published=protocol.published, aim=protocol.aim, quick_limit=protocol.aim
    )
    return chosen, *(_in_percent(name, name) for name in (*SCORES, "PCA"))


def _in_percent(name: str, label: str) -> Figure:
    return Figure(name, label, times=100, places=1, better="higher")


def _aurocs(store: Store, request: TrainingRequest) -> Mapping[str, float | None]:
    """Return the AUROC of each score and of PCA's residual, and of the score that the validation part chose."""
    # Here, because it takes a while to import.
    import pandas as pd

    calibrated = CalibrateStage(*trained(store, request)).produce(store)
    table = pd.read_csv(local_file(store, calibrated.files["detection.csv"]))
    found = table[table.class_name == "all"].set_index("metric").value
    aurocs = {name: float(found[f"{name.lower()}_auroc"]) for name in ("PCA", *SCORES)}
    return aurocs | {"chosen": aurocs[calibrated.facts.score]}


TABLE = Table(
    "one-class",
    "One class against the rest",
    "Each class once as normal: its training images alone train, the whole official test part is scored. "
    "AUROC in percent, code 32, means over classes. The score in use is the one that the validation part "
    "chose, which held only the normal class; PCA is its residual at the same code size. The protocol and "
    "what is published are of Ruff and others, Deep One-Class Classification, 2018.",
    "data",
    _cases,
)
