"""Choice of a model's score: the one that best tells made anomalies of the validation part from what they were made of.

Held-out pictures decide nothing: the same ones say later what the chosen score is worth.
"""

from collections.abc import Mapping

import numpy as np

from aepipe.scoring.scores import SCORES, Scores
from aepipe.scoring.spec import ScoreName

# Scores that are nearer to the best than this do equally well; of them the simplest is taken.
TIE = 0.005

Aurocs = Mapping[ScoreName, Mapping[str, float]]


def compare_scores(normal: Scores, anomalous: Mapping[str, Scores]) -> Aurocs:
    """Return each score's AUROC for each kind of anomaly.

    Args:
        normal: The scores of normal pictures.
        anomalous: Those of anomalous ones, by kind.
    """
    return {
        name: {kind: round(auroc(normal[name], scores[name]), 4) for kind, scores in anomalous.items()}
        for name in SCORES
    }


def choose_score(aurocs: Aurocs) -> tuple[ScoreName, str]:
    """Return the score with the highest mean AUROC, and why it is that one; of equals the simplest."""
    means = {name: float(np.mean(list(by_kind.values()))) for name, by_kind in aurocs.items()}
    best = max(means.values())
    chosen = next(name for name in SCORES if means[name] >= best - TIE)
    others = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items() if name != chosen)
    return chosen, f"Mean AUROC {means[chosen]:.3f} on made anomalies; {others}."


def auroc(normal: np.ndarray, anomalous: np.ndarray) -> float:
    """Return the share of pairs of a normal and an anomalous picture of which the anomalous one has the larger score.

    A pair of equal scores counts for half.
    """
    ordered = np.sort(normal)
    below, upto = (np.searchsorted(ordered, anomalous, side=side) for side in ("left", "right"))
    return float((below + upto).mean() / 2 / len(ordered))
