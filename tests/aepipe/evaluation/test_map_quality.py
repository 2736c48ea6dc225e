"""A map is judged by whose neighbours stay neighbours."""

import numpy as np

from aepipe.evaluation.map_quality import map_quality

CODES = np.random.default_rng(0).random((300, 2), np.float32)


def test_a_map_that_is_the_code_keeps_every_neighbour_and_one_of_chance_does_not():
    same = map_quality(np.hstack([CODES, np.zeros_like(CODES)]), CODES * 10)
    assert same == {"trustworthiness": 1, "continuity": 1, "num_measured": 300}
    chance = map_quality(CODES, CODES[::-1])
    assert chance["trustworthiness"] < 0.7
    assert chance["continuity"] < 0.7


def test_a_fold_costs_trust_and_a_tear_costs_continuity():
    line = np.linspace(0, 1, 300)[:, np.newaxis]
    folded = np.hstack([np.abs(line - 0.5), 0 * line])
    torn = np.hstack([np.where(line > 0.5, line - 10, line), 0 * line])
    found = map_quality(line, folded), map_quality(line, torn)
    assert found[0]["trustworthiness"] < found[0]["continuity"]
    assert found[1]["continuity"] < found[1]["trustworthiness"]


def test_few_pictures_are_not_judged():
    assert map_quality(CODES[:20], CODES[:20]) is None
