"""A release made of two: the models of one that a channel shall have, and the channel's own of other names."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aepipe.checks.reference import measures_path
from aepipe.publishing.indices import FOLDER, index_files, states_of
from aepipe.recipes.published import PublishedModel, published_models
from aepipe.releases.manifest import Manifest, ReleaseFile
from aepipe.releases.signatures import require_trusted
from aepipe.releases.writing import complete_release, put_release_files
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref

DECISION = "decision.json"
# The release that a file is from, the file there, and as it is in the new one.
Part = tuple[Manifest, ReleaseFile, ReleaseFile]


def compose(
    store: Store,
    candidate: Manifest,
    production: Manifest | None,
    passed: tuple[str, ...] | None = None,
    decision: bytes | None = None,
    verdicts: Mapping[str, str] = {},
) -> Manifest:
    """Return the release that a channel shall have: the candidate, or a new one with the channel's own models beside
    those that passed.

    Args:
        store: Where all is.
        candidate: Whose models go in.
        production: What the channel has now.
        passed: The names of the candidate's models that go in; all where None.
        decision: The new release's decision.json; the candidate's where None.
        verdicts: What the decision says of each model.

    Raises:
        UntrustedReleaseError: one of the two is not signed by a trusted key.
    """
    for source in (candidate, production):
        if source is not None:
            require_trusted(store, source)
    ours, theirs = (published_models(of) if of is not None else {} for of in (candidate, production))
    taken = [model for name, model in ours.items() if passed is None or name in passed]
    kept = [model for name, model in theirs.items() if name not in {model.name for model in taken}]
    if not kept and len(taken) == len(ours):
        return candidate
    names = tuple(model.name for model in taken)
    digest = hashlib.sha256(f"{candidate.release} {production and production.release} {names}".encode())
    release, placed = f"{candidate.release}-{digest.hexdigest()[:6]}", _place([*taken, *kept])
    parts = [(candidate, file, file) for file in candidate.files if _is_of_whole(file, decision is None)]
    parts += [
        (model.manifest, file, file.model_copy(update={"path": file.path.replace(model.path(""), f"models/{key}/", 1)}))
        for key, model in placed.items()
        for file in model.files
    ]
    indices = index_files(placed)
    parts += _shared(
        (placed[key].manifest, file, file.model_copy(update={"path": path})) for key, (file, path) in indices.items()
    )
    states = states_of(placed, indices)
    parts += [(of, file, file) for name, of in states.items() for file in of.files if file.path == measures_path(name)]
    put_release_files(store, release, {file.path: _local(store, of.release, source) for of, source, file in parts})
    files = [file for _, _, file in parts]
    if decision is not None:
        store.put(f"releases/{release}/{DECISION}", decision)
        files.append(_decision_file(decision))
    manifest = candidate.model_copy(
        update={
            "release": release,
            "recipes": {
                key: model.summary.model_copy(
                    update={
                        **(_said(verdicts, model) if model in taken else {}),
                        **({"index": indices[key][1]} if key in indices else {}),
                    }
                )
                for key, model in placed.items()
            },
            "data_sets": {name: of.data_sets[name] for name, of in states.items()},
            "lineage": {key: model.lineage for key, model in placed.items()},
            "files": sorted(files, key=lambda file: file.path),
        }
    )
    complete_release(store, manifest)
    return manifest


def _place(models: Sequence[PublishedModel]) -> dict[str, PublishedModel]:
    """Return the models by what the new release calls them: what their own did, which readers hold on to.

    An older version may have called a model as another one is called now; then each has its name.
    """
    keys = Counter(model.key for model in models)
    return {model.key if keys[model.key] == 1 else model.name: model for model in models}


def _shared(parts: Iterable[Part]) -> list[Part]:
    """Return each file once that several models have."""
    return list({file.path: (of, source, file) for of, source, file in parts}.values())


def _said(verdicts: Mapping[str, str], model: PublishedModel) -> dict[str, str]:
    return {"verdict": verdicts[model.name]} if model.name in verdicts else {}


def _decision_file(decision: bytes) -> ReleaseFile:
    digest = hashlib.sha256(decision).hexdigest()
    return ReleaseFile(path=DECISION, sha256=digest, size=len(decision), media_type="application/json")


def _is_of_whole(file: ReleaseFile, with_decision: bool) -> bool:
    return (with_decision or file.path != DECISION) and not file.path.startswith(("models/", f"{FOLDER}/"))


def _local(store: Store, release: str, file: ReleaseFile) -> Path:
    uri = f"{store.url}/releases/{release}/{file.path}"
    return local_file(store, Ref(uri=uri, sha256=file.sha256, size=file.size, kind="document"))
