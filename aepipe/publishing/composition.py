"""A release made of two: the models of one that a channel shall have, and the channel's own for the other recipes."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from aepipe.releases.manifest import Manifest, ReleaseFile, with_models
from aepipe.releases.signatures import require_trusted
from aepipe.releases.writing import complete_release, put_release_files
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref

DECISION = "decision.json"


def compose(
    store: Store,
    candidate: Manifest,
    production: Manifest | None,
    passed: tuple[str, ...] | None = None,
    decision: bytes | None = None,
    verdicts: Mapping[str, str] = {},
) -> Manifest:
    """Return the release that a channel shall have: the candidate, or a new one with the channel's own models for the
    recipes that did not pass.

    Args:
        store: Where all is.
        candidate: Whose models go in.
        production: What the channel has now.
        passed: Which of the candidate's models go in; all where None.
        decision: The new release's decision.json; the candidate's where None.
        verdicts: What the decision says of each recipe.

    Raises:
        UntrustedReleaseError: one of the two is not signed by a trusted key.
    """
    for source in (candidate, production):
        if source is not None:
            require_trusted(store, source)
    taken = tuple(with_models(candidate)) if passed is None else passed
    kept = [] if production is None else [r for r in with_models(production) if r not in taken]
    if not kept and set(taken) == set(with_models(candidate)):
        return candidate
    digest = hashlib.sha256(f"{candidate.release} {production and production.release} {taken}".encode())
    release = f"{candidate.release}-{digest.hexdigest()[:6]}"
    parts = [(candidate, file) for file in candidate.files if _belongs(file, taken, decision is None)]
    parts += [(production, file) for file in production.files if _recipe_of(file) in kept] if production else []
    put_release_files(store, release, {file.path: _local(store, source.release, file) for source, file in parts})
    files = [file for _, file in parts]
    if decision is not None:
        store.put(f"releases/{release}/{DECISION}", decision)
        files.append(_decision_file(decision))
    recipes = {r: candidate.recipes[r].model_copy(update=_said(verdicts, r)) for r in taken}
    lineage = {recipe: candidate.lineage[recipe] for recipe in taken}
    if production is not None:
        recipes |= {recipe: production.recipes[recipe] for recipe in kept}
        lineage |= {recipe: production.lineage[recipe] for recipe in kept}
    manifest = candidate.model_copy(
        update={
            "release": release,
            "recipes": recipes,
            "lineage": lineage,
            "files": sorted(files, key=lambda file: file.path),
        }
    )
    complete_release(store, manifest)
    return manifest


def _said(verdicts: Mapping[str, str], recipe: str) -> dict[str, str]:
    return {"verdict": verdicts[recipe]} if recipe in verdicts else {}


def _decision_file(decision: bytes) -> ReleaseFile:
    digest = hashlib.sha256(decision).hexdigest()
    return ReleaseFile(path=DECISION, sha256=digest, size=len(decision), media_type="application/json")


def _belongs(file: ReleaseFile, taken: tuple[str, ...], with_decision: bool) -> bool:
    recipe = _recipe_of(file)
    return (with_decision or file.path != DECISION) and (recipe is None or recipe in taken)


def _recipe_of(file: ReleaseFile) -> str | None:
    return file.path.split("/")[1] if file.path.startswith("models/") else None


def _local(store: Store, release: str, file: ReleaseFile) -> Path:
    uri = f"{store.url}/releases/{release}/{file.path}"
    return local_file(store, Ref(uri=uri, sha256=file.sha256, size=file.size, kind="document"))
