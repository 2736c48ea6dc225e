"""No model of what is stored takes a name that leads elsewhere, or steers a terminal."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError
from releases import describe

from aepipe.errors import CorruptObjectError
from aepipe.releases.channel import Channel
from aepipe.releases.manifest import Manifest, ReleaseFile
from aepipe.stages.results import StageManifest
from aepipe.store.parsing import parse_stored
from aepipe.store.refs import Ref

RELEASE = "20260101T020000Z-1a2b3c"
HOSTILE = [
    *("", ".", "..", "../x", "a/../x", "a/..", "/etc/passwd", "//x", "a//b", "a/", "./a", "a/./b", "\\x", "..\\x"),
    *("C:\\x", "a\nb", "a\x00b", "\x1b[2Jx", "a\x7fb", "a\x9bb", "a\u2028b", "a\u202eb", "x" * 256, "a/" * 500 + "a"),
]
DIGEST = "0" * 64


def manifest(**changes):
    return {**describe(RELEASE, {"models/dense/model.keras": b"x"}).model_dump(mode="json"), **changes}


def file(**changes):
    return {"path": "report.html", "sha256": DIGEST, "size": 1, "media_type": "text/html", **changes}


def entry(**changes):
    given = {"release": RELEASE, "manifest_sha256": DIGEST, "candidate": RELEASE, "generation": 1, "token": "t"}
    return {**given, "action": "promoted", "why": "y", "by": "b", "at": datetime.now(UTC).isoformat(), **changes}


def stage(**changes):
    return {"stage": "train", "fingerprint": DIGEST, "content": "c", "files": {}, "facts": {}, "seconds": 1, **changes}


STAGE_FILE = {"sha256": DIGEST, "size": 1, "kind": "data"}
# Where a stored object has a path, an id or a name, and what it is with this text there.
PLACES = {
    "file of a manifest": (Manifest, lambda text: manifest(files=[file(path=text)])),
    "release of a manifest": (Manifest, lambda text: manifest(release=text)),
    "candidate of a manifest": (Manifest, lambda text: manifest(candidate=text)),
    "content of a manifest": (Manifest, lambda text: manifest(content=text)),
    "recipe of a manifest": (Manifest, lambda text: manifest(recipes={text: {"verdict": "first"}})),
    "origin of a recipe": (Manifest, lambda text: manifest(recipes={"x": {"verdict": "first", "origin": text}})),
    "lineage of a manifest": (Manifest, lambda text: manifest(lineage={text: {}})),
    "file": (ReleaseFile, lambda text: file(path=text)),
    "release of a channel": (Channel, lambda text: {"current": entry(release=text)}),
    "candidate in a channel's past": (Channel, lambda text: {"current": entry(), "history": [entry(candidate=text)]}),
    "file of a stage": (StageManifest, lambda text: stage(files={text: STAGE_FILE})),
    "folder of a stage": (StageManifest, lambda text: stage(content=text)),
    "name of a stage": (StageManifest, lambda text: stage(stage=text)),
}


@pytest.mark.parametrize("place", PLACES)
def test_names_that_lead_elsewhere_are_refused_in_every_place(place):
    kind, build = PLACES[place]
    for text in HOSTILE:
        with pytest.raises(CorruptObjectError, match="key='somewhere'"):
            parse_stored(json.dumps(build(text)).encode(), kind, "somewhere")
        with pytest.raises(ValidationError):
            kind.model_validate(build(text))


@pytest.mark.parametrize("field", ["sha256", "size"])
@pytest.mark.parametrize("value", ["", "0" * 63, "G" * 64, "0" * 64 + "\n", -1, 2**63, None, 1.5])
def test_what_is_no_digest_and_no_size_is_refused(field, value):
    with pytest.raises(ValidationError):
        ReleaseFile(**file(**{field: value}))


@pytest.mark.parametrize("files", [[file(), file(sha256="1" * 64)], [file(path="manifest.json")]])
def test_a_file_is_named_once_and_is_never_the_manifest(files):
    with pytest.raises(ValidationError, match="named once"):
        Manifest(**manifest(files=files))


@pytest.mark.parametrize(
    "uri",
    [
        "file:///store/a/../../etc/passwd",
        "s3://bucket/./x",
        "s3://bucket/a\nb",
        "/etc/passwd",
        "s3://bucket/",
        "s3://b/a\\b",
    ],
)
def test_a_reference_leads_to_an_object_of_a_store(uri):
    with pytest.raises(ValidationError, match="address"):
        Ref(uri=uri, sha256=DIGEST, size=1, kind="data")


@pytest.mark.parametrize(
    "path", ["models/conv@my-photos/model.keras", "figures/\u5199\u771f \u732b.png", "a-b_c.d/e f.json", "..a/b..c"]
)
def test_names_that_people_give_are_taken(path):
    assert ReleaseFile(**file(path=path)).path == path
    assert TypeAdapter(Manifest).validate_python(manifest(files=[file(path=path)])).files[0].path == path
