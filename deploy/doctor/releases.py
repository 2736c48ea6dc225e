"""Checks of the channels: each can be read, and what it names is whole."""

from collections.abc import Iterator

from aepipe.deploy.doctor.finding import Finding, failure
from aepipe.errors import AepipeError, printable
from aepipe.releases.channel import Channel
from aepipe.releases.channels import survey_channels
from aepipe.releases.manifest import read_manifest
from aepipe.releases.verify import find_problems
from aepipe.store import open_store
from aepipe.store.interface import Store

RESTORE = "Restore it from a backup; until then: aepipe releases promote RELEASE --channel {channel}."


def check_releases(url: str) -> Iterator[Finding]:
    """Read each channel and the list of the files that its release has; no file is read.

    Args:
        url: The store's.
    """
    try:
        store = open_store(url)
        found = survey_channels(store)
    except AepipeError:
        # The store's own check tells.
        return
    for key in found.foreign:
        way_out = "Remove it from the store where nobody needs it."
        yield Finding("warning", f"store: {printable(key)}", "it is no channel, and is passed over", way_out)
    for name, error in found.damaged.items():
        yield Finding("broken", f"channel {name}", error.problem, error.way_out or RESTORE.format(channel=name))
    for name, channel in found.channels.items():
        yield _check_channel(store, name, channel)
    if not (found.channels or found.damaged):
        yield Finding("ok", "channels", "none yet: nothing is published")


def _check_channel(store: Store, name: str, channel: Channel) -> Finding:
    subject = f"channel {name}"
    try:
        manifest = read_manifest(store, channel.release, channel.current.manifest_sha256)
        problems = find_problems(store, manifest)
    except AepipeError as error:
        found = failure(subject, error)
        return Finding(found.state, subject, found.finding, found.way_out or RESTORE.format(channel=name))
    if not problems:
        return Finding("ok", subject, f"{channel.release}, {len(manifest.files)} files, all there")
    first = problems[0]
    text = f"{channel.release} is not whole: {first.key} {first.problem}; {len(problems)} such files"
    way_out = f"Restore them from a backup, or go back: aepipe releases rollback --channel {name} --why damaged."
    return Finding("broken", subject, text, way_out)
