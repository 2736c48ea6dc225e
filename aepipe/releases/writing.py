"""The order in which a release comes to be: its files, a look at them, its manifest. Channels come after."""

from collections.abc import Callable, Mapping
from pathlib import Path

from aepipe.releases.manifest import Manifest, manifest_bytes, manifest_sha256
from aepipe.releases.signatures import sign_new
from aepipe.releases.verify import require_intact
from aepipe.store.interface import Store


def put_release_files(
    store: Store, release: str, files: Mapping[str, Path], on_file: Callable[[str], None] | None = None
) -> None:
    """Write files of a release, path in the release to local file. Nobody reads them before there is a manifest."""
    store.put_files({f"releases/{release}/{path}": source for path, source in files.items()}, on_file)


def complete_release(store: Store, manifest: Manifest, full: bool = False) -> None:
    """Write the manifest of a release whose files are in the store; from then on it exists and never changes.

    Where $AEPIPE_SIGNING_KEY is set the manifest is signed.

    Args:
        store: Where the files are.
        manifest: What they must be.
        full: Read every byte back before; otherwise sizes are compared.

    Raises:
        CorruptObjectError: the store does not hold what was put into it; no manifest is written.
        ConflictError: there is another release of this id.
        UnknownOutcomeError: the answer was lost and the manifest can't be read; run again.
    """
    require_intact(store, manifest, full)
    # First, so that no reader meets a release that its publisher has yet to sign.
    sign_new(store, manifest.release, manifest_sha256(manifest))
    store.create(f"releases/{manifest.release}/manifest.json", manifest_bytes(manifest))
