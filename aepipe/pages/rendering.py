"""Rendering of the pages' templates."""

import json

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aepipe import notation
from aepipe.checks.verdict import write_figure

FILTERS = ("decimals", "duration", "moment", "plain", "significant", "words")


def html_environment() -> Environment:
    """Return what fills in HTML templates; names of files, labels and parameters come from outside and are escaped."""
    return _environment(autoescape=True)


def markdown_environment() -> Environment:
    """Return what fills in Markdown templates, which escape what comes from outside by filters of their own."""
    return _environment(autoescape=False, keep_trailing_newline=True)


def two_lines(heading: str) -> str:
    """Return the head of a narrow column as HTML, broken where its longer half is the shortest."""
    words = heading.split(" ")
    halves = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    shortest = min(halves, key=lambda half: max(len(half[0]), len(half[1])), default=(heading,))
    return Markup("<br>").join(shortest)


def breakable(name: str) -> str:
    """Return a model's name as HTML that a narrow column may break before the data set."""
    return Markup("<wbr>@").join(name.split("@"))


def unbroken(text: str) -> str:
    """Return text that stays in one line, however narrow its column is."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _environment(**options) -> Environment:
    loader = PackageLoader("aepipe.pages", "templates")
    environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options)
    environment.filters.update({name: getattr(notation, name) for name in FILTERS}, two_lines=two_lines, name=breakable)
    environment.filters["unbroken"] = unbroken
    # A JSON string is one of YAML and of Python, too.
    environment.filters["figure"] = write_figure
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    return environment
