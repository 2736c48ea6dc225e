"""The command line is a contract: its names are held here and in the documents, and errors are one line."""

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from uuid import uuid4

import pytest
import typer
from command_line import app
from documents import all_text
from prefect.client.schemas.objects import StateDetails
from prefect.states import Completed, Failed
from releases import put_release
from typer.testing import CliRunner

from aepipe.cli import training
from aepipe.cli.app import main
from aepipe.cli.arguments import GROUPS, names_of, parse_changes, parse_lists, parse_recipes, parse_space, settable
from aepipe.errors import ParameterError
from aepipe.recipes import RECIPES
from aepipe.recipes.file import read_recipe
from aepipe.recipes.overrides import Overrides
from aepipe.store import open_store

ROOT = Path(__file__).parents[3]
# Names are only ever added to; scripts and schedules of other people hold on to the rest.
CONTRACT = {
    "run": [
        *["--accept-data", "--allow-unsafe-pointer", "--at-once", "--data-set", "--dry-run", "--exports", "--name"],
        *["--preset", "--recipe-file", "--recipes", "--refresh", "--server", "--set", "--setting", "--start-from"],
        "--store",
    ],
    "sweep": [
        *["--at-once", "--data-set", "--most-left-out", "--preset", "--recipe-file", "--seeds", "--server", "--set"],
        *["--setting", "--store", "RECIPE"],
    ],
    "tune": [
        *["--at-once", "--data-set", "--most-left-out", "--preset", "--recipe-file", "--rungs", "--server", "--set"],
        *["--setting", "--store", "--trials", "RECIPE"],
    ],
    "curves": ["--json", "--last", "--output", "--release", "--store", "MODELS"],
    "tensorboard": ["--last", "--port", "--release", "--store", "MODELS"],
    "apply": ["--check", "--file", "--nightly", "--notify", "--pools", "--store"],
    "up": ["--database", "--file", "--host", "--nightly", "--notify", "--port", "--state", "--store"],
    "clean": ["--days", "--delete", "--grace-hours", "--json", "--keep", "--store"],
    "doctor": ["--file", "--json", "--nightly", "--pools", "--state", "--store"],
    "recipes": ["--json"],
    "recipes check": ["--data-set", "--json", "--set", "FILE"],
    "recipes schema": [],
    "recipes settings": ["--json"],
    "recipes show": ["--as-file", "--json", "--setting", "RECIPE"],
    "reconstruct": [
        *["--batch-size", "--channel", "--json", "--model", "--output", "--recipe", "--rows", "--store", "IMAGES"],
    ],
    "serve": [
        *["--batch-ms", "--batch-size", "--channel", "--drain-seconds", "--host", "--max-bytes", "--max-waiting"],
        *["--model", "--poll-seconds", "--port", "--recipe", "--store", "--token-file"],
    ],
    "encode": [
        *["--channel", "--format", "--json", "--model", "--new-only", "--output", "--recipe", "--rows", "--store"],
        "IMAGES",
    ],
    "generate": [
        *["--between", "--channel", "--from", "--json", "--model", "--output", "--recipe", "--seed", "--store"],
        "NUM_IMAGES",
    ],
    "similar": [
        *["--channel", "--codes", "--json", "--metric", "--model", "--number", "--recipe", "--rows", "--sheet"],
        *["--store", "PICTURE"],
    ],
    "map": [
        *["--channel", "--json", "--model", "--output", "--recipe", "--rows", "--seed", "--store", "IMAGES"],
    ],
    "restore": [
        *["--channel", "--json", "--model", "--new-only", "--output", "--recipe", "--reference", "--rows", "--store"],
        "IMAGES",
    ],
    "score": [
        *["--channel", "--false-alarm-rate", "--json", "--model", "--new-only", "--output", "--recipe", "--rows"],
        *["--score", "--store", "--worst", "IMAGES"],
    ],
    "table": ["--json", "--store"],
    "reproduce": ["--output", "--quick", "--seeds", "TABLES"],
    "noise": ["--kinds", "--levels", "--most-left-out", "--refresh", "--seed", "--store", "DATA_SET"],
    "datasets list": ["--json"],
    "datasets fetch": ["NAMES"],
    "datasets verify": ["--json", "NAMES"],
    "datasets index": ["--json", "--output", "--set", "DATA_SET"],
    "rerun": ["--server", "--store", "--to", "RELEASE"],
    "releases index": ["--store"],
    "releases list": ["--json", "--store"],
    "releases show": ["--json", "--store", "RELEASE"],
    "releases history": ["--json", "--store", "CHANNEL"],
    "releases verify": ["--full", "--json", "--store", "RELEASE"],
    "releases promote": ["--by", "--channel", "--force", "--json", "--missing", "--store", "--why", "RELEASE"],
    "releases remove-channel": ["--by", "--force", "--json", "--store", "--why", "CHANNEL"],
    "releases sign": ["--json", "--store", "RELEASE"],
    "releases rollback": ["--by", "--channel", "--json", "--store", "--why"],
    "releases diff": ["--json", "--store", "AFTER", "BEFORE"],
    "releases download": ["--json", "--model", "--recipe", "--store", "--to", "RELEASE"],
    "releases prune": ["--delete", "--grace-hours", "--json", "--keep", "--store"],
}


def commands(command, path=()) -> dict[str, list[str]]:
    if hasattr(command, "commands"):
        found = {}
        for name, inner in command.commands.items():
            found.update(commands(inner, (*path, name)))
        if not command.invoke_without_command:
            return found
        # A group that does something by itself.
        return {**found, **options_of(command, path)}
    return options_of(command, path)


def options_of(command, path) -> dict[str, list[str]]:
    names = []
    for parameter in command.params:
        long_names = [option for option in parameter.opts if option.startswith("--") and option != "--help"]
        is_argument = not parameter.opts[0].startswith("-")
        names += [parameter.name.upper()] if is_argument else long_names
    return {" ".join(path): sorted(names)}


def aepipe(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", "from aepipe.cli.app import main; main()", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120", **environment},
    )


def test_commands_and_options_are_the_ones_that_were_promised():
    assert commands(typer.main.get_command(app)) == CONTRACT


@pytest.mark.parametrize("command", CONTRACT)
def test_every_command_explains_itself_with_an_example(command):
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert "Example" in done.output
    assert f"aepipe {command}" in done.output


def test_the_documents_name_every_command():
    text = all_text()
    assert [command for command in CONTRACT if f"aepipe {command}" not in text] == []


def test_the_documents_name_no_option_that_is_not_there():
    known = {option for options in CONTRACT.values() for option in options}
    for line in re.findall(r"^\s*(?:[A-Z_]+=\S+ )*aepipe .*$", all_text(), re.MULTILINE):
        assert set(re.findall(r"--[a-z-]+", line)) <= known, line


def test_the_help_names_everything_that_can_be_set():
    text = re.sub(r"\s+", "", CliRunner().invoke(app, ["run", "--help"]).output)
    assert [name for name in Overrides.model_fields if name not in text] == []
    dotted = [f"{group}.{name}" for group, model in GROUPS.items() for name in names_of(model)]
    assert [name for name in dotted if name not in text] == []


def test_changes_go_where_they_belong():
    changes = ["epochs=3", "faces-conv.epochs=5", "split.seed=1", "noise.levels=0.1,0.3"]
    assert parse_changes(changes) == {
        "overrides": {"epochs": "3"},
        "recipe_overrides": {"faces-conv": {"epochs": "5"}},
        "data": {},
        "split": {"seed": "1"},
        "noise": {"levels": ["0.1", "0.3"]},
        "checkpoints": {},
        "timeouts": {},
        "publishing": {},
    }


@pytest.mark.parametrize("change", ["epochs", "=3", "mnist.epochs=3", "faces-conv.=3", "epoch=3", "split.metod=x"])
def test_a_change_that_names_nothing_is_refused(change):
    with pytest.raises(ParameterError, match="Received: set="):
        parse_changes([change])


def test_blanks_and_parts_of_names_are_understood():
    changes = parse_changes([" conv.epochs = 5 ", "noise.levels=0.1, 0.3"])
    assert changes["recipe_overrides"] == {"faces-conv": {"epochs": "5"}}
    assert changes["noise"] == {"levels": ["0.1", "0.3"]}
    assert parse_recipes("mnist-dense, conv") == ["mnist-dense", "faces-conv"]
    assert parse_lists(["batch_size=50, 150"]) == {"batch_size": ["50", "150"]}
    assert parse_space(["learning_rate=0.001 .. 0.01"])["ranges"] == {"learning_rate": {"low": "0.001", "high": "0.01"}}


MISTAKES = [
    (["run", "--recipes", "mnist"], "Received: recipe='mnist'"),
    (["run", "--recipes", "mnist-dens"], "Received: recipe='mnist-dens'. Did you mean mnist-dense?"),
    (["run", "--set", "epochs=0"], "greater than or equal to 1. Received: epochs='0'"),
    (["run", "--set", "epoch=3"], "Received: set='epoch=3'. Did you mean epochs?"),
    (["run", "--set", "conv.epoch=3"], "Received: set='conv.epoch=3'. Did you mean epochs?"),
    (["run", "--set", "split.metod=official"], "Did you mean method?"),
    (["run", "--set", "publish.channel=x"], "Did you mean publishing?"),
    (["run", "--set", "noise.kinds=gausian"], "kinds.0='gausian'. Did you mean gaussian?"),
    (["run", "--set", "schedule=cosin"], "Received: schedule='cosin'. Did you mean cosine?"),
    (["run", "--exports", "onx"], "Did you mean onnx?"),
    (["run", "--set", "epochs"], "form name=value or recipe.name=value. Received: set='epochs'"),
    (["run", "--store", "gs://bucket"], "s3://bucket/prefix. Received: store='gs://bucket'"),
    (["run", "--data-set", "mnits"], "Received: name='mnits'. Did you mean mnist?"),
    (["run", "--data-set", "images:/nonexistent"], "No such file or directory"),
    (["run", "--data-set", "images:{empty}"], "it is empty"),
    (["run", "--recipes", "faces-conv,faces-conv"], "each once"),
    (["run", "--accept-data", " "], "for the record. Received: accept_data=' '"),
    (["run", "--set", "data.checks.most_fewest=1"], "Did you mean most_fewer?"),
    (["run", "--set", "data.checks.most_fewer=2"], "Received: data.checks.most_fewer='2'"),
    (["run", "--recipes", "faces-conv", "--set", "mnist-dense.epochs=3"], "Only a recipe of the run"),
    (["run", "--recipes", "mnist-dense", "--set", "model.filters=8"], "has the options code_size, "),
    (["run", "--set", "filter=8"], "Did you mean model.filters?"),
    (["run", "--recipe-file", "none.toml"], "Received: file='none.toml', problem='No such file"),
    (["run", "--recipes", "all", "--recipe-file", "{file}"], "Leave --recipes out."),
    (["run", "--recipe-file", "{file}", "--set", "model.filters=8"], "of the architecture dense has the options"),
    (["recipes", "check", "none.toml"], "Received: file='none.toml'"),
    (["recipes", "show", "cov"], "Did you mean conv?"),
    (["sweep"], "one recipe, by its name or by its file. Received: recipe=None"),
    (["tune", "mnist-dense", "--set", "model.filters=8,16"], "of the architecture dense has the options"),
    (["tune", "mnist-dense", "--set", "corruption.level=0.1..0.3"], "What is tried is one of"),
    (["sweep", "mnist-dens"], "Did you mean mnist-dense?"),
    (["sweep", "mnist-dense", "--seeds", "1,x"], "Received: seed='x'"),
    (["sweep", "mnist-dense", "--seeds", "1,1"], "Name each seed and each value once."),
    (["sweep", "mnist-dense", "--set", "epochs=1,0"], "Received: epochs.1='0'"),
    (["sweep", "mnist-dense", "--set", "seed=1"], "Received: set='seed=1'"),
    (["sweep", "mnist-dense", "--data-set", "mnits"], "mnist-csv"),
    (["sweep", "mnist-dense", "--data-set", "images:/nonexistent"], "No such file or directory"),
    (["tune", "mnist-dense", "--set", "learning_rate=0.1..0.01"], "A range goes up"),
    (["tune", "mnist-dense", "--set", "code_size=8,16"], "Received: set='code_size=8,16'"),
    (["tune", "mnist-dense", "--set", "learning_rate=0.1..1", "--set", "learning_rate=0.1"], "Received: names="),
    (["tune", "mnist-dense", "--set", "batch_size"], "name=low..high or name=value,value,.... Received: set="),
    (["tune", "mnist-dense", "--data-set", "images:/nonexistent"], "No such file or directory"),
    (["sweep", "mnist-dense", "--store", "gs://bucket"], "s3://bucket/prefix. Received: store='gs://bucket'"),
    (["noise", "digits", "--levels", "2"], "Received: levels"),
    (["datasets", "fetch", "mnits"], "mnist-csv"),
]
FAILURES = [
    (["run", "--store", "/proc/none"], "Received: url='file:///proc/none'"),
    (["sweep", "mnist-dense", "--store", "/proc/none"], "Received: url='file:///proc/none'"),
    (["tune", "mnist-dense", "--store", "/proc/none"], "Received: url='file:///proc/none'"),
    (["releases", "show", "none", "--store", "/nonexistent/store"], "A store is there once a run has written to it"),
]


@pytest.mark.parametrize(
    ("arguments", "message", "exit_code"), [*((*case, 2) for case in MISTAKES), *((*case, 1) for case in FAILURES)]
)
def test_a_mistake_is_one_line_and_starts_nothing(arguments, message, exit_code, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "use_server", None)
    empty, file = tmp_path / "empty", tmp_path / "thin.toml"
    empty.mkdir()
    file.write_text('name = "thin"\nextends = "dense"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["aepipe", *(word.format(empty=empty, file=file) for word in arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    output, line = capsys.readouterr()
    assert (ended.value.code, output) == (exit_code, "")
    assert line.startswith("aepipe: ")
    assert message in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"), [("KERAS_BACKEND", "jax"), ("AEPIPE_THREADS", "many"), ("AEPIPE_CACHE", "/proc/none")]
)
def test_a_machine_that_cannot_train_is_told_so_at_once(name, value, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["aepipe", "run", "--store", str(tmp_path / "store")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    line = capsys.readouterr().err
    assert (name in line, value in line, line.count("\n")) == (True, True, 1)
    assert not (tmp_path / "store").exists()


def test_a_notebooks_way_to_draw_is_not_this_programs(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setattr(sys, "argv", ["aepipe", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert os.environ["MPLBACKEND"] == "agg"


def test_of_a_list_with_a_wrong_value_only_the_value_is_said(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["aepipe", "noise", "digits", "--kinds", "gausian"])
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err.count("Received") == 1


@pytest.mark.parametrize("command", ["", "run", "releases", "releases list", "datasets fetch"])
def test_help_is_short_for_h(command):
    done = CliRunner().invoke(app, [*command.split(), "-h"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_the_version_is_the_packages():
    assert CliRunner().invoke(app, ["--version"]).output == f"aepipe {metadata.version('aepipe')}\n"


def test_a_mistake_ends_the_program_without_a_traceback():
    done = aepipe("run", "--set", "epochs=0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("aepipe: ")
    assert "Traceback" not in done.stderr


def test_an_unforeseen_error_is_one_line_with_its_place_and_its_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("aepipe.cli.training.refuse_mistakes", lambda parameters: parameters["no such"])
    monkeypatch.setattr(sys, "argv", ["aepipe", "run"])
    with pytest.raises(SystemExit) as ended:
        main()
    (file,) = tmp_path.iterdir()
    line = capsys.readouterr().err
    assert (ended.value.code, line.count("\n")) == (1, 1)
    assert line.startswith("aepipe: KeyError: 'no such' (aepipe/cli/training.py:")
    assert str(file) in line
    assert "refuse_mistakes" in file.read_text()


def test_json_is_for_programs():
    rows = json.loads(aepipe("recipes", "--json").stdout)
    assert {row["recipe"] for row in rows} >= set(RECIPES)
    assert all(row["parameters"] > row["code"] for row in rows)


def test_a_recipe_is_shown_as_a_file_and_the_schema_of_files_is_one():
    shown = CliRunner().invoke(app, ["recipes", "show", "conv", "--as-file"]).output
    assert read_recipe(shown).name == "my-faces-conv"
    assert "model.architecture: residual\n" in CliRunner().invoke(app, ["recipes", "show", "conv"]).output
    schema = json.loads(CliRunner().invoke(app, ["recipes", "schema"]).output)
    assert {"name", "extends", "model", "training"} <= set(schema["properties"])
    tables = [properties for table in schema["$defs"].values() for properties in table["properties"].values()]
    assert all(field.get("description") for field in (*tables, *schema["properties"].values()))


def test_every_setting_is_shown_with_its_values_and_a_line_about_it():
    rows = json.loads(CliRunner().invoke(app, ["recipes", "settings", "--json"]).output)
    shown = {row["name"]: row["values"] for row in rows}
    assert list(shown) == list(settable())
    assert all(row["what"] for row in rows)
    assert shown["epochs"] == "a whole number >= 1, <= 100000"
    assert next(row for row in rows if row["name"] == "model.beta")["what"].endswith(" Of variational.")
    assert shown["model.hidden_widths"] == "values with commas between them"
    assert shown["augmentation.flip"] == "true, false"
    assert "scratches" in shown["corruption.kind"]
    assert shown["data.size"] == "a text"


def test_noise_makes_a_set_and_says_where(tmp_path):
    done = aepipe("noise", "digits", "--kinds", "dropout", "--levels", "0.3", "--store", str(tmp_path))
    assert done.returncode == 0, done.stderr
    uris = done.stdout.split()
    assert [uri.rpartition(".")[2] for uri in uris] == ["json", "npz", "png"]
    assert all(Path(uri.removeprefix("file://")).is_file() for uri in uris)


def test_a_run_whose_end_the_server_told_without_its_result_is_found_in_the_store(tmp_path):
    store, this_run = open_store(tmp_path), uuid4()
    put_release(store, "20260101T000000Z-a", {"dense": b"model"}, flow_run="another")
    own = put_release(store, "20260102T000000Z-b", {"dense": b"model"}, flow_run=str(this_run))
    # As where an answer is lost: Prefect asks again, and is given the state that the server has.
    details = StateDetails(flow_run_id=this_run)
    assert training._release_of(Completed(state_details=details), store) == own.release
    # Nothing had changed since another run's.
    assert training._release_of(Completed(state_details=StateDetails(flow_run_id=uuid4())), store) is None
    assert training._release_of(Failed(state_details=details, message="no images"), store) is None


def test_a_rerun_has_the_releases_parameters_and_a_store_of_its_own(tmp_path, monkeypatch):
    first, second = open_store(tmp_path / "first"), open_store(tmp_path / "second")
    release = put_release(first, "20260101T000000Z-a", {"dense": b"model"}, parameters={"preset": "quick"})
    again, started = put_release(second, "20260201T000000Z-b", {"dense": b"model"}), []
    # What a run does has tests of its own.
    monkeypatch.setattr(training, "_run", lambda *given: started.append(given) or again.release)
    arguments = ["rerun", release.release, "--store", str(first.root), "--to", str(second.root)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert started == [({"preset": "quick", "store": str(second.root)}, None)]
    assert "dense" in done.output
