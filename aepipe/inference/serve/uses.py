"""Uses of a served model: what is computed for pictures that wait together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from aepipe.inference.decoding import Picture
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.restore import own_pixels

UseName = Literal["score", "encode", "restore"]
# JSON of a picture, or its pixels.
Answer = dict[str, Any] | np.ndarray


@dataclass(frozen=True)
class Asked:
    """What is asked about some pictures; those of which the same is asked are computed together.

    Attributes:
        use: What is done.
        release: The model's.
        loaded: The model: the one that was there when the picture came, though its channel has moved on.
        false_alarm_rate: Of scores: the share of normal pictures that may be called anomalous.
        score: Of scores: which one; None for the model's own.
        form: Of restoring: the pictures' shape and white.
    """

    use: UseName
    release: str
    loaded: LoadedModel = field(compare=False)
    false_alarm_rate: float = 0.01
    score: str | None = None
    form: tuple[tuple[int, ...], float] | None = None


def compute(asked: Asked, pictures: Sequence[Picture]) -> Sequence[Answer]:
    """Return the answer for each picture."""
    return USES[asked.use](asked, pictures)


def _score(asked: Asked, pictures: Sequence[Picture]) -> Sequence[Answer]:
    loaded, rate = asked.loaded, asked.false_alarm_rate
    found = loaded.score(_stacked(pictures), rate, asked.score)
    promise = loaded.scoring.promise(rate)
    told = {
        "score_name": asked.score or loaded.scoring.spec.score,
        "false_alarm_rate": promise.rate,
        "promise": promise.sentence,
    }
    return [{**row, **told} for row in found.to_dict("records")]


def _encode(asked: Asked, pictures: Sequence[Picture]) -> Sequence[Answer]:
    return [{"code": code} for code in asked.loaded.encode(_stacked(pictures)).tolist()]


def _restore(asked: Asked, pictures: Sequence[Picture]) -> Sequence[Answer]:
    originals = np.stack([own_pixels(picture) for picture in pictures])
    return list(asked.loaded.restore(originals, (0, pictures[0].white)))


def _stacked(pictures: Sequence[Picture]) -> np.ndarray:
    return np.stack([picture.pixels for picture in pictures])


USES: Mapping[UseName, Callable[[Asked, Sequence[Picture]], Sequence[Answer]]] = {
    "score": _score,
    "encode": _encode,
    "restore": _restore,
}
