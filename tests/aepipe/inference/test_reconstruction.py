"""Reconstructions of a folder of images, through the command."""

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command_line import app
from PIL import Image
from published_models import RECIPE, RELEASE
from sklearn.datasets import load_digits
from typer.testing import CliRunner

import aepipe
from aepipe.errors import DataError, ParameterError, StoreError
from aepipe.inference.reconstruction import reconstruct_images

DIGITS = np.round(load_digits().images[:7] * (255 / 16)).astype(np.uint8)
ROOT = Path(__file__).parents[3]

on_a_folder = pytest.mark.parametrize("store_url", ["folder"], indirect=True)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Five digits in two folders, one larger and one coloured, and a broken file."""
    folder = tmp_path / "pictures"
    for number, digit in enumerate(DIGITS[:3]):
        save(folder / "even" / f"{number}.png", digit)
    save(folder / "odd" / "large.jpg", np.kron(DIGITS[3], np.ones((30, 40), np.uint8)))
    save(folder / "odd" / "red.png", np.stack([DIGITS[4], 0 * DIGITS[4], 0 * DIGITS[4]], -1))
    (folder / "odd" / "broken.png").write_bytes(b"no picture")
    return folder


def reconstruct(images, output, store, *options):
    arguments = ["reconstruct", images, "--recipe", RECIPE, "--store", store.url, "--output", output, *options]
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def table(folder) -> list[dict[str, str]]:
    with (folder / "errors.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def files_of(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@on_a_folder
def test_an_image_of_a_data_set_is_named_by_its_row(published_store, tmp_path):
    done = reconstruct_images(None, tmp_path / "out", published_store, RECIPE, rows="digits:all:13")
    names = {"digits:all:0013.png", "digits:all:0013-original.png", "errors.csv"}
    assert files_of(tmp_path / "out") == names
    pixels = np.array(Image.open(tmp_path / "out" / "digits:all:0013.png"), np.float32)[..., None] / 255
    original = load_digits().images[13][..., None] / 16
    assert done.mse_per_pixel == pytest.approx(np.mean((original - pixels) ** 2), abs=1e-3)


def test_every_image_has_its_reconstruction_and_its_error(published_store, pictures, tmp_path):
    output = tmp_path / "new" / "output"
    done = reconstruct(pictures, output, published_store, "--batch-size", 2)
    assert done.exit_code == 0, done.output
    names = ["even/0.png", "even/1.png", "even/2.png", "odd/large.jpg", "odd/red.png"]
    assert files_of(output) == {*names[:3], "odd/large.jpg.png", "odd/red.png", "errors.csv"}
    rows = table(output)
    assert [row["file"] for row in rows] == names
    loaded = aepipe.load(published_store, RECIPE)
    originals = loaded.preprocess(DIGITS[:3], pixel_range=(0, 255))
    expected = loaded.reconstruct(originals)
    for row, original, reconstruction in zip(rows, originals, expected, strict=False):
        mse = np.mean((reconstruction - original) ** 2)
        assert float(row["mse_per_pixel"]) == pytest.approx(mse, rel=1e-4)
        assert float(row["psnr_db"]) == pytest.approx(-10 * np.log10(mse), rel=1e-4)
        written = np.asarray(Image.open(output / row["file"]))
        np.testing.assert_allclose(written, np.clip(reconstruction[..., 0], 0, 1) * 255, atol=0.51)
    assert "1 of 5 had another size than 8 x 8: their centre was resized." in done.output
    assert "1 of 5 had other channels than the model and became grey" in done.output
    assert "1 could not be decoded and were left out" in done.output
    assert f"{RECIPE} of release {RELEASE}: {output}" in done.output
    assert (output.stat().st_mode & 0o777) == 0o777 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@on_a_folder
def test_json_has_the_summary(published_store, pictures, tmp_path):
    done = reconstruct(pictures, tmp_path / "output", published_store, "--json", "--channel", RELEASE)
    summary = json.loads(done.stdout)
    errors = [float(row["mse_per_pixel"]) for row in table(tmp_path / "output")]
    assert summary["num_images"] == 5
    assert summary["left_out"] == ["odd/broken.png"]
    assert summary["mse_per_pixel"] == pytest.approx(np.mean(errors))
    assert [worst["mse_per_pixel"] for worst in summary["worst"]] == sorted(errors, reverse=True)


@on_a_folder
def test_the_batch_size_changes_nothing(published_store, pictures, tmp_path):
    for size in (1, 100):
        reconstruct(pictures, tmp_path / str(size), published_store, "--batch-size", size)
    one, all_at_once = table(tmp_path / "1"), table(tmp_path / "100")
    assert [row["file"] for row in one] == [row["file"] for row in all_at_once]
    for row, other in zip(one, all_at_once, strict=True):
        assert float(row["mse_per_pixel"]) == pytest.approx(float(other["mse_per_pixel"]), rel=1e-4)


@on_a_folder
def test_a_zip_and_an_npz_file_are_read_too(published_store, pictures, tmp_path):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        for name in sorted(files_of(pictures)):
            archive.write(pictures / name, name)
    np.savez(tmp_path / "arrays.npz", images=DIGITS)
    reconstruct(pictures, tmp_path / "a", published_store)
    reconstruct(tmp_path / "pictures.zip", tmp_path / "b", published_store)
    reconstruct(tmp_path / "arrays.npz", tmp_path / "c", published_store)
    assert table(tmp_path / "a") == table(tmp_path / "b")
    assert [row["file"] for row in table(tmp_path / "c")] == list("0123456")
    assert files_of(tmp_path / "c") == {*(f"{row}.png" for row in range(7)), "errors.csv"}
    mean = [float(row["mse_per_pixel"]) for row in table(tmp_path / "a")[:3]]
    assert [float(row["mse_per_pixel"]) for row in table(tmp_path / "c")[:3]] == pytest.approx(mean, rel=1e-4)


@on_a_folder
def test_an_empty_output_folder_is_taken_and_one_in_use_is_refused(published_store, pictures, tmp_path):
    output = tmp_path / "output"
    output.mkdir()
    assert reconstruct(pictures, output, published_store).exit_code == 0
    before = files_of(output)
    with pytest.raises(ParameterError, match="folder of their own"):
        reconstruct(pictures, output, published_store)
    with pytest.raises(ParameterError, match="folder of their own"):
        reconstruct(pictures, output / "errors.csv", published_store)
    assert files_of(output) == before


@on_a_folder
def test_nothing_is_left_where_it_ends_early(published_store, pictures, tmp_path, monkeypatch):
    """On a disk that is full after three pictures."""
    written = []

    def save_until_full(image, path, format):
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        Path(path).write_bytes(b"")

    monkeypatch.setattr(Image.Image, "save", save_until_full)
    with pytest.raises(StoreError, match="room"):
        reconstruct_images(str(pictures), tmp_path / "out" / "put", published_store, RECIPE, batch_size=2)
    assert len(written) == 3
    assert list((tmp_path / "out").iterdir()) == []


@on_a_folder
def test_images_that_would_become_one_file_are_refused(published_store, tmp_path):
    save(tmp_path / "in" / "a.jpg", DIGITS[0])
    save(tmp_path / "in" / "a.jpg.png", DIGITS[0])
    with pytest.raises(ParameterError, match=r"No two images.*a\.jpg"):
        reconstruct(tmp_path / "in", tmp_path / "output", published_store)


@on_a_folder
@pytest.mark.parametrize("content", [None, b"no picture"])
def test_no_images_are_an_error(published_store, tmp_path, content):
    (tmp_path / "in").mkdir()
    if content is not None:
        (tmp_path / "in" / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"(at|At) least one"):
        reconstruct(tmp_path / "in", tmp_path / "output", published_store)
    assert not (tmp_path / "output").exists()


@on_a_folder
def test_a_file_name_can_be_anything(published_store, tmp_path):
    name = os.fsdecode(b"\x1b[31m caf\xe9,\n.png")
    save(tmp_path / "in" / name, DIGITS[0])
    done = reconstruct(tmp_path / "in", tmp_path / "output", published_store)
    assert "\x1b" not in done.output
    assert b"\x1b[31m caf\xe9,\n.png" in (tmp_path / "output" / "errors.csv").read_bytes()
    assert (tmp_path / "output" / name).is_file()


@on_a_folder
def test_a_name_without_room_for_its_ending_is_cut(published_store, tmp_path):
    names = [f"{letter}{'x' * 250}.jpg" for letter in "ab"]
    for name in (*names, "short.png"):
        save(tmp_path / "in" / name, DIGITS[0])
    done = reconstruct(tmp_path / "in", tmp_path / "output", published_store)
    assert done.exit_code == 0
    assert len(files_of(tmp_path / "output")) == 4
    assert [row["file"] for row in table(tmp_path / "output")] == [*names, "short.png"]


@on_a_folder
def test_every_frame_has_its_reconstruction_and_what_is_passed_over_is_said(published_store, tmp_path):
    (tmp_path / "in").mkdir()
    frames = [Image.fromarray(digit) for digit in DIGITS[:3]]
    frames[0].save(tmp_path / "in" / "stack.tif", save_all=True, append_images=frames[1:])
    (tmp_path / "in" / "raw.nef").write_bytes(b"raw")
    done = reconstruct(tmp_path / "in", tmp_path / "output", published_store)
    assert files_of(tmp_path / "output") == {*(f"stack.tif#{number}.png" for number in range(3)), "errors.csv"}
    assert "1 left out, picture of a kind that is not read: 1 .nef." in done.output


def test_a_mistake_is_one_line_before_tensorflow_is_imported(tmp_path):
    code = "import sys, aepipe.cli.app\ntry: aepipe.cli.app.main()\nfinally: print('tensorflow' in sys.modules)"
    command = [sys.executable, "-c", code, "reconstruct", str(tmp_path / "none"), "--recipe", "x"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert done.stdout.split() == ["False"]
    assert done.stderr.startswith("aepipe: The images must exist.")
    assert done.stderr.count("\n") == 1
