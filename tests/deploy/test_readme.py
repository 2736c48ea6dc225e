"""What deploy/README.md tells operators to type and to set is there: commands, options, parameters, settings, files."""

import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import prefect.settings
import pytest
import typer
from prefect.cli._app import _app as prefect_app

from aepipe.cli.app import app
from aepipe.deploy.apply.specification import FILE, load_deployments

ROOT = Path(__file__).parents[2]
README = (ROOT / "deploy" / "README.md").read_text()
FENCES = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PROSE = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
SPANS = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", PROSE)]
PROGRAM = re.compile(r"(?:/opt/aepipe/bin/)?(aepipe|prefect)")
# Of Prefect's logging.yml, whose values each have a variable that is no setting.
OF_LOGGING = {"PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"}
JSON = re.compile(r"[\[{\d]|(true|false|null)$")
ANY_RUN = "00000000-0000-0000-0000-000000000000"
# Prefect's own words.
MESSAGES_OF_PREFECT = {"Deployment concurrency limit reached."}


def lines() -> Iterator[str]:
    """Yield what is typed, or what systemd starts."""
    for language, text in FENCES:
        if language == "sh":
            yield from text.splitlines()
        if language == "ini":
            yield from (line.removeprefix("ExecStart=") for line in text.splitlines() if line.startswith("ExecStart="))
    yield from (span for span in SPANS if re.match(r"(sudo |[A-Z_0-9]+=\S+ )*(aepipe|prefect|\S+ --\S+) ", span))


def commands(program: str) -> list[list[str]]:
    """Return the arguments of each call of a program."""
    found = []
    for line in lines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&;|")
        lexer.whitespace_split = True
        call: list[str] = []
        for token in [*lexer, ";"]:
            if not set(token) <= set("&;|"):
                call.append(token)
                continue
            found += [rest for name, rest in [_called(call)] if name == program]
            call = []
    return found


def _called(call: list[str]) -> tuple[str, list[str]]:
    while call and re.match(r"[A-Z_0-9]+=", call[0]):
        call = call[1:]
    for n, token in enumerate(call):
        match = PROGRAM.fullmatch(token)
        if match and (n == 0 or token.startswith("/")):
            return match.group(1), call[n + 1 :]
    return "", []


def rows(prefix: str) -> set[str]:
    """Return the variables of the table of settings that begin so."""
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell) if name.startswith(prefix)}


@pytest.mark.parametrize("arguments", commands("aepipe"), ids=" ".join)
def test_aepipe_knows_the_command(arguments):
    command, name = typer.main.get_command(app), "aepipe"
    while hasattr(command, "commands"):
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(name, arguments)


@pytest.mark.parametrize("arguments", commands("prefect"), ids=" ".join)
def test_prefect_knows_the_command(arguments):
    arguments = [ANY_RUN if argument == "ID" else argument for argument in arguments]
    prefect_app.parse_args(arguments, print_error=False, exit_on_error=False)


@pytest.mark.parametrize(
    "arguments", [rest for rest in commands("prefect") if rest[:2] == ["deployment", "run"]], ids=" ".join
)
def test_the_deployment_takes_the_parameters(arguments):
    flows = {spec.full_name: spec.flow for spec in load_deployments(FILE, "s3://models/aepipe", "process")}
    given = [value for option, value in pairwise(arguments) if option == "--param"]
    pairs = [parameter.split("=", 1) for parameter in given]
    parameters = {name: json.loads(value) if JSON.match(value) else value for name, value in pairs}
    flow = flows[arguments[2]]
    assert set(parameters) <= set(flow.parameters.properties)
    required = {name: "why" for name in flow.parameters.required if name not in parameters}
    flow.validate_parameters({**required, **parameters})


def test_the_commands_are_found():
    assert {"up", "apply", "doctor", "releases", "datasets"} <= {arguments[0] for arguments in commands("aepipe")}
    assert {"worker", "server", "deployment", "flow-run", "gcl"} <= {arguments[0] for arguments in commands("prefect")}


def test_the_table_has_the_variables_of_the_code():
    sources = [path for top in ("aepipe", "tasks", "flows", "deploy") for path in (ROOT / top).rglob("*.py")]
    in_code = {name for path in sources for name in re.findall(r"\bAEPIPE_[A-Z0-9_]+\b", path.read_text())}
    assert rows("AEPIPE_") == in_code


def test_the_table_has_what_these_files_set():
    folder = ROOT / "deploy"
    files = [folder / "up" / "programs.py", folder / "compose.yaml", folder / "Dockerfile"]
    files += [path for name in ("helm", "pools", "kubernetes") for path in (folder / name).iterdir()]
    # ${NAME} is what Compose is told, not what Prefect is.
    pattern = r"(?<![\w{$])PREFECT_[A-Z0-9_]+\b"
    are_set = {name for path in files for name in re.findall(pattern, path.read_text())}
    assert len(are_set) > 10
    assert are_set - rows("PREFECT_") == set()


def test_prefect_knows_the_variables():
    assert [name for name in sorted(rows("PREFECT_") - OF_LOGGING) if not hasattr(prefect.settings, name)] == []


def test_the_files_are_there():
    named = set(re.findall(r"(?<![\w/:.@-])(?:aepipe|tasks|flows|deploy|tests|docs)/[\w./-]*\w", README))
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/prefect.yaml" in named
    assert [path for path in sorted(named) if f"/{path}" not in ignored and not (ROOT / path).exists()] == []


def test_the_messages_of_the_runbook_are_those_of_the_code():
    sources = [path for top in ("aepipe", "tasks", "flows", "deploy") for path in (ROOT / top).rglob("*.[py]*")]
    code = "\n".join(path.read_text() for path in sources if path.suffix in (".py", ".yaml"))
    runbook = re.findall(r"`([A-Z][^`]+\.)`", README.partition("## Runbook")[2])
    messages = {" ".join(message.split()) for message in runbook} - MESSAGES_OF_PREFECT
    messages = {message for message in messages if "..." not in message and not message.startswith("Held")}
    assert len(messages) > 8
    assert [message for message in sorted(messages) if message not in code] == []
