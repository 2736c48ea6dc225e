"""A mixture finds where codes lie, and draws new ones there, the same for the same seed."""

import numpy as np

from aepipe.generation.codes import arc, draw_mixture, draw_prior, straight_way
from aepipe.generation.mixture import CodeMixture

GENERATOR = np.random.default_rng(0)


def two_clouds(num_codes: int) -> np.ndarray:
    """Codes around (-100, 0, 7) and, twice as many, around (100, 0, 7); the last value never varies."""
    codes = GENERATOR.normal(0, (5, 0.01, 0), (num_codes, 3))
    codes[:, 0] += np.where(np.arange(num_codes) % 3 == 0, -100, 100)
    codes[:, 2] = 7
    return codes


def test_new_codes_lie_where_those_of_the_images_do(tmp_path):
    mixture = CodeMixture.fit(two_clouds(600), two_clouds(60))
    assert len(mixture.weights) > 1
    mixture.save(tmp_path / "mixture.npz")
    mixture = CodeMixture.load(tmp_path / "mixture.npz")
    drawn = draw_mixture(3000, mixture, seed=1)
    assert drawn.dtype == np.float32
    assert abs(np.mean(drawn[:, 0] < 0) - 1 / 3) < 0.05
    assert np.all(np.abs(np.abs(drawn[:, 0]) - 100) < 30)
    np.testing.assert_allclose(drawn[:, 1].std(), 0.01, rtol=0.1)
    np.testing.assert_allclose(drawn[:, 2], 7, atol=0.1)
    np.testing.assert_array_equal(drawn, draw_mixture(3000, mixture, seed=1))
    assert not np.array_equal(drawn, draw_mixture(3000, mixture, seed=2))


def test_of_few_codes_and_none_to_decide_by_there_is_a_mixture_too():
    for num_codes in (1, 3, 20):
        mixture = CodeMixture.fit(two_clouds(num_codes), np.empty((0, 3)))
        assert np.isfinite(draw_mixture(50, mixture, seed=0)).all()


def test_an_arc_stays_as_far_from_0_as_its_ends_and_the_straight_way_does_not():
    first, last = draw_prior(2, 20, seed=3)
    lengths = np.linalg.norm(arc(first, last, 9), axis=1)
    assert np.all(lengths >= 0.99 * min(lengths[0], lengths[-1]))
    straight = straight_way(first, last, 9)
    assert np.linalg.norm(straight, axis=1)[4] < 0.85 * lengths[4]
    for way in (arc(first, last, 9), straight):
        np.testing.assert_allclose(way[[0, -1]], [first, last], rtol=1e-5)


def test_codes_in_line_with_0_have_the_straight_way_between_them():
    code = np.array([1.0, 2.0])
    for last in (-code, 3 * code, 0 * code):
        np.testing.assert_allclose(arc(code, last, 5), straight_way(code, last, 5))
