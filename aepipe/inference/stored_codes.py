"""Codes that were kept: in the store, by every run of a model and release, or in a folder."""

from collections.abc import Iterator
from pathlib import Path

from aepipe.errors import ObjectNotFoundError, ParameterError
from aepipe.inference.codes import CODES_FILE, Codes, joined, read_codes
from aepipe.releases.manifest import resolve_release
from aepipe.results import ResultsManifest, list_results, read_results, table_file
from aepipe.results.manifest import MANIFEST
from aepipe.store import Store
from aepipe.store.names import is_release_id
from aepipe.store.parsing import parse_stored


def find_codes(store: Store, model: str, channel: str | None = None, where: str | None = None) -> Codes:
    """Return codes of a model.

    Args:
        store: Where results and releases are.
        model: The model's name.
        channel: A channel's name or a release's id; by default the release that the codes are of.
        where: A folder with codes.parquet, that table, or the id of results in the store; by default all codes in the
            store, of the release that was encoded with last.

    Raises:
        ParameterError: the codes are of another model or release.
        ObjectNotFoundError: there are none.
        CorruptObjectError: a table is damaged.
    """
    release = None if channel is None else resolve_release(store, channel).release
    if where is None:
        return joined(list(_stored_codes(store, model, release)))
    found = _named_codes(store, model, where)
    if found.model != model or release not in (None, found.release):
        raise ParameterError(
            "A picture is compared with codes by the same model of the same release.",
            f"Encode them again, or name theirs: --model {found.model} --channel {found.release}",
            codes=where,
            **{"model": model} if found.model != model else {"release": release},
        )
    return found


def _stored_codes(store: Store, model: str, release: str | None) -> Iterator[Codes]:
    """Yield all codes of a model and release, by default the release that was encoded with last; the latest first."""
    found = list_results(store, model, "encode")
    manifests = [one for one in found if release in (None, one.release) and one.num_pictures]
    if not manifests:
        raise ObjectNotFoundError(
            "A picture is compared with codes of others.",
            f"Encode some first: aepipe encode IMAGES --model {model} --store {store.url}",
            model=model,
            **{} if release is None else {"release": release},
        )
    for manifest in manifests:
        if manifest.release == manifests[0].release:
            yield read_codes(table_file(store, manifest), manifest.source)


def _named_codes(store: Store, model: str, where: str) -> Codes:
    if is_release_id(where):
        manifest = read_results(store, model, where)
        return read_codes(table_file(store, manifest), manifest.source)
    path = Path(where).expanduser()
    table = path / CODES_FILE if path.is_dir() else path
    if not table.is_file():
        raise ObjectNotFoundError(
            f"Codes are a folder with {CODES_FILE}, that file, or the id of results in the store.",
            "By default they are all codes of the model in the store.",
            codes=where,
        )
    document = table.with_name(MANIFEST)
    source = None
    if document.is_file():
        source = parse_stored(document.read_bytes(), ResultsManifest, str(document)).source
    return read_codes(table, source)
