"""Choices are derived from settings: what can be set is what there is, by the same name everywhere."""

import pickle
from typing import Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from aepipe.choices import Choices, choices_of, dotted_names, field_of, flat, names_of, nested
from aepipe.cli.arguments import GROUPS, parse_changes, parse_lists, settable
from aepipe.errors import ParameterError
from aepipe.experiments.space import CHOICES, NUMBERS
from aepipe.experiments.sweep import SweepValues
from aepipe.findings import describe_validation_error
from aepipe.models.architectures import OPTIONS
from aepipe.recipes.overrides import Overrides, SplitOverrides
from aepipe.splits import SplitSettings
from aepipe.training.settings import TrainingSettings


def of_settings() -> list[str]:
    """The dotted name of every field of every class of settings."""
    model = {f"model.{name}" for options in OPTIONS.values() for name in names_of(options)} - {"model.code_size"}
    split = [f"split.{name}" for name in dotted_names(SplitSettings)]
    return ["code_size", *sorted(model), *dotted_names(TrainingSettings), *split]


@pytest.mark.parametrize("name", of_settings())
def test_every_field_of_every_class_of_settings_can_be_set(name):
    assert name in settable()
    changed = dict(flat(parse_changes([f"{name}=1"])))
    assert list(changed) == [name if name.startswith("split.") else f"overrides.{name}"]


@pytest.mark.parametrize("name", list(dotted_names(Overrides)))
def test_each_has_a_line_in_the_form_and_a_list_in_a_sweep(name):
    assert field_of(Overrides, name).description
    assert field_of(Overrides, name).title
    assert name == "seed" or name in dotted_names(SweepValues)


def test_a_search_tries_what_can_be_compared():
    assert {"model.hidden_widths", "model.activation", "loss", "augmentation.flip", "learning_rate"} <= set(CHOICES)
    assert not {"code_size", "corruption.level", "epochs", "seed"} & set(CHOICES)
    assert {"model.code_l1", "augmentation.shift", "batch_size"} <= set(NUMBERS)


class ShapeSettings(BaseModel):
    """Settings inside others."""

    side: int = Field(3, ge=1, description="Its side.")


class OneSettings(BaseModel):
    """Settings that are new."""

    kind: Literal["a"] = Field("a", description="Its kind.")
    sizes: tuple[int, ...] = Field((1,), description="Its sizes.")
    shape: ShapeSettings | None = Field(None, description="Its shape.")


class OtherSettings(OneSettings):
    """Others of another kind."""

    kind: Literal["b"] = Field("b", description="Its kind.")


@choices_of(OneSettings, OtherSettings)
class Some(Choices):
    """Choices of new settings."""


def test_a_field_that_is_added_to_settings_can_be_chosen_within_its_bounds():
    chosen = Some(kind="b", sizes="3, 4", shape={"side": "2"})
    assert chosen.by_dotted_name() == {"kind": "b", "sizes": (3, 4), "shape.side": 2}
    assert Some(sizes=5).sizes == (5,)
    assert Some(sizes="").sizes == ()
    for wrong in ({"kind": "c"}, {"sizes": "x"}, {"shape": {"side": 0}}):
        with pytest.raises(ValidationError):
            Some(**wrong)


def test_what_was_chosen_can_be_sent_merged_and_compared():
    chosen = Overrides(epochs=3, model={"hidden_widths": "9,8"}, augmentation={"flip": True})
    assert pickle.loads(pickle.dumps(chosen)) == chosen == Overrides(**chosen.model_dump(mode="json"))
    assert len({chosen, Overrides(**chosen.chosen())}) == 1
    both = chosen.replaced_by(Overrides(model={"activation": "elu"}, augmentation={"flip": False}))
    assert both.by_dotted_name() == {
        "epochs": 3,
        "model.hidden_widths": (9, 8),
        "model.activation": "elu",
        "augmentation.flip": False,
    }
    assert nested({"a.b": 1, "a.c": 2, "d": 3}) == {"a": {"b": 1, "c": 2}, "d": 3}


def test_a_groups_name_stands_for_its_kind_and_the_codes_size_for_itself():
    assert Overrides(corruption="gaussian") == Overrides(corruption={"kind": "gaussian"})
    assert parse_changes(["corruption=none"])["overrides"] == {"corruption": {"kind": "none"}}
    assert Overrides(model={"code_size": 3}) == Overrides(code_size=3)


@pytest.mark.parametrize(
    ("given", "question"),
    [
        ({"epoch": 3}, "Did you mean epochs?"),
        ({"hidden_width": "3"}, "Did you mean model.hidden_widths?"),
        ({"beta": 3}, "Did you mean model.beta?"),
        ({"model": {"filtrs": 3}}, "Did you mean filters?"),
        ({"model": {"activation": "rellu"}}, "Did you mean relu?"),
        ({"corruption": "gausian"}, "Did you mean gaussian?"),
        ({"corruption": {"levle": 0.1}}, "Did you mean level?"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_by_flow_and_command(given, question):
    with pytest.raises(ValidationError) as refused:
        Overrides(**given)
    line = describe_validation_error(refused.value)
    assert line.endswith(question)
    assert line.count("Received") == 1


def test_values_that_are_sequences_have_semicolons_between_them():
    lists = parse_lists(["model.hidden_widths=1000,500;500,250", "batch_size=50,150", "model.hidden_widths=9"])
    assert lists == {"model": {"hidden_widths": ["1000,500", "500,250", "9"]}, "batch_size": ["50", "150"]}
    first, *others = SweepValues(**lists).combinations()
    assert (first.model.hidden_widths, first.batch_size) == ((1000, 500), 50)
    assert len(others) == 5


@pytest.mark.parametrize(
    ("change", "question"),
    [
        ("model.hiden_widths=3", "Did you mean hidden_widths?"),
        ("conv.corruption.knd=x", "Did you mean kind?"),
        ("corupton.kind=x", "Did you mean corruption?"),
        ("activation=elu", "Did you mean model.activation?"),
        ("data.cheks.most_fewer=1", "Did you mean checks?"),
        ("augmentation=true", "augmentation=true"),
    ],
)
def test_the_command_line_answers_so_at_every_level(change, question):
    with pytest.raises(ParameterError) as refused:
        parse_changes([change])
    assert question in str(refused.value)


def test_the_split_is_chosen_by_the_names_of_its_settings():
    assert set(SplitOverrides.model_fields) == set(SplitSettings.model_fields)
    assert set(GROUPS) == {"data", "split", "noise", "checkpoints", "timeouts", "publishing"}
