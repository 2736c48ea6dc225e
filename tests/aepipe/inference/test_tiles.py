"""Pictures of any size through something that takes one size."""

import numpy as np
import pytest

from aepipe.inference.tiles import starts, through_tiles

SIZE = (16, 24)
GENERATOR = np.random.default_rng(0)


def as_they_are(tiles):
    assert tiles.shape[1:3] == SIZE
    return tiles


@pytest.mark.parametrize("shape", [(16, 24), (17, 25), (100, 61), (5, 90), (3, 3), (1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_what_is_left_alone_comes_back_as_it_was(shape, dtype):
    pictures = GENERATOR.integers(0, 200, (3, *shape, 2)).astype(dtype)
    found = through_tiles(pictures, SIZE, lambda tiles: as_they_are(tiles).astype(np.float32), at_once=7)
    assert (found.shape, found.dtype) == (pictures.shape, pictures.dtype)
    np.testing.assert_allclose(found, pictures, rtol=1e-5)


def test_a_constant_picture_stays_constant():
    found = through_tiles(np.full((1, 90, 70, 1), 0.3, np.float32), SIZE, as_they_are, at_once=4)
    np.testing.assert_allclose(found, 0.3, rtol=1e-6)


def test_tiles_that_disagree_leave_no_seam():
    """Each tile comes out darker or brighter than its neighbours by a draw: steps are no larger at a tile's edges."""
    offsets = np.random.default_rng(1)

    def disagreeing(tiles):
        return tiles + offsets.uniform(-0.2, 0.2, (len(tiles), 1, 1, 1)).astype(np.float32)

    found = through_tiles(np.full((1, 200, 240, 1), 0.5, np.float32), SIZE, disagreeing, at_once=50)[0, ..., 0]
    for axis, side in enumerate(SIZE):
        steps = np.abs(np.diff(found, axis=axis)).mean(axis=1 - axis)
        edges = {place - 1 for begin in starts(found.shape[axis], side) for place in (begin, begin + side)}
        at_edges = np.array([place in edges for place in range(len(steps))])
        assert at_edges.any()
        assert steps[at_edges].max() <= steps[~at_edges].max()
        # Tiles side by side would step by the whole difference, 0.13 on average.
        assert steps.max() < 0.03


def test_no_more_tiles_are_computed_at_a_time_than_said_and_rows_by_rows():
    seen = []

    def watched(tiles):
        seen.append(len(tiles))
        return tiles

    through_tiles(np.zeros((2, 400, 60, 1), np.float32), SIZE, watched, at_once=5)
    assert max(seen) == 5
    assert sum(seen) == 2 * len(starts(400, 16)) * len(starts(60, 24))


@pytest.mark.parametrize(("length", "side"), [(16, 16), (17, 16), (24, 16), (25, 16), (1000, 16), (9, 7)])
def test_tiles_reach_from_end_to_end_and_overlap_by_half(length, side):
    found = starts(length, side)
    assert (found[0], found[-1]) == (0, length - side)
    assert np.all(np.diff(found) <= side // 2)
