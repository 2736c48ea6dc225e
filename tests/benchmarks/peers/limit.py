"""The machine's limit: as many float32 multiplications as an epoch has, as products of large square matrices.

No training reaches it: its products are small, and between them lie activations, losses and the optimizer.
"""

import itertools
from collections.abc import Callable

import numpy as np
from workloads import CODE_SIZE, DECODER_FILTERS, DENSE_WIDTHS, ENCODER_FILTERS, Workload

SIZE = 2048


def multiplications(workload: Workload) -> int:
    """Return the multiplications of a training step for one image: each layer's product, and its two gradients.

    A convolution has as many as its image-to-column product; the first layer needs no gradient of its input.
    """
    if workload.name == "dense":
        layers = [inputs * outputs for inputs, outputs in itertools.pairwise(DENSE_WIDTHS)]
    else:
        encoder = [256 * 9 * a * b for a, b in itertools.pairwise((1, *ENCODER_FILTERS))]
        code = [256 * ENCODER_FILTERS[-1] * CODE_SIZE]
        # Transposed, with stride 2: a product for each place of its input.
        decoder = [256 * 9 * DECODER_FILTERS[0]]
        decoder += [1024 * 9 * a * b for a, b in itertools.pairwise((*DECODER_FILTERS, 1))]
        layers = encoder + code + decoder
    return 3 * sum(layers) - layers[0]


def prepare(workload: Workload) -> Callable[[], None]:
    """Return a function that multiplies as much as an epoch does."""
    left, right = np.random.default_rng(0).random((2, SIZE, SIZE), np.float32)
    per_epoch = multiplications(workload) * workload.num_steps * workload.batch_size
    count = max(1, round(per_epoch / SIZE**3))
    # The last product is a part of one, so that small epochs are not rounded.
    rows = round((per_epoch / SIZE**3 - (count - 1)) * SIZE)

    def run_epoch() -> None:
        for _ in range(count - 1):
            left @ right
        left[:rows] @ right

    return run_epoch
