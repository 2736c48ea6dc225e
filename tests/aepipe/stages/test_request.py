"""What a request asks for where it leaves something open."""

import pytest
from pydantic_core import to_jsonable_python

from aepipe.errors import ParameterError
from aepipe.experiments.sweep import SweepValues, plan_sweep
from aepipe.noise import KINDS, NoiseParameters, NoiseSpec
from aepipe.preprocess import Preprocessing
from aepipe.recipes import OWN_RECIPES
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.stages.data import DataSettings, DataStage, load_data
from aepipe.stages.request import TrainingRequest, describe_request, plan_requests
from aepipe.store import open_store


@pytest.mark.parametrize(
    ("preset", "exports", "formats"),
    [
        ("full", None, ("onnx", "litert", "litert-int8")),
        ("quick", None, None),
        ("quick", ["onnx"], ("onnx",)),
        ("full", [], None),
    ],
)
def test_a_full_run_exports_everything_and_a_quick_one_nothing_unless_told(preset, exports, formats):
    parameters = TrainingRequest(recipe="mnist-dense", preset=preset, exports=exports).export_parameters()
    assert (parameters and parameters.formats) == formats


def kinds_of(*recipes, **shared) -> dict[str, tuple]:
    return {str(one.recipe): one.noise.kinds for one in plan_requests(recipes, Overrides(), {}, **shared)}


def test_all_kinds_of_noise_are_made_only_for_data_that_a_denoiser_is_trained_on():
    assert kinds_of("mnist-dense", "faces-conv") == {"mnist-dense": ("gaussian",), "faces-conv": ("gaussian",)}
    assert kinds_of("mnist-dense", "faces-conv", "faces-denoising") == {
        "mnist-dense": ("gaussian",),
        "faces-conv": KINDS,
        "faces-denoising": KINDS,
    }
    shared = kinds_of("mnist-dense", "faces-denoising", data_set="digits")
    assert shared == dict.fromkeys(("mnist-dense", "faces-denoising"), KINDS)


def test_kinds_that_were_named_are_made():
    noise = NoiseParameters(kinds=("masking", "gaussian"), levels=(0.3,))
    assert kinds_of("mnist-dense", noise=noise) == {"mnist-dense": ("masking", "gaussian")}


def test_all_kinds_are_made_where_they_were_named():
    assert kinds_of("mnist-dense", noise=NoiseParameters(kinds=KINDS)) == {"mnist-dense": KINDS}


@pytest.mark.parametrize(
    ("chosen", "name", "shape", "classes"),
    [
        ({}, "digits", (8, 8, 1), 10),
        ({"class": "7"}, "digits-7", (8, 8, 1), 1),
        ({"size": "12x10", "color": "rgb"}, "digits-12x10-rgb", (12, 10, 3), 10),
    ],
)
def test_class_size_and_color_of_a_known_data_set_are_chosen(chosen, name, shape, classes, tmp_path):
    request = TrainingRequest(recipe="mnist-dense", data_set="digits", data=chosen)
    stage = DataStage(request.data_parameters())
    result = stage.produce(open_store(tmp_path / "store"))
    assert (result.facts.name, result.facts.image_shape) == (name, shape)
    assert len(set(load_data(open_store(tmp_path / "store"), result).labels)) == classes
    assert list(stage.lines(result)) == (
        [f"{name}: images of 8 x 8 become 12 x 10, by data.size; larger ones show no more than they did"]
        if "size" in chosen
        else []
    )


def test_what_is_chosen_replaces_what_the_recipe_does_with_its_own_data():
    settings = DataSettings(**{"class": "dog", "size": "16", "color": "rgb"})
    for recipe in ("horses-stacked", "faces-conv"):
        parameters = TrainingRequest(recipe=recipe, data=settings).data_parameters()
        assert parameters.preprocessing == Preprocessing()
    kept = TrainingRequest(recipe="horses-stacked", data=DataSettings(**{"class": "dog"})).data_parameters()
    assert kept.preprocessing == Preprocessing(color="channel-mean")


def test_no_noise_is_put_on_pairs():
    chosen = {"recipe": "faces-denoising", "data_set": "images:/noisy", "data": {"clean": "/clean"}}
    assert not TrainingRequest(**chosen).is_of_denoiser
    with pytest.raises(ParameterError, match="The noise of pairs is that of their noisy pictures"):
        TrainingRequest(**chosen, overrides=Overrides(corruption={"kind": "gaussian"}))


THIN = 'name = "thin"\nextends = "dense"\n[model]\nhidden_widths = [20]\n'


def test_a_recipe_file_travels_as_its_text():
    request = TrainingRequest(recipe_file=THIN, data_set="digits", overrides=Overrides(model={"activation": "elu"}))
    assert (request.recipe, request.model) == ("thin", "thin@digits")
    assert request.definition.tuned.model.hidden_widths == (20,)
    sent = to_jsonable_python(request.as_parameters())
    assert sent["recipe"] is None
    assert TrainingRequest.of(sent) == request
    assert "thin, 16 epochs, model.activation elu, on digits" in describe_request(request)
    with pytest.raises(ParameterError, match=r"that of its file\. Received: recipe='mnist-dense', file='thin'"):
        TrainingRequest(recipe="mnist-dense", recipe_file=THIN)
    with pytest.raises(ParameterError, match="by its name, or by the text of its file"):
        TrainingRequest()


def test_a_recipe_file_is_trained_in_the_place_of_what_is_trained_by_default():
    for names in ([], OWN_RECIPES):
        (request,) = plan_requests(names, Overrides(), {}, recipe_file=THIN)
        assert request.recipe == "thin"
    with pytest.raises(ParameterError, match="Leave the names out"):
        plan_requests(["faces-conv"], Overrides(), {}, recipe_file=THIN)
    seeds = plan_sweep(None, [0, 1], SweepValues(code_size=[4]), Overrides(), recipe_file=THIN)
    assert [(one.recipe, one.overrides.code_size, one.overrides.seed) for one in seeds] == [
        ("thin", 4, 0),
        ("thin", 4, 1),
    ]


def test_what_the_recipes_architecture_has_not_is_refused_with_what_it_has():
    with pytest.raises(ParameterError, match=r"dense has the options .*Received: model\.filters=\(8,\)"):
        TrainingRequest(recipe="mnist-dense", overrides=Overrides(model={"filters": "8"}))
    with pytest.raises(ParameterError, match=r"convolutional needs model\.filters"):
        TrainingRequest(recipe="mnist-dense", overrides=Overrides(model={"architecture": "convolutional"}))
    other = Overrides(model={"architecture": "convolutional", "filters": "8,16"})
    plan = plan_training("mnist-dense", "tuned", "full", other, (28, 28, 1))
    assert (plan.model.architecture, plan.model.filters, plan.model.code_size) == ("convolutional", (8, 16), 98)


def test_a_denoiser_is_judged_on_the_noise_that_it_is_trained_on():
    scratched = Overrides(corruption={"kind": "scratches", "level": 0.15})
    (request,) = plan_requests(["mnist-dense"], scratched, {})
    assert request.judged_on == NoiseSpec(kind="scratches", level=0.15)
    assert (request.noise.kinds, request.noise.levels) == ((*KINDS, "scratches"), (0.1, 0.2, 0.4, 0.15))
    (request,) = plan_requests(["mnist-dense"], Overrides(corruption="heteroscedastic"), {})
    assert request.judged_on == NoiseSpec(kind="gaussian", level=0.2)
    assert (request.noise.kinds, request.noise.levels) == (KINDS, (0.1, 0.2, 0.4))
