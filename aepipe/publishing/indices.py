"""Indices in a release: which file lists the images of which model. Models of one state of a data set share it."""

from collections.abc import Iterable, Mapping, Sequence

from aepipe.recipes.published import PublishedModel
from aepipe.releases.manifest import Manifest, ReleaseFile
from aepipe.stages.indices import INDEX
from aepipe.stages.outcome import Done, Outcome

FOLDER = "data"
DIGITS = 8


def index_paths(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Return the path in a release of each model's index, by the model's name; built-in sets have none."""
    return _paths(
        {
            outcome.model: (outcome.data.facts.name, outcome.split.files[INDEX].sha256)
            for outcome in outcomes
            if isinstance(outcome, Done) and INDEX in outcome.split.files
        }
    )


def index_files(models: Mapping[str, PublishedModel]) -> dict[str, tuple[ReleaseFile, str]]:
    """Return the index of each published model that has one, and its path in a release of all of them.

    A release may have two states of one data set, where a channel keeps a model of an earlier night.
    """
    files = {key: file for key, model in models.items() if (file := _file_of(model)) is not None}
    paths = _paths({key: (_data_set(models[key], file), file.sha256) for key, file in files.items()})
    return {key: (file, paths[key]) for key, file in files.items()}


def states_of(
    models: Mapping[str, PublishedModel], indices: Mapping[str, tuple[ReleaseFile, str]]
) -> dict[str, Manifest]:
    """Return the release that the state of each data set is from in a release of all these models, by its name.

    Args:
        models: The models, by what the release calls them.
        indices: What `index_files` gives for them.
    """
    found = {path: models[key].manifest for key, (file, path) in indices.items() if file.path == path}
    names = {path: path.removeprefix(f"{FOLDER}/").removesuffix(".parquet") for path in found}
    return {name: found[path] for path, name in names.items() if name in found[path].data_sets}


def _file_of(model: PublishedModel) -> ReleaseFile | None:
    return next((file for file in model.manifest.files if file.path == model.summary.index), None)


def _data_set(model: PublishedModel, file: ReleaseFile) -> str:
    return model.summary.data_set or file.path.rpartition("/")[2].removesuffix(".parquet")


def _paths(indices: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return a path for each data set's name and digest of an index, by the same keys."""
    digests, paths = dict[str, str](), dict[str, str]()
    for key, (data_set, sha256) in indices.items():
        path = f"{FOLDER}/{data_set}.parquet"
        if digests.setdefault(path, sha256) != sha256:
            path = f"{FOLDER}/{data_set}-{sha256[:DIGITS]}.parquet"
        paths[key] = path
    return paths
