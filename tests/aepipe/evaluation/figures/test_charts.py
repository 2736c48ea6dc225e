"""Charts are drawn from any data that a run can have, without a warning."""

import numpy as np
import pandas as pd
import pytest

from aepipe.evaluation import figures
from aepipe.evaluation.figures import charts, codes, losses, style
from aepipe.evaluation.figures.style import save
from aepipe.evaluation.intervals import Interval
from aepipe.evaluation.metrics import Summary


@pytest.fixture
def drawn(monkeypatch):
    """The Matplotlib figures that would be saved, for their texts and lines; rendering them takes most of the time."""
    figures_drawn = []
    for module in (charts, codes, losses):
        monkeypatch.setattr(module, "save", lambda figure, path: figures_drawn.append(figure))
    return figures_drawn


def history(num_epochs: int, has_validation: bool = True) -> pd.DataFrame:
    epochs = np.arange(1, num_epochs + 1)
    validation = 0.06 / epochs if has_validation else np.full(num_epochs, np.nan)
    return pd.DataFrame({"epoch": epochs, "loss": 0.05 / epochs, "validation_loss": validation})


def mean(value: float) -> Summary:
    return Summary("a class", "mse_per_pixel", value, Interval(low=value / 2, high=value * 2))


def legend(figure) -> list[str]:
    owner = figure.legends[0] if figure.legends else figure.axes[0].get_legend()
    return [text.get_text() for text in owner.get_texts()]


NAMES = figures.CurveNames("loss: nats an image", penalty="KL divergence")


@pytest.mark.parametrize(("num_epochs", "has_validation"), [(1, True), (5, False), (40, True)])
def test_losses_of_any_length(tmp_path, drawn, num_epochs, has_validation):
    figures.loss_curves(history(num_epochs, has_validation), num_epochs, tmp_path / "figure.png", "title", NAMES)
    assert legend(drawn[0]) == ["training", *["validation"] * has_validation, f"kept: epoch {num_epochs}"]
    axes = drawn[0].axes[0]
    np.testing.assert_array_equal(axes.get_xticks(), np.rint(axes.get_xticks()))
    assert axes.get_ylabel() == "loss: nats an image"


def test_the_kept_epoch_is_marked_on_the_validation_loss(tmp_path, drawn):
    figures.loss_curves(history(10), 4, tmp_path / "figure.png", "title", NAMES)
    np.testing.assert_allclose(drawn[0].axes[0].lines[-1].get_xydata(), [[4, 0.06 / 4]])


@pytest.mark.parametrize(
    ("loss", "scale"),
    [
        (-np.arange(10.0), "linear"),
        (np.linspace(30, 20, 10), "linear"),
        (np.linspace(1, 9, 10), "linear"),
        (np.linspace(50, 20, 10), "log"),
    ],
)
def test_an_axis_is_logarithmic_where_the_curve_asks_for_it(tmp_path, drawn, loss, scale):
    table = history(10).assign(loss=loss, validation_loss=np.nan)
    figures.loss_curves(table, 10, tmp_path / "figure.png", "title", NAMES)
    axes = drawn[0].axes[0]
    assert axes.get_yscale() == scale
    low, high = axes.get_ylim()
    assert sum(low <= tick <= high for tick in axes.get_yticks()) >= 3


def test_what_the_model_adds_to_the_loss_has_a_panel_and_so_has_the_rest(tmp_path, drawn):
    table = history(10).assign(penalty=0.004, validation_penalty=0.005)
    figures.loss_curves(table, 10, tmp_path / "figure.png", "title", NAMES)
    assert [panel.get_title() for panel in drawn[0].axes] == ["loss", "reconstruction", "KL divergence"]
    training, validation, _ = drawn[0].axes[1].lines
    np.testing.assert_allclose(training.get_ydata(), table.loss - 0.004)
    np.testing.assert_allclose(validation.get_ydata(), table.validation_loss - 0.005)


def test_losses_of_augmented_images_and_of_images_as_they_are_share_no_line(tmp_path, drawn):
    names = figures.CurveNames("loss", changed="augmented", starts_plain=True)
    table = history(10).assign(epoch=np.arange(10))
    figures.loss_curves(table, 3, tmp_path / "figure.png", "title", names)
    training, start, validation, _ = drawn[0].axes[0].lines
    assert [list(line.get_xdata()) for line in (training, start)] == [list(range(1, 10)), [0]]
    assert legend(drawn[0])[:3] == ["training (augmented)", "start (as they are)", "validation (as they are)"]
    assert len(validation.get_xdata()) == 10


def test_few_classes_are_named_in_their_order(tmp_path, drawn):
    errors = {name: mean(value) for name, value in (("ship", 0.3), ("airplane", 0.1), ("frog", 0.2))}
    figures.mse_by_class(errors, dict.fromkeys(errors, mean(0.25)), tmp_path / "figure.png", "title")
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["ship", "airplane", "frog"]
    assert [bar.get_height() for bar in axes.patches] == [0.3, 0.1, 0.2, 0.25, 0.25, 0.25]
    assert [list(line.get_ydata()) for line in axes.lines[:2]] == [[0.15, 0.6], [0.05, 0.2]]


def test_many_classes_are_sorted_and_counted(tmp_path, drawn):
    errors = {f"person {index}": mean((index * 7 % 40 + 1) / 100) for index in range(40)}
    figures.mse_by_class(errors, errors, tmp_path / "figure.png", "title")
    heights = [bar.get_height() for bar in drawn[0].axes[0].patches][:40]
    assert heights == sorted(heights)
    assert "40 classes" in drawn[0].axes[0].get_xlabel()


def test_a_users_folder_names_are_drawn_as_they_are(tmp_path, read, drawn):
    names = ("_hidden", r"price $\x_{$", "a" * 200)
    labels = np.arange(30) % 3
    maps = {"PCA": np.random.default_rng(0).normal(size=(30, 2))}
    figures.code_maps(maps, labels, names, tmp_path / "map.png", r"$\x_{$")
    figures.mse_by_class(
        dict.fromkeys(names, mean(0.1)), dict.fromkeys(names, mean(0.2)), tmp_path / "bars.png", r"$\x_{$"
    )
    assert legend(drawn[0]) == [" _hidden", r"price \$\x_{\$", "a" * 21 + "..."]
    for figure in drawn:
        save(figure, tmp_path / "figure.png")
        read(tmp_path / "figure.png")


@pytest.mark.parametrize(("num_kinds", "levels"), [(1, (0.2,)), (5, (0.1, 0.2, 0.4))])
def test_each_kind_of_noise_has_a_panel_with_three_lines(tmp_path, drawn, num_kinds, levels):
    table = pd.DataFrame({"level": levels, "model": 0.01, "linear": 0.02, "nothing": 0.1})
    curves = {f"kind {index}": table for index in range(num_kinds)}
    figures.error_by_noise(curves, tmp_path / "figure.png", "title")
    panels = [axes for axes in drawn[0].axes if axes.lines]
    assert [axes.get_title() for axes in panels] == list(curves)
    assert {len(axes.lines) for axes in panels} == {3}
    with_intervals = {"gaussian": table.assign(model_interval=[Interval(low=0.009, high=0.011)] * len(table))}
    figures.error_by_noise(with_intervals, tmp_path / "figure.png", "title")
    assert len(drawn[1].axes[0].collections) == 1


def test_code_maps_name_few_classes_and_scale_many(tmp_path, drawn):
    points = np.random.default_rng(0).normal(size=(80, 2))
    for num_classes in (12, 40):
        names = [f"class {index}" for index in range(num_classes)]
        maps = {"t-SNE": points, "PCA": -points}
        figures.code_maps(maps, np.arange(80) % num_classes, names, tmp_path / "figure.png", "title")
    assert legend(drawn[0]) == [f"class {index}" for index in range(12)]
    assert not drawn[1].legends
    assert "40 classes" in drawn[1].axes[2].get_ylabel()


@pytest.mark.parametrize("points", [np.zeros((50, 2)), np.ones((1, 2))])
def test_a_map_without_labels_or_of_one_point(tmp_path, read, points):
    figures.code_maps({"PCA": points}, None, (), tmp_path / "figure.png", "title")
    read(tmp_path / "figure.png")


def test_without_labels_images_stand_where_their_points_are_and_none_hides_another(tmp_path, drawn):
    points, images = np.random.default_rng(0).normal(size=(200, 2)), np.linspace(0, 1, 200)[:, None, None, None]
    path = tmp_path / "figure.png"
    figures.code_maps({"PCA": points}, None, (), path, "title", lambda places: np.tile(images[places], (1, 4, 8, 1)))
    (axes,) = drawn[0].axes
    assert 20 < len(axes.images) < 200
    boxes = np.array([image.get_extent() for image in axes.images])
    values = [float(image.get_array()[0, 0]) for image in axes.images]
    centres = np.stack([boxes[:, :2].mean(axis=1), boxes[:, 2:].mean(axis=1)], axis=1)
    assert centres == pytest.approx(points[[round(199 * value) for value in values]])
    first, others = boxes[0], boxes[1:]
    apart = (others[:, 0] >= first[1]) | (others[:, 1] <= first[0])
    assert (apart | (others[:, 2] >= first[3]) | (others[:, 3] <= first[2])).all()


def test_errors_of_none_have_a_place_in_the_histogram(tmp_path, drawn):
    errors = np.array([0, 0.001, 0.002, 0.1])
    figures.error_histogram(errors, 2 * errors, tmp_path / "figure.png", "title")
    assert legend(drawn[0]) == ["model", "PCA, same code size"]
    means = [line.get_xdata()[0] for line in drawn[0].axes[0].lines]
    assert means == pytest.approx([errors.mean(), 2 * errors.mean()])


def test_code_values_are_drawn_from_the_most_varying_to_the_dead(tmp_path, drawn):
    figures.code_usage(np.array([0.0, 3.0, 1.0]), tmp_path / "figure.png", "title")
    outline = drawn[0].axes[0].collections[0].get_paths()[0].vertices
    assert drawn[0].axes[0].get_xlim() == (0, 3)
    assert outline[:, 1].max() == 3


@pytest.fixture
def only_the_default_font(monkeypatch):
    monkeypatch.setattr(style, "FONTS", ["DejaVu Sans"])
    style._characters.cache_clear()
    yield
    style._characters.cache_clear()


@pytest.mark.usefixtures("only_the_default_font")
def test_classes_that_no_font_can_write_have_numbers_and_a_legend(tmp_path):
    names = ["\u5199\u771f_\u732b", "\u043a\u043e\u0442", "\uace0\uc591\uc774", "a\nb"]
    assert style.drawable_names(names) == ["class 1", names[1], "class 3", names[3]]
    assert style.numbered_classes(names) == f"1: {names[0]}, 3: {names[2]}"
    assert style.numbered_classes(["cat"]) == ""
    # Saved for good: a glyph that is missing is a warning, and warnings are errors.
    errors = dict.fromkeys(names, mean(0.1))
    figures.mse_by_class(errors, errors, tmp_path / "classes.png", "title")
    figures.code_maps({"PCA": np.eye(4, 2)}, np.arange(4), names, tmp_path / "map.png", "title")


def test_a_font_of_the_script_is_used_where_the_machine_has_one(monkeypatch):
    monkeypatch.setattr(style, "_characters", lambda: frozenset(map(ord, "\u732b")))
    assert style.drawable_names(["\u732b"]) == ["\u732b"]
    assert set(style.FONTS) - {"DejaVu Sans"} <= set(style.OTHER_FONTS)
