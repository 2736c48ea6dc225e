"""The part of one's own picture follows from the picture alone, whatever else comes and goes."""

import numpy as np
import pytest

from aepipe.datasets.images import ImageData
from aepipe.errors import DataError
from aepipe.part_counts import PartCounts, asked_shares, describe_parts, say_parts
from aepipe.parts import picture_digests
from aepipe.splits import SplitSettings, make_split, pictures_of


def own(pictures: np.ndarray, **known) -> ImageData:
    return ImageData("images-mine", pictures, (0, 255), **known)


def pictures(count: int, first: int = 0) -> np.ndarray:
    """Different pictures, each known by its number."""
    numbers = np.arange(first, first + count)
    return np.stack([numbers // 256, numbers % 256], axis=1).astype(np.uint8).reshape(count, 1, 2, 1)


def part_of_each(shown: np.ndarray, settings=SplitSettings(), **known) -> dict[bytes, str]:  # noqa: B008
    split = make_split(own(shown, **known), settings)
    return {shown[row].tobytes(): name for name, rows in split.parts.items() for row in rows}


@pytest.mark.parametrize("count", [60, 300])
def test_no_picture_changes_its_part_when_others_come_and_go(count):
    before = part_of_each(pictures(count))
    order = np.random.default_rng(0).permutation(count)
    without_one, with_others = pictures(count)[1:], np.concatenate([pictures(40, 1000), pictures(count)])
    for after in (without_one, pictures(count)[order], with_others):
        assert {shown: part for shown, part in part_of_each(after).items() if shown in before}.items() <= before.items()


def test_classes_do_not_decide_a_part():
    labels = np.arange(300) % 2
    assert part_of_each(pictures(300)) == part_of_each(pictures(300), labels=labels, label_names=("a", "b"))


def test_shares_are_about_what_was_asked():
    split = make_split(own(pictures(2000)), SplitSettings(test_fraction=0.2, validation_fraction=0.1))
    assert len(split.test) == pytest.approx(400, abs=60)
    assert len(split.validation) == pytest.approx(160, abs=40)


@pytest.mark.parametrize("seed", range(3))
def test_class_shares_hold_within_sampling(seed):
    labels = np.arange(3000) % 5
    split = make_split(own(pictures(3000), labels=labels, label_names=tuple("abcde")), SplitSettings(seed=seed))
    counts = np.stack([np.bincount(labels[rows], minlength=5) for rows in split.parts.values()])
    # Five standard deviations of what chance alone does; the parts of 600 images of each class.
    for part, share in zip(counts, (0.63, 0.07, 0.3), strict=True):
        assert np.abs(part - 600 * share).max() < 5 * np.sqrt(600 * share * (1 - share))


def test_equal_pictures_share_a_part():
    shown = np.tile(pictures(50), (4, 1, 1, 1))
    split = make_split(own(shown), SplitSettings())
    counts = describe_parts(own(shown), split, pictures_of(own(shown)), SplitSettings())
    assert (counts.num_different, counts.num_test_seen, counts.num_left_out) == (50, 0, 0)
    assert counts.num_test % 4 == 0


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("copies", [39, 60])
def test_a_placeholder_trains_and_is_not_what_a_model_is_judged_by(copies, seed):
    shown = np.concatenate([pictures(40), np.tile(pictures(1, 900), (copies, 1, 1, 1))])
    split = make_split(own(shown), SplitSettings(seed=seed))
    assert set(range(40, 40 + copies)) <= set(split.train)
    assert len(split.test)


def test_of_two_pictures_with_many_copies_each_has_a_part():
    split = make_split(own(np.tile(pictures(2), (20, 1, 1, 1))), SplitSettings())
    assert [len(rows) for rows in split.parts.values()] == [20, 0, 20]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("count", [2, 3, 4])
def test_of_the_smallest_sets_no_part_is_empty(count, seed):
    split = make_split(own(pictures(count)), SplitSettings(seed=seed))
    assert len(split.train)
    assert len(split.test)
    assert len(split.validation) or count == 2
    assert sum(map(len, split.parts.values())) == count


@pytest.mark.parametrize("each", [1, 2, 3])
def test_small_classes_are_no_obstacle(each):
    labels = np.repeat(np.arange(40), each)
    data = own(pictures(40 * each), labels=labels, label_names=tuple(map(str, range(40))))
    split = make_split(data, SplitSettings())
    counts = describe_parts(data, split, pictures_of(data), SplitSettings())
    assert len(split.test) == pytest.approx(12 * each, abs=4 * each + 3)
    assert counts.num_classes_test == len(set(labels[split.test]))
    assert f"{len(split.test)} held out (of {counts.num_classes_test} classes)" in say_parts(counts)


def test_parts_that_the_source_made_are_kept():
    given = np.array(["train"] * 60 + ["validation"] * 10 + ["test"] * 10)
    split = make_split(own(pictures(80), parts=given), SplitSettings())
    assert [rows.tolist() for rows in split.parts.values()] == [[*range(60)], [*range(60, 70)], [*range(70, 80)]]


def test_a_part_that_the_source_has_not_is_cut_from_its_training_pictures():
    given = np.array(["train"] * 60 + ["test"] * 20)
    split = make_split(own(pictures(80), parts=given), SplitSettings(validation_fraction=0.2))
    assert split.test.tolist() == list(range(60, 80))
    assert 0 < len(split.validation) < 30
    assert sum(map(len, split.parts.values())) == 80


def test_a_copy_of_a_picture_in_the_sources_test_part_is_not_trained_on():
    shown = np.concatenate([pictures(60), pictures(10), pictures(10, 500)])
    given = np.array(["train"] * 60 + ["test"] * 20)
    data, settings = own(shown, parts=given), SplitSettings(validation_fraction=0)
    split = make_split(data, settings)
    assert split.test.tolist() == list(range(60, 80))
    assert split.train.tolist() == list(range(10, 60))
    counts = describe_parts(data, split, pictures_of(own(shown)), settings)
    assert say_parts(counts).endswith("20 held out. 10 copies of held-out pictures are left out of the training.")


def test_copies_among_a_built_in_sets_parts_are_counted():
    shown = np.concatenate([pictures(10), pictures(5)])
    data = ImageData("set", shown, (0, 255), num_official_train=10)
    settings = SplitSettings(method="official")
    split = make_split(data, settings)
    counts = describe_parts(data, split, pictures_of(own(shown)), settings)
    assert counts.num_test_seen == 5
    assert "5 held-out pictures are also trained on" in say_parts(counts)


@pytest.mark.parametrize("value", [0, 7])
def test_equal_pictures_alone_are_no_data_set(value):
    labels = np.arange(40) % 2
    data = own(np.full((40, 4, 4, 1), value, np.uint8), labels=labels, label_names=("a", "b"))
    with pytest.raises(DataError, match=r"all of these are equal\. Received: num_images=40, num_different=1\."):
        make_split(data, SplitSettings())


def test_what_is_not_normal_is_counted_by_itself():
    data = ImageData("set", pictures(20), (0, 255), num_official_train=10, anomalous=np.arange(20) % 2 == 1)
    settings = SplitSettings(method="official", validation_fraction=0)
    counts = describe_parts(data, make_split(data, settings), pictures_of(data), settings)
    said = "5 to train, 0 to validate, 5 normal and 5 anomalous held out. 5 images that are not normal are in no part."
    assert say_parts(counts) == said


def test_where_the_source_tests_what_is_not_normal_alone_normal_pictures_are_drawn_beside_it():
    data = own(pictures(60), parts=np.repeat(["train", "test"], [50, 10]), anomalous=np.arange(60) >= 50)
    settings = SplitSettings()
    split = make_split(data, settings)
    assert split.anomalous.tolist() == list(range(50, 60))
    assert 0 < len(split.test) < 50
    assert asked_shares(data, settings).keys() == {"test", "validation"}


def test_an_older_splits_facts_can_be_said():
    assert say_parts(PartCounts(num_train=7, num_validation=1, num_test=2)) == "7 to train, 1 to validate, 2 held out."


def stacks(*sizes: int) -> tuple[np.ndarray, np.ndarray]:
    """Files of so many different frames, and the number of each frame's file."""
    return pictures(sum(sizes)), np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize("seed", range(5))
def test_all_frames_of_a_file_share_a_part(seed):
    shown, files = stacks(*[5] * 40, *[1] * 40)
    split = make_split(own(shown, files=files), SplitSettings(seed=seed))
    of_files = [set(files[rows]) for rows in split.parts.values()]
    assert sum(map(len, of_files)) == 80
    assert all(of_files)


def test_files_hold_still_when_others_come_and_one_gets_frames():
    shown, files = stacks(*[5] * 40)
    before = part_of_each(shown, files=files)
    more, of = np.concatenate([shown, pictures(50, 1000)]), np.concatenate([files, np.repeat([50, 0], [49, 1])])
    after = part_of_each(more, files=of)
    moved = {image for image, part in before.items() if after[image] != part}
    assert moved <= {image.tobytes() for image in shown[files == 0]}


def test_a_page_that_many_files_have_does_not_bind_them():
    shown, files = stacks(*[5] * 40)
    shown[::5] = pictures(1, 2000)
    split = make_split(own(shown, files=files), SplitSettings())
    assert min(map(len, split.parts.values())) > 5
    seen = [set(picture_digests(shown[rows])) for rows in split.parts.values()]
    assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]


def test_a_picture_that_a_held_out_file_has_as_a_frame_is_not_trained_on():
    shown, files = stacks(*[5] * 40)
    alone = np.concatenate([shown, shown[::5]]), np.concatenate([files, 100 + np.arange(40)])
    split = make_split(own(alone[0], files=alone[1]), SplitSettings())
    facts = describe_parts(own(alone[0]), split, pictures_of(own(alone[0])), SplitSettings())
    assert facts.num_test_seen == 0


def test_files_keep_the_parts_that_the_source_gave():
    shown, files = stacks(*[5] * 20)
    given = np.repeat(["train", "test"], 50)
    split = make_split(own(shown, files=files, parts=given), SplitSettings())
    assert split.test.tolist() == list(range(50, 100))
    assert set(files[split.train]).isdisjoint(files[split.validation])


def test_one_file_of_all_frames_is_divided():
    shown, files = stacks(60)
    assert part_of_each(shown, files=files) == part_of_each(shown)


def test_a_file_with_most_of_the_frames_trains():
    shown, files = stacks(60, *[1] * 20)
    for seed in range(10):
        assert set(range(60)) <= set(make_split(own(shown, files=files), SplitSettings(seed=seed)).train)


def test_the_shares_that_came_out_are_said_beside_those_asked_for():
    data = own(pictures(40), parts=np.array(["train"] * 30 + [""] * 10))
    settings = SplitSettings(test_fraction=0.25)
    split = make_split(data, settings)
    counts = describe_parts(data, split, pictures_of(data), settings)
    assert f"{len(split.test) / 40:.0%} held out (25%), " in say_parts(counts)
    given = own(pictures(40), parts=np.repeat(["train", "validation", "test"], [20, 10, 10]))
    assert asked_shares(given, settings) == {}
    assert asked_shares(ImageData("set", pictures(40), (0, 255)), settings) == {}
