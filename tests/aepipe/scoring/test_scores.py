"""The scores by what they are there for: small defects, pale pictures, and both together."""

import numpy as np
import pytest

from aepipe.datasets.images import ImageData
from aepipe.errors import CorruptObjectError, ParameterError
from aepipe.linear import PrincipalComponents
from aepipe.parts import picture_digests
from aepipe.scoring.calibrating import Model, calibrate
from aepipe.scoring.choosing import TIE, auroc, choose_score
from aepipe.scoring.files import CALIBRATION, FILES, REFERENCE, SPEC, read_scoring, write_scoring
from aepipe.scoring.made_anomalies import KINDS, make_anomalies
from aepipe.scoring.scores import SCORES
from aepipe.splits import Split


def waves(num_images: int, seed: int) -> np.ndarray:
    """Pictures, (num_images, 32, 32, 1) of 8 bits, of one wave each, with some noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32] / 32
    phases = random.uniform(0, 2 * np.pi, num_images)[:, None, None]
    pictures = 0.5 + 0.3 * np.sin(2 * np.pi * (x + 0.5 * y) + phases) + random.normal(0, 0.02, (num_images, 32, 32))
    return np.clip(255 * pictures, 0, 255).astype(np.uint8)[..., None]


@pytest.fixture(scope="module")
def data() -> ImageData:
    return ImageData("waves", waves(400, 0), (0, 255))


@pytest.fixture(scope="module")
def model(data) -> Model:
    components = PrincipalComponents.fit(data.scaled(slice(0, 200)), 4)
    return Model(components.encode, lambda codes: components.decode(codes).reshape(-1, 32, 32, 1))


@pytest.fixture(scope="module")
def scoring(data, model):
    split = Split(np.arange(200), np.arange(200, 280), np.arange(280, 400))
    return calibrate(model, data, split, picture_digests(data.images[280:]), seed=0)


@pytest.fixture
def scores_of(model, scoring):
    def compute(pictures):
        seen = model.see(pictures)
        return scoring.scores(seen.originals, seen.reconstructions, seen.codes)

    return compute


def test_a_small_defect_has_the_highest_local_error_and_hardly_another_mean(scoring, scores_of):
    fresh = waves(100, 1).astype(np.float32) / 255
    spotted = fresh.copy()
    spotted[:, 10:12, 20:22] += 0.12
    good, bad = scores_of(fresh), scores_of(spotted)
    assert auroc(good["local"], bad["local"]) > 0.99 > auroc(good["mse"], bad["mse"])


def test_a_pale_picture_of_something_else_has_a_small_error_and_no_neighbours(scoring, scores_of):
    fresh = waves(100, 1).astype(np.float32) / 255
    pale = 0.5 + 0.05 * (np.ascontiguousarray(fresh[:, ::-1]) - 0.5)
    good, bad = scores_of(fresh), scores_of(pale)
    assert auroc(good["mse"], bad["mse"]) < 0.5
    assert auroc(good["neighbours"], bad["neighbours"]) > 0.99


def test_pictures_like_the_training_ones_raise_few_alarms_and_others_do(scoring, scores_of):
    fresh = scoring.judge(scores_of(waves(300, 2).astype(np.float32) / 255), 0.05)
    assert list(fresh) == ["error", "score", "p_value", "verdict"]
    assert (fresh.verdict == "anomalous").mean() < 0.12
    noise = np.random.default_rng(3).uniform(size=(20, 32, 32, 1)).astype(np.float32)
    for name in SCORES:
        assert set(scoring.judge(scores_of(noise), 0.05, name).verdict) == {"anomalous"}, name
    with pytest.raises(ParameterError, match=r"are mse, local, neighbours, combined\. Received: score='sharpness'"):
        scoring.judge(scores_of(noise), 0.05, "sharpness")


def test_what_decides_is_said_and_held_out_pictures_decide_nothing(data, model, scoring):
    assert scoring.num_calibration == 120
    assert set(scoring.spec.made_auroc[scoring.spec.score]) == set(KINDS)
    assert "Decided on 80 pictures of the validation part." in scoring.spec.why
    split = Split(np.arange(200), np.arange(200, 280), np.arange(300, 350))
    other = calibrate(model, data, split, picture_digests(data.images[300:350]), seed=0)
    assert other.spec == scoring.spec
    without = calibrate(model, data, Split(split.train, split.test[:0], split.test), other.digests, seed=0)
    assert "Decided on 50 pictures of the training part." in without.spec.why
    # Those that decide are no neighbours of themselves.
    assert len(without.reference.codes) == 150


def test_of_scores_that_do_equally_well_the_simplest_is_chosen():
    means = {"mse": 0.8, "local": 0.9 - TIE / 2, "neighbours": 0.9, "combined": 0.9 + TIE / 4}
    score, why = choose_score({name: {"pasted": mean} for name, mean in means.items()})
    assert score == "local"
    assert "mse 0.800, neighbours 0.900" in why


def test_made_anomalies_are_pictures_and_drawn_by_their_seed(data):
    pictures = data.scaled(slice(0, 6))
    made = make_anomalies(pictures, seed=1)
    for kind, images in made.items():
        assert (images.shape, images.dtype) == (pictures.shape, np.float32), kind
        assert 0 <= images.min() <= images.max() <= 1, kind
        assert (images != pictures).any(axis=(1, 2, 3)).all(), kind
        np.testing.assert_array_equal(images, make_anomalies(pictures, seed=1)[kind])
    assert (make_anomalies(pictures, seed=2)["pasted"] != made["pasted"]).any()


def test_it_is_kept_what_held_out_pictures_look_like(data, scoring):
    brightness = data.scaled(slice(280, 400)).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(scoring.appearance["brightness"], brightness, rtol=1e-5)
    assert list(scoring.appearance) == ["brightness", "contrast", "sharpness"]


def test_what_is_written_is_read_and_damage_is_found(scoring, scores_of, tmp_path):
    write_scoring(scoring, tmp_path)
    paths = {name: tmp_path / name for name in FILES}
    read = read_scoring(paths)
    assert read.spec == scoring.spec
    np.testing.assert_array_equal(read.digests, scoring.digests)
    np.testing.assert_array_equal(read.appearance["brightness"], scoring.appearance["brightness"])
    pictures = waves(5, 4).astype(np.float32) / 255
    assert read.judge(scores_of(pictures)).equals(scoring.judge(scores_of(pictures)))
    for name in (SPEC, CALIBRATION, REFERENCE):
        whole = paths[name].read_bytes()
        paths[name].write_bytes(whole[:40])
        with pytest.raises(CorruptObjectError, match=name):
            read_scoring(paths)
        paths[name].write_bytes(whole)
