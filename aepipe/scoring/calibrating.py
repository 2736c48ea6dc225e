"""Calibration of a trained model: training codes to compare with, the choice of a score, and held-out normal scores."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aepipe.datasets.appearance import MEASURES, measure_pixels
from aepipe.datasets.images import ImageData
from aepipe.evaluation.opponents import batches
from aepipe.parts import picture_digests
from aepipe.scoring.choosing import choose_score, compare_scores
from aepipe.scoring.made_anomalies import make_anomalies
from aepipe.scoring.neighbours import MAX_REFERENCES, Reference, codes_per_contrast
from aepipe.scoring.residuals import smoothing_sigma
from aepipe.scoring.scores import COMBINED, SCORES, Scores, Seen, Yardstick, take_scores
from aepipe.scoring.scoring import Scoring
from aepipe.scoring.spec import Scale, ScoreSettings, ScoringSpec
from aepipe.splits import Split, evenly_spaced

# So many pictures, with each kind of anomaly, take seconds, and say which score is better.
MAX_DECIDING = 300
# In use there is no clean picture, so none counts here.
OF_PAIRS = " An error is that of a noisy picture to what the model makes of it, as it is in use."

Compute = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        encode: Pictures (num_images, height, width, channels) in [0, 1] to codes (num_images, code_size).
        decode: Codes to pictures.
    """

    encode: Compute
    decode: Compute

    def see(self, pictures: np.ndarray) -> Seen:
        """Return pictures with what the model makes of them."""
        codes = self.encode(pictures)
        return Seen(pictures, self.decode(codes), codes)


def calibrate(model: Model, data: ImageData, split: Split, test_digests: np.ndarray, seed: int) -> Scoring:
    """Return a model's scoring. Only training and validation pictures decide about it; held-out ones calibrate it.

    Args:
        model: The model.
        data: The images.
        split: Which of them trained, chose the epoch, and are held out.
        test_digests: (num_test,) of the held-out pictures, hex digits as bytes.
        seed: What the draws of made anomalies depend on.
    """
    train, deciding, part = _deciding_rows(split)
    settings = ScoreSettings(smoothing_sigma=smoothing_sigma(*data.image_shape[:2]))
    reference = _reference(model, data, train)
    pictures = data.scaled(deciding[evenly_spaced(len(deciding), MAX_DECIDING)])
    seen = model.see(pictures)
    plain = Yardstick(settings, reference)
    scales = {name: Scale.of(SCORES[name](seen, plain, {})) for name in COMBINED}
    by = Yardstick(settings, reference, scales)
    made = make_anomalies(pictures, seed)
    aurocs = compare_scores(
        take_scores(seen, by), {kind: take_scores(model.see(images), by) for kind, images in made.items()}
    )
    score, why = choose_score(aurocs)
    spec = ScoringSpec(
        score=score,
        why=f"{why} Decided on {len(pictures):,} pictures of the {part} part.{'' if data.clean is None else OF_PAIRS}",
        settings=settings,
        scales=scales,
        made_auroc=aurocs,
    )
    calibration = score_rows(model, by, data, split.test)
    return Scoring(spec, reference, calibration, test_digests, measure_rows(data, split.test))


def score_rows(model: Model, by: Yardstick, data: ImageData, rows: np.ndarray) -> Scores:
    """Return every score of each of these rows of a data set, computed some at a time."""
    found = [take_scores(model.see(pictures), by) for pictures in batches(data, rows)]
    return {name: np.concatenate([scores[name] for scores in found]) if found else np.empty(0) for name in SCORES}


def measure_rows(data: ImageData, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each of these rows of a data set looks like, measured some at a time."""
    found = [measure_pixels(pictures) for pictures in batches(data, rows)]
    return {name: np.concatenate([measured[name] for measured in found]) if found else np.empty(0) for name in MEASURES}


def _deciding_rows(split: Split) -> tuple[np.ndarray, np.ndarray, str]:
    """Return the rows to compare with, those that decide, and which part these are of.

    Without a validation part every fourth training row decides; it is no neighbour of itself.
    """
    if len(split.validation):
        return split.train, split.validation, "validation"
    if len(split.train) < 2:
        return split.train, split.train, "training"
    return np.delete(split.train, slice(1, None, 4)), split.train[1::4], "training"


def _reference(model: Model, data: ImageData, rows: np.ndarray) -> Reference:
    rows = rows[evenly_spaced(len(rows), MAX_REFERENCES)]
    codes = [codes_per_contrast(pictures, model.encode(pictures)) for pictures in batches(data, rows)]
    return Reference(np.concatenate(codes), picture_digests(data.images[rows]))
