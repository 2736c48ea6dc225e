"""Noisy pictures and the clean ones that they are to become, found by their paths, as one data set."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from aepipe.datasets.own.keeping import LocalBlocks
from aepipe.datasets.own_images import find_identity, own_data, take
from aepipe.datasets.own_settings import OwnSettings
from aepipe.errors import DataError, ParameterError


def save(path, value, shape=(8, 8), dtype=np.uint8, more=()):
    """Write a picture whose upper left pixel has a value, and all others half of it; or several as pages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pages = []
    for one in (value, *more):
        pixels = np.full(shape, one // 2, dtype)
        pixels[0, 0] = one
        pages.append(Image.fromarray(pixels))
    pages[0].save(path, save_all=bool(more), append_images=pages[1:]) if more else pages[0].save(path)


@pytest.fixture
def folders(tmp_path):
    """Three pairs, by their paths whatever the ending."""
    for number in range(3):
        save(tmp_path / "noisy" / "a" / f"{number}.png", 100 + number)
        save(tmp_path / "clean" / "a" / f"{number}.{'png' if number else 'tif'}", 200 + number)
    return SimpleNamespace(noisy=tmp_path / "noisy", clean=tmp_path / "clean")


@pytest.fixture
def read(folders, tmp_path):
    def read(**settings):
        chosen = OwnSettings(clean=str(folders.clean), **settings)
        blocks = LocalBlocks(tmp_path / "blocks")
        own = take(str(folders.noisy), chosen, blocks)
        assert own.identity == find_identity(str(folders.noisy), chosen)
        return own, own_data(own.name, own.described, blocks)

    return read


def marks(images) -> list[int]:
    return images[:][:, 0, 0, 0].tolist()


def left_out(own) -> dict[str, int]:
    return {one.reason: one.count for one in own.described.account.left_out}


def test_each_picture_has_the_clean_one_of_its_path(read):
    own, data = read()
    assert marks(data.images) == [100, 101, 102]
    assert marks(data.clean) == marks(data.targets.images) == [200, 201, 202]
    assert list(own.index.images["clean"]) == ["a/0.tif", "a/1.png", "a/2.png"]
    assert any(note.startswith("pairs: ") for note in own.described.account.notes)
    assert own.counts.num_files == own.counts.num_decoded == 6
    taken = data.take(np.array([2, 0]))
    assert (marks(taken.images), marks(taken.clean)) == ([102, 100], [202, 200])


def test_what_has_no_partner_is_left_out_and_counts_as_missing(read, folders):
    save(folders.noisy / "alone.png", 1)
    save(folders.clean / "other.png", 2)
    save(folders.noisy / "large.png", 3, (9, 8))
    save(folders.clean / "large.png", 4)
    save(folders.noisy / "broken.png", 5)
    (folders.clean / "broken.png").write_bytes(b"no picture")
    own, data = read()
    assert marks(data.images) == [100, 101, 102]
    assert left_out(own) == {
        "without a clean picture": 2,
        "of another size than its clean picture": 1,
        "clean picture without a noisy one": 1,
    }
    assert own.described.account.left_out_share == pytest.approx(4 / 7)
    reasons = own.index.rows.set_index("path")["reason"]
    assert reasons["broken.png"].startswith("without a clean picture: it is broken: ")
    assert reasons["large.png"] == "of another size than its clean picture: 9x8, the clean one 8x8"
    assert reasons["data.clean/other.png"] == "clean picture without a noisy one"
    with pytest.raises(DataError, match="At most 10% of the files"):
        own.described.account.check_share(0.1, "here")


def test_a_name_that_two_endings_share_is_no_pair_unless_it_is_the_same(read, folders):
    save(folders.clean / "a" / "0.png", 210)
    save(folders.noisy / "a" / "1.tif", 111)
    own, data = read()
    assert marks(data.images) == [100, 101, 102]
    assert marks(data.clean) == [210, 201, 202]
    assert left_out(own) == {"without a clean picture": 1, "clean picture without a noisy one": 1}


def test_pages_go_with_pages_or_all_with_one_picture(read, folders):
    save(folders.noisy / "b.tif", 110, more=(111,))
    save(folders.clean / "b.tif", 120, more=(121,))
    save(folders.noisy / "c.tif", 130, more=(131,))
    save(folders.clean / "c.png", 140)
    _, data = read()
    assert marks(data.clean) == [200, 201, 202, 120, 121, 140, 140]


def test_pictures_that_are_to_become_one_and_the_same_are_of_one_group(read, folders):
    save(folders.noisy / "again.png", 50)
    save(folders.clean / "again.png", 201)
    own, _ = read()
    groups = own.index.images.set_index("path")["group"]
    assert groups["again.png"] == groups["a/1.png"] is not None
    assert groups[["a/0.png", "a/2.png"]].isna().all()


def test_both_have_one_size_one_number_of_channels_and_one_white(read, folders):
    for number in range(3):
        save(folders.clean / "a" / f"{number}.png", 16 * (200 + number), dtype=np.uint16)
    (folders.clean / "a" / "0.tif").unlink()
    _, data = read(size=4, color="rgb")
    assert data.images.shape == data.clean.shape == (3, 4, 4, 3)
    assert data.images.dtype == data.clean.dtype == np.uint16
    assert data.pixel_range == (0, 4095)
    # Most of each is half of its mark.
    assert data.scaled()[0, -1, -1, 0] == pytest.approx(50 / 255, abs=0.001)
    assert data.targets.scaled()[0, -1, -1, 0] == pytest.approx(1600 / 4095, abs=0.001)


def test_other_clean_pictures_are_other_data(read, folders):
    before, _ = read()
    save(folders.clean / "a" / "1.png", 99)
    after, _ = read()
    assert before.identity != after.identity
    assert before.images_sha256 != after.images_sha256
    assert list(before.index.images["pixels_sha256"]) == list(after.index.images["pixels_sha256"])


def test_arrays_are_pairs_by_their_rows(tmp_path):
    noisy, clean = (np.random.default_rng(seed).integers(0, 256, (5, 6, 6), np.uint8) for seed in (0, 1))
    for name, images in (("noisy", noisy), ("clean", clean)):
        np.savez(tmp_path / f"{name}.npz", images=images)
    blocks, chosen = LocalBlocks(tmp_path), OwnSettings(clean=str(tmp_path / "clean.npz"))
    own = take(str(tmp_path / "noisy.npz"), chosen, blocks)
    data = own_data(own.name, own.described, blocks)
    np.testing.assert_array_equal(data.clean[:][..., 0], clean)
    again = take(str(tmp_path / "noisy.npz"), chosen, blocks, before=own.index, clean_before=own.clean.index)
    assert again.counts.is_nothing
    np.savez(tmp_path / "clean.npz", images=clean / np.float32(255))
    with pytest.raises(DataError, match="floats, or both are integers"):
        take(str(tmp_path / "noisy.npz"), chosen, blocks).described  # noqa: B018


def test_noisy_pictures_are_not_their_own_clean_ones(folders, tmp_path):
    with pytest.raises(DataError, match="Clean pictures lie elsewhere than noisy ones"):
        take(str(folders.noisy), OwnSettings(clean=f"images:{folders.noisy}/"), LocalBlocks(tmp_path))


def test_known_data_sets_have_none():
    with pytest.raises(ParameterError, match="Clean pictures go with noisy ones of your own"):
        OwnSettings(clean="/clean").check_built_in("mnist")
