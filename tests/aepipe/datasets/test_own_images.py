import io
import logging
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from aepipe.datasets.own_images import own_images_spec
from aepipe.errors import DataError


def picture(path, value, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, value, np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    """Two classes below My Pets!."""
    for name, value in (("dogs/1.png", 3), ("cats/1.png", 1), ("cats/deep/2.png", 2)):
        picture(tmp_path / "My Pets!" / name, value)
    return tmp_path / "My Pets!"


def build(location, **options):
    return own_images_spec(str(location), **options).build({})


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
    path = tmp_path / "pets.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, top + file.relative_to(folder).as_posix())
    check_pets(build(path))


def test_no_labels_where_some_have_no_folder(folder):
    picture(folder / "stray.png", 4)
    data = build(folder)
    assert len(data) == 4
    assert data.labels is None
    assert data.label_names == ()


def test_no_labels_without_folders(tmp_path):
    for number in range(2):
        picture(tmp_path / f"{number}.png", number)
    assert build(tmp_path).labels is None


def test_mixed_sizes_take_the_asked_one(folder):
    picture(folder / "cats/wide.png", 4, (10, 30))
    assert build(folder).image_shape == (64, 64, 1)
    assert build(folder, image_size=16).image_shape == (16, 16, 1)


def test_broken_files_among_good_ones(folder, caplog):
    (folder / "cats/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    with caplog.at_level(logging.WARNING):
        check_pets(build(folder))
    (record,) = caplog.records
    assert record.message.startswith("cats/broken.jpg is left out")


def test_too_few_usable_images(folder):
    shutil.rmtree(folder / "cats")
    with pytest.raises(DataError, match=r"at least 2 usable images.*num_images=1"):
        build(folder)
    (folder / "dogs/1.png").write_bytes(b"broken")
    with pytest.raises(DataError, match="num_images=0"):
        build(folder)


def test_npz(tmp_path):
    images = np.random.default_rng(0).random((3, 4, 4))
    np.savez(tmp_path / "own.npz", images=images, labels=np.array(["b", "a", "b"]))
    data = build(tmp_path / "own.npz")
    assert data.labels.tolist() == [1, 0, 1]
    assert data.label_names == ("a", "b")
    assert data.pixel_range == (0, 1)
    assert np.allclose(data.scaled()[..., 0], images)


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
    picture(copy / "dogs/1.png", 9)
    assert identity(copy) != first


@pytest.mark.parametrize("suffix", [".zip", ".npz"])
def test_identity_of_a_file_is_its_bytes(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"one")
    first = identity(path)
    assert len(first) == 64
    path.write_bytes(b"two")
    assert identity(path) != first


S3_LISTING = """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>
<Contents><Key>pets/a/1.png</Key><ETag>"{etag}"</ETag><Size>99</Size></Contents>
<Contents><Key>pets/b/2.png</Key><ETag>"2"</ETag><Size>99</Size></Contents></ListBucketResult>"""


def test_s3_prefix(server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name, value in (("a/1.png", 5), ("b/2.png", 6)):
        stream = io.BytesIO()
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(stream, "PNG")
        server.files[f"/bucket/pets/{name}"] = stream.getvalue()
    server.files["/bucket"] = S3_LISTING.format(etag="1").encode()
    server.versions |= {"/bucket/pets/a/1.png": '"1"', "/bucket/pets/b/2.png": '"2"'}
    first = identity("s3://bucket/pets")
    assert [path for path, _ in server.requests] == ["/bucket"]
    data = build("s3://bucket/pets")
    assert data.images[:, 0, 0, 0].tolist() == [5, 6]
    assert data.label_names == ("a", "b")
    server.files["/bucket"] = S3_LISTING.format(etag="new").encode()
    assert identity("s3://bucket/pets") != first
