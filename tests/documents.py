"""The documents, as their tests read them: what is typed, what is linked, what is named."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import typer
from command_line import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "deploy" / "README.md", *(ROOT / "docs").glob("*.md")]
PROGRAM = re.compile(r"(?:/opt/aepipe/bin/|\.venv/bin/)?(aepipe|prefect|make|python|pre-commit)")
TYPED = re.compile(r"(sudo |[A-Z_0-9]+=\S+ )*(aepipe|prefect|make|\S+ --\S+) ")


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def all_text() -> str:
    return "\n".join(path.read_text() for path in DOCUMENTS)


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield language and text of each fenced block."""
    yield from re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def spans(text: str) -> list[str]:
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(text))]


def typed(text: str) -> Iterator[str]:
    """Yield what is typed into a shell, or what systemd starts, a line each."""
    for language, block in blocks(text):
        if language == "sh":
            # A line that ends in a backslash goes on.
            yield from block.replace("\\\n", " ").splitlines()
        if language == "ini":
            yield from (line.removeprefix("ExecStart=") for line in block.splitlines() if line.startswith("ExecStart="))
    yield from (span for span in spans(text) if TYPED.match(span))


def calls(program: str, text: str) -> list[list[str]]:
    """Return the arguments of each call of a program."""
    return [arguments for line in typed(text) for name, arguments in map(_called, _words(line)) if name == program]


def _words(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of a line, as a shell divides it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&;|")
    lexer.whitespace_split = True
    words: list[str] = []
    for token in [*lexer, ";"]:
        if set(token) <= set("&;|"):
            yield words
            words = []
        else:
            words.append(token)


def _called(words: list[str]) -> tuple[str, list[str]]:
    while words and re.match(r"[A-Z_0-9]+=", words[0]):
        words = words[1:]
    for n, word in enumerate(words):
        match = PROGRAM.fullmatch(word)
        if match and (n == 0 or word.startswith("/")):
            return match.group(1), words[n + 1 :]
    return "", []


def parse_aepipe(arguments: list[str]) -> None:
    """Read the arguments of `aepipe` as it does; what it does not understand is an error."""
    command, name = typer.main.get_command(app), "aepipe"
    # A group may do something by itself.
    while hasattr(command, "commands") and not (command.invoke_without_command and not arguments):
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(name, arguments)
