"""Arrays of a wrong shape are told where they are passed, not where they end."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from aepipe.evaluation.metrics import mse_per_image
from aepipe.linear import PrincipalComponents
from aepipe.noise import NoiseSpec, corrupt

IMAGES = np.zeros((3, 4, 4, 1), np.float32)


@pytest.mark.parametrize(
    "call",
    [
        lambda: mse_per_image(IMAGES, IMAGES[:2]),
        lambda: mse_per_image(IMAGES, IMAGES[..., 0]),
        lambda: corrupt(IMAGES, NoiseSpec(kind="gaussian", level=0.1), 0, np.arange(2)),
        lambda: PrincipalComponents(np.zeros(5, np.float32), np.zeros((2, 4), np.float32)),
    ],
    ids=["other number", "no channels", "other ids", "other values"],
)
def test_shapes_are_checked(call):
    with pytest.raises(TypeCheckError):
        call()
