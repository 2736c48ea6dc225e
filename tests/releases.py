"""Small releases for tests, written as the publisher writes them: files, then the manifest."""

import hashlib

from aepipe.releases.manifest import Manifest, ReleaseFile, manifest_bytes


def describe(release: str, files: dict[str, bytes], **changes) -> Manifest:
    """Return the manifest of a release with these files, path to bytes."""
    recipes = list(dict.fromkeys(path.split("/")[1] for path in files if path.startswith("models/")))
    facts = {
        "verdict": "first",
        "origin": release,
        "setting": "tuned",
        "data": "digits-fraction",
        "code_size": 8,
        "mse_per_pixel": 0.01,
        "pca_mse_per_pixel": 0.02,
    }
    given = {
        "release": release,
        "created": "2026-01-01T02:00:00+00:00",
        "content": "0" * 64,
        "flow_run": "run",
        "parameters": {"preset": "full"},
        "git_commit": None,
        "packages": {"keras": "3"},
        "hardware": ["CPU"],
        "seconds": 1,
        "recipes": {recipe: facts for recipe in recipes},
        "lineage": {recipe: {} for recipe in recipes},
        "candidate": release,
        "store": {},
        "files": [
            ReleaseFile(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="text/plain")
            for path, data in files.items()
        ],
    }
    return Manifest(**{**given, **changes})


def put_release(
    store, release: str, models: dict[str, bytes] | None = None, more: dict[str, bytes] | None = None, **changes
) -> Manifest:
    """Write a complete release with one model file for each recipe, a report, and more files by their paths."""
    files = {f"models/{recipe}/model.keras": data for recipe, data in (models or {}).items()} | (more or {})
    files["report.html"] = b"<p>report of %s</p>" % release.encode()
    for path, data in files.items():
        store.put(f"releases/{release}/{path}", data)
    manifest = describe(release, files, **changes)
    store.create(f"releases/{release}/manifest.json", manifest_bytes(manifest))
    return manifest
