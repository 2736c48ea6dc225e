"""A channel's move, in what it means for readers, before it is made and after."""

from dataclasses import dataclass

from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError, ParameterError
from aepipe.releases.channel import Channel
from aepipe.releases.manifest import Manifest, has_model, read_manifest, with_models
from aepipe.store.interface import Store

WAY_OUT = (
    "Add --missing keep to have the channel's models of them beside the release's, or --missing drop to let them go."
)


@dataclass(frozen=True)
class Move:
    """What a channel's latest move means for its readers: recipes of which it has a model now, another one, none."""

    gains: tuple[str, ...]
    replaces: tuple[str, ...]
    loses: tuple[str, ...]

    def __str__(self):
        parts = [("Gains", self.gains), ("Replaces", self.replaces), ("Loses", self.loses)]
        return " ".join(f"{word}: {', '.join(recipes)}." for word, recipes in parts if recipes)


def latest_move(store: Store, channel: Channel) -> Move | None:
    """Return what a channel's latest move changed; None where one of the two releases can't be read."""
    try:
        now = read_manifest(store, channel.release)
        before = read_manifest(store, channel.history[0].release) if channel.history else None
    except (ObjectNotFoundError, CorruptObjectError, NewerObjectError):
        return None
    files = [{} if of is None else {file.path: file.sha256 for file in of.files} for of in (before, now)]
    old, new = ([] if of is None else with_models(of) for of in (before, now))
    model = "models/{}/model.keras".format
    return Move(
        gains=tuple(recipe for recipe in new if recipe not in old),
        replaces=tuple(r for r in new if r in old and files[0][model(r)] != files[1][model(r)]),
        loses=tuple(recipe for recipe in old if recipe not in new),
    )


def release_of(store: Store, base: Channel | None) -> Manifest | None:
    """Return the release that a channel names; None for a channel that was never set."""
    return None if base is None else read_manifest(store, base.release, base.current.manifest_sha256)


def refuse_loss(store: Store, channel: str, base: Channel | None, manifest: Manifest) -> None:
    """Check that a channel that names this release next still has a model of every recipe that it has one of now.

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
    losses = [] if production is None else [r for r in with_models(production) if not has_model(manifest, r)]
    if losses:
        raise ParameterError(
            "A channel loses no recipe's model unless that is asked for.",
            WAY_OUT,
            channel=channel,
            loses=losses,
            release=manifest.release,
            has=with_models(manifest),
        )
