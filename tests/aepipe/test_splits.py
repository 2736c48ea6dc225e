"""Splits lose no row, hold persons apart, and depend on the seed alone."""

import numpy as np
import pytest

from aepipe.datasets.images import ImageData
from aepipe.errors import ParameterError
from aepipe.splits import SplitSettings, make_split


def images(count: int, **known) -> ImageData:
    return ImageData("set", np.zeros((count, 4, 4, 1), np.uint8), (0, 255), **known)


@pytest.fixture
def faces() -> ImageData:
    persons = np.repeat(np.arange(40), 10)
    return images(400, persons=persons, labels=persons, label_names=tuple(f"person {i}" for i in range(40)))


def all_rows(split) -> list[int]:
    return sorted(np.concatenate([split.train, split.validation, split.test]).tolist())


@pytest.mark.parametrize("count", [10, 11, 13, 42_000])
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_fraction_split_loses_no_row(count, shuffle):
    split = make_split(images(count), SplitSettings(shuffle=shuffle))
    assert all_rows(split) == list(range(count))


@pytest.mark.parametrize(("count", "num_train"), [(42_000, 29_400), (11, 7), (13, 9), (10, 7)])
def test_in_order_the_first_floor_of_70_percent_train(count, num_train):
    split = make_split(images(count), SplitSettings(shuffle=False, validation_fraction=0))
    assert split.train.tolist() == list(range(num_train))
    assert len(split.validation) == 0


def test_classes_are_represented_in_every_part():
    labels = np.array([0] * 900 + [1] * 100)
    split = make_split(images(1000, labels=labels, label_names=("a", "b")), SplitSettings())
    assert [np.count_nonzero(labels[rows] == 1) for rows in (split.train, split.validation, split.test)] == [63, 7, 30]


def test_the_official_test_part_is_kept_together():
    split = make_split(images(70, num_official_train=60), SplitSettings(method="official"))
    assert split.test.tolist() == list(range(60, 70))
    assert all_rows(split) == list(range(70))


def test_known_persons_have_two_images_each_held_out(faces):
    split = make_split(faces, SplitSettings(method="known-persons", test_fraction=0.2))
    assert np.bincount(faces.persons[split.test]).tolist() == [2] * 40
    assert all_rows(split) == list(range(400))


def test_unseen_persons_appear_in_no_other_part(faces):
    split = make_split(faces, SplitSettings(method="unseen-persons", test_fraction=0.2))
    held_out = set(faces.persons[split.test])
    assert len(held_out) == 8
    assert not held_out & set(faces.persons[np.concatenate([split.train, split.validation])])
    assert all_rows(split) == list(range(400))


def test_the_seed_decides_and_nothing_else(faces):
    first, again, other = (make_split(faces, SplitSettings(seed=seed)) for seed in (1, 1, 2))
    assert first.test.tolist() == again.test.tolist()
    assert first.test.tolist() != other.test.tolist()


@pytest.mark.parametrize("method", ["official", "known-persons", "unseen-persons"])
def test_a_method_that_the_data_does_not_allow_says_so(method):
    with pytest.raises(ParameterError, match=rf"{method} needs .*Received: data_set='set'\. Take method fraction"):
        make_split(images(10), SplitSettings(method=method))


def test_what_is_not_normal_is_held_out_by_itself_and_the_official_test_part_stays():
    is_anomalous = np.arange(70) % 5 != 0
    whole, of_some = (
        make_split(images(70, num_official_train=60, anomalous=anomalous), SplitSettings(method="official"))
        for anomalous in (None, is_anomalous)
    )
    assert of_some.held_out.tolist() == whole.test.tolist()
    assert of_some.test.tolist() == [60, 65]
    assert np.union1d(of_some.train, of_some.validation).tolist() == list(range(0, 60, 5))


@pytest.mark.parametrize("shuffle", [True, False])
def test_ones_own_images_lose_none_that_is_not_normal(shuffle):
    shown, is_anomalous = np.arange(160, dtype=np.uint8).reshape(40, 2, 2, 1), np.arange(40) < 8
    split = make_split(
        ImageData("images-mine", shown, (0, 255), anomalous=is_anomalous), SplitSettings(shuffle=shuffle)
    )
    assert split.anomalous.tolist() == list(range(8))
    assert all_rows(split) == list(range(8, 40))


def test_an_empty_part_is_refused():
    with pytest.raises(ParameterError, match="at least one normal image"):
        make_split(images(1), SplitSettings())
