"""The split of one's own images leaves an index with the part of each, and what it left before goes first."""

import numpy as np
import pytest
from own_data import pictures, put_own

from aepipe.bonds import PARTS
from aepipe.datasets.indices import list_indices, load_index
from aepipe.gate.learned import by_index
from aepipe.part_counts import say_parts
from aepipe.splits import SplitSettings
from aepipe.stages.data import DataParameters, DataStage
from aepipe.stages.indices import load_index as index_of
from aepipe.stages.results import SplitResult, produce_stage
from aepipe.stages.split import SplitStage, load_groups, load_split, recommended_split


def split(store, images: np.ndarray, settings=SplitSettings(), **columns):  # noqa: B008
    return SplitStage(put_own(store, images, **columns), settings).produce(store)


def part_of_each(store, result) -> dict[str, str]:
    rows = index_of(store, result).images
    return dict(zip(rows["pixels_sha256"], rows["part"], strict=True))


def test_the_index_has_the_part_of_each_image(store):
    result = split(store, pictures(40))
    rows = load_split(store, result)
    parts = index_of(store, result).rows["part"].to_numpy()
    assert {part: np.flatnonzero(parts == part).tolist() for part in PARTS} == {
        part: of_it.tolist() for part, of_it in rows.parts.items()
    }
    assert "digests.npz" not in result.files


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [2, 12])
def test_a_picture_that_was_moved_into_an_empty_part_stays_there_when_others_come(store, count, seed):
    settings = SplitSettings(seed=seed)
    before = part_of_each(store, split(store, pictures(count), settings))
    for more in (1, 5):
        result = split(store, pictures(count + more), settings)
        after = part_of_each(store, result)
        assert {digest: after[digest] for digest in before} == before
        assert result.facts.num_moved == 0
        before = after


def test_another_seed_remembers_nothing(store):
    first, other = (part_of_each(store, split(store, pictures(40), SplitSettings(seed=seed))) for seed in (1, 2))
    assert first != other
    assert part_of_each(store, split(store, pictures(41), SplitSettings(seed=1))).items() >= first.items()


def test_each_state_of_the_data_is_kept_and_the_one_in_hand_is_the_newest(store):
    data = [put_own(store, pictures(count)) for count in (30, 31)]
    for index, kept in ((0, 1), (0, 1), (1, 2), (0, 3)):
        SplitStage(data[index], SplitSettings()).produce(store)
        keys = list_indices(store, "images-mine", "split")
        assert len(keys) == kept
        assert len(load_index(store, keys[0])) == 30 + index


def test_a_damaged_index_is_passed_over(store, caplog):
    before = part_of_each(store, split(store, pictures(12)))
    store.put("indices/images-mine/99991231T000000.000000Z-split-000000000000.parquet", b"x")
    assert part_of_each(store, split(store, pictures(13))).items() >= before.items()
    assert "is passed over" in caplog.text


def test_images_of_one_group_are_in_one_part(store):
    groups = [f"patient {row // 6}" for row in range(120)]
    result = split(store, pictures(120), group=groups)
    rows = index_of(store, result).rows
    assert (rows.groupby("group")["part"].nunique() == 1).all()
    assert set(rows["part"]) == set(PARTS)


def test_groups_that_a_picture_binds_are_in_one_part_and_one_that_binds_old_ones_is_left_out(store):
    groups = [f"patient {row // 2}" for row in range(40)]
    images = pictures(40)
    before = part_of_each(store, split(store, images, group=groups))
    parts = list(before.values())
    apart = next(row for row in range(2, 40) if parts[row] != parts[0])
    both = np.concatenate([images, pictures(1, 900), pictures(1, 900)])
    result = split(store, both, group=[*groups, "patient 0", f"patient {apart // 2}"])
    assert part_of_each(store, result).items() >= before.items()
    assert result.facts.num_torn == 2
    assert "2 images are in no part" in say_parts(result.facts)


def test_what_is_not_normal_is_held_out_and_normal_pictures_beside_it(store):
    kinds = ["anomalous"] * 6 + ["normal"] * 40
    rows = index_of(store, split(store, pictures(46), kind=kinds)).rows
    assert set(rows["part"][:6]) == {"test"}
    assert set(rows["part"][6:]) == set(PARTS)


def test_what_is_not_normal_has_rows_of_its_own_and_an_older_result_has_none(store):
    data = put_own(store, pictures(46), kind=["anomalous"] * 6 + ["normal"] * 40)
    result = SplitStage(data, SplitSettings()).produce(store)
    rows = load_split(store, result)
    assert rows.anomalous.tolist() == list(range(6))
    assert min(rows.test) >= 6
    assert say_parts(result.facts).startswith(f"{len(rows.train)} to train, {len(rows.validation)} to validate, ")
    assert f"{len(rows.test)} normal and 6 anomalous held out" in say_parts(result.facts)

    def write(folder):
        np.savez(folder / "split.npz", train=[0, 1], validation=[2], test=[3])
        return result.facts

    older = produce_stage(store, "split", "0" * 64, SplitResult, write)
    assert len(load_split(store, older).anomalous) == 0


def test_the_gate_compares_on_normal_pictures(store):
    data = put_own(store, pictures(46), kind=["anomalous"] * 6 + ["normal"] * 40)
    result = SplitStage(data, SplitSettings()).produce(store)
    held_out = by_index(index_of(store, result)).held_out
    assert len(held_out) == result.facts.num_test == len(load_split(store, result).test)


def test_the_users_own_parts_are_kept(store):
    given = ["train"] * 60 + ["test"] * 20
    rows = index_of(store, split(store, pictures(80), part=given)).rows
    assert set(rows["part"][60:]) == {"test"}
    assert set(rows["part"][:60]) == {"train", "validation"}


def test_a_built_in_set_has_digests_and_no_index(store):
    data = DataStage(DataParameters(data_set="digits")).produce(store)
    result = SplitStage(data, recommended_split(data)).produce(store)
    assert {"split.npz", "digests.npz"} <= set(result.files)
    assert not list(store.list("indices/"))


def test_held_out_images_of_a_group_are_known_as_such(store):
    groups = [f"patient-{number // 4}" for number in range(40)]
    data = put_own(store, pictures(40), group=groups)
    result = SplitStage(data, SplitSettings()).produce(store)
    rows = load_split(store, result).test
    found = load_groups(store, data, result)
    assert len(found) == len(rows)
    assert len(np.unique(found)) == len({groups[row] for row in rows}) < len(rows)
    alone = put_own(store, pictures(40), name="images-alone")
    assert load_groups(store, alone, SplitStage(alone, SplitSettings()).produce(store)) is None
