"""Held-out pictures of a published model, as new ones are compared with them."""

import numpy as np

from aepipe.errors import ObjectNotFoundError
from aepipe.inference.files import local_files
from aepipe.inference.loading import CODES_FILE, LocatedModel
from aepipe.inference.observation import CODES
from aepipe.inference.watch import Sampled


def read_held_out(model: LocatedModel) -> Sampled:
    """Return scores, appearance and codes of the pictures that were held out when a model was trained.

    Raises:
        ObjectNotFoundError: the release has no calibration of it.
        CorruptObjectError: a file has other bytes than the manifest says.
    """
    scoring = model.scoring
    return Sampled(dict(scoring.calibration.items()), {**scoring.appearance, **_codes(model)})


def _codes(model: LocatedModel) -> dict[str, np.ndarray]:
    try:
        path = local_files(model.store, model.published, [CODES_FILE])[CODES_FILE]
    except ObjectNotFoundError:
        # Watching then says that codes can't be told.
        return {}
    with np.load(path) as found:
        codes: np.ndarray = found[CODES]
    # In the order of the data set, which may be sorted; a sample of them is not.
    return {CODES: codes[np.random.default_rng(0).permutation(len(codes))]}
