import io
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
from picture_files import save_plain
from PIL import Image

from aepipe.datasets.account import Account
from aepipe.datasets.locations import OneFile, open_listing
from aepipe.datasets.own.keeping import LocalBlocks
from aepipe.datasets.own_images import own_images_spec, take
from aepipe.datasets.own_settings import OwnSettings
from aepipe.errors import ChangedDataError, DataError


@pytest.fixture
def folder(tmp_path):
    """Two classes below My Pets!."""
    for name, value in (("dogs/1.png", 3), ("cats/1.png", 1), ("cats/deep/2.png", 2)):
        save_plain(tmp_path / "My Pets!" / name, value)
    return tmp_path / "My Pets!"


def build(location, **options):
    return own_images_spec(str(location), **options).build({})


def zipped(folder, path, top=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, top + file.relative_to(folder).as_posix())
    return path


def check_pets(data):
    assert data.images[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert data.images.shape == (3, 8, 8, 1)
    assert data.labels.tolist() == [0, 0, 1]
    assert data.labels.dtype == np.int64
    assert data.label_names == ("cats", "dogs")
    assert data.pixel_range == (0, 255)
    assert data.num_official_train is None


def test_folder(folder):
    data = build(folder)
    check_pets(data)
    assert data.name == "images-my-pets"


@pytest.mark.parametrize("top", ["", "export/of today/"])
def test_zip_with_or_without_a_common_folder(folder, tmp_path, top):
    check_pets(build(zipped(folder, tmp_path / "pets.zip", top)))


def test_no_labels_where_some_have_no_folder(folder):
    save_plain(folder / "stray.png", 4)
    data = build(folder)
    assert len(data) == 4
    assert data.labels is None
    assert data.label_names == ()


def test_no_labels_without_folders(tmp_path):
    for number in range(2):
        save_plain(tmp_path / f"{number}.png", number)
    assert build(tmp_path).labels is None


def test_mixed_sizes_take_the_asked_one(folder):
    save_plain(folder / "cats/wide.png", 4, (10, 30))
    assert build(folder).image_shape == (8, 8, 1)
    assert build(folder, settings=OwnSettings(size="16x24")).image_shape == (16, 24, 1)


def test_broken_files_among_good_ones(folder):
    (folder / "cats/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    data = build(folder)
    check_pets(data)
    (broken,) = data.account.left_out
    assert (broken.reason, broken.count) == ("broken", 1)
    assert broken.names[0].startswith("cats/broken.jpg: ")
    assert data.account.left_out_share == 0.25


def test_too_few_usable_images(folder):
    shutil.rmtree(folder / "cats")
    with pytest.raises(DataError, match=r"at least 2 usable images.*num_images=1"):
        build(folder)
    (folder / "dogs/1.png").write_bytes(b"broken")
    (folder / "dogs/1.nef").write_bytes(b"raw")
    (folder / "dogs/notes.txt").write_bytes(b"text")
    with pytest.raises(DataError, match=r"num_images=0, num_files=3.*1 broken.*\(1 \.nef\).*\(1 \.txt\)"):
        build(folder)


def test_the_users_own_parts_come_with_the_images(folder, tmp_path):
    for part, value in (("train", 1), ("val", 2), ("test", 3)):
        for pet in ("cat", "dog"):
            save_plain(tmp_path / "set" / part / pet / "1.png", value)
    data = build(tmp_path / "set")
    assert data.parts.tolist() == ["test", "test", "train", "train", "validation", "validation"]
    assert data.label_names == ("cat", "dog")
    assert data.account.parts == {"test": 2, "train": 2, "validation": 2}
    assert build(folder).parts is None


def test_masks_of_an_inspection_set_are_no_images(tmp_path):
    for number, name in enumerate(("train/good/0", "test/good/1", "test/scratch/2", "ground_truth/scratch/2_mask")):
        save_plain(tmp_path / f"{name}.png", number)
    data = build(tmp_path)
    assert data.images[:, 0, 0, 0].tolist() == [1, 2, 0]
    assert data.parts.tolist() == ["test", "test", "train"]
    assert data.label_names == ("good", "scratch")
    assert [(one.reason, one.names) for one in data.account.left_out] == [
        ("mask", ("ground_truth/scratch/2_mask.png",))
    ]


def test_frames_of_a_file_are_known_as_such(folder):
    assert build(folder).files is None
    frames = [Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (20, 30)]
    frames[0].save(folder / "cats" / "0.gif", save_all=True, append_images=frames[1:])
    data = build(folder)
    assert data.files.tolist() == [1, 1, 2, 3, 4]
    assert data.take(np.array([0, 2])).files.tolist() == [1, 2]
    assert "1 file has several frames" in " | ".join(data.account.lines())


def test_sentences_have_the_number_of_what_they_count(folder):
    for number in range(2):
        (folder / f"{number}.nef").write_bytes(b"raw")
    (folder / "lost.png").symlink_to("nowhere")
    said = [one.short for one in build(folder).account.left_out]
    assert said == ["2 pictures of a kind that is not read (2 .nef)", "1 link that leads nowhere"]


def test_what_is_said_before_anything_trains(folder):
    save_plain(folder / "cats/wide.png", 4, (20, 30))
    save_plain(folder / "dogs/2.png", 3)
    (folder / "dogs/3.png").write_bytes(b"broken")
    (folder / "notes.txt").write_text("text")
    (folder / "dogs/\x1b[2J\n.png").write_bytes(b"broken")
    lines = list(build(folder).account.lines())
    assert lines[0] == "5 images of 8 x 8, grey, from 5 of 8 files"
    assert lines[1] == "classes: cats 3, dogs 2"
    text = " | ".join(lines)
    assert "2 left out, broken: dogs/\\x1b[2J\\n.png: The file must be" in text
    assert "1 left out, no picture: 1 .txt" in text
    assert "1 image is of another shape: 33% of their area" in text
    assert "1 image has the pixels of another one: dogs/2.png equals dogs/1.png" in text
    assert all(line.isprintable() for line in lines)


def test_too_much_left_out_is_refused_with_the_way_out(folder):
    account = build(folder).account
    account.check_share(0, "x")
    (folder / "cats/broken.jpg").write_bytes(b"broken")
    account = build(folder).account
    account.check_share(0.25, "x")
    with pytest.raises(DataError, match=r"At most 10% .*left_out='25%'.*cats/broken\.jpg.*data\.most_left_out"):
        account.check_share(0.1, "x")


def test_an_account_survives_its_json(folder):
    account = build(folder).account
    assert Account(**json.loads(account.model_dump_json())) == account


def test_npz(tmp_path):
    images = np.random.default_rng(0).random((3, 4, 4))
    np.savez(tmp_path / "own.npz", images=images, labels=np.array(["b", "a", "b"]))
    data = build(tmp_path / "own.npz")
    assert data.labels.tolist() == [1, 0, 1]
    assert data.label_names == ("a", "b")
    assert data.pixel_range == (0, 1)
    assert np.allclose(data.scaled()[..., 0], images)
    assert data.account.num_taken == data.account.num_files == 3


def test_nothing_there(tmp_path):
    for name in ("none", "none.zip", "none.npz"):
        with pytest.raises(DataError, match=r"must exist.*images:/path"):
            build(tmp_path / name)


def identity(location):
    return own_images_spec(str(location)).identity()


def test_identity_of_a_folder_follows_names_and_contents(folder, tmp_path):
    first = identity(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert identity(copy) == first
    (copy / "notes.txt").write_text("no picture")
    assert identity(copy) == first
    (copy / "dogs").rename(copy / "wolves")
    assert identity(copy) != first
    (copy / "wolves").rename(copy / "dogs")
    save_plain(copy / "dogs/1.png", 9)
    assert identity(copy) != first


def test_a_name_that_is_no_text_is_a_name(folder):
    name = os.fsdecode(b"stra\xdfe")
    save_plain(folder / name / f"{name}.png", 5)
    first = identity(folder)
    data = build(folder)
    assert data.label_names == ("cats", "dogs", "stra\\xdfe")
    (folder / name).rename(folder / os.fsdecode(b"stra\xdeg"))
    assert identity(folder) != first


def test_what_is_taken_is_what_the_identity_names(folder, tmp_path):
    own = take(str(folder), OwnSettings(), LocalBlocks(tmp_path / "blocks"))
    assert own.identity == identity(folder)
    save_plain(folder / "cats/0.png", 9)
    assert own.identity != identity(folder)
    assert len(build(folder)) == 4


@pytest.mark.parametrize("change", ["written", "removed"])
def test_a_file_that_changes_after_it_was_listed(folder, change):
    with open_listing(str(folder)) as listing:
        if change == "written":
            save_plain(folder / "cats/1.png", 9, (9, 9))
        else:
            (folder / "cats/1.png").unlink()
        with pytest.raises(ChangedDataError, match=r"cats/1\.png"):
            listing.members[0].read()


def test_a_zip_file_that_changes_while_it_is_read(folder, tmp_path):
    path = zipped(folder, tmp_path / "pets.zip")
    with pytest.raises(ChangedDataError, match="written while it was read"), open_listing(str(path)):
        zipped(folder / "cats", path)


def test_an_npz_file_that_changes_while_it_is_read(tmp_path):
    path = tmp_path / "pets.npz"
    np.savez(path, images=np.zeros((3, 8, 8), np.uint8))
    file = OneFile(str(path))
    file.sha256()
    np.savez(path, images=np.zeros((4, 8, 8), np.uint8))
    with pytest.raises(ChangedDataError, match="written while it was read"):
        file.check_unchanged()


def test_an_address_with_a_key_is_refused_without_showing_it():
    with pytest.raises(DataError, match="holds no keys") as refused:
        own_images_spec("s3://AKIA:sec/ret@bucket/x")
    assert "ret" not in str(refused.value).replace("SECRET", "")


def test_identity_of_an_npz_file_is_its_bytes(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"one")
    first = identity(path)
    assert len(first) == 64
    path.write_bytes(b"two")
    assert identity(path) != first


def test_a_zip_file_is_the_same_images_as_its_folder(folder, tmp_path):
    assert identity(zipped(folder, tmp_path / "pets.zip")) == identity(folder)


S3_LISTING = """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>
<Contents><Key>pets/a/1.png</Key><ETag>"{etag}"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>99</Size></Contents>
<Contents><Key>pets/b/2.png</Key><ETag>"2"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>99</Size></Contents></ListBucketResult>"""


def test_s3_prefix(s3):
    for name, value in (("a/1.png", 5), ("b/2.png", 6)):
        stream = io.BytesIO()
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(stream, "PNG")
        s3.files[f"/bucket/pets/{name}"] = stream.getvalue()
    s3.files["/bucket"] = S3_LISTING.format(etag="1").encode()
    s3.versions |= {"/bucket/pets/a/1.png": '"1"', "/bucket/pets/b/2.png": '"2"'}
    first = identity("s3://bucket/pets")
    assert [path for path, _ in s3.requests] == ["/bucket"]
    data = build("s3://bucket/pets")
    assert data.images[:, 0, 0, 0].tolist() == [5, 6]
    assert data.label_names == ("a", "b")
    s3.files["/bucket"] = S3_LISTING.format(etag="new").encode()
    assert identity("s3://bucket/pets") != first
