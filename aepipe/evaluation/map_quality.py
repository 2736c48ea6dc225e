"""Measures of a map: how far neighbours in the code are neighbours on the map, and the other way round."""

import numpy as np

from aepipe.splits import evenly_spaced

# All distances are kept: 2,000 of each take 32 MB.
MAX_MEASURED, NUM_NEIGHBOURS = 2000, 12


def map_quality(codes: np.ndarray, places: np.ndarray) -> dict[str, float] | None:
    """Return a map's trustworthiness and continuity (Venna and Kaski, 2001), each at most 1.

    The first falls with neighbours on the map that are none in the code, the second with neighbours in the code that
    the map has torn apart; among at most 2,000 evenly spaced pictures, and 12 neighbours of each.

    Args:
        codes: (num_pictures, code_size).
        places: (num_pictures, 2).

    Returns:
        The two, and `num_measured`; None where there are too few pictures to tell.
    """
    from sklearn.manifold import trustworthiness

    chosen = evenly_spaced(len(codes), MAX_MEASURED)
    codes, places = np.asarray(codes, np.float64)[chosen], np.asarray(places, np.float64)[chosen]
    if len(chosen) < 4 * NUM_NEIGHBOURS:
        return None
    return {
        "trustworthiness": float(trustworthiness(codes, places, n_neighbors=NUM_NEIGHBOURS)),
        "continuity": float(trustworthiness(places, codes, n_neighbors=NUM_NEIGHBOURS)),
        "num_measured": float(len(chosen)),
    }
