"""A mask of one's own images: a picture that is read with them, or refused in a line."""

import os
import shutil

import numpy as np
import pytest
from picture_files import encoded, pixels, save_plain, stacked
from PIL import Image

from aepipe.datasets.own.keeping import LocalBlocks
from aepipe.datasets.own_images import find_identity, own_data, take
from aepipe.datasets.own_settings import OwnSettings
from aepipe.errors import DataError, ParameterError


@pytest.fixture
def folder(tmp_path):
    """Four pictures of a camera, 8 x 16."""
    for number in range(4):
        (tmp_path / "rack").mkdir(exist_ok=True)
        Image.fromarray(1 + pixels(8, 16) // 2).save(tmp_path / "rack" / f"{number}.png")
    return tmp_path / "rack"


@pytest.fixture
def mask(tmp_path):
    """Its left quarter is black."""
    return draw(tmp_path / "mask.png")


def draw(path, size=(8, 16), black=4, **options):
    drawn = np.full(size, 255, np.uint8)
    drawn[:, :black] = 0
    path.write_bytes(encoded(drawn, **options))
    return path


@pytest.fixture
def read(folder, tmp_path):
    def read(place, images=folder, **settings):
        chosen, blocks = (
            OwnSettings(mask=None if place is None else str(place), **settings),
            LocalBlocks(tmp_path / "b"),
        )
        own = take(str(images), chosen, blocks)
        assert own.identity == find_identity(str(images), chosen)
        return own, own_data(own.name, own.described, blocks).images[:]

    return read


def test_what_is_black_in_it_is_black_in_each_picture(read, mask):
    own, images = read(mask)
    plain, seen = read(None)
    np.testing.assert_array_equal(images[:, :, 4:], seen[:, :, 4:])
    assert not images[:, :, :4].any()
    assert seen.all()
    assert "mask.png: 75% of the pixels count, the others are black" in own.described.account.lines()
    assert (plain.pixel_mask, own.pixel_mask.share) == (None, 0.75)
    assert own.images_sha256 != plain.images_sha256
    # Pictures are what they are, whatever counts of them.
    assert list(own.index.rows["pixels_sha256"]) == list(plain.index.rows["pixels_sha256"])


def test_an_identity_is_that_of_the_masks_bytes(read, mask, tmp_path):
    before, _ = read(mask)
    moved = shutil.copy(mask, tmp_path / "elsewhere.png")
    os.utime(moved, ns=(10**18, 10**18))
    assert read(moved)[0].identity == before.identity
    draw(mask, black=5)
    assert len({before.identity, read(mask)[0].identity, read(None)[0].identity}) == 3


def test_a_larger_mask_of_the_same_shape_is_reduced_and_color_is_brightness(read, tmp_path):
    drawn = np.zeros((80, 160, 3), np.uint8)
    # White, yellow and green are nearer to white than to black; red and blue are not.
    for number, color in enumerate([(255, 0, 0), (255, 255, 255), (255, 255, 0), (0, 255, 0), (0, 0, 255)]):
        drawn[:, 20 * number : 20 * number + 20] = color
    Image.fromarray(drawn).save(tmp_path / "mask.png")
    own, _ = read(tmp_path / "mask.png")
    assert own.pixel_mask.counts[0].tolist() == [False] * 2 + [True] * 6 + [False] * 8


def test_of_arrays_and_of_clean_pictures_the_same_pixels_count(read, tmp_path, mask, folder):
    arrays = np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())])
    np.savez(tmp_path / "rack.npz", images=arrays)
    _, images = read(mask)
    np.testing.assert_array_equal(read(mask, tmp_path / "rack.npz")[1], images)
    shutil.copytree(folder, tmp_path / "clean")
    chosen, blocks = OwnSettings(mask=str(mask), clean=str(tmp_path / "clean")), LocalBlocks(tmp_path / "b")
    own = take(str(folder), chosen, blocks)
    assert own.identity == find_identity(str(folder), chosen)
    np.testing.assert_array_equal(own_data(own.name, own.described, blocks).clean[:], images)


def test_pictures_of_another_shape_are_counted(read, folder, mask):
    save_plain(folder / "tall.png", 7, (16, 8))
    own, _ = read(mask, size="8x16")
    (note,) = (note for note in own.described.account.notes if note.startswith("mask.png: "))
    assert note.endswith("; 1 image has another shape than it")


ONES = encoded(np.ones((8, 16), np.uint8))
REFUSED = {
    "nothing there": (None, r"The mask must exist, and be a file\. Received: mask='.*mask\.png'\. Name one picture"),
    "no picture": (b"words", r"must be a picture that can be read\. Received: mask=.*reason=.*no format.*data\.mask="),
    "a broken one": (ONES[:40], r"A mask must be a picture that can be read\. Received: mask="),
    "several pages": (stacked("TIFF", 0, 255), r"one picture, not several pages or frames\. Received: .*pages=2"),
    "all black": (encoded(np.zeros((8, 16), np.uint8)), r"must leave pixels that count.*brightest=0, white=255"),
    "ones for white": (ONES, r"must leave pixels that count.*brightest=1, white=255, size='8x16'\. Name"),
    "all white": (encoded(np.full((8, 16), 255, np.uint8)), r"must leave something out.*size='8x16'\. Paint black"),
    "another camera's": (
        encoded(np.eye(12, dtype=np.uint8) * 255),
        r"must have the shape of the pictures that it is for\. Received: .*mask_size='12x12', pictures='8x16'\. Draw",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_a_line(read, tmp_path, name):
    data, says = REFUSED[name]
    if data is not None:
        (tmp_path / "mask.png").write_bytes(data)
    with pytest.raises(DataError, match=says) as refused:
        read(tmp_path / "mask.png")
    assert "\n" not in str(refused.value)


def test_it_is_refused_where_what_is_black_is_cut_away(read, tmp_path):
    with pytest.raises(DataError, match=r"nothing black that would be seen.*size='8x8'"):
        read(draw(tmp_path / "mask.png"), size="8x8")
    with pytest.raises(DataError, match="nothing black that would be seen"):
        read(draw(tmp_path / "mask.png", black=0), size="16x16", fit="pad")


def test_it_is_none_of_the_pictures(read, folder, tmp_path):
    with pytest.raises(DataError, match=r"A mask must lie elsewhere than the pictures.*Move it out"):
        read(draw(folder / "mask.png"))
    (tmp_path / "rack.csv").write_text("path\nrack/0.png\nrack/1.png\n")
    with pytest.raises(DataError, match="must lie elsewhere"):
        read(draw(tmp_path / "mask.png"), tmp_path / "rack.csv")


def test_images_with_a_mask_are_not_too_large(read, tmp_path):
    np.savez(tmp_path / "large.npz", images=np.zeros((2, 8, 1025), np.uint8))
    mask = draw(tmp_path / "mask.png", (8, 1025))
    with pytest.raises(DataError, match=r"at most 1024 pixels a side\. Received: .*size='8x1025'"):
        read(mask, tmp_path / "large.npz")


LISTING = """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>
<Contents><Key>masks/rack.png</Key><ETag>"1"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>99</Size>
</Contents></ListBucketResult>"""


def test_it_may_be_an_object_of_s3(read, mask, s3):
    s3.files |= {"/bucket": LISTING.encode(), "/bucket/masks/rack.png": mask.read_bytes()}
    s3.versions["/bucket/masks/rack.png"] = '"1"'
    own, images = read("s3://bucket/masks/rack.png")
    assert own.identity == read(mask)[0].identity
    assert not images[:, :, :4].any()
    assert any(note.startswith("rack.png: 75% of the pixels") for note in own.described.account.notes)
    with pytest.raises(DataError, match=r"must exist.*Received: mask='s3://bucket/masks/other\.png'"):
        read("s3://bucket/masks/other.png")
    with pytest.raises(DataError, match="must lie elsewhere"):
        take("s3://bucket/masks/", OwnSettings(mask="s3://bucket/masks/rack.png"), LocalBlocks)


def test_known_data_sets_have_none():
    with pytest.raises(ParameterError, match=r"with pictures of your own\. Received: data_set='mnist', mask='m\.png'"):
        OwnSettings(mask="m.png").check_built_in("mnist")


def test_an_address_holds_no_password():
    with pytest.raises(DataError, match="holds no keys"):
        take("/none", OwnSettings(mask="s3://key:secret@bucket/mask.png"), LocalBlocks)
