"""From candidate to channel: what passed the gate goes in, what did not stays as it was, and nothing goes unsaid."""

from collections.abc import Callable
from dataclasses import dataclass

from aepipe.checks.verdict import DataVerdict
from aepipe.errors import ConflictError, ObjectNotFoundError, ParameterError, UnknownOutcomeError
from aepipe.gate.decision import decision_bytes
from aepipe.gate.verdicts import Verdict
from aepipe.publishing.composition import compose
from aepipe.publishing.move import refuse_loss, release_of
from aepipe.releases.channel import Action, Channel, Entry, Missing
from aepipe.releases.channels import point_channel, read_channel, require_channel
from aepipe.releases.manifest import Manifest, read_manifest, resolve_release, stored_sha256, with_models
from aepipe.releases.removal import take_back
from aepipe.releases.signatures import require_trusted
from aepipe.releases.verify import require_intact
from aepipe.store.interface import Store

ATTEMPTS = 10


@dataclass(frozen=True)
class Judgement:
    """The gate's decisions about a candidate, and the channel as it was when they were made."""

    base: Channel | None
    verdicts: tuple[Verdict, ...]
    data: tuple[DataVerdict, ...] = ()

    @property
    def decision(self) -> bytes:
        """The decisions as a release has them, those about data among them."""
        return decision_bytes(self.verdicts, self.data)

    @property
    def passed(self) -> tuple[str, ...]:
        """The models that the channel shall have."""
        return tuple(verdict.model for verdict in self.verdicts if verdict.passes)


@dataclass(frozen=True)
class Promoted:
    """What came of a promotion.

    Attributes:
        channel: The channel as it is now; None where it was never set.
        verdicts: The decisions that it was made on; none where it had been made before.
    """

    channel: Channel | None
    verdicts: tuple[Verdict, ...] = ()


def promote_passed(
    store: Store,
    channel: str,
    candidate: Manifest,
    judge: Callable[[str, Channel | None], Judgement],
    judgement: Judgement | None,
    by: str,
) -> Promoted:
    """Give a channel the models of a candidate that passed the gate.

    Where the channel moved since they were judged, they are judged again, against what it holds now.

    Args:
        store: Where all is.
        channel: The channel's name.
        candidate: The run's release.
        judge: Judges a release's models against a channel.
        judgement: What it said before the release was completed; None where that was in an earlier life.
        by: Who promotes, for the record.

    Raises:
        ConflictError: others kept moving the channel.
    """
    for _ in range(ATTEMPTS):
        base = read_channel(store, channel)
        # Promoted before it was killed, or rolled back since: that decision is not this run's to change.
        if base is not None and base.has_had(candidate.release):
            return Promoted(base)
        if judgement is None or judgement.base != base:
            judgement = judge(candidate.release, base)
        if not judgement.passed:
            return Promoted(base, judgement.verdicts)
        why = _in_words(judgement.verdicts)
        verdicts = {verdict.model: verdict.verdict for verdict in judgement.verdicts}
        try:
            release = compose(store, candidate, release_of(store, base), judgement.passed, judgement.decision, verdicts)
            moved = _point(store, channel, release, candidate.release, base, "promoted", why, by)
        except (ConflictError, UnknownOutcomeError):
            continue
        return Promoted(moved, judgement.verdicts)
    raise ConflictError("A channel must stand still for a moment to be set.", "Run again.", channel=channel)


def promote(
    store: Store,
    channel: str,
    name: str,
    why: str,
    by: str | None = None,
    force: bool = False,
    missing: Missing = "refuse",
) -> Channel:
    """Give a channel a release as it is, or with the channel's own models beside its own.

    Args:
        store: Where all is.
        channel: The channel's name.
        name: The release's id, or another channel's name.
        why: The reason, for the record.
        by: Who does it; the user by default.
        force: Also where the gate held a model of it back.
        missing: What becomes of the channel's models that the release has none of by the same name: keep makes a
            release of both, drop lets them go, refuse promotes nothing where there are any.

    Raises:
        ParameterError: there is no reason, the gate held a model back, the release has no model, or the channel would
            lose one.
        CorruptObjectError: a byte of the release is not what its manifest says.
        UntrustedReleaseError: no trusted key signed it.
    """
    if not why.strip():
        raise ParameterError("A promotion needs a reason, for the record.", "Give one: --why TEXT.", why=why)
    manifest = resolve_release(store, name)
    held = [model for model, summary in manifest.recipes.items() if summary.verdict in ("held", "failed")]
    if held and not force:
        way_out = "Read its decision.json; to promote it all the same add --force."
        raise ParameterError("The gate must have passed every model.", way_out, release=manifest.release, held=held)
    if manifest.recipes and not with_models(manifest):
        way_out = f"Choose another: aepipe releases list --store {store.url}"
        raise ParameterError(
            "A run in which no recipe came to a model is not promoted.", way_out, release=manifest.release
        )
    require_trusted(store, manifest)
    require_intact(store, manifest, full=True)
    base = read_channel(store, channel)
    if missing == "refuse":
        refuse_loss(store, channel, base, manifest)
    release = compose(store, manifest, release_of(store, base)) if missing == "keep" else manifest
    return _point(store, channel, release, manifest.candidate, base, "forced" if held else "promoted", why, by)


def rollback(store: Store, channel: str, why: str, by: str | None = None) -> Channel:
    """Give a channel the release that it named before its current one; kept in its history like any other change.

    Raises:
        ObjectNotFoundError: the channel, or the release that it named before, is not there.
        ParameterError: it never named another release, or there is no reason.
        ConflictError: somebody else moved it meanwhile.
        UntrustedReleaseError: no trusted key signed the release.
    """
    if not why.strip():
        raise ParameterError("A rollback needs a reason, for the record.", "Give one: --why TEXT.", why=why)
    base = require_channel(store, channel)
    before: Entry | None = base.previous
    if before is None:
        raise ParameterError(
            "A channel can go back once it has named two releases.", channel=channel, release=base.release
        )
    manifest = read_manifest(store, before.release, before.manifest_sha256)
    require_trusted(store, manifest)
    require_intact(store, manifest)
    return _point(store, channel, manifest, before.candidate, base, "rolled back", why, by)


def _point(
    store: Store,
    channel: str,
    manifest: Manifest,
    candidate: str,
    base: Channel | None,
    action: Action,
    why: str,
    by: str | None,
) -> Channel:
    """Let a channel name a release; where that was pruned meanwhile, let it name what it named before."""
    digest = stored_sha256(store, manifest)
    moved = point_channel(
        store,
        channel,
        manifest.release,
        digest,
        action=action,
        why=why,
        by=by,
        candidate=candidate,
        expected=base,
    )
    # Who prunes looks at the channels after the manifest is gone, so one of the two sees what the other did.
    try:
        read_manifest(store, manifest.release, digest)
    except ObjectNotFoundError:
        take_back(store, channel, moved, base)
        raise
    return moved


def _in_words(verdicts: tuple[Verdict, ...]) -> str:
    models: dict[str, list[str]] = {}
    for verdict in verdicts:
        models.setdefault(verdict.verdict, []).append(verdict.model)
    return "; ".join(f"{name}: {', '.join(of_it)}" for name, of_it in models.items())
