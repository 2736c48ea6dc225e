"""A channel's move, in what it means for readers, before it is made and after."""

from dataclasses import dataclass

from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError, ParameterError
from aepipe.recipes.published import published_models
from aepipe.releases.channel import Channel
from aepipe.releases.manifest import Manifest, read_manifest
from aepipe.store.interface import Store

WAY_OUT = (
    "Add --missing keep to have these models of the channel beside the release's, or --missing drop to let them go."
)


@dataclass(frozen=True)
class Move:
    """What a channel's latest move means for its readers: models that it has now, has in another form, has not."""

    gains: tuple[str, ...]
    replaces: tuple[str, ...]
    loses: tuple[str, ...]

    def __str__(self):
        parts = [("Gains", self.gains), ("Replaces", self.replaces), ("Loses", self.loses)]
        return " ".join(f"{word}: {', '.join(models)}." for word, models in parts if models)


def latest_move(store: Store, channel: Channel) -> Move | None:
    """Return what a channel's latest move changed; None where one of the two releases can't be read."""
    try:
        now = read_manifest(store, channel.release)
        before = read_manifest(store, channel.history[0].release) if channel.history else None
    except (ObjectNotFoundError, CorruptObjectError, NewerObjectError):
        return None
    old, new = ({} if of is None else _digests(of) for of in (before, now))
    return Move(
        gains=tuple(name for name in new if name not in old),
        replaces=tuple(name for name in new if name in old and new[name] != old[name]),
        loses=tuple(name for name in old if name not in new),
    )


def _digests(manifest: Manifest) -> dict[str, str]:
    """Return the digest of each model, by its name."""
    return {name: model.sha256 for name, model in published_models(manifest).items()}


def release_of(store: Store, base: Channel | None) -> Manifest | None:
    """Return the release that a channel names; None for a channel that was never set."""
    return None if base is None else read_manifest(store, base.release, base.current.manifest_sha256)


def refuse_loss(store: Store, channel: str, base: Channel | None, manifest: Manifest) -> None:
    """Check that a channel that names this release next still has every model that it has now.

    Raises:
        ParameterError: it would lose one, or what it has can't be read.
    """
    try:
        production = release_of(store, base)
    except (ObjectNotFoundError, CorruptObjectError, NewerObjectError) as error:
        raise ParameterError(
            "What a channel would lose must be known.",
            f"Its release can't be read: {error.problem} Add --missing drop to replace it all the same.",
            channel=channel,
        ) from error
    has = published_models(manifest)
    losses = [] if production is None else [name for name in published_models(production) if name not in has]
    if losses:
        raise ParameterError(
            "A channel loses no model unless that is asked for.",
            WAY_OUT,
            channel=channel,
            loses=losses,
            release=manifest.release,
            has=list(has),
        )
