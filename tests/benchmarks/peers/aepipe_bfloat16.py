"""This project's trainer in bfloat16, weights in float32."""

from collections.abc import Callable

from workloads import Workload

from peers import aepipe_engine


def prepare(workload: Workload) -> Callable[[], None]:
    """Return a function that trains for one epoch."""
    return aepipe_engine.prepare(workload, "bfloat16")
