"""Noisy pictures restored through the command: their size, channels and bits, and clean ones beside them."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from command_line import app
from PIL import Image
from published_models import RECIPE, RELEASE
from sklearn.datasets import load_digits
from typer.testing import CliRunner

import aepipe
from aepipe.errors import ParameterError
from aepipe.inference import using
from aepipe.inference.restore import restore_pictures
from aepipe.results import list_results, read_table

DIGITS = np.round(load_digits().images[:6] * (255 / 16)).astype(np.uint8)
on_a_folder = pytest.mark.parametrize("store_url", ["folder"], indirect=True)


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


@pytest.fixture
def pictures(tmp_path):
    """Pictures of every kind, and one that is none."""
    folder = tmp_path / "noisy"
    save(folder / "a" / "small.png", DIGITS[0, :5, :6])
    save(folder / "a" / "exact.jpg", DIGITS[1], quality=95)
    save(folder / "b" / "large.tif", np.tile(DIGITS[2].astype(np.uint16) * 16, (4, 3)))
    save(folder / "colour.png", np.tile(DIGITS[:3].transpose(1, 2, 0), (2, 2, 1)))
    save(folder / "equal.png", np.stack([DIGITS[3]] * 3, -1))
    save(folder / "glass.png", np.concatenate([DIGITS[:3].transpose(1, 2, 0), DIGITS[4][..., None]], -1))
    pages = [Image.fromarray(digit) for digit in DIGITS[4:6]]
    pages[0].save(folder / "stack.tiff", save_all=True, append_images=pages[1:])
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def restore(images, store, *options):
    arguments = ["restore", images, "--model", RECIPE, "--store", store.url, *options]
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def read(path):
    with Image.open(path) as picture:
        return picture.mode, np.asarray(picture)


@on_a_folder
def test_pictures_come_back_in_their_own_form(published_store, pictures, tmp_path):
    done = restore(pictures, published_store, "--output", tmp_path / "out")
    assert done.exit_code == 0, done.output
    rows = pq.read_table(tmp_path / "out" / "pictures.parquet").to_pylist()
    loaded = aepipe.load(published_store, RECIPE)
    forms = {
        "a/exact.jpg": ("a/exact.jpg.png", "L", (8, 8)),
        "a/small.png": ("a/small.png", "L", (5, 6)),
        "b/large.tif": ("b/large.tif", "I;16", (32, 24)),
        "broken.png": (None, None, None),
        "colour.png": ("colour.png", "RGB", (16, 16, 3)),
        "equal.png": ("equal.png", "RGB", (8, 8, 3)),
        "glass.png": ("glass.png", "RGB", (8, 8, 3)),
        "stack.tiff#0": ("stack.tiff#0.tiff", "L", (8, 8)),
        "stack.tiff#1": ("stack.tiff#1.tiff", "L", (8, 8)),
    }
    assert [row["path"] for row in rows] == list(forms)
    for row, (file, mode, shape) in zip(rows, forms.values(), strict=True):
        assert row["file"] == (file and f"pictures/{file}")
        assert (row["model"], row["release"], row["state"]) == (RECIPE, RELEASE, "ok" if file else "broken")
        if file:
            found, pixels = read(tmp_path / "out" / row["file"])
            assert (found, pixels.shape) == (mode, shape)
    large = np.tile(DIGITS[2].astype(np.uint16) * 16, (4, 3))
    _, pixels = read(tmp_path / "out" / "pictures" / "b" / "large.tif")
    assert np.array_equal(pixels, loaded.restore(large[None], (0, 4095))[0])
    for line in (
        "3 had another size than 8 x 8: restored in overlapping tiles.",
        "2 in colour by a model of grey pictures: each channel by itself.",
        "1 had a channel of transparency, which is not restored: they lie on white.",
        "1 could not be read",
        "was not trained to remove noise",
        f"8 pictures restored by {RECIPE} of release {RELEASE}: {tmp_path / 'out'}",
    ):
        assert line in done.output


@on_a_folder
def test_clean_pictures_beside_them_say_what_it_was_good_for(published_store, tmp_path):
    generator = np.random.default_rng(0)
    for number, digit in enumerate(DIGITS):
        clean = np.tile(digit.astype(np.uint16) * 257, (2, 2))
        noisy = np.clip(clean + generator.normal(0, 6000, clean.shape), 0, 65535).astype(np.uint16)
        save(tmp_path / "noisy" / f"{number}.png", noisy)
        if number < 4:
            save(tmp_path / "clean" / f"{number}.tif", clean)
    save(tmp_path / "clean" / "4.png", DIGITS[4])
    done = restore(tmp_path / "noisy", published_store, "--reference", tmp_path / "clean", "--json")
    summary = json.loads(done.stdout)
    assert summary["num_with_clean"] == 4
    assert sorted(summary["without_clean"].values()) == [1, 1]
    assert summary["psnr_db_before"] == pytest.approx(-20 * np.log10(6000 / 65535), abs=3)
    (manifest,) = list_results(published_store, RECIPE, "restore")
    assert manifest.summary["psnr_db_after"] == summary["psnr_db_after"]
    table = pq.read_table(f"{summary['output'].removeprefix('file://')}/pictures.parquet").to_pylist()
    loaded = aepipe.load(published_store, RECIPE)
    _, noisy = read(tmp_path / "noisy" / "0.png")
    restored = loaded.restore(noisy[None], (0, 65535))[0]
    mse = np.mean(((restored - np.tile(DIGITS[0], (2, 2)) * 257.0) / 65535) ** 2)
    assert table[0]["psnr_db_after"] == pytest.approx(-10 * np.log10(mse), abs=1e-3)
    assert [row["ssim_before"] is None for row in table] == [False] * 4 + [True] * 2
    (tmp_path / "other").mkdir()
    save(tmp_path / "other" / "x.png", DIGITS[0])
    with pytest.raises(ParameterError, match="A clean picture has the path of a noisy one"):
        restore_pictures(str(tmp_path / "noisy"), published_store, RECIPE, reference=str(tmp_path / "other"))


def test_what_was_restored_is_not_restored_again(published_store, pictures):
    first = restore_pictures(str(pictures), published_store, RECIPE, new_only=True)
    assert first.manifest.num_pictures == 8
    assert restore_pictures(str(pictures), published_store, RECIPE, new_only=True).manifest is None
    save(pictures / "new.png", DIGITS[5])
    again = restore(pictures, published_store, "--new-only")
    assert "1 picture restored by" in again.output
    # Two runs of one second have no order.
    assert sorted(manifest.num_pictures for manifest in list_results(published_store, RECIPE, "restore")) == [1, 8]


@on_a_folder
def test_what_others_restored_meanwhile_is_left_out_however_often_they_come(
    published_store, pictures, tmp_path, monkeypatch
):
    """Other runs have come to a picture each time that this one is about to be completed."""
    look, others = using.find_known, []

    def look_and_let_another_run(*given):
        found = look(*given)
        if len(others) < 2:
            folder = tmp_path / f"other-{len(others)}"
            others.append(folder)
            folder.mkdir()
            name = ("colour.png", "equal.png")[len(others) - 1]
            (folder / name).write_bytes((pictures / name).read_bytes())
            restore_pictures(str(folder), published_store, RECIPE)
        return found

    monkeypatch.setattr(using, "find_known", look_and_let_another_run)
    monkeypatch.setattr("aepipe.results.writing.find_known", look_and_let_another_run)
    done = restore_pictures(str(pictures), published_store, RECIPE, new_only=True)
    assert len(others) == 2
    assert (done.manifest.num_pictures, done.manifest.num_unreadable, done.manifest.num_skipped) == (6, 1, 2)
    assert done.pictures.num_skipped == 2
    table = read_table(published_store, done.manifest)
    assert not set(table["path"]) & {"colour.png", "equal.png"}
    assert {file.path for file in done.manifest.files} == {"pictures.parquet", *table["file"].dropna()}


@on_a_folder
def test_pictures_that_would_become_one_file_are_refused(published_store, tmp_path):
    save(tmp_path / "in" / "a.jpg", DIGITS[0])
    save(tmp_path / "in" / "a.jpg.png", DIGITS[0])
    with pytest.raises(ParameterError, match=r"No two pictures.*a\.jpg"):
        restore_pictures(str(tmp_path / "in"), published_store, RECIPE)
