"""Detection by a calibrated model: what its scores and its residuals come to on held-out pictures that are not normal.

PCA of the model's code size is measured beside it, always: what it finds too takes no training.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from aepipe.cells import as_cells
from aepipe.datasets.images import ImageData, Masks
from aepipe.evaluation.metrics import ALL, MetricRow, mse_per_image
from aepipe.evaluation.opponents import batches
from aepipe.linear import PrincipalComponents
from aepipe.scoring.calibrating import Compute, Model
from aepipe.scoring.choosing import auroc
from aepipe.scoring.detection import Detection, measure_detection, roc
from aepipe.scoring.pixels import PixelCounts
from aepipe.scoring.residuals import highest_local_errors
from aepipe.scoring.scores import Scores
from aepipe.scoring.scoring import Scoring
from aepipe.scoring.spec import ScoreName
from aepipe.splits import Split, evenly_spaced

# Scores of PCA's residual, as the model's of the same names.
PCA, PCA_LOCAL = "pca", "pca_local"
IN_WORDS = {PCA: "mean residual", PCA_LOCAL: "highest local residual"}
# So many normal pictures tell what residuals are where nothing is wrong.
MAX_NORMAL_MAPS = 500


@dataclass(frozen=True)
class Scored:
    """Scores of held-out pictures: every one of the model, and those of PCA's residual.

    Attributes:
        normal: (num_normal,) each, by the score's name.
        anomalous: (num_anomalous,) each.
        chosen: The model's own score.
        opponent: That of PCA's residual which it is held against.
        threshold: Of the model's own score.
    """

    normal: Mapping[str, np.ndarray]
    anomalous: Mapping[str, np.ndarray]
    chosen: str
    opponent: str
    threshold: float


@dataclass(frozen=True)
class Detected:
    """What a model comes to on what is not normal.

    Attributes:
        scored: The scores.
        by_score: What each of them comes to.
        by_class: AUROC of the model's own score for each class of anomalous pictures, by the class's name.
        mse: Mean squared error of anomalous pictures, per pixel.
        pixels: What residuals come to where there are masks, by the metric's name.
        num_masks: Number of masks.
    """

    scored: Scored
    by_score: Mapping[str, Detection]
    by_class: Mapping[str, float]
    mse: float
    pixels: Mapping[str, float]
    num_masks: int

    @property
    def metrics(self) -> dict[str, float]:
        """The model's numbers by the metric's name."""
        own, opponent = self.by_score[self.scored.chosen], self.by_score[self.scored.opponent]
        return {**asdict(own), "pca_auroc": opponent.auroc, "anomalous_mse_per_pixel": self.mse, **self.pixels}

    def rows(self) -> Iterator[tuple[str, str, float]]:
        """Yield class name, metric and value of every number; those of one score alone have its name before them."""
        yield from ((ALL, name, value) for name, value in self.metrics.items())
        for score, found in self.by_score.items():
            names = asdict(found).items()
            yield from ((ALL, f"{score}_{name}", value) for name, value in names if (score, name) != (PCA, "auroc"))
        yield from ((name, "auroc", value) for name, value in self.by_class.items())


def detect(
    model: Model, scoring: Scoring, components: PrincipalComponents, data: ImageData, split: Split, masks: Masks | None
) -> Detected:
    """Return what a model comes to on held-out pictures that are not normal, of which there is at least one.

    Args:
        model: The model.
        scoring: Its scores, calibrated with the normal held-out pictures.
        components: Those of PCA with as many values as the code.
        data: The images.
        split: Which of them are held out.
        masks: Where something is wrong with some of the anomalous ones.
    """
    sigma = scoring.spec.settings.smoothing_sigma
    draws: Mapping[str, Compute] = {
        "": lambda pictures: model.see(pictures).reconstructions,
        "pca_": components.reconstruct,
    }
    found = _anomalous_scores(model, scoring, data, split.anomalous)
    normal, anomalous = (_pca_scores(components, data, rows, sigma) for rows in (split.test, split.anomalous))
    scored = Scored(
        normal={**_by_text(scoring.calibration), **normal},
        anomalous={**_by_text(found), **anomalous},
        chosen=scoring.spec.score,
        opponent=PCA_LOCAL if scoring.spec.score == "local" else PCA,
        threshold=scoring.threshold(),
    )
    measure = partial(measure_detection, scoring.digests)
    counts = {name: _count_pixels(draw, scoring, data, split, masks) for name, draw in draws.items()}
    pixels = {
        f"{name}{metric}": value
        for name, one in counts.items()
        if one.num_masks
        for metric, value in (("pixel_auroc", one.auroc()), ("aupro", one.aupro()))
    }
    return Detected(
        scored=scored,
        by_score={name: measure(scored.normal[name], scored.anomalous[name]) for name in scored.normal},
        by_class=dict(_by_class(scored, data, split.anomalous)),
        mse=float(found["mse"].mean()),
        pixels=pixels,
        num_masks=counts[""].num_masks,
    )


def _by_text(scores: Mapping[ScoreName, np.ndarray]) -> dict[str, np.ndarray]:
    return {str(name): values for name, values in scores.items()}


def _anomalous_scores(model: Model, scoring: Scoring, data: ImageData, rows: np.ndarray) -> Scores:
    """Return every score of these rows."""
    seen = (model.see(pictures) for pictures in batches(data, rows))
    found = [scoring.scores(one.originals, one.reconstructions, one.codes) for one in seen]
    return {name: np.concatenate([batch[name] for batch in found]) for name in scoring.calibration}


def _pca_scores(
    components: PrincipalComponents, data: ImageData, rows: np.ndarray, sigma: float
) -> dict[str, np.ndarray]:
    """Return PCA's residual on each of these rows: its mean, and its highest local one."""
    means, highest = [], []
    for pictures in batches(data, rows):
        drawn = components.reconstruct(pictures)
        means.append(mse_per_image(pictures, drawn))
        highest.append(highest_local_errors(pictures, drawn, sigma))
    return {PCA: np.concatenate(means), PCA_LOCAL: np.concatenate(highest)}


def _count_pixels(draw: Compute, scoring: Scoring, data: ImageData, split: Split, masks: Masks | None) -> PixelCounts:
    """Return the counts of residuals on pictures with masks, and on as many normal ones as it takes."""
    counts = PixelCounts()
    if masks is None:
        return counts
    is_held_out = np.isin(masks.rows, split.anomalous)
    rows, numbers = masks.rows[is_held_out], np.flatnonzero(is_held_out)
    start = 0
    for pictures in batches(data, rows):
        inside = masks.inside[numbers[start : start + len(pictures)]]
        counts.add(scoring.residual_maps(pictures, draw(pictures)), inside)
        start += len(pictures)
    for pictures in batches(data, split.test[evenly_spaced(len(split.test), MAX_NORMAL_MAPS)]):
        maps = scoring.residual_maps(pictures, draw(pictures))
        counts.add(maps, np.zeros(maps.shape, bool))
    return counts


def _by_class(scored: Scored, data: ImageData, rows: np.ndarray) -> Iterator[tuple[str, float]]:
    if data.labels is None:
        return
    labels, normal = np.asarray(data.labels[rows]), scored.normal[scored.chosen]
    for number in np.unique(labels):
        yield data.label_names[number], auroc(normal, scored.anomalous[scored.chosen][labels == number])


def write_detection(found: Detected, who: Mapping[str, str | None], title: str, folder: Path) -> None:
    """Write the numbers, as metrics.csv has them, and the figure.

    Args:
        found: What the model came to.
        who: Recipe, setting and evaluation set of the long table's rows.
        title: What a figure calls the model.
        folder: Where they go.
    """
    # Here, because who reads what a release says needs neither.
    import pandas as pd

    from aepipe.evaluation.figures.detection import detection

    rows = [MetricRow(**who, class_name=name, metric=metric, value=value) for name, metric, value in found.rows()]
    pd.DataFrame([as_cells(row.model_dump()) for row in rows]).to_csv(folder / "detection.csv", index=False)
    scored = found.scored
    shown = {"model": scored.chosen, f"PCA, {IN_WORDS[scored.opponent]}": scored.opponent}
    curves = {
        name: (*roc(scored.normal[score], scored.anomalous[score]), found.by_score[score].auroc)
        for name, score in shown.items()
    }
    scores = scored.normal[scored.chosen], scored.anomalous[scored.chosen]
    path = folder / "figures" / "detection.png"
    what = f"{title}: held-out images, normal and anomalous"
    detection(*scores, scored.threshold, curves, path, what, scored.chosen)
