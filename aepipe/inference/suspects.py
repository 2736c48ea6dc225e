"""Suspects: the pictures that are least like the training pictures, with a heat map of each."""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aepipe.datasets.formats.fitting import Form, resized, window
from aepipe.errors import ChangedDataError
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.pictures import Picture
from aepipe.io.names import printable_name

HEAT_MAPS = "heat-maps"
MAX_STEM = 60
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Suspect:
    """One picture that was scored.

    Attributes:
        picture: It.
        reconstruction: What the model made of it.
        score: How unlike the training pictures it is.
        p_value: Share of held-out normal pictures at least as strange.
        verdict: anomalous or normal.
    """

    picture: Picture
    reconstruction: np.ndarray
    score: float
    p_value: float
    verdict: str


def keep_worst(suspects: Sequence[Suspect], most: int) -> list[Suspect]:
    """Return those with the largest scores, the largest first; of equal ones the first."""
    return sorted(suspects, key=lambda suspect: -suspect.score)[:most]


def write_heat_maps(suspects: Sequence[Suspect], loaded: LoadedModel, rate: float, folder: Path) -> Iterator[Path]:
    """Write the heat map of each suspect, and yield where it is.

    Args:
        suspects: They, the worst first.
        loaded: The model.
        rate: The false alarm rate: what is usual at it is not made to look hot.
        folder: Where the results are put together.
    """
    from aepipe.evaluation.figures.heat_maps import HeatMap, draw_heat_map

    usual = loaded.scoring.threshold("local", rate)
    digits = len(str(len(suspects)))
    for rank, suspect in enumerate(suspects, 1):
        picture, pixels = suspect.picture, _pixels(suspect.picture)
        own, form = (pixels.shape[0], pixels.shape[1]), loaded.trained.form
        (residual,) = loaded.scoring.residual_maps(picture.pixels[np.newaxis], suspect.reconstruction[np.newaxis])
        title = f"{printable_name(picture.path)}\nscore {suspect.score:.4g}, p {suspect.p_value:.3g}: {suspect.verdict}"
        path = folder / HEAT_MAPS / f"{rank:0{digits}d}-{_stem(picture.path)}.png"
        draw_heat_map(HeatMap(title, pixels, in_picture(residual, own, form), usual), path)
        yield path


def in_picture(residual: np.ndarray, own: tuple[int, int], form: Form) -> np.ndarray:
    """Return a map of the model's pixels as one of the picture's own, (height, width); NaN where no model saw it.

    Args:
        residual: (height, width) as the model takes pictures.
        own: The picture's (height, width).
        form: What pictures are brought to for the model.
    """
    values = residual.astype(np.float32)
    if form.fit == "stretch":
        return resized(values, own)
    if form.fit == "pad":
        # The part of the padded picture that is the picture.
        top, left, height, width = window(values.shape[:2], own)
        return resized(values[top : top + height, left : left + width], own)
    top, left, height, width = window(own, form.size)
    whole = np.full(own, np.nan, np.float32)
    whole[top : top + height, left : left + width] = resized(values, (height, width))
    return whole


def _pixels(picture: Picture) -> np.ndarray:
    """Return a picture's own pixels in [0, 1]; what the model saw of one that has gone since."""
    try:
        pixels: np.ndarray = np.clip(picture.original.astype(np.float32) / np.float32(picture.white), 0, 1)
        return pixels
    except ChangedDataError as error:
        logger.warning("%s is shown as the model saw it: %s", printable_name(picture.path), error.problem)
        return picture.pixels


def _stem(path: str) -> str:
    """Return what a picture's file is called, in letters that every store and file system takes."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", re.sub(r"\.[a-z]+(?=$|#)", "", path.rpartition("/")[2]))
    return name[:MAX_STEM].strip("-.") or "picture"
