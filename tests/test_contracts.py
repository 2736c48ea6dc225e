"""Names that other people hold on to: the library's, and the deployments' parameters."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
import typer
import yaml
from command_line import app
from prefect.utilities.callables import parameter_schema

import aepipe

ROOT = Path(__file__).parents[1]
DEPLOYMENTS = yaml.safe_load((ROOT / "deploy" / "prefect.yaml").read_text())["deployments"]
COMMON = ["data", "noise", "refresh", "split", "store"]
USED = ["channel", "model", "store", "timeouts"]
PARAMETERS = {
    "aepipe.flows.pipeline.pipeline": [
        *COMMON,
        *[
            "accept_data",
            "at_once",
            "execution",
            "checkpoints",
            "timeouts",
            "data_set",
            "exports",
            "name",
            "overrides",
            "preset",
            "publishing",
            "recipe_file",
            "recipe_overrides",
            "recipes",
            "setting",
            "start_from",
        ],
    ],
    "aepipe.flows.train.train": [
        *COMMON,
        "accept_data",
        "checkpoints",
        "timeouts",
        "data_set",
        "evaluate",
        "exports",
        "name",
        "overrides",
        "parent",
        "preset",
        "recipe",
        "recipe_file",
        "setting",
        "start_from",
    ],
    "aepipe.flows.sweep.sweep": [
        *COMMON,
        *[
            "at_once",
            "checkpoints",
            "timeouts",
            "data_set",
            "execution",
            "overrides",
            "preset",
            "recipe",
            "recipe_file",
            "seeds",
            "setting",
            "values",
        ],
    ],
    "aepipe.flows.tune.tune": [
        *["at_once", "checkpoints", "data", "data_set", "execution", "overrides", "preset", "ranges", "recipe"],
        "recipe_file",
        *["rungs", "setting", "split", "store", "timeouts", "trials", "values"],
    ],
    "aepipe.flows.noisy_test_set.noisy_test_set": [*COMMON, "data_set", "timeouts"],
    "aepipe.flows.releases.promote_release": ["channel", "force", "missing", "release", "store", "why"],
    "aepipe.flows.releases.rollback_channel": ["channel", "store", "why"],
    "aepipe.flows.releases.verify_release": ["full", "release", "store"],
    "aepipe.flows.clean.clean": ["days", "delete", "grace_hours", "keep", "store"],
    "aepipe.flows.releases.prune_releases": ["delete", "grace_hours", "keep", "store"],
    "aepipe.flows.uses.score": [*USED, "false_alarm_rate", "images", "new_only", "rows", "score", "watching", "worst"],
    "aepipe.flows.uses.generate": [*USED, "num_images", "origin", "seed"],
    "aepipe.flows.uses.encode": [*USED, "file_format", "images", "new_only", "rows"],
    "aepipe.flows.uses.restore": [*USED, "images", "new_only", "reference", "rows"],
}

# Commands that start a flow, or do what a flow does.
COMMANDS = {
    "run": "pipeline.pipeline",
    "sweep": "sweep.sweep",
    "tune": "tune.tune",
    "noise": "noisy_test_set.noisy_test_set",
    "releases promote": "releases.promote_release",
    "releases rollback": "releases.rollback_channel",
    "releases verify": "releases.verify_release",
    "releases prune": "releases.prune_releases",
    "clean": "clean.clean",
}


def flow_of(entrypoint: str):
    module, _, name = entrypoint.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_librarys_names_are_the_ones_that_were_promised():
    names = ["RECIPES", "AepipeError", "LoadedModel", "get_recipe", "list_releases", "load", "open_store", "train"]
    assert aepipe.__all__ == names
    assert all(hasattr(aepipe, name) for name in aepipe.__all__)


def test_every_deployment_leads_to_a_flow_with_the_promised_parameters():
    assert {deployment["entrypoint"] for deployment in DEPLOYMENTS} == set(PARAMETERS)
    for entrypoint, names in PARAMETERS.items():
        assert sorted(flow_of(entrypoint).parameters.properties) == sorted(names)


@pytest.mark.parametrize("entrypoint", PARAMETERS)
def test_every_parameter_is_described_in_the_form(entrypoint):
    schema = parameter_schema(flow_of(entrypoint))
    undescribed = [name for name, field in schema.properties.items() if not field.get("description")]
    undescribed += [
        f"{model}.{name}"
        for model, definition in schema.definitions.items()
        for name, field in definition.get("properties", {}).items()
        if not field.get("description")
    ]
    assert undescribed == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_says_of_a_parameter_what_the_form_says(command):
    found = typer.main.get_command(app)
    for name in command.split():
        found = found.commands[name]
    form = parameter_schema(flow_of(f"aepipe.flows.{COMMANDS[command]}")).properties
    shared = {option.name: option.help for option in found.params if option.name in form}
    assert len(shared) >= 3
    assert [name for name, text in shared.items() if not text.startswith(form[name]["description"])] == []


def test_the_data_sets_are_listed_once():
    sources = [path for top in ("aepipe", "tasks", "flows", "deploy") for path in (ROOT / top).rglob("*.py")]
    assert [path.name for path in sources if "cifar10, olivetti" in path.read_text()] == []


@pytest.mark.parametrize("entrypoint", PARAMETERS)
def test_unknown_fields_are_refused_by_the_server(entrypoint):
    definitions = parameter_schema(flow_of(entrypoint)).definitions
    open_models = [name for name, definition in definitions.items() if definition.get("additionalProperties", True)]
    assert [name for name in open_models if definitions[name].get("type") == "object"] == []


def test_no_package_index_is_named_anywhere():
    """The lock files work with whatever index the machine has."""
    hosts = ["pypi" + ".org", "files.python" + "hosted", "--index" + "-url"]
    files = [path for path in ROOT.rglob("*") if path.suffix in {".lock", ".toml", ".md", ".py", ".yaml"}]
    named = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in files
        if ".venv" not in path.parts
        for host in hosts
        if host in path.read_text(encoding="utf-8")
    ]
    assert named == []


def test_flows_hold_no_logic_of_their_own():
    for entrypoint in PARAMETERS:
        source = inspect.getsource(importlib.import_module(entrypoint.rpartition(".")[0]))
        assert not re.search(r"^(import|from) (numpy|keras|tensorflow|boto3|pandas)", source, re.MULTILINE)
        assert len(source.splitlines()) < 120
