"""The command tree of `aepipe`: every command of every group, with an example.

A command's module is imported when that command is called: who lists releases does not wait for what trains.
"""

import ast
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

# What a shell sets that asks for what could come next.
COMPLETION = "_AEPIPE_COMPLETE"


@dataclass(frozen=True)
class Command:
    """A command, or what a group does without one.

    Attributes:
        words: What it is called by, a group's name first.
        module: In this package.
        function: In that module; its docstring is the help, its parameters are the options.
        examples: Whole lines.
        notes: Says more below the options.
        is_group: It is what the group of these words does without a command.
    """

    words: tuple[str, ...]
    module: str
    function: str
    examples: tuple[str, ...]
    notes: Callable[[], str] | None = None
    is_group: bool = False

    @property
    def group(self) -> str | None:
        """The group that it is in, or does something for without a command."""
        return self.words[0] if self.is_group or len(self.words) > 1 else None

    @property
    def epilog(self) -> str:
        """What stands below the options."""
        notes = self.notes() if self.notes is not None else ""
        return f"{notes}Example{'s' if len(self.examples) > 1 else ''}: {'; '.join(self.examples)}"

    def load(self) -> Callable[..., Any]:
        """Return the function, which is imported now."""
        function: Callable[..., Any] = getattr(import_module(f"aepipe.cli.{self.module}"), self.function)
        return function

    def stand_in(self) -> Callable[[], None]:
        """Return a function that is listed as this one is, without an import of it."""

        def not_called() -> None:
            raise AssertionError(f"{self.words} was not loaded")

        not_called.__doc__ = _docstrings(self.module)[self.function]
        return not_called


def _command(words: str, where: str, *examples: str, **more: Any) -> Command:
    module, _, function = where.partition(":")
    return Command(tuple(words.split()), module, function, examples, **more)


def _names_of_settings() -> str:
    from aepipe.cli.arguments import settable

    return f"Names that --set takes: {', '.join(settable())}. "


GROUPS: Mapping[str, str] = {
    "recipes": "Show the recipes; one of them as a file, and what a file would train.",
    "datasets": "List, fetch and verify data sets.",
    "releases": "See, check, promote, roll back, download and prune releases.",
}
# In the order of the help.
COMMANDS = (
    _command(
        "run",
        "training:run",
        "aepipe run --preset quick --data-set digits",
        "aepipe run --recipes mnist-dense,faces-conv --set epochs=20 --set faces-conv.learning_rate=0.0005",
        notes=_names_of_settings,
    ),
    _command("sweep", "training:sweep", "aepipe sweep mnist-dense --seeds 0,1,2 --set learning_rate=0.005,0.015"),
    _command("tune", "training:tune", "aepipe tune mnist-dense --trials 20 --set learning_rate=0.002..0.05"),
    _command("rerun", "training:rerun", "aepipe rerun production --to ./rerun"),
    _command(
        "tensorboard",
        "curves:show_tensorboard",
        "aepipe tensorboard --store s3://models/aepipe",
        "aepipe tensorboard dense conv --release production --release candidate",
    ),
    _command(
        "curves",
        "curves:write_curves",
        "aepipe curves conv --store s3://models/aepipe",
        "aepipe curves dense conv --release production --release candidate --output curves.html",
    ),
    _command("recipes", "recipes:list_recipes", "aepipe recipes", is_group=True),
    _command("recipes show", "recipe_files:show_recipe", "aepipe recipes show mnist-dense --as-file > shoes.toml"),
    _command(
        "recipes check", "recipe_files:check_file", "aepipe recipes check shoes.toml --data-set images:/data/shoes"
    ),
    _command("recipes settings", "recipe_files:list_settings", "aepipe recipes settings"),
    _command("recipes schema", "recipe_files:print_schema", "aepipe recipes schema > recipe.schema.json"),
    _command("table", "models:show_table", "aepipe table --store s3://models/aepipe"),
    _command(
        "reproduce",
        "models:reproduce",
        "aepipe reproduce deep-code one-class --seeds 0 --output reproductions.csv",
    ),
    _command(
        "score",
        "uses:score",
        "aepipe score /data/parts --model faces-conv@parts --store s3://models/aepipe --new-only",
        "aepipe score --rows cifar10:test:13 --model horses-stacked --output ./scores",
    ),
    _command(
        "reconstruct",
        "uses:reconstruct",
        "aepipe reconstruct /data/digits --recipe mnist-dense --store s3://models/aepipe",
        "aepipe reconstruct shoes.zip --recipe faces-conv --channel 20260101T020000Z-1a2b3c --output shoes",
    ),
    _command(
        "encode",
        "uses:encode",
        "aepipe encode /data/shoes --model faces-conv@images-shoes --store s3://models/aepipe",
        "aepipe encode --rows mnist:test --model mnist-dense --format npy --output codes",
    ),
    _command(
        "similar",
        "uses:similar",
        "aepipe similar shoe.jpg --model faces-conv@images-shoes --sheet shoes.png --store s3://models/aepipe",
        "aepipe similar --rows mnist:test:13 --model mnist-dense --codes codes",
    ),
    _command(
        "generate",
        "uses:generate",
        "aepipe generate 100 --model mnist-variational --seed 7",
        "aepipe generate 12 --model mnist-variational --between mnist:test:0 mnist:test:1 --output between",
    ),
    _command("map", "uses:show_map", "aepipe map --rows mnist:test --model mnist-dense --output map"),
    _command(
        "restore",
        "uses:restore",
        "aepipe restore /data/noisy --model faces-denoising --store s3://models/aepipe",
        "aepipe restore noisy.zip --model faces-denoising --output restored --reference /data/clean",
    ),
    _command(
        "serve",
        "serving:serve",
        "aepipe serve --model mnist-dense --store s3://models/aepipe",
        "aepipe serve --model faces-conv --channel candidate --host 0.0.0.0 --token-file token",
    ),
    _command("noise", "prepared_data:make_noise", "aepipe noise mnist --kinds gaussian --levels 0.2 --store ./store"),
    _command("datasets list", "data_sets:list_data_sets", "aepipe datasets list"),
    _command("datasets fetch", "data_sets:fetch_data_sets", "AEPIPE_MIRROR=/srv/mirror aepipe datasets fetch mnist"),
    _command("datasets verify", "data_sets:verify_data_sets", "aepipe datasets verify mnist"),
    _command(
        "datasets index", "prepared_data:index_images", "aepipe datasets index images:/data/shoes --output shoes.csv"
    ),
    _command("releases list", "releases:list_releases", "aepipe releases list --store s3://models/aepipe"),
    _command("releases show", "releases:show_release", "aepipe releases show 20260101T020000Z-1a2b3c"),
    _command("releases history", "releases:show_history", "aepipe releases history production"),
    _command("releases verify", "releases:verify_release", "aepipe releases verify production --full"),
    _command("releases diff", "releases:diff_releases", "aepipe releases diff production candidate"),
    _command("releases download", "releases:download_release", "aepipe releases download production --to ./production"),
    _command(
        "releases promote",
        "upkeep:promote_release",
        'aepipe releases promote candidate --force --why "demo on Friday"',
    ),
    _command("releases rollback", "upkeep:rollback_channel", 'aepipe releases rollback --why "blurred faces"'),
    _command("releases sign", "upkeep:sign", "AEPIPE_SIGNING_KEY=aepipe-signing.pem aepipe releases sign production"),
    _command(
        "releases remove-channel",
        "upkeep:remove_channel",
        'aepipe releases remove-channel producton --why "typing error"',
    ),
    _command("releases prune", "upkeep:prune_releases", "aepipe releases prune --keep 10 --delete"),
    _command("releases index", "upkeep:make_index", "aepipe releases index --store s3://models/aepipe"),
    _command("clean", "cleaning:clean", "aepipe clean --store s3://models/aepipe --delete"),
    _command("apply", "operations:apply", "aepipe apply --store s3://models/aepipe --notify slack-webhook/operations"),
    _command("up", "operations:up", "aepipe up --store s3://models/aepipe --port 4200"),
    _command(
        "doctor",
        "operations:doctor",
        "PREFECT_API_URL=http://server:4200/api aepipe doctor --store s3://models/aepipe",
    ),
)


def build_app(arguments: Sequence[str] | None = None) -> typer.Typer:
    """Return the command tree.

    Args:
        arguments: What the program was called with: only what they call can be called, the others are listed. None for
            all of them, as where a shell asks for what could come next.
    """
    called = None if arguments is None or COMPLETION in os.environ else tuple(arguments)
    app = _group()
    app.callback(epilog="Example: aepipe run --preset quick --data-set digits")(about)
    groups: dict[str | None, typer.Typer] = {None: app}
    for command in COMMANDS:
        if command.group is not None and command.group not in groups:
            groups[command.group] = _group(GROUPS[command.group])
            app.add_typer(groups[command.group], name=command.group)
        into = groups[command.group]
        is_called = called is None or called[: len(command.words)] == command.words
        function = command.load() if is_called else command.stand_in()
        epilog = command.epilog if is_called else None
        if command.is_group:
            into.info.no_args_is_help = False
            into.callback(invoke_without_command=True, epilog=epilog)(function)
        else:
            into.command(command.words[-1], epilog=epilog)(function)
    return app


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"aepipe {metadata.version('aepipe')}")
        raise typer.Exit


def about(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Train autoencoders, judge them on held-out data, publish them as releases."""


def _group(help_text: str | None = None) -> typer.Typer:
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


@cache
def _docstrings(module: str) -> Mapping[str, str]:
    """Return what the functions of a module of this package say about themselves, by name, without an import of it."""
    found = find_spec(f"aepipe.cli.{module}")
    assert found is not None
    assert found.origin is not None
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    return {node.name: ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)}
