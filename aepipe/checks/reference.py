"""Reference of the checks: the images of the release that a channel names, and what its encoder makes of images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aepipe.checks.measures import Measured
from aepipe.datasets.index import Index, read_index
from aepipe.recipes.published import PublishedModel, published_models
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import Manifest, ReleaseFile, read_manifest
from aepipe.releases.signatures import require_trusted
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref

# What of a published model its codes are made and known by.
MODEL_FILES = ("recipe.json", "encoder.keras", "codes.npz")


def index_path(data_set: str) -> str:
    """Return where a release has the index of a data set."""
    return f"data/{data_set}.parquet"


def measures_path(data_set: str) -> str:
    """Return where a release has the measures of a data set's images."""
    return f"data/{data_set}-measures.npz"


@dataclass(frozen=True)
class PublishedEncoder:
    """A model of the release.

    Attributes:
        model: Its name.
        files: By name, those that tell what it makes of images.
    """

    model: str
    files: tuple[tuple[str, Ref], ...]


@dataclass(frozen=True)
class Reference:
    """What a release says of a data set.

    Attributes:
        release: The release's id.
        index: Its index of the images.
        measures: Measures of a sample of them; None where the release has none.
        encoder: The model whose codes are compared; None where it has none of the run's models.
    """

    release: str
    index: Ref
    measures: Ref | None = None
    encoder: PublishedEncoder | None = None

    def digests(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the digest of each file that is read of it."""
        yield "reference", self.index.sha256
        if self.measures is not None:
            yield "measures", self.measures.sha256
        if self.encoder is not None:
            yield from ((name, ref.sha256) for name, ref in self.encoder.files)

    def read_index(self, store: Store) -> Index:
        """Return the index of its images."""
        return read_index(local_file(store, self.index))

    def read_measures(self, store: Store) -> Measured | None:
        """Return the measures of its images, where it has them."""
        return None if self.measures is None else Measured.read(local_file(store, self.measures))


def find_reference(store: Store, channel: str, data_set: str, models: Sequence[str]) -> Reference | None:
    """Return what the release of a channel says of a data set; None where it says nothing.

    Args:
        store: Where the release is.
        channel: The channel's name.
        data_set: The data set's name.
        models: Names of models. The first that the release has says which state of the data set it is of, where the
            release has several, and gives codes.

    Raises:
        CorruptObjectError: the manifest is not the one that the channel names.
        UntrustedReleaseError: no trusted key signed the release.
    """
    base = read_channel(store, channel)
    if base is None:
        return None
    manifest = read_manifest(store, base.release, base.current.manifest_sha256)
    require_trusted(store, manifest)
    files = {file.path: file for file in manifest.files}
    published = published_models(manifest)
    found = [published[model] for model in models if model in published]
    index = _find_index(data_set, found, files)
    if index is None:
        return None
    # Of the state that the release has under the data set's own name.
    measures = files.get(measures_path(data_set)) if index.path == index_path(data_set) else None
    encoders = (_find_encoder(store, model, files) for model in found)
    return Reference(
        release=manifest.release,
        index=_ref(store, manifest, index),
        measures=None if measures is None else _ref(store, manifest, measures),
        encoder=next(filter(None, encoders), None),
    )


def _find_index(
    data_set: str, models: Sequence[PublishedModel], files: Mapping[str, ReleaseFile]
) -> ReleaseFile | None:
    """Return the index of the first of these models that has one, or that of the data set's name."""
    of_models = (model.summary.index for model in models if model.summary.data_set == data_set)
    paths = (*filter(None, of_models), index_path(data_set))
    return next((files[path] for path in paths if path in files), None)


def _find_encoder(store: Store, model: PublishedModel, files: Mapping[str, ReleaseFile]) -> PublishedEncoder | None:
    found = {name: files.get(model.path(name)) for name in MODEL_FILES}
    refs = tuple((name, _ref(store, model.manifest, file)) for name, file in found.items() if file is not None)
    return PublishedEncoder(model.name, refs) if len(refs) == len(MODEL_FILES) else None


def _ref(store: Store, manifest: Manifest, file: ReleaseFile) -> Ref:
    uri = f"{store.url}/releases/{manifest.release}/{file.path}"
    return Ref(uri=uri, sha256=file.sha256, size=file.size, kind="data")
