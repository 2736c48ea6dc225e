"""How the pages' templates are filled in."""

import json

from jinja2 import Environment, PackageLoader, StrictUndefined

from aepipe.publishing import notation


def html_environment() -> Environment:
    """Return what fills in HTML templates; names of files, labels and parameters come from outside and are escaped."""
    environment = Environment(
        loader=PackageLoader("aepipe", "publishing"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = ("decimals", "duration", "moment", "plain", "significant", "words")
    environment.filters.update({name: getattr(notation, name) for name in filters})
    # A JSON string is one of Python, too.
    environment.filters["quoted"] = json.dumps
    return environment
