"""aepipe releases: what was published, what is in production, and how to go back."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from aepipe.printing import print_rows, print_table

if TYPE_CHECKING:
    from aepipe.publishing.channels import Channel
    from aepipe.store import Store

app = typer.Typer(
    help="See, check, promote, roll back, download and prune releases.", no_args_is_help=True, rich_markup_mode=None
)

StoreOption = Annotated[
    str, typer.Option("--store", envvar="AEPIPE_STORE", help="A folder, file:///path or s3://bucket/prefix.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ReleaseArgument = Annotated[str, typer.Argument(help="A release's id, or a channel's name.")]
ChannelOption = Annotated[str, typer.Option(help="The channel's name.")]
WhyOption = Annotated[str, typer.Option(help="The reason; it is kept in the channel's history.")]
MissingOption = Annotated[
    Literal["refuse", "keep", "drop"],
    typer.Option(help="The channel's models of recipes that the release has none of: keep or drop them."),
]
ByOption = Annotated[str | None, typer.Option(help="Who does it; by default the user.")]


@app.command("list", epilog="Example: aepipe releases list --store s3://models/aepipe")
def list_releases(store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Show the releases, the latest first."""
    from aepipe.publishing import channels, manifest, signatures
    from aepipe.publishing.absent import require_store
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    names: dict[str, list[str]] = {}
    for name, channel in channels.list_channels(opened).items():
        names.setdefault(channel.release, []).append(name)
    rows = []
    for release in manifest.list_releases(opened):
        verdicts = [recipe["verdict"] for recipe in release.recipes.values()]
        counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts)))
        errors = [r["mse_per_pixel"] for r in release.recipes.values() if r["mse_per_pixel"] is not None]
        best = min(errors, default=None)
        size = sum(file.size for file in release.files)
        on = ", ".join(names.get(release.release, [])) or None
        signed_by = ", ".join(signer.key for signer in signatures.signers_of(opened, release)) or None
        rows.append([release.release, _age(release.created), on, counts, best, size, signed_by])
    columns = ["release", "age", "channel", "recipes", "best MSE", "bytes", "signed by"]
    print_rows(as_json, f"Releases in {opened.url}", columns, rows)


@app.command("show", epilog="Example: aepipe releases show 20260101T020000Z-1a2b3c")
def show_release(
    release: ReleaseArgument = "candidate", store: StoreOption = "./store", as_json: JsonOption = False
) -> None:
    """Show one release: its recipes with their held-out errors, its files, and who signed it."""
    from aepipe.publishing.manifest import resolve_release
    from aepipe.publishing.signatures import describe_signers, signers_of
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = resolve_release(opened, release)
    signers = signers_of(opened, manifest)
    if as_json:
        signed_by = [asdict(signer) for signer in signers]
        typer.echo(json.dumps({**manifest.model_dump(mode="json"), "signed_by": signed_by}, indent=2))
        return
    columns = {
        "verdict": "verdict",
        "origin": "trained in",
        "setting": "setting",
        "data": "data",
        "code_size": "code",
        "mse_per_pixel": "MSE",
        "pca_mse_per_pixel": "PCA MSE",
    }
    rows = [[name, *(facts[column] for column in columns)] for name, facts in manifest.recipes.items()]
    print_table(f"{manifest.release}, {manifest.created}", ["recipe", *columns.values()], rows)
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
    from aepipe.publishing.channels import require_channel
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
    from aepipe.publishing.manifest import resolve_release
    from aepipe.publishing.signatures import describe_signers, find_distrust, signers_of
    from aepipe.publishing.verify import find_problems
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = resolve_release(opened, release)
    findings = find_problems(opened, manifest, full) + find_distrust(opened, manifest)
    signers = signers_of(opened, manifest)
    if as_json:
        told = {"problems": [asdict(f) for f in findings], "signed_by": [asdict(signer) for signer in signers]}
        typer.echo(json.dumps({"release": manifest.release, **told}, indent=2))
    else:
        for finding in findings:
            typer.echo(f"{finding.key}: {finding.problem}")
        what = "bytes" if full else "sizes"
        counts = f"{len(manifest.files)} files, {what} compared, {len(findings)} problems"
        typer.echo(f"{manifest.release}: {counts}, {describe_signers(signers)}")
    raise typer.Exit(1 if findings else 0)


@app.command("sign", epilog="Example: AEPIPE_SIGNING_KEY=aepipe-signing.pem aepipe releases sign production")
def sign(release: ReleaseArgument, store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Sign a release with the key that AEPIPE_SIGNING_KEY names; every byte is checked before."""
    from aepipe.publishing.signatures import describe_signers, sign_release, signers_of
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
    from aepipe.publishing.index import write_index
    from aepipe.publishing.promotion import promote
    from aepipe.store import open_store

    opened = open_store(store)
    promoted = promote(opened, channel, release, why, by, force, missing)
    write_index(opened)
    _tell(opened, channel, promoted, as_json)


@app.command("rollback", epilog='Example: aepipe releases rollback --why "blurred faces"')
def rollback_channel(
    why: WhyOption,
    channel: ChannelOption = "production",
    by: ByOption = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Let a channel name the release that it named before."""
    from aepipe.publishing.index import write_index
    from aepipe.publishing.promotion import rollback
    from aepipe.store import open_store

    opened = open_store(store)
    went_back = rollback(opened, channel, why, by)
    write_index(opened)
    _tell(opened, channel, went_back, as_json)


@app.command("index", epilog="Example: aepipe releases index --store s3://models/aepipe")
def make_index(store: StoreOption = "./store") -> None:
    """Write index.html, the page over all releases, and print where it lies; every change of a release does so, too."""
    from aepipe.publishing.absent import require_store
    from aepipe.publishing.index import write_index
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    typer.echo(write_index(opened))


@app.command("diff", epilog="Example: aepipe releases diff production candidate")
def diff_releases(
    before: ReleaseArgument,
    after: ReleaseArgument,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two releases: code, packages, parameters, data, metrics, models."""
    from aepipe.publishing.comparison import compare
    from aepipe.publishing.manifest import resolve_release
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

    from aepipe.publishing.download import download
    from aepipe.publishing.manifest import resolve_release
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = resolve_release(opened, release)
    with Progress(transient=True) as progress:
        task = progress.add_task(manifest.release, total=len(manifest.files))
        folder = download(opened, manifest, to, recipe or (), lambda _: progress.advance(task))
    typer.echo(json.dumps({"release": manifest.release, "folder": str(folder)}) if as_json else folder)


@app.command("prune", epilog="Example: aepipe releases prune --keep 10 --delete")
def prune_releases(
    keep: Annotated[int, typer.Option(min=0, help="How many of the latest stay, beside what channels name.")] = 10,
    grace_hours: Annotated[float, typer.Option(min=0, help="Nothing younger goes.")] = 24,
    delete: Annotated[bool, typer.Option("--delete", help="Remove them; without it they are only named.")] = False,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Remove old releases and what killed publishers left; never what a channel names or would go back to."""
    from aepipe.publishing.absent import require_store
    from aepipe.publishing.index import write_index
    from aepipe.publishing.prune import HOUR_SECONDS, plan_prune, prune
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    planned = plan_prune(opened, keep, grace_hours)
    removed = list(prune(opened, planned)) if delete else planned
    uploads = opened.abort_stale_uploads(grace_hours * HOUR_SECONDS) if delete else 0
    if delete:
        write_index(opened)
    rows = [[row.release, row.state, len(row.keys), row.size, round(row.age_hours, 1)] for row in removed]
    title = f"{'Removed' if delete else 'Would be removed; --delete does it'}: {len(rows)}"
    print_rows(as_json, title, ["release", "state", "files", "bytes", "hours old"], rows)
    if uploads and not as_json:
        typer.echo(f"{uploads} unfinished uploads were ended.")


def _tell(store: "Store", name: str, channel: "Channel", as_json: bool) -> None:
    from aepipe.publishing.change import latest_change

    entry, change = channel.current, latest_change(store, channel)
    if as_json:
        changed = {} if change is None else asdict(change)
        typer.echo(json.dumps({"channel": name, **entry.model_dump(mode="json"), **changed}, indent=2))
        return
    typer.echo(f"{name} is {entry.release} (generation {entry.generation}, {entry.action} by {entry.by}: {entry.why})")
    if change is not None and str(change):
        typer.echo(str(change))


def _age(created: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
