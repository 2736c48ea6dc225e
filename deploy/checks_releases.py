"""What is checked of the channels: each can be read, and what it names is whole."""

from collections.abc import Iterator

from aepipe.errors import AepipeError
from aepipe.publishing.channels import read_channel
from aepipe.publishing.manifest import read_manifest
from aepipe.publishing.verify import find_problems
from aepipe.store import open_store
from aepipe.store.interface import Store
from aepipe.store.names import is_channel_name
from deploy.finding import Finding, failure

FOLDER, ENDING = "channels/", ".json"
RESTORE = "Restore it from a backup; until then: aepipe releases promote RELEASE --channel {channel}."


def check_releases(url: str) -> Iterator[Finding]:
    """Read each channel and the list of the files that its release has; no file is read.

    Args:
        url: The store's.
    """
    try:
        store = open_store(url)
        keys = [info.key for info in store.list(FOLDER)]
    except AepipeError:
        # The store's own check tells.
        return
    names = [key.removeprefix(FOLDER) for key in keys]
    for name in names:
        yield _check_name(store, name)
    if not names:
        yield Finding("ok", "channels", "none yet: nothing is published")


def _check_name(store: Store, file: str) -> Finding:
    channel, subject = file.removesuffix(ENDING), f"channel {file.removesuffix(ENDING)}"
    if not file.endswith(ENDING) or not is_channel_name(channel):
        way_out = f"Remove {FOLDER}{file} from the store where nobody needs it."
        return Finding("warning", "channels", f"{FOLDER}{file!r} is no channel", way_out)
    try:
        return _check_channel(store, channel)
    except AepipeError as error:
        found = failure(subject, error)
        return Finding(found.state, subject, found.finding, found.way_out or RESTORE.format(channel=channel))


def _check_channel(store: Store, channel: str) -> Finding:
    subject = f"channel {channel}"
    found = read_channel(store, channel)
    if found is None:
        return Finding("warning", subject, "it has gone while it was looked at", "Run it again.")
    manifest = read_manifest(store, found.release, found.current.manifest_sha256)
    problems = find_problems(store, manifest)
    if not problems:
        return Finding("ok", subject, f"{found.release}, {len(manifest.files)} files, all there")
    first = problems[0]
    text = f"{found.release} is not whole: {first.key} {first.problem}; {len(problems)} such files"
    way_out = f"Restore them from a backup, or go back: aepipe releases rollback --channel {channel} --why damaged."
    return Finding("broken", subject, text, way_out)
