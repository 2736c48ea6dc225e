"""A run that comes to what a release is already: nothing is written for it."""

from collections.abc import Sequence

from aepipe.gate.settings import PublishSettings
from aepipe.publishing.contents import content_digest
from aepipe.publishing.equal import find_equal, held_by_others, is_settled, read_verdicts
from aepipe.publishing.published import Published, Run
from aepipe.releases.channels import CANDIDATE, read_channel
from aepipe.releases.manifest import Manifest, with_models
from aepipe.stages.graph import find_outcome
from aepipe.stages.request import TrainingRequest
from aepipe.store.interface import Store


def find_unchanged(
    store: Store, requests: Sequence[TrainingRequest], run: Run, settings: PublishSettings
) -> Published | None:
    """Return what a run would come to that has nothing to train and nothing to publish; None for any other.

    Args:
        store: Where the results of all stages are looked for.
        requests: All that the run is asked.
        run: What it would be published as.
        settings: The channel.
    """
    outcomes = [find_outcome(store, request) for request in requests]
    found = [outcome for outcome in outcomes if outcome is not None]
    if len(found) < len(outcomes):
        return None
    manifest = find_equal(store, content_digest(found, run.parameters))
    return as_it_was(store, manifest, run, settings.channel_for(run.preset))


def as_it_was(store: Store, manifest: Manifest | None, run: Run, channel: str) -> Published | None:
    """Return the release that a run came to once more; None where there is none, or something is to be done for it."""
    if manifest is None or not is_settled(store, manifest, channel):
        return None
    uri = f"{store.url}/releases/{manifest.release}"
    channels = {name: read_channel(store, name) for name in (channel, CANDIDATE)}
    names = {name: None if found is None else found.release for name, found in channels.items()}
    return Published(
        release=manifest.release,
        uri=uri,
        report_uri=f"{uri}/report.html",
        verdicts=read_verdicts(store, manifest.release),
        channel=channel,
        channel_release=names[channel],
        # Of another deployment's run, maybe; this one has no other.
        candidate_release=manifest.release if with_models(manifest) else names[CANDIDATE],
        was_published_before=True,
        held_before=held_by_others(store, manifest, run.flow_run),
        is_unchanged=True,
    )
