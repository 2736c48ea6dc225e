"""Publishing: what a run came to, as one release that readers can trust.

Files go first, the manifest last, the channels after it: a reader who goes from channel to manifest to files never
meets half a release, whenever the publisher is killed.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from aepipe.checks.facts import Checked
from aepipe.checks.reference import measures_path
from aepipe.checks.stage import MEASURES_FILE
from aepipe.gate.ancestors import find_ancestors
from aepipe.gate.comparison import Terms
from aepipe.gate.fairness import find_comparable
from aepipe.gate.recheck import PublishedErrors, measure_published
from aepipe.gate.rules import Demands, is_sound, judge
from aepipe.gate.seeds import SeedSpreads
from aepipe.gate.settings import PublishSettings
from aepipe.gate.verdicts import Verdict
from aepipe.io.hashing import file_sha256
from aepipe.io.temporary import temporary_folder
from aepipe.publishing.changes import describe_changes
from aepipe.publishing.contents import content_digest, costs, lineage, summarise
from aepipe.publishing.equal import find_equal, find_latest, held_by_others, read_verdicts
from aepipe.publishing.indices import index_paths
from aepipe.publishing.promotion import Judgement, promote_passed
from aepipe.publishing.published import Published, Run
from aepipe.publishing.unchanged import as_it_was
from aepipe.recipes.published import PublishedModel, published_models
from aepipe.releases.channel import Channel
from aepipe.releases.channels import CANDIDATE, point_channel, read_channel
from aepipe.releases.commit import git_commit
from aepipe.releases.manifest import (
    Manifest,
    package_versions,
    read_manifest,
    release_file,
    stored_sha256,
    with_models,
)
from aepipe.releases.signatures import require_trusted
from aepipe.releases.writing import complete_release, put_release_files
from aepipe.stages.indices import INDEX
from aepipe.stages.outcome import Done, Outcome
from aepipe.stages.split import load_groups
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file


def publish_release(
    store: Store,
    outcomes: Sequence[Outcome],
    run: Run,
    settings: PublishSettings = PublishSettings(),  # noqa: B008 - frozen
    store_facts: Mapping[str, JsonValue] = {},
    on_file: Callable[[str], None] | None = None,
    checked: Sequence[Checked] = (),
) -> Published:
    """Publish a run as a candidate, and promote what passes the gate.

    A run that came to exactly what a kept release is writes nothing: that release is the candidate again. A release
    without any model keeps its decision and its report, but no channel names it.

    Args:
        store: Where the release goes, and where the stages' files are.
        outcomes: Every recipe of the run, the failed ones too.
        run: What ran.
        settings: The channel, and what the gate demands.
        store_facts: What was measured about the store before the run, for the manifest.
        on_file: Called with the key of each file that was written.
        checked: The user's own data sets, with what their checks came to.

    Raises:
        CorruptObjectError: the store does not hold what was put into it; nothing points at the release.
        ConflictError: others kept moving the channel; the release is a candidate.
        UnknownOutcomeError: the answer to the last write was lost; run again.
    """
    judging = _Judging(store, outcomes, run, settings, checked)
    channel = settings.channel_for(run.preset)
    content = content_digest(outcomes, run.parameters)
    judgement, manifest = None, find_equal(store, content)
    unchanged = as_it_was(store, manifest, run, channel)
    if unchanged is not None:
        return unchanged
    before = find_latest(store, [outcome.model for outcome in outcomes])
    changes = () if before is None else describe_changes(before, outcomes, run.parameters)
    held_before = () if manifest is None else held_by_others(store, manifest, run.flow_run)
    if manifest is None:
        release = _release_id(run, content)
        judgement = _write_candidate(store, release, content, outcomes, run, judging, settings, store_facts, on_file)
        manifest = read_manifest(store, release)
    by = f"flow run {run.flow_run}"
    candidate = _point_candidate(store, manifest, by)
    promoted = promote_passed(store, channel, manifest, judging.judge, judgement, by)
    uri = f"{store.url}/releases/{manifest.release}"
    return Published(
        release=manifest.release,
        uri=uri,
        report_uri=f"{uri}/report.html",
        verdicts=promoted.verdicts or read_verdicts(store, manifest.release),
        channel=channel,
        channel_release=None if promoted.channel is None else promoted.channel.release,
        candidate_release=None if candidate is None else candidate.release,
        was_published_before=judgement is None,
        held_before=held_before,
        changes=tuple(changes),
    )


def _point_candidate(store: Store, manifest: Manifest, by: str) -> Channel | None:
    """Let `candidate` name a release that has a model, and return the channel."""
    if not with_models(manifest):
        return read_channel(store, CANDIDATE)
    digest = stored_sha256(store, manifest)
    return point_channel(store, CANDIDATE, manifest.release, digest, action="published", why="A run ended.", by=by)


class _Judging:
    """Judges the run's models against whatever a channel holds; what was measured once is not measured again."""

    def __init__(
        self,
        store: Store,
        outcomes: Sequence[Outcome],
        run: Run,
        settings: PublishSettings,
        checked: Sequence[Checked],
    ):
        self._store, self._outcomes, self._settings = store, outcomes, settings
        self.checked = checked
        self.preset = run.preset
        self._measured: dict[tuple[str, str], PublishedErrors] = {}
        self._manifests: dict[str, Manifest] = {}
        self._seed_spreads = SeedSpreads(store)

    def production(self, base: Channel | None) -> Manifest | None:
        """Return what a channel holds; a release never changes, so it is read once."""
        if base is None:
            return None
        if base.release not in self._manifests:
            manifest = read_manifest(self._store, base.release, base.current.manifest_sha256)
            require_trusted(self._store, manifest)
            self._manifests[base.release] = manifest
        return self._manifests[base.release]

    def judge(self, release: str, base: Channel | None) -> Judgement:
        production = self.production(base)
        verdicts = tuple(self._judge_one(release, production, outcome) for outcome in self._outcomes)
        return Judgement(base, verdicts, tuple(one.verdict for one in self.checked))

    def _judge_one(self, release: str, production: Manifest | None, outcome: Outcome) -> Verdict:
        reloaded = incumbent = None
        if isinstance(outcome, Done) and is_sound(outcome):
            own = self._measure(release, outcome.model, outcome)
            reloaded = own.on_all()
            published = None if production is None else published_models(production).get(outcome.model)
            if published is not None:
                ancestors = find_ancestors(self._store, outcome, published)
                comparable = find_comparable(self._store, outcome, published, ancestors)
                measured = self._measure(published.manifest.release, published.key, outcome)
                incumbent = measured.beside(own, comparable, self._terms(outcome, published))
        demands = Demands.of(outcome.setting, self.preset, self._settings)
        return judge(outcome, reloaded, incumbent, demands, self._settings)

    def _terms(self, outcome: Done, published: PublishedModel) -> Terms:
        spread = self._seed_spreads.of(outcome, self._settings.seed_spread)
        groups = load_groups(self._store, outcome.data, outcome.split)
        return Terms(self._settings, spread, groups, published.summary.behind)

    def _measure(self, release: str, model: str, outcome: Done) -> PublishedErrors:
        # On the images of the run's model, of which there is one by each name.
        name = release, outcome.model
        if name not in self._measured:
            self._measured[name] = measure_published(self._store, release, model, outcome)
        return self._measured[name]


def _release_id(run: Run, content: str) -> str:
    # Of what it came to as well: a run that is tried again may come to something else.
    short = hashlib.sha256(f"{run.flow_run} {content}".encode()).hexdigest()[:6]
    return f"{run.started.astimezone(UTC):%Y%m%dT%H%M%SZ}-{short}"


def _write_candidate(
    store: Store,
    release: str,
    content: str,
    outcomes: Sequence[Outcome],
    run: Run,
    judging: _Judging,
    settings: PublishSettings,
    store_facts: Mapping[str, JsonValue],
    on_file: Callable[[str], None] | None,
) -> Judgement:
    """Put every file of the release into the store, judge its models there, and complete it with its manifest."""
    # Jinja2 and pandas are not needed to find out that there is nothing to write.
    from aepipe.pages.release import RunFacts, write_pages

    indices = index_paths(outcomes)
    files = dict(_stage_files(store, outcomes, indices)) | dict(_check_files(store, judging.checked))
    put_release_files(store, release, files, on_file)
    channel = settings.channel_for(judging.preset)
    judgement = judging.judge(release, read_channel(store, channel))
    facts = RunFacts(
        release=release,
        created=run.started.astimezone(UTC).isoformat(timespec="seconds"),
        git_commit=git_commit(),
        packages=package_versions(),
        hardware=sorted({str(o.trained.facts.hardware) for o in outcomes if isinstance(o, Done)}),
        seconds=round((datetime.now(UTC) - run.started).total_seconds(), 1),
    )
    with temporary_folder("release") as folder:
        production = judging.production(judgement.base)
        said = judgement.verdicts, run.parameters, facts
        write_pages(folder, files, outcomes, *said, store, production, judging.checked)
        (folder / "decision.json").write_bytes(judgement.decision)
        pages = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        put_release_files(store, release, pages, on_file)
        files |= pages
        manifest = Manifest(
            content=content,
            flow_run=run.flow_run,
            parameters=run.parameters,
            recipes={
                verdict.model: summarise(release, outcome, verdict, indices.get(verdict.model))
                for outcome, verdict in zip(outcomes, judgement.verdicts, strict=True)
            },
            lineage={outcome.model: lineage(outcome) for outcome in outcomes},
            data_sets={verdict.data_set: verdict.summary for verdict in judgement.data},
            stages={outcome.model: costs(outcome, run.started) for outcome in outcomes},
            files=[release_file(path, source, file_sha256(source)) for path, source in sorted(files.items())],
            candidate=release,
            store=dict(store_facts),
            **asdict(facts),
        )
    complete_release(store, manifest, full=settings.verify == "full")
    return judgement


def _stage_files(store: Store, outcomes: Sequence[Outcome], indices: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield path in the release and local file of what the stages made; of unsound models only what tells why."""
    for outcome in outcomes:
        if not isinstance(outcome, Done):
            continue
        if outcome.model in indices:
            yield indices[outcome.model], local_file(store, outcome.split.files[INDEX])
        if outcome.noisy is not None:
            for path, ref in outcome.noisy.files.items():
                yield f"noisy-test-sets/{path}", local_file(store, ref)
        if outcome.evaluated is None:
            continue
        made = (outcome.trained, outcome.evaluated, outcome.calibrated, outcome.generated, outcome.exported)
        files = {path: ref for result in made if result is not None for path, ref in result.files.items()}
        for path, ref in files.items():
            if ref.kind != "model" or is_sound(outcome):
                yield f"models/{outcome.model}/{path}", local_file(store, ref)


def _check_files(store: Store, checked: Sequence[Checked]) -> Iterator[tuple[str, Path]]:
    """Yield path in the release and local file of what the next run's checks compare with."""
    for one in checked:
        yield measures_path(one.facts.name), local_file(store, one.result.files[MEASURES_FILE])
