"""Real photographs, and what has a smaller error than they do without being one."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.datasets import load_sample_images

from aepipe.datasets.images import ImageData
from aepipe.linear import PrincipalComponents
from aepipe.parts import picture_digests
from aepipe.scoring.calibrating import Model, calibrate
from aepipe.scoring.choosing import auroc
from aepipe.splits import Split

SIDE, NUM_TRAIN, NUM_VALIDATION, NUM_TEST = 32, 300, 60, 100


def photographs(num_images: int, random: np.random.Generator) -> np.ndarray:
    """Pieces of a temple and of a flower, (num_images, 32, 32, 3) of 8 bits."""
    scenes = [np.asarray(Image.fromarray(scene).resize((160, 107))) for scene in load_sample_images().images]
    pieces = []
    for number in range(num_images):
        scene = scenes[number % len(scenes)]
        top, left = (random.integers(length - SIDE) for length in scene.shape[:2])
        pieces.append(scene[top : top + SIDE, left : left + SIDE])
    return np.stack(pieces)


def micrographs(num_images: int, random: np.random.Generator) -> np.ndarray:
    """Pictures in the dark with a few dim spots, as of cells, and the noise of a camera."""
    y, x = np.mgrid[:SIDE, :SIDE]
    made = random.normal(2, 0.7, (num_images, SIDE, SIDE))
    for picture in made:
        for top, left in random.uniform(4, SIDE - 4, (3, 2)):
            picture += 8 * np.exp(-((y - top) ** 2 + (x - left) ** 2) / 8)
    return np.repeat(np.clip(made, 0, 255).astype(np.uint8)[..., None], 3, axis=-1)


def pages(num_images: int, random: np.random.Generator) -> np.ndarray:
    """Pieces of pages of text in grey on paper, as a faded copy has them."""
    made = []
    for _ in range(num_images):
        page = Image.new("RGB", (SIDE, SIDE), (240, 240, 236))
        words = "".join(chr(letter) for letter in random.integers(97, 123, 24))
        for line in range(4):
            ImageDraw.Draw(page).text((-3, 9 * line - 3), words[6 * line : 6 * line + 6], fill=(205, 205, 205))
        made.append(np.asarray(page))
    return np.stack(made)


@pytest.fixture(scope="module")
def scored():
    random = np.random.default_rng(0)
    data = ImageData("photographs", photographs(NUM_TRAIN + NUM_VALIDATION + NUM_TEST, random), (0, 255))
    parts = np.split(np.arange(len(data)), [NUM_TRAIN, NUM_TRAIN + NUM_VALIDATION])
    components = PrincipalComponents.fit(data.scaled(parts[0]), 32)
    model = Model(components.encode, lambda codes: components.decode(codes).reshape(-1, SIDE, SIDE, 3))
    scoring = calibrate(model, data, Split(*parts), picture_digests(data.images[parts[2]]), seed=0)

    def scores_of(pictures: np.ndarray):
        seen = model.see(pictures.astype(np.float32) / 255)
        return scoring.scores(seen.originals, seen.reconstructions, seen.codes)

    return scoring, {"micrographs": scores_of(micrographs(40, random)), "pages": scores_of(pages(40, random))}


@pytest.mark.parametrize("others", ["micrographs", "pages"])
def test_what_is_drawn_better_than_a_photograph_is_told_from_one_by_the_chosen_score(scored, others):
    scoring, by_kind = scored
    found, chosen = by_kind[others], scoring.spec.score
    assert chosen in ("neighbours", "combined")
    assert auroc(scoring.calibration["mse"], found["mse"]) < 0.5
    assert auroc(scoring.calibration[chosen], found[chosen]) > 0.95
    assert (scoring.judge(found, 0.05).verdict == "anomalous").mean() > 0.8
