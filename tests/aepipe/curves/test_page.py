"""Trainings of several releases are on one page: only those of the same data share a figure, and none goes unsaid."""

import json

import pytest
from command_line import app
from old_stores import COMPOSED, FIRST, unpack
from releases import put_release
from typer.testing import CliRunner

from aepipe.curves.chosen import Chosen
from aepipe.curves.page import write_page
from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.evaluation.figures import MAX_COURSES
from aepipe.store import open_store

MODEL = "mnist-dense@digits"


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


def put(store, number: int, errors, model: str = MODEL, history: bytes | None = None, **said) -> str:
    """Write a release with a model that was trained ten seconds an epoch."""
    release = f"2026010{number // 10}T{number % 10:06}Z-a"
    rows = [f"{epoch},{error},10,0.5" for epoch, error in enumerate(errors, 1)]
    table = history or "\n".join(["epoch,validation_mse,seconds,loss", *rows]).encode()
    facts = {"verdict": "first", "origin": release, "setting": "tuned", "data": "digits-fraction", "code_size": 8}
    facts |= {"recipe": model.partition("@")[0], **said}
    put_release(store, release, {model: b"model"}, {f"models/{model}/history.csv": table}, recipes={model: facts})
    return release


def test_what_was_trained_on_the_same_data_is_compared(store, tmp_path):
    old, new = put(store, 1, [0.3, 0.1, 0.2]), put(store, 2, [0.2, 0.15, 0.05])
    put(store, 3, [0.5], data="digits-official")
    put(store, 4, [0.4, "nan"], "mnist-denoising@digits", denoised_mse_per_pixel=0.1)
    output = tmp_path / "curves.html"
    arguments = ["curves", "dense", "mnist-denoising", "--store", str(store.root), "--output", str(output), "--json"]
    rows = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert [(row["data"], row["release"], row["lowest MSE"], row["in epoch"]) for row in rows[1:]] == [
        ("digits-official", rows[1]["release"], 0.5, 1),
        ("digits-fraction", new, 0.05, 3),
        ("digits-fraction", old, 0.1, 2),
    ]
    assert rows[0]["data"].startswith("digits-fraction, ")
    assert (rows[2]["seconds"], rows[2]["seconds to target"], rows[3]["seconds to target"]) == (30, 30, 20)
    page = output.read_text()
    assert page.count("<figure") == 3
    assert "Time to 0.100" in page
    # Of the latest release alone where nothing is named.
    (compared,) = write_page(store, Chosen(), output)
    assert [course.model for course in compared.courses] == ["mnist-denoising@digits"]


def test_what_there_is_no_room_for_is_counted(store, tmp_path):
    for number in range(MAX_COURSES + 2):
        put(store, number, [0.3, 0.1])
    (compared,) = write_page(store, Chosen((MODEL,), last=100), tmp_path / "curves.html")
    assert (len(compared.courses), compared.num_left_out) == (MAX_COURSES, 2)
    assert "2 older trainings" in (tmp_path / "curves.html").read_text()


def test_what_has_no_curve_is_named_beside_what_has_one(store, tmp_path):
    put(store, 1, [0.3, 0.1])
    without = put(store, 2, ["nan", "nan"])
    (compared,) = write_page(store, Chosen((MODEL,), last=2), tmp_path / "curves.html")
    assert (len(compared.courses), compared.without) == (1, [f"{MODEL}, {without}"])
    assert f"held out from training: {MODEL}, {without}." in (tmp_path / "curves.html").read_text()


def test_what_has_no_curves_is_refused(store, tmp_path):
    release = put(store, 1, ["nan", "nan"])
    with pytest.raises(ObjectNotFoundError, match=r"held out from training.*models=\['mnist-dense'\]"):
        write_page(store, Chosen.of(["dense"], [], 1), tmp_path / "curves.html")
    damaged = put(store, 2, [], history=b"epoch\nx\n")
    with pytest.raises(CorruptObjectError, match=f"columns epoch, validation_mse, seconds.*{damaged}"):
        write_page(store, Chosen(releases=(release, damaged)), tmp_path / "curves.html")
    assert not (tmp_path / "curves.html").exists()


def test_stores_of_older_versions_have_curves_and_a_composed_release_those_that_it_took_over(tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    old = open_store(unpack("0.1.0-acfb12b", tmp_path))
    compared = write_page(old, Chosen(), tmp_path / "curves.html")
    shown = [(course.model, course.release) for group in compared for course in group.courses]
    assert shown == [("faces-conv@digits", COMPOSED), ("mnist-denoising@digits", COMPOSED)]
    compared = write_page(old, Chosen.of(["conv", "mnist-denoising"], [], 5), tmp_path / "curves.html")
    shown = [(course.model, course.release) for group in compared for course in group.courses]
    assert shown[1:] == [("mnist-denoising@digits", COMPOSED), ("mnist-denoising@digits", FIRST)]
