"""What is measured about a model: the same in batches, beside PCA, with every figure that makes sense."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from aepipe.datasets.images import ImageData
from aepipe.evaluation import drawing
from aepipe.evaluation.figures import CurveNames
from aepipe.evaluation.measure import measure as measure_all
from aepipe.evaluation.opponents import measure_opponents
from aepipe.evaluation.subject import HeldOut, Subject, predict
from aepipe.linear import PrincipalComponents
from aepipe.models import build, fit_start
from aepipe.models.options import ResidualOptions, SubclassedOptions
from aepipe.noise import NoiseBaseline, NoiseParameters, NoiseSpec
from aepipe.noisy_test_set import build_noisy_test_set
from aepipe.pages.release import _read_metrics
from aepipe.splits import Split

EVERY_MODEL = {
    "code_map",
    "code_usage",
    "error_histogram",
    "extremes",
    "interpolations",
    "loss_curves",
    "reconstructions",
}


@pytest.fixture(scope="module")
def data() -> ImageData:
    """Images of three classes that differ in brightness."""
    generator = np.random.default_rng(0)
    labels = np.arange(90) % 3
    smooth = gaussian_filter(generator.random((90, 8, 8, 1)), (0, 1, 1, 0))
    images = np.round(80 * labels[:, None, None, None] + 90 * smooth).astype(np.uint8)
    return ImageData("set", images, (0, 255), labels, ("dark", "grey", "bright"))


@pytest.fixture(scope="module")
def held_out(data) -> HeldOut:
    split = Split(np.arange(50), np.arange(50, 60), np.arange(60, 90))
    noisy = build_noisy_test_set("set", data.scaled(split.test), None, split.test, NoiseParameters(levels=(0.2,)))
    baselines = [
        NoiseBaseline(kind=spec.kind, level=spec.level, nothing_mse=0.04, linear_mse=0.01) for spec in noisy.specs
    ]
    return HeldOut("set-fraction", data, split, noisy, baselines)


def pca_model(data, held_out, **changes) -> Subject:
    """A model that is PCA, fitted on the images that the baseline has."""
    options = ResidualOptions(code_size=4)
    autoencoder = build(options, (8, 8, 1), seed=0)
    fit_start(options, autoencoder, lambda most: data.scaled(held_out.not_held_out))
    history = pd.DataFrame({"epoch": [0, 1], "loss": [0.1, 0.2], "validation_loss": [0.1, 0.2]})
    given = {"trained_noise_level": None, "is_generative": False, "history": history, "kept_epoch": 0}
    given["curves"] = CurveNames("loss")
    return Subject("dense (8x8) on set", "mnist-dense", "tuned", autoencoder, 255, **{**given, **changes})


def measure(folder, model, held_out) -> dict:
    return measure_all(folder, model, held_out, measure_opponents(held_out.data, held_out.split, 4))


def numbers(facts: dict) -> dict:
    return {name: value for name, value in facts.items() if value is not None and not isinstance(value, str | dict)}


@pytest.fixture
def no_drawing(monkeypatch):
    monkeypatch.setattr("aepipe.evaluation.measure.draw", lambda *_: None)


@pytest.mark.usefixtures("no_drawing")
def test_a_model_that_is_pca_has_its_errors_and_its_probe(tmp_path, data, held_out):
    facts = measure(tmp_path, pca_model(data, held_out), held_out)
    originals = data.scaled(held_out.split.test)
    expected = PrincipalComponents.fit(data.scaled(held_out.not_held_out), 4).reconstruct(originals)
    assert facts["mse_per_pixel"] == pytest.approx(np.mean((expected - originals) ** 2), rel=1e-3)
    assert facts["mse_per_pixel"] == pytest.approx(facts["pca_mse_per_pixel"], rel=1e-3)
    assert facts["mse_median"] <= facts["mse_95th_percentile"]
    assert facts["probe_accuracy"] == facts["pca_probe_accuracy"] > 0.9
    assert facts["neighbours_of_class"] == facts["pca_neighbours_of_class"] > 0.8
    assert facts["code_silhouette"] > 0.5
    mean_image = data.scaled(held_out.not_held_out).mean(axis=0)
    assert facts["mean_image_mse_per_pixel"] == pytest.approx(np.mean((mean_image - originals) ** 2), rel=1e-4)


@pytest.mark.usefixtures("no_drawing")
def test_batches_change_nothing(tmp_path, data, held_out, monkeypatch):
    whole = measure(tmp_path, pca_model(data, held_out), held_out)
    with np.load(tmp_path / "codes.npz") as archive:
        codes = archive["codes"]
    monkeypatch.setattr("aepipe.datasets.images.MAX_AT_ONCE", 7)
    parts = measure(tmp_path, pca_model(data, held_out), held_out)
    with np.load(tmp_path / "codes.npz") as archive:
        np.testing.assert_allclose(archive["codes"], codes, atol=1e-4)
        np.testing.assert_array_equal(archive["rows"], held_out.split.test)
        assert archive["errors"].mean() == pytest.approx(whole["mse_per_pixel"])
    assert numbers(parts) == pytest.approx(numbers(whole), rel=1e-3, abs=1e-6)


@pytest.mark.usefixtures("no_drawing")
def test_the_table_has_classes_noise_and_codes(tmp_path, data, held_out):
    facts = measure(tmp_path, pca_model(data, held_out), held_out)
    table = pd.read_csv(tmp_path / "metrics.csv")
    whole = table[(table.class_name == "all") & (table.noise == "none")].set_index("metric").value
    assert whole.probe_accuracy == facts["probe_accuracy"]
    assert set(table.class_name) == {"all", "dark", "grey", "bright"}
    errors = [whole.pca_mse_per_pixel, whole.patch_pca_mse_per_pixel, whole.dct_mse_per_pixel]
    assert whole.strongest_baseline_mse_per_pixel == min(errors)
    assert set(table.class_name[table.metric == "dct_mse_per_pixel"]) == {"all", "dark", "grey", "bright"}
    assert set(table.metric[table.noise == "gaussian 0.2"]) == {
        "denoised_mse_per_pixel",
        "linear_mse_per_pixel",
        "noisy_mse_per_pixel",
    }
    # Every mean over images has its interval; what comes from another stage as one number has none.
    means = table.metric.str.endswith("mse_per_pixel") & ~table.metric.isin(
        ["linear_mse_per_pixel", "noisy_mse_per_pixel"]
    )
    errors = table[means]
    assert ((errors.low < errors.value) & (errors.value < errors.high)).all()
    assert table.low[table.metric == "probe_accuracy"].isna().all()
    ends = facts["intervals"]["mse_per_pixel"]
    assert (ends.low, ends.high) == pytest.approx(
        tuple(table[(table.metric == "mse_per_pixel") & (table.class_name == "all")][["low", "high"]].iloc[0])
    )
    assert _read_metrics(tmp_path / "metrics.csv").low.dtype == float


@pytest.mark.usefixtures("no_drawing")
def test_a_class_that_is_a_formula_is_text_in_the_table(tmp_path, data, held_out):
    names = ("=1+1", "grey", "@SUM(1)")
    measure(tmp_path, pca_model(data, held_out), replace(held_out, data=replace(data, label_names=names)))
    assert set(pd.read_csv(tmp_path / "metrics.csv").class_name) == {"all", "'=1+1", "grey", "'@SUM(1)"}
    read = _read_metrics(tmp_path / "metrics.csv")
    assert set(read.class_name) == {"all", *names}


@pytest.mark.usefixtures("no_drawing")
def test_a_denoiser_is_measured_at_its_own_noise(tmp_path, data, held_out):
    facts = measure(tmp_path, pca_model(data, held_out, trained_noise_level=0.2), held_out)
    clean, noisy = held_out.noisy.pair(NoiseSpec(kind="gaussian", level=0.2))
    expected = PrincipalComponents.fit(data.scaled(held_out.not_held_out), 4).reconstruct(noisy)
    assert facts["denoised_mse_per_pixel"] == pytest.approx(np.mean((np.clip(expected, 0, 1) - clean) ** 2), rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({}, {"mse_by_class"}),
        ({"trained_noise_level": 0.2}, {"mse_by_class", "denoising", "error_by_noise"}),
        ({"hidden_share": 0.2}, {"mse_by_class", "error_by_noise"}),
        ({"is_generative": True}, {"mse_by_class", "latent_grid"}),
    ],
)
def test_a_model_gets_the_figures_that_make_sense(tmp_path, data, held_out, monkeypatch, changes, more):
    paths = set()
    for name in drawing.figures.__all__:
        monkeypatch.setattr(
            drawing.figures, name, lambda *given: paths.update(part for part in given if hasattr(part, "suffix"))
        )
    measure(tmp_path, pca_model(data, held_out, **changes), held_out)
    assert {path.stem for path in paths} == EVERY_MODEL | more


def test_the_extremes_are_the_best_and_the_worst(tmp_path, data, held_out, monkeypatch):
    shown = {}
    monkeypatch.setattr(
        drawing.figures, "reconstructions", lambda images, _, path, title: shown.update({path.stem: images})
    )
    for name in set(drawing.figures.__all__) - {"reconstructions"}:
        monkeypatch.setattr(drawing.figures, name, lambda *_: None)
    measure(tmp_path, pca_model(data, held_out), held_out)
    with np.load(tmp_path / "codes.npz") as archive:
        best, worst = archive["rows"][archive["errors"].argmin()], archive["rows"][archive["errors"].argmax()]
    np.testing.assert_array_equal(shown["extremes"][0], data.scaled([best])[0])
    np.testing.assert_array_equal(shown["extremes"][-1], data.scaled([worst])[0])


@pytest.mark.parametrize("part", ["model", "encoder"])
def test_images_are_computed_with_once(data, held_out, part):
    model, sizes = getattr(pca_model(data, held_out).autoencoder, part), []

    def counted(images, training):
        sizes.append(len(images))
        return model(images, training=training)

    predict(counted, data.scaled(held_out.split.test))
    assert sizes == [len(held_out.split.test)]


def test_codes_are_computed_with_so_many_at_a_time_as_their_images_allow(monkeypatch):
    monkeypatch.setattr("aepipe.datasets.images.MAX_VALUES_AT_ONCE", 2 * 8 * 8)
    sizes = []

    def decoder(codes, training):
        sizes.append(len(codes))
        return np.zeros((len(codes), 8, 8, 1), np.float32)

    assert predict(decoder, np.zeros((5, 3), np.float32)).shape == (5, 8, 8, 1)
    assert sizes == [1, 2, 2, 1]


def test_a_subclassed_model_which_has_no_shapes_of_its_own_is_measured_and_drawn(tmp_path, data, held_out):
    autoencoder = build(SubclassedOptions(hidden_widths=(16,), code_size=4), (8, 8, 1), seed=0)
    model = replace(pca_model(data, held_out), autoencoder=autoencoder, recipe="mnist-subclassed")
    facts = measure(tmp_path, model, held_out)
    assert facts["num_test_images"] == 30
    assert {path.stem for path in tmp_path.rglob("*.png")} >= EVERY_MODEL
