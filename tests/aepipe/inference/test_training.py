"""Training in Python: the weights of a run, nothing that is left, and examples that are run."""

import doctest
import re

import numpy as np
import pytest
from sklearn.datasets import load_digits

import aepipe
from aepipe.errors import DataError, ParameterError
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.new_codes import draw_codes
from aepipe.recipes.plan import Overrides
from aepipe.stages.graph import outcome_of
from aepipe.stages.request import TrainingRequest
from aepipe.store import open_store
from aepipe.store.local_files import local_file
from aepipe.training.saving import load_model

IMAGES = load_digits().images.astype(np.uint8)


def run_examples(of: object, globs: dict) -> dict:
    """Run the examples in a docstring, and return the names that they leave."""
    name = f"{of.__module__}.{of.__qualname__}"
    example = doctest.DocTestParser().get_doctest(of.__doc__, globs, name, None, 0)
    assert example.examples, name
    said: list[str] = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    doctest.DocTestRunner(optionflags=flags).run(example, out=said.append, clear_globs=False)
    assert not said, "".join(said)
    return example.globs


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The names that the example of `train` leaves, and the folder in which it would leave anything else."""
    top = tmp_path_factory.mktemp("example")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("AEPIPE_CACHE", "TMPDIR", "HOME"):
            (top / variable).mkdir()
            patch.setenv(variable, str(top / variable))
        patch.setattr("tempfile.tempdir", None)
        patch.chdir(top)
        return run_examples(aepipe.train, {"np": np, "top": top})


def test_nothing_is_left(example):
    # Keras, TensorFlow and Matplotlib keep files of their own.
    files = [path.relative_to(example["top"]) for path in example["top"].rglob("*") if path.is_file()]
    left = [file for file in files if file.parts[0] == "AEPIPE_CACHE" or "aepipe" in str(file) or len(file.parts) == 1]
    assert left == []


def test_the_examples_of_what_it_returns_hold(example):
    for method in ("reconstruct", "encode", "decode", "restore", "score", "generate"):
        run_examples(getattr(LoadedModel, method), dict(example))


def test_a_notebook_shows_a_model_in_one_line(example):
    shown = example["loaded"]._repr_html_()
    assert "mnist-dense@images-arrays" in shown
    assert "\n" not in shown


def test_the_weights_are_those_of_a_run(example, tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    np.savez(tmp_path / "digits.npz", images=IMAGES)
    request = TrainingRequest(
        recipe="mnist-dense",
        data_set=f"images:{tmp_path / 'digits.npz'}",
        overrides=Overrides(max_steps=30),
        evaluate=False,
        exports=(),
    )
    store = open_store(tmp_path / "store")
    done = outcome_of(request, lambda stage: stage.produce(store))
    model = load_model(local_file(store, done.trained.files["model.keras"]))
    for own, other in zip(example["loaded"].model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"recipe": "dens"}, "Did you mean dense?"),
        ({"preset": "quik"}, "Input should be 'full' or 'quick'. Received: preset='quik'."),
        ({"epoch": 1}, "Received: chosen='epoch'. Did you mean epochs?"),
        ({"epochs": 0}, "Received: epochs=0."),
        ({"data": {"sise": "8"}}, "Did you mean size?"),
        ({"images": "/data/shoes", "labels": IMAGES[:, 0, 0]}, "Labels go with arrays"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(chosen, said):
    with pytest.raises(ParameterError, match=re.escape(said)) as caught:
        aepipe.train(**{"images": IMAGES, "recipe": "dense", **chosen})
    assert "\n" not in str(caught.value)


def test_images_are_checked_as_those_of_files_are():
    with pytest.raises(DataError, match="from 0 to 1"):
        aepipe.train(IMAGES / 1.0, "dense")


def test_arrays_of_pairs_train_a_model_that_removes_noise():
    noisy = np.clip(IMAGES * 15.0 + np.random.default_rng(0).normal(0, 70, IMAGES.shape), 0, 255).astype(np.uint8)
    clean = IMAGES[:300] * 15
    loaded = aepipe.train(noisy[:300], "mnist-dense", clean=clean, max_steps=2, verbose=False)
    assert loaded.trained.removes_noise
    assert loaded.trained.plan.training.corruption is None
    assert "An error is that of a noisy picture" in loaded.scoring.spec.why
    with pytest.raises(ParameterError, match="no variational ones"):
        aepipe.train(noisy[:300], "mnist-variational", clean=clean, verbose=False)


@pytest.mark.parametrize("use", ["reconstruct", "encode", "score", "restore"])
def test_pixels_of_any_range_are_refused_or_named_in_every_use(example, use):
    use_it, floats = getattr(example["loaded"], use), IMAGES[:3] * 15.0
    with pytest.raises(ParameterError, match=r"from 0 to 1 here\..*pixel_range=\(0, 255\)"):
        use_it(floats)
    with pytest.raises(ParameterError, match="from 0 to 255 here"):
        use_it(IMAGES[:3].astype(np.int16) * 100)
    named, scaled = use_it(floats, pixel_range=(0, 240)), use_it(IMAGES[:3] / 16)
    if use == "score":
        named, scaled = named["score"], scaled["score"]
    # A restored image has the range of its own.
    np.testing.assert_allclose(named, scaled * 240 if use == "restore" else scaled, rtol=1e-3, atol=1e-5)


def is_like(codes: np.ndarray, loaded: LoadedModel) -> bool:
    """Whether codes lie where those of the training images do."""
    known = loaded.encode(IMAGES)
    return bool((np.abs(codes.mean(axis=0) - known.mean(axis=0)) < known.std(axis=0) + 0.1).all())


def test_new_images_come_from_codes_like_those_of_the_training_images(example):
    # Their codes before they are compared, which is done for each unit of contrast.
    assert is_like(draw_codes(example["loaded"], 1000, 0, "mixture"), example["loaded"])


def test_a_variational_model_draws_from_a_mixture_and_from_the_prior():
    loaded = aepipe.train(IMAGES[:300], "mnist-variational", max_steps=5, verbose=False)
    assert is_like(draw_codes(loaded, 1000, 0, "mixture"), loaded)
    first, again, prior = (loaded.generate(4, seed=1, origin=origin) for origin in ("mixture", "mixture", "prior"))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, prior)
