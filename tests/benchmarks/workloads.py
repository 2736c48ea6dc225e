"""What is timed: the published mnist-dense and faces-conv on images of their shapes."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Workload:
    """One training. An epoch of it is what every peer is timed on."""

    name: str
    recipe: str
    image_shape: tuple[int, int, int]
    num_images: int
    batch_size: int

    @property
    def num_steps(self) -> int:
        """Steps of an epoch."""
        return self.num_images // self.batch_size

    def images(self) -> np.ndarray:
        """Return uint8 images, (num_images, height, width, channels); their content does not change the time."""
        return np.random.default_rng(0).integers(0, 256, (self.num_images, *self.image_shape), dtype=np.uint8)


WORKLOADS = {
    "dense": Workload("dense", "mnist-dense", (28, 28, 1), 42_000, 150),
    "conv": Workload("conv", "faces-conv", (32, 32, 1), 300, 50),
}
# mnist-dense: widths of the layers, all ReLU. faces-conv: filters, 3x3, of the encoder and of the decoder.
DENSE_WIDTHS = (784, 392, 196, 98, 196, 392, 784)
ENCODER_FILTERS, CODE_SIZE, DECODER_FILTERS = (16, 32, 64, 128), 256, (128, 64, 32)
