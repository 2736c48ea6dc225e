"""Codes that a model decodes to new images: of a mixture of its codes, of the prior, or on the way between two."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from aepipe.errors import ParameterError
from aepipe.generation.codes import arc, draw_mixture, draw_prior, straight_way

if TYPE_CHECKING:
    from aepipe.inference.loaded import LoadedModel

Origin = Literal["mixture", "prior"]


def draw_codes(model: "LoadedModel", num_images: int, seed: int, origin: Origin) -> np.ndarray:
    """Return new codes, float32 (num_images, code_size); the same seed gives the same.

    Raises:
        ParameterError: the prior is asked for, of a model that has none, or no image at all.
        ObjectNotFoundError: the release has nothing that a mixture could be had from.
    """
    _check_number(num_images, 1)
    if origin == "mixture":
        return draw_mixture(num_images, model.code_mixture, seed)
    if not model.trained.plan.is_generative:
        raise ParameterError(
            "Only a variational model learns codes that a prior has.",
            "Draw from a mixture of its codes: --from mixture, or origin='mixture'.",
            model=model.name,
            architecture=model.trained.plan.model.architecture,
        )
    return draw_prior(num_images, model.trained.plan.model.code_size, seed)


def codes_between(model: "LoadedModel", images: np.ndarray, num_images: int) -> np.ndarray:
    """Return codes, float32 (num_images, code_size), from one image's to another's: on an arc around a prior.

    Raises:
        ParameterError: there are not two images, or there is no room for both ends.
    """
    _check_number(num_images, 2)
    if len(images) != 2:
        raise ParameterError("A way leads from one image to another.", num_ends=len(images))
    first, last = model.encode(images)
    way = arc if model.trained.plan.is_generative else straight_way
    return way(first, last, num_images)


def _check_number(num_images: int, fewest: int) -> None:
    if num_images < fewest:
        raise ParameterError(f"New images are at least {fewest} here.", num_images=num_images)
