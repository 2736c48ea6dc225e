"""The command tree of `aepipe`: every command of every group, with an example."""

import os
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from aepipe.cli import (
    cleaning,
    curves,
    data_sets,
    models,
    operations,
    recipes,
    releases,
    serving,
    training,
    upkeep,
    uses,
)
from aepipe.cli.arguments import settable
from aepipe.errors import AepipeError, ParameterError
from aepipe.findings import describe_validation_error
from aepipe.unforeseen import describe_unforeseen, wants_traceback

FAILED, MISUSED = 1, 2


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


def _add(group: typer.Typer, name: str, command: Callable[..., Any], *examples: str, notes: str = "") -> None:
    epilog = f"{notes}Example{'s' if len(examples) > 1 else ''}: {'; '.join(examples)}"
    group.command(name, epilog=epilog)(command)


app = _group()
app.callback(epilog="Example: aepipe run --preset quick --data-set digits")(about)

_add(
    *(app, "run", training.run),
    "aepipe run --preset quick --data-set digits",
    "aepipe run --recipes mnist-dense,faces-conv --set epochs=20 --set faces-conv.learning_rate=0.0005",
    notes=f"Names that --set takes: {', '.join(settable())}. ",
)
_add(app, "sweep", training.sweep, "aepipe sweep mnist-dense --seeds 0,1,2 --set learning_rate=0.005,0.015")
_add(app, "tune", training.tune, "aepipe tune mnist-dense --trials 20 --set learning_rate=0.002..0.05")
_add(app, "rerun", training.rerun, "aepipe rerun production --to ./rerun")
_add(
    *(app, "tensorboard", curves.show_tensorboard),
    "aepipe tensorboard --store s3://models/aepipe",
    "aepipe tensorboard dense conv --release production --release candidate",
)

_add(
    *(app, "curves", curves.write_curves),
    "aepipe curves conv --store s3://models/aepipe",
    "aepipe curves dense conv --release production --release candidate --output curves.html",
)

recipes_app = _group()
recipes_app.info.no_args_is_help = False
recipes_app.callback(invoke_without_command=True, epilog="Example: aepipe recipes")(recipes.list_recipes)
app.add_typer(recipes_app, name="recipes")
_add(recipes_app, "show", recipes.show_recipe, "aepipe recipes show mnist-dense --as-file > shoes.toml")
_add(recipes_app, "check", recipes.check_file, "aepipe recipes check shoes.toml --data-set images:/data/shoes")
_add(recipes_app, "settings", recipes.list_settings, "aepipe recipes settings")
_add(recipes_app, "schema", recipes.print_schema, "aepipe recipes schema > recipe.schema.json")
_add(app, "table", models.show_table, "aepipe table --store s3://models/aepipe")
_add(app, "reproduce", models.reproduce, "aepipe reproduce deep-code one-class --seeds 0 --output reproductions.csv")
_add(
    *(app, "score", uses.score),
    "aepipe score /data/parts --model faces-conv@parts --store s3://models/aepipe --new-only",
    "aepipe score --rows cifar10:test:13 --model horses-stacked --output ./scores",
)
_add(
    *(app, "reconstruct", uses.reconstruct),
    "aepipe reconstruct /data/digits --recipe mnist-dense --store s3://models/aepipe",
    "aepipe reconstruct shoes.zip --recipe faces-conv --channel 20260101T020000Z-1a2b3c --output shoes",
)
_add(
    *(app, "encode", uses.encode),
    "aepipe encode /data/shoes --model faces-conv@images-shoes --store s3://models/aepipe",
    "aepipe encode --rows mnist:test --model mnist-dense --format npy --output codes",
)
_add(
    *(app, "similar", uses.similar),
    "aepipe similar shoe.jpg --model faces-conv@images-shoes --sheet shoes.png --store s3://models/aepipe",
    "aepipe similar --rows mnist:test:13 --model mnist-dense --codes codes",
)
_add(
    *(app, "generate", uses.generate),
    "aepipe generate 100 --model mnist-variational --seed 7",
    "aepipe generate 12 --model mnist-variational --between mnist:test:0 mnist:test:1 --output between",
)
_add(app, "map", uses.show_map, "aepipe map --rows mnist:test --model mnist-dense --output map")
_add(
    *(app, "restore", uses.restore),
    "aepipe restore /data/noisy --model faces-denoising --store s3://models/aepipe",
    "aepipe restore noisy.zip --model faces-denoising --output restored --reference /data/clean",
)

_add(
    *(app, "serve", serving.serve),
    "aepipe serve --model mnist-dense --store s3://models/aepipe",
    "aepipe serve --model faces-conv --channel candidate --host 0.0.0.0 --token-file token",
)

_add(app, "noise", data_sets.make_noise, "aepipe noise mnist --kinds gaussian --levels 0.2 --store ./store")
data_sets_app = _group("List, fetch and verify data sets.")
app.add_typer(data_sets_app, name="datasets")
_add(data_sets_app, "list", data_sets.list_data_sets, "aepipe datasets list")
_add(data_sets_app, "fetch", data_sets.fetch_data_sets, "AEPIPE_MIRROR=/srv/mirror aepipe datasets fetch mnist")
_add(data_sets_app, "verify", data_sets.verify_data_sets, "aepipe datasets verify mnist")
_add(data_sets_app, "index", data_sets.index_images, "aepipe datasets index images:/data/shoes --output shoes.csv")

releases_app = _group("See, check, promote, roll back, download and prune releases.")
app.add_typer(releases_app, name="releases")
_add(releases_app, "list", releases.list_releases, "aepipe releases list --store s3://models/aepipe")
_add(releases_app, "show", releases.show_release, "aepipe releases show 20260101T020000Z-1a2b3c")
_add(releases_app, "history", releases.show_history, "aepipe releases history production")
_add(releases_app, "verify", releases.verify_release, "aepipe releases verify production --full")
_add(releases_app, "diff", releases.diff_releases, "aepipe releases diff production candidate")
_add(releases_app, "download", releases.download_release, "aepipe releases download production --to ./production")
_add(
    releases_app, "promote", upkeep.promote_release, 'aepipe releases promote candidate --force --why "demo on Friday"'
)
_add(releases_app, "rollback", upkeep.rollback_channel, 'aepipe releases rollback --why "blurred faces"')
_add(releases_app, "sign", upkeep.sign, "AEPIPE_SIGNING_KEY=aepipe-signing.pem aepipe releases sign production")
_add(
    releases_app,
    "remove-channel",
    upkeep.remove_channel,
    'aepipe releases remove-channel producton --why "typing error"',
)
_add(releases_app, "prune", upkeep.prune_releases, "aepipe releases prune --keep 10 --delete")
_add(releases_app, "index", upkeep.make_index, "aepipe releases index --store s3://models/aepipe")

_add(app, "clean", cleaning.clean, "aepipe clean --store s3://models/aepipe --delete")
_add(app, "apply", operations.apply, "aepipe apply --store s3://models/aepipe --notify slack-webhook/operations")
_add(app, "up", operations.up, "aepipe up --store s3://models/aepipe --port 4200")
_add(
    app, "doctor", operations.doctor, "PREFECT_API_URL=http://server:4200/api aepipe doctor --store s3://models/aepipe"
)


def main() -> None:
    """Run the command line; an error that the user can act on is one line.

    So is one that nobody foresaw; its traceback is kept in a file. The exit code is 2 where what was asked for can't be
    done, and 1 where doing it failed.
    """
    # Figures are files; a notebook leaves its programs a way to draw that only the notebook has.
    os.environ["MPLBACKEND"] = "agg"
    try:
        app()
    except ValidationError as error:
        _end(describe_validation_error(error), MISUSED)
    except AepipeError as error:
        _end(str(error), MISUSED if isinstance(error, ParameterError) else FAILED)
    except Exception as error:
        if wants_traceback():
            raise
        _end(describe_unforeseen(error), FAILED)


def _end(line: str, exit_code: int) -> None:
    print(f"aepipe: {line}", file=sys.stderr)
    sys.exit(exit_code)
