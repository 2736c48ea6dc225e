"""JAX as its tutorials use it: a jitted step with donated state, batches cut in NumPy."""

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from workloads import CODE_SIZE, DECODER_FILTERS, DENSE_WIDTHS, ENCODER_FILTERS, Workload


def prepare(workload: Workload) -> Callable[[], None]:
    """Return a function that trains for one epoch."""
    weights, reconstruct = {"dense": _dense, "conv": _conv}[workload.name](jax.random.key(0))
    images, generator = workload.images() / np.float32(255), np.random.default_rng(0)

    @jax.jit
    def loss_of(weights, batch):
        return jnp.mean(jnp.square(reconstruct(weights, batch) - batch))

    def update(weights, momentum, velocity, step, batch):
        gradients = jax.grad(loss_of)(weights, batch)
        momentum = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, momentum, gradients)
        velocity = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, velocity, gradients)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, momentum, velocity)
        return weights, momentum, velocity, step + 1

    step = jax.jit(update, donate_argnums=(0, 1, 2))
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = [(weights, zeros, jax.tree.map(jnp.zeros_like, weights), jnp.float32(1))]

    def run_epoch() -> None:
        order = generator.permutation(len(images))
        for number in range(workload.num_steps):
            batch = images[order[number * workload.batch_size : (number + 1) * workload.batch_size]]
            state[0] = step(*state[0], batch)
        jax.block_until_ready(state[0])

    return run_epoch


def _dense(key):
    weights = [_kernel(key, (a, b), a) for a, b in itertools.pairwise(DENSE_WIDTHS)]

    def reconstruct(weights, images):
        hidden = images.reshape(len(images), -1)
        for kernel, bias in weights:
            hidden = jax.nn.relu(hidden @ kernel + bias)
        return hidden.reshape(images.shape)

    return weights, reconstruct


def _conv(key):
    encoder = list(zip((1, *ENCODER_FILTERS), ENCODER_FILTERS, strict=False))
    decoder = list(zip((1, *DECODER_FILTERS), (*DECODER_FILTERS, 1), strict=True))
    kernels = [_kernel(key, (3, 3, a, b), 9 * a) for a, b in encoder + decoder]
    dense = _kernel(key, (256 * ENCODER_FILTERS[-1], CODE_SIZE), 256 * ENCODER_FILTERS[-1])

    def reconstruct(weights, images):
        kernels, (matrix, offset) = weights
        hidden, layout = images, ("NHWC", "HWIO", "NHWC")
        for number, (kernel, bias) in enumerate(kernels[: len(encoder)]):
            stride = (1, 1) if number else (2, 2)
            convolved = jax.lax.conv_general_dilated(hidden, kernel, stride, "SAME", dimension_numbers=layout)
            hidden = jax.nn.relu(convolved + bias)
        hidden = jax.nn.sigmoid(hidden.reshape(len(images), -1) @ matrix + offset).reshape(-1, 16, 16, 1)
        for number, (kernel, bias) in enumerate(kernels[len(encoder) :]):
            stride = (1, 1) if number else (2, 2)
            hidden = jax.lax.conv_transpose(hidden, kernel, stride, "SAME", dimension_numbers=layout) + bias
            hidden = jax.nn.relu(hidden) if number < len(decoder) - 1 else jax.nn.sigmoid(hidden)
        return hidden

    return (kernels, dense), reconstruct


def _kernel(key, shape, fan_in):
    return jax.random.normal(key, shape) / np.sqrt(fan_in), jnp.zeros(shape[-1])
