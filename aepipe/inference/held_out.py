"""Held-out pictures of a published model, as new ones are compared with them."""

import numpy as np

from aepipe.errors import ObjectNotFoundError
from aepipe.inference.files import local_files
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.observation import CODES
from aepipe.inference.watch import Sampled
from aepipe.recipes.published import find_model
from aepipe.releases.manifest import resolve_release
from aepipe.store import Store

CODES_FILE = "codes.npz"


def read_held_out(store: Store, loaded: LoadedModel) -> Sampled:
    """Return scores, appearance and codes of the pictures that were held out when a model was trained.

    Raises:
        ObjectNotFoundError: the release has no calibration of it.
        CorruptObjectError: a file has other bytes than the manifest says.
    """
    scoring = loaded.scoring
    return Sampled(dict(scoring.calibration.items()), {**scoring.appearance, **_codes(store, loaded)})


def _codes(store: Store, loaded: LoadedModel) -> dict[str, np.ndarray]:
    published = find_model(resolve_release(store, loaded.release), loaded.name)
    if published is None:
        return {}
    try:
        path = local_files(store, published, [CODES_FILE])[CODES_FILE]
    except ObjectNotFoundError:
        # Watching then says that codes can't be told.
        return {}
    with np.load(path) as found:
        codes: np.ndarray = found[CODES]
    # In the order of the data set, which may be sorted; a sample of them is not.
    return {CODES: codes[np.random.default_rng(0).permutation(len(codes))]}
