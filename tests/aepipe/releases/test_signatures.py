"""With keys, nothing is loaded, copied or promoted but what a trusted publisher signed; without them all is as ever."""

import json

import pytest
from command_line import app
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from releases import describe, put_release
from typer.testing import CliRunner

import aepipe
from aepipe.errors import CorruptObjectError, ParameterError, UntrustedReleaseError
from aepipe.gate.verdicts import Verdict
from aepipe.publishing.equal import find_equal
from aepipe.publishing.promotion import Judgement, promote, promote_passed, rollback
from aepipe.releases.channels import point_channel, read_channel
from aepipe.releases.download import download
from aepipe.releases.keys import fingerprint, public_text
from aepipe.releases.manifest import manifest_bytes, manifest_sha256, read_manifest, resolve_release
from aepipe.releases.signatures import (
    Signer,
    describe_signers,
    require_able_to_sign,
    require_trusted,
    sign_release,
    signers_of,
)
from aepipe.releases.verify import find_problems
from aepipe.releases.writing import complete_release
from aepipe.store import open_store

OLD, NEW = "20260101T000000Z-a", "20260201T000000Z-b"
KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n, name in enumerate(("ada", "bob"))}
NAMES = {name: fingerprint(key.public_key()) for name, key in KEYS.items()}


@pytest.fixture(autouse=True)
def _without_keys(monkeypatch):
    for name in ("AEPIPE_SIGNING_KEY", "AEPIPE_TRUSTED_KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def store(store_url):
    return open_store(store_url)


@pytest.fixture
def folder(tmp_path):
    return open_store(tmp_path / "store")


@pytest.fixture
def sign_as(monkeypatch):
    def sign_as(name: str | None) -> None:
        key = KEYS.get(name)
        text = "" if key is None else key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        monkeypatch.setenv("AEPIPE_SIGNING_KEY", text)

    return sign_as


@pytest.fixture
def trust(monkeypatch):
    def trust(*names: str) -> None:
        lines = [f"{public_text(KEYS[name].public_key())} {name}" for name in names]
        monkeypatch.setenv("AEPIPE_TRUSTED_KEYS", ",".join(lines))

    return trust


def publish(store, release: str, models: dict[str, bytes], **changes):
    """Write a release as the pipeline does."""
    files = {f"models/{recipe}/model.keras": data for recipe, data in models.items()}
    for path, data in files.items():
        store.put(f"releases/{release}/{path}", data)
    manifest = describe(release, files, **changes)
    complete_release(store, manifest)
    return manifest


def point(store, manifest, channel: str = "production"):
    digest = manifest_sha256(manifest)
    return point_channel(store, channel, manifest.release, digest, action="promoted", why="tests", by="tests")


def test_what_is_published_with_a_key_is_signed_by_it(store, sign_as, trust):
    sign_as("ada")
    manifest = publish(store, NEW, {"dense": b"new"})
    assert signers_of(store, manifest) == (Signer(NAMES["ada"], "", None),)
    assert find_problems(store, manifest, full=True) == []
    trust("ada", "bob")
    assert signers_of(store, manifest) == (Signer(NAMES["ada"], "ada", True),)
    require_trusted(store, manifest)
    trust("bob")
    with pytest.raises(UntrustedReleaseError, match=f"signed_by=.'{NAMES['ada']}'.*aepipe releases sign {NEW} --store"):
        require_trusted(store, manifest)


def test_without_keys_everything_is_as_ever_and_says_not_signed(folder):
    manifest = publish(folder, NEW, {"dense": b"new"})
    assert describe_signers(signers_of(folder, manifest)) == "not signed"
    assert not folder.exists(f"releases/{NEW}/signature.json")
    require_trusted(folder, manifest)


def rewrite(store, manifest, **changes):
    """What somebody who can write the store does: other models, a manifest with their digests, the old signatures."""
    models = {f"models/{recipe}/model.keras": b"hostile" for recipe in manifest.recipes}
    for path, data in models.items():
        store.put(f"releases/{manifest.release}/{path}", data)
    hostile = describe(manifest.release, models, **changes)
    store.put(f"releases/{manifest.release}/manifest.json", manifest_bytes(hostile))
    store.delete("channels/production.json")
    return point(store, hostile)


@pytest.mark.parametrize("how", ["rewritten", "not signed", "by another", "copied", "another's signature", "damaged"])
def test_what_no_trusted_key_signed_is_refused_everywhere(folder, sign_as, trust, tmp_path, how):
    sign_as({"not signed": None, "by another": "bob"}.get(how, "ada"))
    old = publish(folder, OLD, {"dense": b"old", "conv": b"old"})
    signatures = f"releases/{OLD}/signature.json"
    point(folder, old)
    if how == "rewritten":
        rewrite(folder, old)
    if how == "another's signature":
        # A key's name and signature under another public key.
        (one,) = json.loads(folder.get(signatures))["signatures"]
        hostile = {**one, "public_key": public_text(KEYS["bob"].public_key())}
        folder.put(signatures, json.dumps({"signatures": [hostile]}).encode())
    if how == "damaged":
        folder.put(signatures, b"{")
    sign_as("ada")
    name = OLD
    if how == "copied":
        name = NEW
        for info in list(folder.list(f"releases/{OLD}/")):
            folder.put(info.key.replace(OLD, NEW), folder.get(info.key))
        moved = folder.get(f"releases/{NEW}/manifest.json").replace(OLD.encode(), NEW.encode())
        folder.put(f"releases/{NEW}/manifest.json", moved)
        folder.delete("channels/production.json")
        point(folder, read_manifest(folder, NEW))
    trust("ada")
    before = read_channel(folder, "production")
    latest = publish(folder, "20260301T000000Z-c", {"dense": b"newer"})
    passed = (Verdict(recipe="dense", verdict="promoted", reason="tests"),)
    for refused in (
        lambda: aepipe.load(folder, "dense"),
        lambda: aepipe.load(folder, "dense", name),
        lambda: download(folder, resolve_release(folder, "production"), tmp_path / "copy"),
        lambda: promote(folder, "other", name, "tests"),
        lambda: promote(folder, "production", latest.release, "tests", missing="keep"),
        lambda: promote_passed(folder, "production", latest, lambda _, base: Judgement(base, passed), None, "run"),
        lambda: require_able_to_sign(folder, "production"),
    ):
        with pytest.raises(UntrustedReleaseError):
            refused()
    assert not (tmp_path / "copy").exists()
    assert (read_channel(folder, "production"), read_channel(folder, "other")) == (before, None)
    done = CliRunner().invoke(app, ["releases", "verify", "--json", "--store", str(folder.root)])
    assert done.exit_code == 1
    assert [entry["key"] for entry in json.loads(done.output)["problems"]] == [f"releases/{name}/signature.json"]


def test_a_manifest_under_anothers_id_is_no_release(folder):
    publish(folder, OLD, {"dense": b"old"})
    folder.put(f"releases/{NEW}/manifest.json", folder.get(f"releases/{OLD}/manifest.json"))
    with pytest.raises(CorruptObjectError, match=f"key='releases/{NEW}/manifest.json', release='{OLD}'"):
        read_manifest(folder, NEW)


def test_a_channel_does_not_go_back_to_what_nobody_signed(folder, sign_as, trust):
    point(folder, publish(folder, OLD, {"dense": b"old"}))
    sign_as("ada")
    point(folder, publish(folder, NEW, {"dense": b"new"}))
    trust("ada")
    with pytest.raises(UntrustedReleaseError, match=OLD):
        rollback(folder, "production", "tests")
    sign_release(folder, OLD)
    assert rollback(folder, "production", "tests").release == OLD


def test_a_release_that_is_composed_is_signed_by_who_composes_it(store, sign_as, trust):
    sign_as("bob")
    point(store, publish(store, OLD, {"dense": b"old", "conv": b"old"}))
    sign_as("ada")
    new = publish(store, NEW, {"dense": b"new"})
    trust("ada", "bob")
    passed = (Verdict(recipe="dense", verdict="promoted", reason="tests"),)
    promote_passed(store, "production", new, lambda _, base: Judgement(base, passed), None, "run")
    made = resolve_release(store, "production")
    assert made.release not in (OLD, NEW)
    assert [signer.key for signer in signers_of(store, made)] == [NAMES["ada"]]


def test_a_key_is_replaced_without_losing_a_release(store, sign_as, trust):
    sign_as("ada")
    manifest = publish(store, NEW, {"dense": b"new"})
    sign_as("bob")
    assert sign_release(store, NEW) == sign_release(store, NEW) == manifest
    assert [signer.key for signer in signers_of(store, manifest)] == [NAMES["ada"], NAMES["bob"]]
    trust("bob")
    require_trusted(store, manifest)


def test_a_damaged_release_is_not_signed(folder, sign_as):
    put_release(folder, NEW, {"dense": b"new"})
    sign_as("ada")
    folder.put(f"releases/{NEW}/models/dense/model.keras", b"nEw")
    with pytest.raises(CorruptObjectError, match="other bytes"):
        sign_release(folder, NEW)
    assert not folder.exists(f"releases/{NEW}/signature.json")


def test_a_publisher_whose_releases_nobody_would_take_is_told_before_it_trains(folder, sign_as, trust):
    require_able_to_sign(folder, "production")
    trust("ada")
    for name in (None, "bob"):
        sign_as(name)
        with pytest.raises(ParameterError, match=r"a publisher signs with one of these keys.*AEPIPE_SIGNING_KEY"):
            require_able_to_sign(folder, "production")
    sign_as("ada")
    require_able_to_sign(folder, "production")


def test_an_equal_release_that_is_not_to_be_trusted_is_published_anew(folder, trust):
    manifest = publish(folder, NEW, {"dense": b"new"})
    assert find_equal(folder, manifest.content) == manifest
    trust("ada")
    assert find_equal(folder, manifest.content) is None


def test_a_copy_has_the_manifest_that_was_signed_and_its_signatures(folder, sign_as, trust, tmp_path):
    sign_as("ada")
    trust("ada")
    download(folder, publish(folder, NEW, {"dense": b"new"}), tmp_path / "copy")
    for name in ("manifest.json", "signature.json"):
        assert (tmp_path / "copy" / name).read_bytes() == folder.get(f"releases/{NEW}/{name}")


def test_the_commands_say_by_whom_a_release_is_signed(folder, sign_as, trust):
    point(folder, put_release(folder, OLD, {"dense": b"old"}))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["releases", *arguments, "--store", str(folder.root)])
        assert done.exit_code == 0, done.output
        return done.output

    assert "Not signed\n" in run("show", OLD)
    assert run("verify").endswith("0 problems, not signed\n")
    assert json.loads(run("list", "--json"))[0]["signed by"] is None
    sign_as("ada")
    trust("ada")
    signed = f"signed by {NAMES['ada']} (ada, trusted)\n"
    assert run("sign", "production") == f"{OLD} is {signed}"
    assert f"S{signed[1:]}" in run("show", OLD)
    assert run("verify").endswith(f"0 problems, {signed}")
    assert json.loads(run("list", "--json"))[0]["signed by"] == NAMES["ada"]
    for command in ("show", "verify", "sign"):
        (told,) = json.loads(run(command, "production", "--json"))["signed_by"]
        assert told == {"key": NAMES["ada"], "comment": "ada", "is_trusted": True}
