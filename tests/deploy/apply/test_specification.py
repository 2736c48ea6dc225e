"""Everything that Prefect would take without a word is refused, in one line."""

import json
import re

import pytest
import yaml

from aepipe.datasets import DATA_SETS
from aepipe.deploy.apply.job_templates import FOLDER, pool_template
from aepipe.deploy.apply.specification import FILE, load_deployments
from aepipe.errors import ParameterError

STORE = "{{ $AEPIPE_STORE }}"
POOL_TYPES = sorted(path.stem for path in (FOLDER / "pools").glob("*.json"))


def entry(**changes) -> dict:
    """A deployment that is as it should be, but for what is changed."""
    return {
        "name": "mine",
        "entrypoint": "aepipe.flows.pipeline.pipeline",
        "work_pool": {"name": "aepipe-cpu"},
        "parameters": {"store": STORE},
        **changes,
    }


def schedule(**changes) -> dict:
    return {"slug": "often", "cron": "*/5 * * * *", "timezone": "Europe/Paris", **changes}


def pool(**job_variables) -> dict:
    return {"name": "aepipe-cpu", "job_variables": job_variables}


@pytest.fixture
def load(tmp_path):
    """Loads a file with these entries, or with this text."""

    def load(*entries, text: str | None = None, pool_type: str = "process"):
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump({"deployments": list(entries)}) if text is None else text)
        return load_deployments(file, "/srv/store", pool_type)

    return load


REFUSED = {
    "unknown field": (entry(cron="0 2 * * *"), r"mine\.cron: .* Received: cron='0 2 \* \* \*'"),
    "no pool": (entry(work_pool={}), r"mine\.work_pool\.name: Field required\. Received: name=\[\]"),
    "other pool": (entry(work_pool={"name": "gpus"}), r"work_pool\.name: .*'aepipe-gpu'\. Received: name='gpus'"),
    "slash in the name": (entry(name="a/b"), r"deployments\.a/b\.name: .* Received: name='a/b'"),
    "no parameters": (entry(parameters=None), r"mine\.parameters: .*dictionary\. Received: parameters=None"),
    "no such module": (
        entry(entrypoint="aepipe.flows.pipe.run"),
        r"No module named 'aepipe.flows.pipe'\. Received: entrypoint=",
    ),
    "no such function": (entry(entrypoint="aepipe.flows.pipeline.run"), r"no attribute 'run'\. Received: entrypoint="),
    "no module": (entry(entrypoint="pipeline"), r"mine\.entrypoint: .* Received: entrypoint='pipeline'"),
    "file and function": (entry(entrypoint="flows/a.py:b"), r"mine\.entrypoint: .* Received: entrypoint='flows/a"),
    "no flow": (entry(entrypoint="aepipe.flows.pipeline.Published"), r"mine\.entrypoint: this is no flow\. Received:"),
    "unknown parameter": (entry(parameters={"recipe": 1}), r"parameters are some of recipes, .* unknown=\['recipe'\]"),
    "wrong choice": (entry(parameters={"preset": "fast"}), r"parameters\.preset: .*'quick'\. Received: preset='fast'"),
    "no such data set": (entry(parameters={"data_set": "mnits"}), r"data_set: .*olivetti.* Received: data_set='mnits'"),
    "wrong item": (entry(parameters={"recipes": ["mnist"]}), r"parameters\.recipes\.0: .* Received: recipes='mnist'"),
    "wrong type": (entry(parameters={"at_once": "2"}), r"parameters\.at_once: .* Received: at_once='2'"),
    "out of bounds": (entry(parameters={"at_once": 0}), r"parameters\.at_once: .* equal to 1\. Received: at_once=0"),
    "unknown inner name": (
        entry(parameters={"overrides": {"epoch": 3}}),
        r"overrides: .* Received: name='epoch'\. Did you mean epochs\? Correct",
    ),
    "own rule of a model": (entry(parameters={"noise": {"levels": [7]}}), r"levels: a level lies .* levels=\[7\]"),
    "other variable": (entry(parameters={"store": "{{ $STORE }}"}), r"AEPIPE_STORE .* Received: store='{{ \$STORE }}'"),
    "unknown job variable": (entry(work_pool=pool(ram=1)), r"job_variables are some of env, .* unknown=\['ram'\]"),
    "wrong job variable": (
        entry(work_pool=pool(env=3)),
        r"'env'.* Received: job_variables={'env': 3}",
    ),
    "broken cron": (entry(schedules=[schedule(cron="x 2 * * *")]), r"schedules\.0\.cron: .* Received: cron='x 2"),
    "no time zone": (entry(schedules=[{"slug": "a", "cron": "0 2 * * *"}]), r"schedules\.0\.timezone: Field required"),
    "unknown time zone": (entry(schedules=[schedule(timezone="Mars/Base")]), r"timezone: .* timezone='Mars/Base'"),
    "unknown parameter of a schedule": (
        entry(schedules=[schedule(parameters={"prset": "quick"})]),
        r"schedules\.often\.parameters are some of .* unknown=\['prset'\]",
    ),
    "wrong parameter of a schedule": (
        entry(schedules=[schedule(parameters={"preset": "fast"})]),
        r"schedules\.often\.parameters\.preset: .* Received: preset='fast'",
    ),
    "one slug twice": (entry(schedules=[schedule(), schedule()]), r"pipeline/mine: schedules .*\['often', 'often'\]"),
    "no runs": (entry(concurrency_limit={"limit": 0}), r"concurrency_limit\.limit: .* Received: limit=0"),
    "other strategy": (
        entry(concurrency_limit={"limit": 1, "collision_strategy": "CANCEL"}),
        r"collision_strategy: .*'CANCEL_NEW'\. Received: collision_strategy='CANCEL'",
    ),
    "not an entry": (7, r"deployments\.0: .*dictionary\. Received: deployments=7"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused_in_one_line_with_the_rule_the_value_and_the_file(load, tmp_path, case):
    wrong, told = REFUSED[case]
    with pytest.raises(ParameterError) as refusal:
        load(wrong)
    line = str(refusal.value)
    assert re.search(told, line), line
    assert line.endswith(f"Correct it in {tmp_path / 'mine.yaml'}.")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"content: .*dictionary\. Received: content=None"),
        ("- a", r"content: .*dictionary\. Received: content=\['a'\]"),
        ("name: mine", r"deployments: Field required\. Received: deployments=\['name'\]"),
        ("deployments:", r"deployments: .*list\. Received: deployments=None"),
        ("deployments: []\npull: []", r"pull: .* not permitted\. Received: pull=\[\]"),
        ("deployments: [\n", r"must be YAML: .* line 2, column 1.* Received: file='.*mine.yaml'"),
    ],
)
def test_a_file_of_another_form_is_refused_in_one_line(load, text, told):
    with pytest.raises(ParameterError, match=told) as refusal:
        load(text=text)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"No such file .* Received: file='.*none.yaml'\. Name another: --file\."):
        load_deployments(tmp_path / "none.yaml", "/srv/store", "process")


def test_two_deployments_of_one_name_are_refused(load):
    with pytest.raises(ParameterError, match=r"deployments have .* names=\['pipeline/mine', 'pipeline/mine'\]"):
        load(entry(), entry())


def test_an_own_file_passes_and_gets_the_store_wherever_it_is_named(load):
    first, second = load(
        entry(
            parameters={"store": STORE, "recipes": ["faces-conv"], "overrides": {"learning_rate": 1}},
            schedules=[schedule(parameters={"store": STORE, "preset": "quick"})],
            concurrency_limit={"limit": 2},
            work_pool=pool(env={"AWS_PROFILE": "models"}),
        ),
        entry(name="other", entrypoint="aepipe.flows.train.train"),
    )
    assert first.full_name == "pipeline/mine"
    assert first.parameters["store"] == "/srv/store"
    assert first.schedules[0].parameters == {"store": "/srv/store", "preset": "quick"}
    assert first.concurrency_limit.collision_strategy == "ENQUEUE"
    # recipe has no default: the form asks for it.
    assert second.parameters == {"store": "/srv/store"}


@pytest.mark.parametrize("pool_type", POOL_TYPES)
def test_the_projects_file_passes_for_every_type_of_pool(pool_type):
    names = {spec.full_name for spec in load_deployments(FILE, "s3://models/aepipe", pool_type)}
    assert {"pipeline/nightly", "pipeline/on-demand", "train/gpu", "sweep/on-demand", "tune/on-demand"} < names
    assert "noisy-test-set/weekly" in names
    assert {f"releases/{name}" for name in ("promote", "rollback", "verify", "prune")} < names


@pytest.mark.parametrize("pool_type", POOL_TYPES)
def test_job_variables_are_those_of_the_type_of_pool(load, pool_type):
    known = set(pool_template(pool_type)["variables"]["properties"])
    others = {name for other in POOL_TYPES for name in pool_template(other)["variables"]["properties"]} - known
    assert load(entry(work_pool=pool(env={})), pool_type=pool_type)
    for name in ("nothing", *sorted(others)):
        with pytest.raises(ParameterError, match=f"unknown=\\['{name}'\\]"):
            load(entry(work_pool=pool(**{name: 1})), pool_type=pool_type)


@pytest.mark.parametrize("pool_type", POOL_TYPES)
def test_a_template_takes_everything_that_it_names_from_its_variables_or_from_prefect(pool_type):
    template = pool_template(pool_type)
    named = set(re.findall(r"{{ *(\w+) *}}", json.dumps(template["job_configuration"])))
    assert named <= set(template["variables"]["properties"])


def forms() -> list:
    return [
        pytest.param(field, id=f"{spec.full_name}-{name}-{n}")
        for spec in load_deployments(FILE, "/srv/store", "process")
        for n, part in enumerate([spec.parameter_schema(), *spec.parameter_schema().get("definitions", {}).values()])
        for name, field in part.get("properties", {}).items()
    ]


@pytest.mark.parametrize("field", forms())
def test_every_field_of_a_form_has_a_title_and_a_description_with_its_bounds(field):
    assert re.fullmatch(r"[A-Z][a-z-]+( [a-z-]+)*", field["title"])
    assert len(field["description"].split()) >= 2
    for rule in (field, *field.get("anyOf", [])):
        for bound in {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} & rule.keys():
            assert f" {rule[bound]}" in field["description"]


def test_the_form_names_every_data_set():
    for spec in load_deployments(FILE, "/srv/store", "process"):
        field = spec.parameter_schema()["properties"].get("data_set")
        if field is not None:
            assert {name for name in DATA_SETS if name not in field["description"]} == set()
