"""Pictures of 64, 128 and 256 pixels: the recipe faces-conv beside what else has as many numbers: make bench-pictures.

Each set is divided once. PCA of whole pictures, PCA of patches and a low-pass filter have as many numbers for a picture
as the model's code. So has an ordinary convolutional autoencoder in Keras: strided convolutions to the same spatial
code and back, of about as many weights, trained as long as the model was in processor time. All errors are MSE per
pixel on pictures that were held out and decided nothing.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table
from textures import grain, roof

from aepipe.datasets.images import ImageData
from aepipe.datasets.own_images import own_images_spec
from aepipe.datasets.own_settings import OwnSettings
from aepipe.evaluation.opponents import measure_opponents
from aepipe.evaluation.subject import predict
from aepipe.models import build, fit_start
from aepipe.models.patches import PatchGrid, patch_grid
from aepipe.recipes.plan import Overrides, TrainingPlan, plan_training
from aepipe.splits import Split, SplitSettings, make_split
from aepipe.training.batches import Pixels
from aepipe.training.perturbation import training_images
from aepipe.training.runtime import keras, tf
from aepipe.training.trainer import Trainer

BASELINES = ("mean_image", "pca", "patch_pca", "dct")
WIDEST, BATCH_SIZE, RATE = 64, 10, 1e-3
SIDE, NUM_PICTURES = 256, 300


@dataclass(frozen=True)
class Row:
    """What all of them come to on one set at one size."""

    pictures: str
    size: int
    num_train: int
    code_size: int
    weights: int
    seconds: float
    ordinary_weights: int
    errors: Mapping[str, float]


def photographs(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield tiles of scikit-learn's sample photographs, in colour."""
    from sklearn.datasets import load_sample_images

    photos = load_sample_images().images
    while True:
        photo = photos[random.integers(len(photos))]
        side = int(random.integers(96, 257))
        top, left = (int(random.integers(length - side + 1)) for length in photo.shape[:2])
        yield photo[top : top + side, left : left + side]


def textures(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield grains and roofs in turn, in grey."""
    while True:
        for texture in (grain, roof):
            yield np.clip(texture(random), 0, 255).astype(np.uint8)


def documents(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield pages of lines of words."""
    words = ["invoice", "total", "of", "the", "paid", "due", "amount", "number", "date", "item", "net", "for"]
    while True:
        page = Image.new("L", (SIDE, SIDE), 250)
        top = 12
        while top < SIDE - 12:
            line = " ".join(random.choice(words, random.integers(2, 8)))
            ImageDraw.Draw(page).text((12, top), line, fill=20)
            top += int(random.integers(14, 26))
        yield np.asarray(page)


MADE: Mapping[str, Callable[[np.random.Generator], Iterator[np.ndarray]]] = {
    "photographs": photographs,
    "textures": textures,
    "documents": documents,
}


def make(name: str, folder: Path) -> Path:
    """Write a made set into a folder, and return it."""
    (folder / name).mkdir()
    for number, pixels in zip(range(NUM_PICTURES), MADE[name](np.random.default_rng(0)), strict=False):
        Image.fromarray(pixels).save(folder / name / f"{number:03d}.png")
    return folder / name


def measure(pictures: str, folder: Path, size: int, steps: int, seed: int) -> Row:
    """Return what all of them come to."""
    data = own_images_spec(str(folder), OwnSettings(size=str(size))).build({})
    split = make_split(data, SplitSettings(method="fraction", test_fraction=0.2))
    plan = plan_training("faces-conv", "tuned", "full", Overrides(max_steps=steps, seed=seed), data.image_shape)
    originals, code_size = data.scaled(split.test), plan.model.code_size
    opponents = measure_opponents(data, split, code_size).errors
    errors = {name: float(opponents[name].mean()) for name in BASELINES if name in opponents}
    model, seconds = trained(plan, data, split)
    errors["model"] = mse(originals, predict(model, originals))
    ordinary = ordinary_autoencoder(patch_grid(data.image_shape, code_size), data.image_shape, model.count_params())
    train_for(ordinary, data.scaled(split.train), seconds)
    errors["ordinary"] = mse(originals, predict(ordinary, originals))
    weights = model.count_params(), ordinary.count_params()
    return Row(pictures, size, len(split.train), code_size, weights[0], seconds, weights[1], errors)


def trained(plan: TrainingPlan, data: ImageData, split: Split) -> tuple[keras.Model, float]:
    """Return the recipe's model as the product trains it, and its processor seconds."""
    train, validation = (Pixels(data.images, data.pixel_range, rows) for rows in (split.train, split.validation))
    started = time.process_time()
    autoencoder = build(plan.model, plan.image_shape, plan.training.seed)
    fit_start(plan.model, autoencoder, training_images(train, plan.training))
    Trainer(autoencoder, train, validation, plan.training).run()
    return autoencoder.model, time.process_time() - started


def ordinary_autoencoder(grid: PatchGrid, image_shape: tuple[int, int, int], most_weights: int) -> keras.Model:
    """Return strided convolutions to a code of the same places and values, and back: the widest of so many weights."""
    widths = range(4, WIDEST + 1, 4)
    narrower = [width for width in widths if _ordinary(grid, image_shape, width).count_params() <= most_weights]
    return _ordinary(grid, image_shape, max(narrower, default=widths[0]))


def _ordinary(grid: PatchGrid, image_shape: tuple[int, int, int], width: int) -> keras.Model:
    depth = int(np.log2(grid.block))
    filters = [min(4, 2**level) * width for level in range(depth)]

    def convolution(hidden, number: int, stride: int = 1):
        return keras.layers.Conv2D(number, 3, stride, "same", activation="gelu", kernel_initializer="he_normal")(hidden)

    images = hidden = keras.Input(image_shape)
    for number in filters:
        hidden = convolution(hidden, number, stride=2)
    hidden = keras.layers.Conv2D(grid.values, 3, padding="same")(hidden)
    for number in filters[::-1]:
        hidden = convolution(keras.layers.UpSampling2D(2, interpolation="bilinear")(hidden), number)
    return keras.Model(images, keras.layers.Conv2D(image_shape[2], 3, padding="same")(hidden))


def train_for(model: keras.Model, images: np.ndarray, seconds: float) -> None:
    """Train with Adam, mirrored images and a cosine schedule for so many processor seconds."""
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(batch: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch, training=True) - batch))
        optimizer.apply(tape.gradient(loss, model.trainable_variables))

    random, started = np.random.default_rng(0), time.process_time()
    while (done := (time.process_time() - started) / seconds) < 1:
        optimizer.learning_rate = RATE * min(1, done / 0.05 + 0.01) * (1 + np.cos(np.pi * done)) / 2
        batch = images[random.choice(len(images), min(BATCH_SIZE, len(images)), replace=False)]
        step(batch[:, :, ::-1] if random.random() < 0.5 else batch)


def mse(originals: np.ndarray, reconstructions: np.ndarray) -> float:
    """Return the mean squared error per pixel."""
    return float(np.mean(np.square(np.clip(reconstructions, 0, 1) - originals)))


def main(
    folders: Annotated[list[Path] | None, typer.Argument(help="One's own sets; made ones where left out.")] = None,
    sizes: str = "64,128,256",
    steps: int = 400,
    seed: int = 0,
    output: Path = Path("pictures.json"),
) -> None:
    """Measure, print, and write pictures.json after each row."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as made:
        sets = {folder.name: folder for folder in folders or ()} or {name: make(name, Path(made)) for name in MADE}
        for name, folder in sets.items():
            for size in map(int, sizes.split(",")):
                rows.append(measure(name, folder, size, steps, seed))
                output.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
                typer.echo(json.dumps(asdict(rows[-1])))
    print_rows(rows)


def print_rows(rows: list[Row]) -> None:
    """Print a table."""
    named = {"pca": "PCA", "patch_pca": "patch PCA", "dct": "DCT", "ordinary": "ordinary", "model": "model"}
    table = Table(title="MSE per pixel on held-out pictures; as many numbers a picture for all")
    for column in ("pictures", "size", "train", "code", "weights", "seconds", *named.values()):
        table.add_column(column, justify="left" if column == "pictures" else "right")
    for row in rows:
        figures = [f"{row.errors[name]:.5f}" if name in row.errors else "" for name in named]
        numbers = (row.size, row.num_train, row.code_size, row.weights, round(row.seconds))
        table.add_row(row.pictures, *map(str, numbers), *figures)
    Console(width=130).print(table)


if __name__ == "__main__":
    typer.run(main)
