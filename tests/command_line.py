"""The whole command line, to be called in this process."""

from aepipe.cli.commands import build_app

app = build_app()
releases_app = next(group.typer_instance for group in app.registered_groups if group.name == "releases")
