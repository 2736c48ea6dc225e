"""Corruption of images while training: noise of the kinds that noisy test sets have, and drawn anew for each batch.

Each kind is what `aepipe.noise` does to a test set, with the framework's own draws.
"""

from collections.abc import Callable, Mapping, Sequence

from aepipe.models.autoencoder import PACKAGE
from aepipe.models.backend import keras, ops
from aepipe.noise import SCRATCH_WIDTH

# Squares or scratches laid over each other often enough to cover all but a little of an image.
OFTEN = 4


@keras.saving.register_keras_serializable(PACKAGE)
class Corruption(keras.layers.Layer):
    """Corrupts images while training, anew for each batch; passes them on unchanged otherwise.

    Args:
        kind: What is done: gaussian (one standard deviation), heteroscedastic (a deviation for each pixel, drawn from
            [0, 2 level]), salt-and-pepper (a share of the values becomes black or white), masking (black squares),
            dropout (a share of the values becomes black) or scratches (black or white lines across the image).
        level: Standard deviation of the noise for pixels in [0, 1], or share.
        seed: What the draws depend on.
        level_max: Where it is given, each image has a level between the two.
        others: Further kinds: each image has one of all.
    """

    def __init__(
        self,
        kind: str,
        level: float,
        seed: int | None = None,
        level_max: float | None = None,
        others: Sequence[str] = (),
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.kind = kind
        self.level = level
        self.seed = seed
        self.level_max = level_max
        self.others = tuple(others)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images, training=False):
        """Return images of the same shape, (..., height, width, channels), in [0, 1]."""
        if not training:
            return images
        one_each = (*ops.shape(images)[:-3], 1, 1, 1)
        level = self.level
        if self.level_max is not None:
            level = level + (self.level_max - level) * self._uniform(one_each)
        noisy = KINDS[self.kind](images, level, self.seed_generator)
        if self.others:
            chosen = keras.random.randint(one_each, 0, 1 + len(self.others), seed=self.seed_generator)
            for number, kind in enumerate(self.others, 1):
                noisy = ops.where(chosen == number, KINDS[kind](images, level, self.seed_generator), noisy)
        return noisy

    def _uniform(self, shape):
        return keras.random.uniform(shape, seed=self.seed_generator)

    def get_config(self):
        """Return what `from_config` needs."""
        own = {name: getattr(self, name) for name in ("kind", "level", "seed", "level_max", "others")}
        return {**super().get_config(), **own}


def _gaussian(images, level, seeds):
    noise = keras.random.normal(ops.shape(images), dtype=images.dtype, seed=seeds)
    return ops.clip(images + level * noise, 0.0, 1.0)


def _heteroscedastic(images, level, seeds):
    deviation = 2 * level * keras.random.uniform(ops.shape(images), seed=seeds)
    return _gaussian(images, deviation, seeds)


def _dropout(images, level, seeds):
    kept = keras.random.uniform(ops.shape(images), seed=seeds) >= level
    return images * ops.cast(kept, images.dtype)


def _salt_and_pepper(images, level, seeds):
    changed = keras.random.uniform(ops.shape(images), seed=seeds) < level
    white = keras.random.uniform(ops.shape(images), seed=seeds) < 0.5
    return ops.where(changed, ops.cast(white, images.dtype), images)


def _masking(images, level, seeds):
    """Black out squares of a quarter of the height, at drawn places, until the share is reached."""
    height, width, _ = ops.shape(images)[-3:]
    side = max(1, height // 4)
    most = OFTEN * -(-height * width // (side * side))
    places = keras.random.uniform((*ops.shape(images)[:-3], most, 2), seed=seeds)
    rows, columns = _grid(height, width)

    def is_in(number):
        top = ops.floor(_of_mark(places, number, 0) * (height - side + 1))
        left = ops.floor(_of_mark(places, number, 1) * (width - side + 1))
        return (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)

    covered, _ = _marked(images, level, most, is_in, lambda number: 0.0)
    return images * (1 - covered)


def _scratches(images, level, seeds):
    """Draw black and white lines, each from one edge to the opposite one, until the share is reached."""
    height, width, _ = ops.shape(images)[-3:]
    wide = max(1, round(min(height, width) * SCRATCH_WIDTH))
    most = OFTEN * -(-max(height, width) // wide)
    drawn = keras.random.uniform((*ops.shape(images)[:-3], most, 4), seed=seeds)
    rows, columns = _grid(height, width)

    def is_in(number):
        begins, ends = _of_mark(drawn, number, 0), _of_mark(drawn, number, 1)
        down = _near(columns, rows, width, height, begins, ends, wide)
        across = _near(rows, columns, height, width, begins, ends, wide)
        return ops.where(_of_mark(drawn, number, 2) < 0.5, down, across)

    covered, colour = _marked(
        images, level, most, is_in, lambda number: ops.cast(_of_mark(drawn, number, 3) < 0.5, images.dtype)
    )
    return images * (1 - covered) + covered * colour


def _near(places, along, breadth, length, begins, ends, wide):
    """Return where a line is that leads along an image from one place of its breadth to another."""
    begins, ends = ops.floor(begins * breadth), ops.floor(ends * breadth)
    line = begins + (ends - begins) * along / max(1, length - 1)
    return 2 * ops.abs(places - line) <= wide


def _grid(height: int, width: int):
    """Return the row and the column of each pixel, to stand beside (..., height, width, 1)."""
    rows = ops.cast(ops.arange(height), "float32")[:, None, None]
    return rows, ops.cast(ops.arange(width), "float32")[None, :, None]


def _of_mark(drawn, number, which: int):
    return ops.take(drawn, number, axis=-2)[..., which][..., None, None, None]


def _marked(images, level, most: int, is_in: Callable, colour_of: Callable):
    """Lay marks over each image until they cover the share, or there are no more; return where, and the colour."""
    covered = ops.zeros_like(images[..., :1])

    def share(covered):
        return ops.mean(covered, axis=(-3, -2, -1), keepdims=True)

    def goes_on(number, covered, _):
        return (number < most) & ops.any(share(covered) < level)

    def lay(number, covered, colours):
        new = ops.cast(is_in(number) & (share(covered) < level), images.dtype)
        return number + 1, ops.maximum(covered, new), colours * (1 - new) + new * colour_of(number)

    _, covered, colours = ops.while_loop(goes_on, lay, (0, covered, covered))
    return covered, colours


KINDS: Mapping[str, Callable] = {
    "gaussian": _gaussian,
    "heteroscedastic": _heteroscedastic,
    "salt-and-pepper": _salt_and_pepper,
    "masking": _masking,
    "dropout": _dropout,
    "scratches": _scratches,
}
