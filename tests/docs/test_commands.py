"""What the documents tell a reader to type is understood as it is written."""

import json
import re
from itertools import pairwise

import pytest
from documents import DOCUMENTS, ROOT, all_text, blocks, calls, parse_aepipe
from prefect.cli._app import _app as prefect_app

from aepipe.cli.arguments import parse_changes, parse_lists, parse_recipes, parse_space
from aepipe.deploy.apply.nightly import load_nights
from aepipe.deploy.apply.specification import FILE, load_deployments
from aepipe.experiments.space import SearchRanges, check_space
from aepipe.experiments.sweep import SweepValues, plan_sweep
from aepipe.recipes import RECIPES, spelled_out
from aepipe.recipes.overrides import Overrides
from aepipe.stages.request import TrainingRequest, plan_requests

TEXT = all_text()
JSON = re.compile(r"[\[{\d]|(true|false|null)$")
ANY_RUN = "00000000-0000-0000-0000-000000000000"
LANGUAGES = {"sh", "ini", "python", "toml", "yaml"}


@pytest.mark.parametrize("arguments", calls("aepipe", TEXT), ids=" ".join)
def test_aepipe_knows_the_command(arguments):
    parse_aepipe(arguments)


def option(arguments: list[str], name: str) -> list[str]:
    """The values that a call gives to an option."""
    return [value for word, value in pairwise(arguments) if word == name]


def test_what_is_set_can_be_set_for_these_recipes():
    for command, *arguments in calls("aepipe", TEXT):
        changes = option(arguments, "--set")
        if command == "run":
            chosen = parse_changes(changes)
            named = (name for names in option(arguments, "--recipes") or ["all"] for name in names.split(","))
            # A recipe that a page makes is not installed here.
            known = parse_recipes(",".join(name for name in named if spelled_out(name) in [*RECIPES, "all"]) or "all")
            others = {name: Overrides(**found) for name, found in chosen["recipe_overrides"].items()}
            plan_requests(known, Overrides(**chosen["overrides"]), others)
        recipe = spelled_out(arguments[0]) if arguments else ""
        if command == "sweep" and recipe in RECIPES:
            plan_sweep(recipe, [0], SweepValues(**parse_lists(changes)), Overrides())
        if command == "tune" and recipe in RECIPES:
            space, request = parse_space(changes), TrainingRequest(recipe=recipe)
            check_space(SearchRanges(**space["ranges"]), SweepValues(**space["values"]), request)


@pytest.mark.parametrize("arguments", calls("prefect", TEXT), ids=" ".join)
def test_prefect_knows_the_command(arguments):
    arguments = [ANY_RUN if argument == "ID" else argument for argument in arguments]
    prefect_app.parse_args(arguments, print_error=False, exit_on_error=False)


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """The deployments of the entries that the documents show; each block is loaded as a file of its own."""
    file = tmp_path_factory.mktemp("nights") / "nightly.yaml"
    specs = []
    for block in (block for language, block in blocks(TEXT) if language == "yaml"):
        file.write_text(block)
        specs += load_nights(file, "s3://models/aepipe", "process")
    assert len(specs) >= 2
    return specs


@pytest.mark.parametrize(
    "arguments", [rest for rest in calls("prefect", TEXT) if rest[:2] == ["deployment", "run"]], ids=" ".join
)
def test_the_deployment_takes_the_parameters(arguments, nights):
    specs = [*load_deployments(FILE, "s3://models/aepipe", "process"), *nights]
    flows = {spec.full_name: spec.flow for spec in specs}
    given = [value for option, value in pairwise(arguments) if option == "--param"]
    pairs = [parameter.split("=", 1) for parameter in given]
    parameters = {name: json.loads(value) if JSON.match(value) else value for name, value in pairs}
    flow = flows[arguments[2]]
    assert set(parameters) <= set(flow.parameters.properties)
    required = {name: "why" for name in flow.parameters.required if name not in parameters}
    flow.validate_parameters({**required, **parameters})


def test_make_knows_the_targets():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"\b([A-Z_]+) ?\??=|\$\(([A-Z_]+)\)", makefile))
    variables = {name for pair in variables for name in pair}
    for arguments in calls("make", TEXT):
        for argument in arguments:
            name, is_variable, _ = argument.partition("=")
            assert name in (variables if is_variable else targets), arguments


def test_the_commands_are_found():
    named = {arguments[0] for arguments in calls("aepipe", TEXT)}
    assert {"run", "sweep", "tune", "rerun", "reconstruct", "up", "apply", "doctor", "releases", "datasets"} <= named
    assert {"worker", "server", "deployment", "flow-run", "gcl"} <= {call[0] for call in calls("prefect", TEXT)}
    assert {("run",), ("test",), ("up",)} <= set(map(tuple, calls("make", TEXT)))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_blocks_of_code_are_in_languages_that_are_looked_at(path):
    assert {language for language, _ in blocks(path.read_text())} <= LANGUAGES


def test_the_python_of_the_documents_is_python():
    found = [block for language, block in blocks(TEXT) if language == "python"]
    assert len(found) > 0
    for block in found:
        compile(block, "document", "exec")
