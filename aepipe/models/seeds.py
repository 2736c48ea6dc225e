"""A seed for each layer of a model."""

import random
from collections.abc import Callable

# Gives the next layer's seed; None where it may be any.
Seeds = Callable[[], int | None]


def layer_seeds(seed: int | None) -> Seeds:
    """Return what gives each layer its seed, in the order in which they are made.

    Left to itself, Keras draws them from the process's random numbers, and so do other threads: a server's client that
    waits a random time between two layers would change the weights.
    """
    if seed is None:
        return lambda: None
    generator = random.Random(seed)
    return lambda: generator.randint(1, 10**9)
