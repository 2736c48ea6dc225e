"""The machine's limit: as many float32 multiplications as an epoch has, as products of large square matrices.

No training reaches it: its products are small, and between them lie activations, losses and the optimizer.
"""

from collections.abc import Callable

import numpy as np
from workloads import Workload

from peers.products import products_of_step

SIZE = 2048


def prepare(workload: Workload) -> Callable[[], None]:
    """Return a function that multiplies as much as an epoch does."""
    left, right = np.random.default_rng(0).random((2, SIZE, SIZE), np.float32)
    per_step = sum(rows * inner * columns for rows, inner, columns in products_of_step(workload))
    per_epoch = per_step * workload.num_steps
    count = max(1, round(per_epoch / SIZE**3))
    # The last product is a part of one, so that small epochs are not rounded.
    rows = round((per_epoch / SIZE**3 - (count - 1)) * SIZE)

    def run_epoch() -> None:
        for _ in range(count - 1):
            left @ right
        left[:rows] @ right

    return run_epoch
