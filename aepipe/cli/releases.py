"""aepipe releases: what was published, what is in production, and how to go back."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aepipe.cli import upkeep
from aepipe.cli.options import (
    ByOption,
    ChannelOption,
    JsonOption,
    MissingOption,
    ReleaseArgument,
    StoreOption,
    WhyOption,
)
from aepipe.cli.output import print_rows, print_table, printable

if TYPE_CHECKING:
    from aepipe.releases.channels import Channel
    from aepipe.store import Store

app = typer.Typer(
    help="See, check, promote, roll back, download and prune releases.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list", epilog="Example: aepipe releases list --store s3://models/aepipe")
def list_releases(store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Show the releases, the latest first."""
    from aepipe.evaluation.catalogue import MSE
    from aepipe.releases import channels, manifest, signatures
    from aepipe.releases.absent import require_store
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    names: dict[str, list[str]] = {}
    for name, channel in channels.list_channels(opened).items():
        names.setdefault(channel.release, []).append(name)
    manifests, unreadable = manifest.survey_releases(opened)
    rows = [
        [name, None, ", ".join(names.get(name, [])) or None, f"can't be read: {error}", None, None, None]
        for name, error in unreadable.items()
    ]
    for release in manifests:
        verdicts = [summary.verdict for summary in release.recipes.values()]
        counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts)))
        errors = [summary.metrics.get(MSE) for summary in release.recipes.values()]
        best = min((error for error in errors if error is not None), default=None)
        size = sum(file.size for file in release.files)
        on = ", ".join(names.get(release.release, [])) or None
        signed_by = ", ".join(signer.key for signer in signatures.signers_of(opened, release)) or None
        rows.append([release.release, _age(release.created), on, counts, best, size, signed_by])
    rows.sort(key=lambda row: row[0], reverse=True)
    columns = ["release", "age", "channel", "recipes", "best MSE", "bytes", "signed by"]
    print_rows(as_json, f"Releases in {opened.url}", columns, rows)


@app.command("show", epilog="Example: aepipe releases show 20260101T020000Z-1a2b3c")
def show_release(
    release: ReleaseArgument = "candidate", store: StoreOption = "./store", as_json: JsonOption = False
) -> None:
    """Show one release: its recipes with their held-out errors, its files, and who signed it."""
    from aepipe.evaluation.catalogue import metrics_at
    from aepipe.releases.manifest import resolve_release
    from aepipe.releases.signatures import describe_signers, signers_of
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = resolve_release(opened, release)
    signers = signers_of(opened, manifest)
    if as_json:
        signed_by = [asdict(signer) for signer in signers]
        typer.echo(json.dumps({**manifest.model_dump(mode="json"), "signed_by": signed_by}, indent=2))
        return
    metrics = metrics_at("show")
    rows = [
        [name, said.verdict, said.origin, said.setting, said.data, said.code_size]
        + [said.metrics.get(metric.name) for metric in metrics]
        for name, said in manifest.recipes.items()
    ]
    headings = ["recipe", "verdict", "trained in", "setting", "data", "code"]
    print_table(
        f"{manifest.release}, {manifest.created}", [*headings, *(metric.heading("show") for metric in metrics)], rows
    )
    typer.echo(f"{len(manifest.files)} files, {sum(file.size for file in manifest.files):,} bytes")
    signed = describe_signers(signers)
    typer.echo(signed[0].upper() + signed[1:])
    typer.echo(f"{opened.url}/releases/{manifest.release}/report.html")


@app.command("history", epilog="Example: aepipe releases history production")
def show_history(
    channel: Annotated[str, typer.Argument(help="The channel's name.")] = "production",
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Show what a channel named, since when, by whom and why; the latest first."""
    from aepipe.releases.channels import require_channel
    from aepipe.store import open_store

    found = require_channel(open_store(store), channel)
    rows = [[e.generation, e.release, e.action, e.at, e.by, e.why] for e in (found.current, *found.history)]
    print_rows(as_json, channel, ["generation", "release", "action", "at", "by", "why"], rows)


@app.command("verify", epilog="Example: aepipe releases verify production --full")
def verify_release(
    release: ReleaseArgument = "production",
    full: Annotated[bool, typer.Option("--full", help="Read every byte back; otherwise sizes are compared.")] = False,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Check a release's files against its manifest, its channel and its signature; exits with 1 where one is wrong."""
    from aepipe.releases.manifest import resolve_release
    from aepipe.releases.signatures import describe_signers, find_distrust, signers_of
    from aepipe.releases.verify import find_foreign, find_problems
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = resolve_release(opened, release)
    findings = find_problems(opened, manifest, full) + find_distrust(opened, manifest)
    foreign, signers = find_foreign(opened, manifest), signers_of(opened, manifest)
    if as_json:
        found = {
            "problems": [asdict(f) for f in findings],
            **({"foreign": [f.key for f in foreign]} if foreign else {}),
            "signed_by": [asdict(signer) for signer in signers],
        }
        typer.echo(json.dumps({"release": manifest.release, **found}, indent=2))
    else:
        for finding in [*findings, *foreign]:
            typer.echo(printable(f"{finding.key}: {finding.problem}"))
        what = "bytes" if full else "sizes"
        counts = f"{len(manifest.files)} files, {what} compared, {len(findings)} problems"
        typer.echo(printable(f"{manifest.release}: {counts}, {describe_signers(signers)}"))
    raise typer.Exit(1 if findings else 0)


@app.command("sign", epilog="Example: AEPIPE_SIGNING_KEY=aepipe-signing.pem aepipe releases sign production")
def sign(release: ReleaseArgument, store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Sign a release with the key that AEPIPE_SIGNING_KEY names; every byte is checked before."""
    from aepipe.releases.signatures import describe_signers, sign_release, signers_of
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = sign_release(opened, release)
    signers = signers_of(opened, manifest)
    told = {"release": manifest.release, "signed_by": [asdict(signer) for signer in signers]}
    typer.echo(json.dumps(told, indent=2) if as_json else f"{manifest.release} is {describe_signers(signers)}")


@app.command("promote", epilog='Example: aepipe releases promote candidate --force --why "demo on Friday"')
def promote_release(
    release: ReleaseArgument,
    why: WhyOption,
    channel: ChannelOption = "production",
    force: Annotated[bool, typer.Option("--force", help="Also where the gate held a recipe back.")] = False,
    missing: MissingOption = "refuse",
    by: ByOption = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Let a channel name a release; every byte is checked before, and what the channel gains and loses is said."""
    from aepipe.pages.index import refresh_index
    from aepipe.publishing.promotion import promote
    from aepipe.releases.channels import USUAL, list_channels
    from aepipe.store import open_store

    opened = open_store(store)
    promoted = promote(opened, channel, release, why, by, force, missing)
    refresh_index(opened)
    _tell(opened, channel, promoted, as_json)
    if promoted.current.generation == 1 and channel not in USUAL:
        others = ", ".join(name for name in list_channels(opened) if name != channel) or "none"
        typer.echo(
            f"The channel {channel} is new; there were: {others}. If that is a typing error: "
            f'aepipe releases remove-channel {channel} --why "typing error"',
            err=True,
        )


@app.command("rollback", epilog='Example: aepipe releases rollback --why "blurred faces"')
def rollback_channel(
    why: WhyOption,
    channel: ChannelOption = "production",
    by: ByOption = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Let a channel name the release that it named before."""
    from aepipe.pages.index import refresh_index
    from aepipe.publishing.promotion import rollback
    from aepipe.store import open_store

    opened = open_store(store)
    went_back = rollback(opened, channel, why, by)
    refresh_index(opened)
    _tell(opened, channel, went_back, as_json)


@app.command("diff", epilog="Example: aepipe releases diff production candidate")
def diff_releases(
    before: ReleaseArgument,
    after: ReleaseArgument,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two releases: code, packages, parameters, data, metrics, models."""
    from aepipe.releases.diff import compare
    from aepipe.releases.manifest import resolve_release
    from aepipe.store import open_store

    opened = open_store(store)
    manifests = [resolve_release(opened, name) for name in (before, after)]
    rows = [[row.name, row.before, row.after] for row in compare(*manifests)]
    print_rows(as_json, "Differences", ["value", *(manifest.release for manifest in manifests)], rows)


@app.command("download", epilog="Example: aepipe releases download production --to ./production --recipe mnist-dense")
def download_release(
    release: ReleaseArgument,
    to: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
    recipe: Annotated[list[str] | None, typer.Option(help="Only this recipe; may be given several times.")] = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Copy a release into a folder; every byte is checked."""
    from rich.progress import Progress

    from aepipe.recipes import spelled_out
    from aepipe.releases.download import download
    from aepipe.releases.manifest import resolve_release
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = resolve_release(opened, release)
    with Progress(transient=True) as progress:
        task = progress.add_task(manifest.release, total=len(manifest.files))
        # A release's own names come first: another recipe's short name may be one of them.
        wanted = [name if name in manifest.recipes else spelled_out(name) for name in recipe or ()]
        folder = download(opened, manifest, to, wanted, lambda _: progress.advance(task))
    typer.echo(json.dumps({"release": manifest.release, "folder": str(folder)}) if as_json else folder)


for name, command, example in (
    ("index", upkeep.make_index, "aepipe releases index --store s3://models/aepipe"),
    ("prune", upkeep.prune_releases, "aepipe releases prune --keep 10 --delete"),
    ("remove-channel", upkeep.remove_channel, 'aepipe releases remove-channel producton --why "typing error"'),
):
    app.command(name, epilog=f"Example: {example}")(command)


def _tell(store: "Store", name: str, channel: "Channel", as_json: bool) -> None:
    from aepipe.publishing.change import latest_change

    entry, change = channel.current, latest_change(store, channel)
    if as_json:
        changed = {} if change is None else asdict(change)
        typer.echo(json.dumps({"channel": name, **entry.model_dump(mode="json"), **changed}, indent=2))
        return
    set_by = f"generation {entry.generation}, {entry.action} by {entry.by}: {entry.why}"
    typer.echo(printable(f"{name} is {entry.release} ({set_by})"))
    if change is not None and str(change):
        typer.echo(printable(str(change)))


def _age(created: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
