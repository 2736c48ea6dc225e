"""Scoring: a model's scores with the calibration that says what they mean, as a release keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from aepipe.arrays import Float64, Real
from aepipe.errors import ParameterError
from aepipe.scoring import conformal
from aepipe.scoring.conformal import DEFAULT_RATE, Promise
from aepipe.scoring.neighbours import Reference
from aepipe.scoring.residuals import residual_maps
from aepipe.scoring.scores import Scores, Seen, Yardstick, take_scores
from aepipe.scoring.spec import ScoreName, ScoringSpec

if TYPE_CHECKING:
    import pandas as pd

ANOMALOUS, NORMAL = "anomalous", "normal"


@dataclass(frozen=True)
class Scoring:
    """What a model's scores are taken with and judged by.

    Attributes:
        spec: How they are computed, and which is the model's own.
        reference: Training pictures, which codes are compared with.
        calibration: The scores of held-out normal pictures, (num_calibration,) each, by the score's name.
        digests: (num_calibration,) of these pictures, hex digits as bytes.
        appearance: What they look like, (num_calibration,) each, by the measure's name.
    """

    spec: ScoringSpec
    reference: Reference
    calibration: Mapping[ScoreName, np.ndarray]
    digests: np.ndarray
    appearance: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def num_calibration(self) -> int:
        """How many pictures it was calibrated with."""
        return len(self.digests)

    def scores(
        self,
        originals: Real[np.ndarray, "num_images height width channels"],
        reconstructions: Real[np.ndarray, "num_images height width channels"],
        codes: Real[np.ndarray, "num_images code_size"],
    ) -> Scores:
        """Return every score of each picture, float64 of (num_images,); larger is less like the training pictures.

        Args:
            originals: The pictures in the model's form, in [0, 1].
            reconstructions: What the model made of them.
            codes: What it encoded them as.
        """
        by = Yardstick(self.spec.settings, self.reference, self.spec.scales)
        return take_scores(Seen(originals, reconstructions, codes), by)

    def p_values(self, name: str | None, values: Float64[np.ndarray, " num_images"]) -> np.ndarray:
        """Return the share of calibration pictures that are at least as strange, the picture itself counted.

        Args:
            name: The score; the model's own where None.
            values: Its value for each picture.
        """
        return conformal.p_values(self._calibration(name), values)

    def threshold(self, name: str | None = None, rate: float = DEFAULT_RATE) -> float:
        """Return the value of a score above which a picture is anomalous at a false alarm rate."""
        return conformal.threshold(self._calibration(name), rate)

    def promise(self, rate: float = DEFAULT_RATE) -> Promise:
        """Return what is promised of false alarms where this rate is asked for."""
        return conformal.make_promise(self.num_calibration, rate)

    def residual_maps(
        self,
        originals: Real[np.ndarray, "num_images height width channels"],
        reconstructions: Real[np.ndarray, "num_images height width channels"],
    ) -> Float64[np.ndarray, "num_images height width"]:
        """Return where each reconstruction is off, as `local` sees it: smoothed squared errors."""
        return residual_maps(originals, reconstructions, self.spec.settings.smoothing_sigma)

    def judge(self, scores: Scores, rate: float = DEFAULT_RATE, name: str | None = None) -> "pd.DataFrame":
        """Return error, score, p_value and verdict of each picture, a row each.

        Args:
            scores: As `scores` gives them.
            rate: The false alarm rate that is asked for; what of it can be promised says `promise`.
            name: The score that decides; the model's own where None.

        Raises:
            ParameterError: there is no such score, or the rate is not between 0 and 1.
        """
        import pandas as pd

        chosen = self.known(name)
        p = self.p_values(chosen, scores[chosen])
        verdicts = np.where(conformal.is_anomalous(p, self.promise(rate)), ANOMALOUS, NORMAL)
        return pd.DataFrame({"error": scores["mse"], "score": scores[chosen], "p_value": p, "verdict": verdicts})

    def known(self, name: str | None) -> ScoreName:
        """Return the score of this name, or the model's own where None.

        Raises:
            ParameterError: there is no such score.
        """
        if name is None:
            return self.spec.score
        if name not in self.calibration:
            raise ParameterError(f"The scores of this model are {', '.join(self.calibration)}.", score=name)
        return cast(ScoreName, name)

    def _calibration(self, name: str | None) -> np.ndarray:
        return self.calibration[self.known(name)]
