"""A data set of one's own that changes from one run to the next: only what is new is read, and nothing is lost."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from picture_files import save_plain
from PIL import Image
from servers.server import make_client

from aepipe.datasets.index import blocks_of, read_index
from aepipe.datasets.indices import list_indices
from aepipe.datasets.own import files, keeping
from aepipe.errors import DataError
from aepipe.stages.data import DataParameters, DataSettings, DataStage, load_data
from aepipe.store import open_store
from aepipe.store.local_files import local_file

pytestmark = pytest.mark.usefixtures("cache")


def age(folder):
    """As if nothing had been written there for a while."""
    for path in folder.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))


def take(store, folder, **settings):
    age(Path(folder))
    return DataStage(DataParameters(data_set=f"images:{folder}", settings=DataSettings(**settings))).produce(store)


def said(result):
    (line,) = result.said
    return line


def index_of(store, result):
    return read_index(local_file(store, result.files["index.parquet"]))


def values(store, result):
    return [int(image[0, 0, 0]) for image in load_data(store, result).images]


def test_only_what_is_new_is_read(store, pets):
    first = take(store, pets)
    assert said(first) == "4 files: 4 new, 0 changed, 0 gone; 4 read, 4 decoded"
    again = take(store, pets)
    assert said(again) == "4 files: 0 new, 0 changed, 0 gone; 0 read, 0 decoded"
    assert again.was_cached
    assert len(list_indices(store, "images-pets", "data")) == 1
    save_plain(pets / "a" / "9.png", 9)
    (pets / "b" / "3.png").unlink()
    save_plain(pets / "b" / "1.png", 77)
    age(pets)
    os.utime(pets / "b" / "1.png")
    third = DataStage(DataParameters(data_set=f"images:{pets}")).produce(store)
    assert said(third) == "4 files: 1 new, 1 changed, 1 gone; 2 read, 2 decoded"
    assert values(store, third) == [0, 2, 9, 77]
    assert values(store, first) == [0, 2, 1, 3]


def test_bytes_that_are_known_are_not_decoded_wherever_they_lie(store, pets):
    take(store, pets)
    (pets / "a").rename(pets / "c")
    moved = take(store, pets)
    assert said(moved) == "4 files: 2 new, 0 changed, 2 gone; 2 read, 0 decoded"
    assert moved.facts.label_names == ("b", "c")
    shutil.copytree(pets, pets.parent / "elsewhere" / "pets")
    copied = take(store, pets.parent / "elsewhere" / "pets")
    assert said(copied).endswith("0 read, 0 decoded")
    assert values(store, copied) == values(store, moved)


def test_a_file_that_was_written_a_moment_ago_is_read_again(store, pets):
    for _ in range(2):
        age(pets)
        os.utime(pets / "a" / "0.png")
        result = DataStage(DataParameters(data_set=f"images:{pets}")).produce(store)
    assert said(result).endswith("1 read, 0 decoded")


def test_what_gave_no_image_is_not_read_again_and_is_still_said(store, pets):
    (pets / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    first, again = take(store, pets, most_left_out=1), take(store, pets, most_left_out=1)
    assert said(again).endswith("0 read, 0 decoded")
    assert again.facts.account == first.facts.account
    rows = index_of(store, again).rows.set_index("path")
    assert rows.loc["a/broken.png", "state"] == "broken"
    assert "Pillow" in rows.loc["a/broken.png", "reason"]


def test_the_index_says_what_was_taken_of_each_file(store, pets):
    save_plain(pets / "b" / "9.png", 2)
    (pets / "notes.txt").write_text("text")
    result = take(store, pets)
    index = index_of(store, result)
    rows = index.rows.set_index("path")
    assert list(rows.index) == ["a/0.png", "a/2.png", "b/1.png", "b/3.png", "b/9.png", "notes.txt"]
    assert rows.loc["a/0.png", ["height", "width", "mode", "bits", "class", "kind", "part", "state"]].tolist() == [
        *(8, 8, "L", 8, "a", "unknown", "none", "ok")
    ]
    assert rows.loc["b/9.png", ["state", "reason"]].tolist() == ["duplicate", "a/2.png"]
    assert rows.loc["b/9.png", "block_row"] == rows.loc["a/2.png", "block_row"]
    assert rows.loc["notes.txt", ["state", "reason"]].tolist() == ["left out", "no picture"]
    # What a file system says of a file is nobody's but the next run's.
    assert set(rows["version"]) == {None}
    assert blocks_of(index) == {info.key for info in store.list("blocks/")}
    assert index.facts["identity"] == result.facts.identity


def test_nights_of_one_picture_do_not_leave_a_block_each(store, pets, monkeypatch):
    monkeypatch.setattr(keeping, "MAX_SMALL", 3)
    for night in range(7):
        save_plain(pets / "a" / f"night{night}.png", 100 + night)
        result = take(store, pets)
        assert said(result).endswith("1 decoded") or night == 0
        assert len(blocks_of(index_of(store, result))) <= 4
    assert sorted(values(store, result)) == [0, 1, 2, 3, *range(100, 107)]


def test_a_block_that_the_store_lost_is_made_again(store, pets):
    first = take(store, pets)
    (block,) = blocks_of(index_of(store, first))
    store.delete(block)
    stage = DataStage(DataParameters(data_set=f"images:{pets}", settings=DataSettings(identity=first.facts.identity)))
    assert stage.find(store) is None
    again = take(store, pets)
    assert said(again).endswith("4 read, 4 decoded")
    assert stage.find(store) is not None
    assert values(store, again) == [0, 2, 1, 3]


def test_a_damaged_index_before_costs_a_reading_and_nothing_else(store, pets):
    take(store, pets)
    (key,) = list_indices(store, "images-pets", "data")
    store.put(key, b"no table")
    assert said(take(store, pets)).endswith("4 read, 4 decoded")


def test_two_places_of_one_name_are_two_data_sets_or_refused(store, pets, tmp_path):
    take(store, pets)
    other = tmp_path / "other" / "pets"
    for number in range(4):
        save_plain(other / f"{number}.png", 50 + number)
    with pytest.raises(DataError, match=r"images-pets must stay one data set.*other/pets.*data\.name="):
        take(store, other)
    assert take(store, other, name="Others").facts.name == "images-others"
    assert said(take(store, pets)).endswith("0 read, 0 decoded")


def test_a_choice_of_pixels_does_not_push_out_another(store, pets):
    for size in ("auto", "4", "auto", "4"):
        result = take(store, pets, size=size)
    assert said(result).endswith("0 read, 0 decoded")
    assert result.facts.image_shape == (4, 4, 1)


def test_a_class_is_chosen_without_reading_anything(store, pets):
    take(store, pets)
    result = take(store, pets, class_name="a")
    assert said(result).endswith("0 read, 0 decoded")
    assert (result.facts.name, values(store, result)) == ("images-pets-a", [0, 2])
    assert values(store, take(store, pets)) == [0, 2, 1, 3]


def test_the_size_that_was_found_stays(store, pets):
    take(store, pets)
    for number in range(20):
        Image.fromarray(np.full((16, 16), number, np.uint8)).save(pets / "a" / f"large{number}.png")
    assert take(store, pets).facts.image_shape == (8, 8, 1)


def test_files_that_keep_changing_are_read_again_alone(store, pets, monkeypatch):
    reads, changes = [], [1]
    read_files = files.read_files

    def change_then_read(job, shared):
        if changes:
            changes.pop()
            save_plain(pets / "b" / "3.png", 99)
        done = read_files(job, shared)
        reads.extend(member.name for member in job.members)
        return done

    monkeypatch.setattr(files, "MIN_JOB_FILES", 1)
    monkeypatch.setattr(files, "read_files", change_then_read)
    result = take(store, pets)
    assert values(store, result) == [0, 2, 1, 99]
    assert reads == ["a/0.png", "a/2.png", "b/1.png", "b/3.png"]


def test_what_was_read_before_another_file_went_is_counted(store, pets, monkeypatch):
    take(store, pets)
    save_plain(pets / "a" / "9.png", 9)
    save_plain(pets / "b" / "9.png", 99)
    read_files = files.read_files

    def read_then_remove(job, shared):
        done = read_files(job, shared)
        (pets / "b" / "9.png").unlink(missing_ok=True)
        return done

    monkeypatch.setattr(files, "MIN_JOB_FILES", 1)
    monkeypatch.setattr(files, "read_files", read_then_remove)
    assert said(take(store, pets)) == "5 files: 1 new, 0 changed, 0 gone; 1 read, 1 decoded"


def test_refreshing_does_not_make_another_place_the_same_set(store, pets, tmp_path):
    take(store, pets)
    other = tmp_path / "other" / "pets"
    for number in range(4):
        save_plain(other / f"{number}.png", 50 + number)
    with pytest.raises(DataError, match="must stay one data set"):
        DataStage(DataParameters(data_set=f"images:{other}")).produce(store, refresh=True)


def test_a_refresh_that_finds_the_same_keeps_no_other_index(store, pets):
    take(store, pets)
    again = DataStage(DataParameters(data_set=f"images:{pets}")).produce(store, refresh=True)
    assert said(again).endswith("4 read, 4 decoded")
    assert len(list_indices(store, "images-pets", "data")) == 1


def test_what_a_name_decides_is_not_taken_over_from_a_file_of_equal_bytes(store, pets):
    (pets / "a" / "nothing.dat").write_bytes(b"")
    take(store, pets)
    (pets / "a" / "nothing.png").write_bytes(b"")
    rows = index_of(store, take(store, pets, most_left_out=1)).rows.set_index("path")
    assert rows.loc["a/nothing.dat", ["state", "reason"]].tolist() == ["left out", "no picture"]
    assert rows.loc["a/nothing.png", "state"] == "broken"


def test_a_prefix_is_listed_and_what_is_new_there_is_read(store, pets, s3_server, lead_to):
    client = make_client(s3_server)
    lead_to(s3_server)

    def put(path):
        key = f"nights/{path.relative_to(pets).as_posix()}"
        client.put_object(Bucket=s3_server.bucket, Key=key, Body=path.read_bytes())

    def produce():
        return DataStage(DataParameters(data_set=f"images:s3://{s3_server.bucket}/nights")).produce(store)

    for path in sorted(pets.rglob("*.png")):
        put(path)
    assert said(produce()) == "4 files: 4 new, 0 changed, 0 gone; 4 read, 4 decoded"
    save_plain(pets / "a" / "9.png", 9)
    put(pets / "a" / "9.png")
    client.delete_object(Bucket=s3_server.bucket, Key="nights/a/0.png")
    result = produce()
    assert said(result) == "4 files: 1 new, 0 changed, 1 gone; 1 read, 1 decoded"
    assert values(store, result) == [2, 9, 1, 3]


@pytest.mark.parametrize("place", ["zip", "s3"])
def test_processes_read_what_one_would(place, store, pets, tmp_path, monkeypatch, s3_server, lead_to):
    plain = take(store, pets)
    if place == "zip":
        location = shutil.make_archive(str(tmp_path / "pets"), "zip", pets)
    else:
        lead_to(s3_server)
        location = f"s3://{s3_server.bucket}/processes/pets"
        for path in pets.rglob("*.png"):
            key = f"processes/pets/{path.relative_to(pets).as_posix()}"
            make_client(s3_server).put_object(Bucket=s3_server.bucket, Key=key, Body=path.read_bytes())
    monkeypatch.setenv("AEPIPE_THREADS", "2")
    monkeypatch.setattr(files, "MIN_FILES_FOR_PROCESSES", 0)
    monkeypatch.setattr(files, "MIN_JOB_FILES", 1)
    stage = DataStage(DataParameters(data_set=f"images:{location}"))
    result = stage.produce(open_store(tmp_path / "other"))
    assert said(result) == "4 files: 4 new, 0 changed, 0 gone; 4 read, 4 decoded"
    assert result.facts.images_sha256 == plain.facts.images_sha256
    assert values(open_store(tmp_path / "other"), result) == [0, 2, 1, 3]


def test_an_archive_of_which_a_picture_is_new(store, pets, tmp_path):
    archive = tmp_path / "pets"
    first = take_archive(store, pets, archive)
    save_plain(pets / "a" / "9.png", 9)
    second = take_archive(store, pets, archive)
    assert said(first).endswith("4 read, 4 decoded")
    assert said(second) == "5 files: 1 new, 0 changed, 0 gone; 1 read, 1 decoded"


def take_archive(store, folder, archive):
    made = shutil.make_archive(str(archive), "zip", folder)
    return DataStage(DataParameters(data_set=f"images:{made}")).produce(store)


def test_arrays_lie_in_blocks_and_have_an_index(store, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), np.uint8)
    np.savez(tmp_path / "own.npz", images=images, labels=np.array([10, 9, 9, 10, 9]))
    result = DataStage(DataParameters(data_set=f"images:{tmp_path / 'own.npz'}")).produce(store)
    data = load_data(store, result)
    assert np.array_equal(data.images, images)
    assert (data.label_names, data.labels.tolist()) == (("9", "10"), [1, 0, 0, 1, 0])
    index = index_of(store, result)
    assert index.rows["path"].tolist() == ["0", "1", "2", "3", "4"]
    assert index.rows["class"].tolist() == ["10", "9", "9", "10", "9"]
    (block,) = blocks_of(index)
    written = next(info.modified for info in store.list(block))
    again = DataStage(DataParameters(data_set=f"images:{tmp_path / 'own.npz'}")).produce(store)
    assert (again.was_cached, said(again)) == (True, "1 file: 0 new, 0 changed, 0 gone; 0 read, 0 decoded")
    assert next(info.modified for info in store.list(block)) == written
