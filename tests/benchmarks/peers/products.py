"""The products of matrices that a training step is made of, in their own shapes, one after the other by NumPy.

What a step could come to whose activations, losses, optimizer and batches took no time at all.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from workloads import CODE_SIZE, DECODER_FILTERS, DENSE_WIDTHS, ENCODER_FILTERS, Workload

Product = tuple[int, int, int]


def products_of_step(workload: Workload) -> Iterator[Product]:
    """Yield rows, inner size and columns of a step's products: each layer's, and those of its two gradients.

    A convolution is its image-to-column product; the first layer needs no gradient of its input.
    """
    for number, (rows, inner, columns) in enumerate(_layers(workload)):
        yield rows, inner, columns
        yield inner, rows, columns
        if number:
            yield rows, columns, inner


def _layers(workload: Workload) -> list[Product]:
    batch = workload.batch_size
    if workload.name == "dense":
        return [(batch, inputs, outputs) for inputs, outputs in itertools.pairwise(DENSE_WIDTHS)]
    encoder = [(batch * 256, 9 * inputs, outputs) for inputs, outputs in itertools.pairwise((1, *ENCODER_FILTERS))]
    code = [(batch, 256 * ENCODER_FILTERS[-1], CODE_SIZE)]
    # Transposed, with stride 2: a product for each place of its input.
    decoder = [(batch * 256, 9, DECODER_FILTERS[0])]
    widths = itertools.pairwise((*DECODER_FILTERS, 1))
    return encoder + code + decoder + [(batch * 1024, 9 * inputs, outputs) for inputs, outputs in widths]


def prepare(workload: Workload) -> Callable[[], None]:
    """Return a function that computes the products of an epoch."""
    generator = np.random.default_rng(0)
    pairs = [
        (generator.random((rows, inner), np.float32), generator.random((inner, columns), np.float32))
        for rows, inner, columns in products_of_step(workload)
    ]

    def run_epoch() -> None:
        for _ in range(workload.num_steps):
            for left, right in pairs:
                left @ right

    return run_epoch
