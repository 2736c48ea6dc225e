"""aepipe releases, what only reads a store: its releases, channels, differences, and copies of them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aepipe.cli.options import FullOption, JsonOption, ReleaseArgument, StoreOption
from aepipe.cli.output import Row, print_result, print_rows, print_table

if TYPE_CHECKING:
    from aepipe.releases.listing import ListedRelease
    from aepipe.releases.manifest import Manifest
    from aepipe.results import ResultsManifest
    from aepipe.store import Store


class ReleaseRow(Row):
    """One release; None where nothing is known, as of one that can't be read."""

    release: str
    age: str | None
    channel: str | None
    recipes: str
    best_MSE: float | None
    bytes: int | None
    signed_by: str | None


class EntryRow(Row):
    """What a channel named for a while."""

    generation: int
    release: str
    action: str
    at: str
    by: str
    why: str


class DifferenceRow(Row):
    """A value that two releases have in different ways."""

    value: str
    before: Any
    after: Any


def list_releases(store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Show the releases, the latest first."""
    from aepipe.releases import channels
    from aepipe.releases.absent import require_store
    from aepipe.releases.keys import trusted_keys
    from aepipe.releases.listing import survey_listing
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    names: dict[str, list[str]] = {}
    for name, channel in channels.list_channels(opened).items():
        names.setdefault(channel.release, []).append(name)
    # Nobody signs the listing: who trusts keys alone is told what the signed manifests say.
    found, unreadable = survey_listing(opened, anew=trusted_keys() is not None)
    rows = [_readable_row(one, names.get(one.release, [])) for one in found]
    rows += [_unreadable_row(name, error, names.get(name, [])) for name, error in unreadable.items()]
    rows.sort(key=lambda row: row.release, reverse=True)
    print_rows(as_json, f"Releases in {opened.url}", ReleaseRow, rows)


def _readable_row(found: "ListedRelease", channels: Sequence[str]) -> ReleaseRow:
    from aepipe.evaluation.catalogue import MSE

    verdicts = [summary.verdict for summary in found.recipes.values()]
    errors = [summary.metrics.get(MSE) for summary in found.recipes.values()]
    return ReleaseRow(
        release=found.release,
        age=_age(found.created),
        channel=", ".join(channels) or None,
        recipes=", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts))),
        best_MSE=min((error for error in errors if error is not None), default=None),
        bytes=found.size,
        signed_by=", ".join(signer.key for signer in found.signers) or None,
    )


def _unreadable_row(release: str, error: Exception, channels: Sequence[str]) -> ReleaseRow:
    return ReleaseRow(
        release=release,
        age=None,
        channel=", ".join(channels) or None,
        recipes=f"can't be read: {error}",
        best_MSE=None,
        bytes=None,
        signed_by=None,
    )


def show_release(
    release: ReleaseArgument = "candidate", store: StoreOption = "./store", as_json: JsonOption = False
) -> None:
    """Show one release: its models with their held-out errors, what they were used on last, its files, its signer."""
    from aepipe.releases.manifest import resolve_release
    from aepipe.releases.signatures import describe_signers, signers_of
    from aepipe.results import latest_results
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = resolve_release(opened, release)
    signers = signers_of(opened, manifest)
    results = [found for model in manifest.recipes for found in latest_results(opened, model)]
    if not as_json:
        _print_recipes(manifest)
    signed = describe_signers(signers)
    print_result(
        as_json,
        {
            **manifest.model_dump(mode="json"),
            "signed_by": [asdict(signer) for signer in signers],
            "results": [found.model_dump(mode="json", exclude={"files"}) for found in results],
        },
        *_data_lines(manifest),
        *(_results_line(opened, found) for found in results),
        f"{len(manifest.files)} files, {sum(file.size for file in manifest.files):,} bytes",
        signed[0].upper() + signed[1:],
        f"{opened.url}/releases/{manifest.release}/report.html",
    )


def _data_lines(manifest: "Manifest") -> Iterator[str]:
    """Yield what was checked of the user's own images, and who took what a check refused."""
    for name, said in manifest.data_sets.items():
        compared = f"compared with {said.reference}" if said.reference else "with nothing to compare with"
        if said.accepted is None:
            yield f"Data {name}: every check holds, {compared}"
        else:
            broken, accepted = ", ".join(said.broken), said.accepted
            yield f"Data {name}: taken by {accepted.by}, although broken ({compared}): {broken}. Why: {accepted.why}"


def _results_line(store: "Store", results: "ResultsManifest") -> str:
    """Return when a model was used last, on how much, by which release's model, and where the results are."""
    from aepipe.notation import counted, moment
    from aepipe.results.manifest import run_prefix

    used = f"{results.model}, last {results.kind} {moment(results.started)}"
    of = f"{counted(results.num_pictures, 'picture')}, {results.num_unreadable} unreadable"
    where = f"{store.url}/{run_prefix(results.model, results.run).rstrip('/')}"
    return f"{used}: {of}, by release {results.release}: {where}"


def _print_recipes(manifest: "Manifest") -> None:
    from aepipe.evaluation.catalogue import measured_at

    metrics = measured_at("show", [said.metrics for said in manifest.recipes.values()])
    rows: list[list[object]] = [
        [
            *(name, said.verdict, said.origin, said.setting, said.data, said.code_size),
            *(said.metrics.get(metric.name) for metric in metrics),
        ]
        for name, said in manifest.recipes.items()
    ]
    headings = ["model", "verdict", "trained in", "setting", "data", "code"]
    headings += [metric.heading("show") for metric in metrics]
    print_table(f"{manifest.release}, {manifest.created}", headings, rows)


def show_history(
    channel: Annotated[str, typer.Argument(help="The channel's name.")] = "production",
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Show what a channel named, since when, by whom and why; the latest first."""
    from aepipe.releases.channels import require_channel
    from aepipe.store import open_store

    found = require_channel(open_store(store), channel)
    rows = [
        EntryRow(generation=e.generation, release=e.release, action=e.action, at=e.at, by=e.by, why=e.why)
        for e in (found.current, *found.history)
    ]
    print_rows(as_json, channel, EntryRow, rows)


def verify_release(
    release: ReleaseArgument = "production",
    full: FullOption = False,
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
    told = {
        "release": manifest.release,
        "problems": [asdict(finding) for finding in findings],
        **({"foreign": [finding.key for finding in foreign]} if foreign else {}),
        "signed_by": [asdict(signer) for signer in signers],
    }
    counts = f"{len(manifest.files)} files, {'bytes' if full else 'sizes'} compared, {len(findings)} problems"
    lines = [f"{finding.key}: {finding.problem}" for finding in [*findings, *foreign]]
    print_result(as_json, told, *lines, f"{manifest.release}: {counts}, {describe_signers(signers)}")
    raise typer.Exit(1 if findings else 0)


def diff_releases(
    before: ReleaseArgument,
    after: ReleaseArgument,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Show what differs between two releases: code, packages, parameters, data, metrics, models."""
    from aepipe.releases.diff import compare
    from aepipe.releases.diff_data import compare_data
    from aepipe.releases.manifest import resolve_release
    from aepipe.store import open_store

    opened = open_store(store)
    first, second = (resolve_release(opened, name) for name in (before, after))
    found = [*compare(first, second), *compare_data(opened, first, second)]
    rows = [DifferenceRow(value=row.name, before=row.before, after=row.after) for row in found]
    names = {"before": first.release, "after": second.release}
    print_rows(as_json, "Differences", DifferenceRow, rows, names)


def download_release(
    release: ReleaseArgument,
    to: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "--recipe", help="Only this model; may be given several times."),
    ] = None,
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Copy a release into a folder; every byte is checked."""
    from rich.progress import Progress

    from aepipe.releases.download import download
    from aepipe.releases.manifest import resolve_release
    from aepipe.store import open_store

    opened = open_store(store)
    manifest = resolve_release(opened, release)
    with Progress(transient=True) as progress:
        task = progress.add_task(manifest.release, total=len(manifest.files))
        # A release's own names come first: a recipe's short name may be one of them.
        wanted = [name if name in manifest.recipes else _key_of(manifest, name) for name in model or ()]
        folder = download(opened, manifest, to, wanted, lambda _: progress.advance(task))
    print_result(as_json, {"release": manifest.release, "folder": str(folder)}, str(folder))


def _key_of(manifest: "Manifest", name: str) -> str:
    from aepipe.recipes.naming import spelled_out_model
    from aepipe.recipes.published import find_model

    found = find_model(manifest, spelled_out_model(name))
    return name if found is None else found.key


def _age(created: str) -> str:
    seconds = (datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
