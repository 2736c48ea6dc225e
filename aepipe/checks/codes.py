"""Codes of new images by a published encoder, beside those of the images that were held out when it was trained."""

import numpy as np

from aepipe.checks.measures import sample
from aepipe.checks.reference import PublishedEncoder
from aepipe.datasets.images import ImageData
from aepipe.models.options import count_parameters
from aepipe.recipes.plan import TrainingPlan
from aepipe.recipes.trained import TrainedRecipe
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.parsing import parse_stored

# The permutations need a matrix of all pairs.
MAX_CODES = 1000


def plan_of(store: Store, encoder: PublishedEncoder) -> TrainingPlan:
    """Return what was trained.

    Raises:
        CorruptObjectError: the release's recipe.json is not what was written.
    """
    ref = dict(encoder.files)["recipe.json"]
    return parse_stored(local_file(store, ref).read_bytes(), TrainedRecipe, ref.uri).plan


def held_out_codes(store: Store, encoder: PublishedEncoder) -> np.ndarray:
    """Return codes of the images that were held out, (num_images, code_size), at most 1,000."""
    with np.load(local_file(store, dict(encoder.files)["codes.npz"])) as found:
        codes: np.ndarray = found["codes"]
    return codes[sample(np.arange(len(codes)), MAX_CODES)]


def new_codes(store: Store, encoder: PublishedEncoder, images: ImageData, rows: np.ndarray) -> np.ndarray:
    """Return the encoder's codes of these images, (num_images, code_size), at most 1,000 of them.

    Raises:
        ModelFileError: the release's encoder can't be loaded.
    """
    # Here, because it brings TensorFlow.
    from aepipe.evaluation.subject import predict
    from aepipe.training.model_files import Expected, load_published

    plan = plan_of(store, encoder)
    count = count_parameters(plan.model, plan.image_shape)
    expected = Expected(count, plan.image_shape, (plan.model.code_size,))
    model = load_published(local_file(store, dict(encoder.files)["encoder.keras"]), expected)
    return predict(model, images.scaled(sample(rows, MAX_CODES)))
