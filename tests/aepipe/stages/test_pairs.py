"""Pairs of noisy and clean pictures in a store: nothing is read twice, and neither part of a pair goes alone."""

import os

import numpy as np
import pytest
from picture_files import save_plain

from aepipe.datasets.indices import list_indices
from aepipe.errors import DataError
from aepipe.releases.prune_data import plan_blocks
from aepipe.splits import SplitSettings
from aepipe.stages.data import DataParameters, DataSettings, DataStage, load_data
from aepipe.stages.own_data import blocks_of_result
from aepipe.stages.split import SplitStage, load_split


@pytest.fixture
def folders(tmp_path):
    for number in range(8):
        save_plain(tmp_path / "noisy" / f"{number}.png", 10 + number)
        # Two and two are to become one and the same picture.
        save_plain(tmp_path / "clean" / f"{number}.png", 100 + number // 2)
    return tmp_path


def stage_of(folders, **settings) -> DataStage:
    for path in folders.glob("*/*.png"):
        # As if nothing had been written for a while.
        os.utime(path, ns=(10**18, 10**18))
    chosen = DataSettings(clean=str(folders / "clean"), **settings)
    return DataStage(DataParameters(data_set=f"images:{folders / 'noisy'}", settings=chosen))


def values(images) -> list[int]:
    return images[:][:, 0, 0, 0].tolist()


def test_a_night_reads_what_is_new_of_both(store, folders):
    first = stage_of(folders).produce(store)
    assert first.said == ("16 files: 16 new, 0 changed, 0 gone; 16 read, 16 decoded",)
    data = load_data(store, first)
    assert (values(data.images)[:3], values(data.clean)[:3]) == ([10, 11, 12], [100, 100, 101])
    assert first.facts.clean == str(folders / "clean")
    save_plain(folders / "noisy" / "9.png", 19)
    save_plain(folders / "clean" / "9.png", 109)
    second = stage_of(folders).produce(store)
    assert second.said == ("18 files: 2 new, 0 changed, 0 gone; 2 read, 2 decoded",)
    assert values(load_data(store, second).clean)[-1] == 109
    # Nothing that is new: neither is read, and the result is that of before.
    assert stage_of(folders).produce(store).was_cached
    assert len(list_indices(store, "images-noisy-clean", "data")) == 2


def test_the_blocks_of_clean_pictures_belong_to_the_result(store, folders):
    result = stage_of(folders).produce(store)
    assert plan_blocks(store, (), grace_hours=0) == []
    for key, _ in blocks_of_result(store, result):
        store.delete(key)
        assert stage_of(folders, identity=result.facts.identity).find(store) is None
    assert stage_of(folders).produce(store, refresh=True).digest == result.digest


def test_pictures_of_one_clean_picture_are_in_one_part(store, folders):
    data = stage_of(folders).produce(store)
    for seed in range(5):
        split = SplitStage(data, SplitSettings(method="fraction", test_fraction=0.5, seed=seed)).produce(store)
        part = np.zeros(8)
        part[load_split(store, split).test] = 1
        assert (part[0::2] == part[1::2]).all()


def test_too_many_without_a_partner_end_the_run(store, folders):
    for number in range(2):
        (folders / "clean" / f"{number}.png").unlink()
    with pytest.raises(DataError, match=r"At most 10% of .* left_out='25%'.*2 left out, without a clean"):
        stage_of(folders).produce(store)
    assert len(load_data(store, stage_of(folders, most_left_out=0.3).produce(store))) == 6
