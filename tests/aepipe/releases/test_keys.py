"""Keys as people have them: files and texts, PEM and OpenSSH; and no message that shows a private one."""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from aepipe.errors import ParameterError
from aepipe.releases.keys import fingerprint, public_text, signing_key, trusted_keys

ROOT = Path(__file__).parents[3]
KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (1, 2))
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
OPENSSH = KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
PUBLIC_PEM = OTHER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
MINE, THEIRS = fingerprint(KEY.public_key()), fingerprint(OTHER.public_key())


@pytest.mark.parametrize("form", [PEM, OPENSSH, PEM.strip(), OPENSSH.strip().replace("\n", "\\n")])
def test_a_private_key_is_a_text_or_a_file(form, tmp_path, monkeypatch):
    (tmp_path / "key.pem").write_text(form)
    for given in (form, str(tmp_path / "key.pem")):
        monkeypatch.setenv("AEPIPE_SIGNING_KEY", given)
        assert fingerprint(signing_key().public_key()) == MINE


def test_public_keys_are_texts_and_files_with_commas_or_lines_between_them(tmp_path, monkeypatch):
    line = f"{public_text(KEY.public_key())} ada@example.org"
    (tmp_path / "theirs.pem").write_text(PUBLIC_PEM)
    (tmp_path / "all").write_text(f"# publishers\n{line}\n\n{PUBLIC_PEM}")
    both = {MINE: "ada@example.org", THEIRS: ""}
    for given in (f"{line},{tmp_path}/theirs.pem", f"{line}\n{PUBLIC_PEM}", f" {tmp_path}/all , "):
        monkeypatch.setenv("AEPIPE_TRUSTED_KEYS", given)
        assert trusted_keys() == both


def test_without_the_variables_there_are_no_keys(monkeypatch):
    for empty in (None, "", " "):
        for name in ("AEPIPE_SIGNING_KEY", "AEPIPE_TRUSTED_KEYS"):
            monkeypatch.delenv(name, raising=False) if empty is None else monkeypatch.setenv(name, empty)
        assert signing_key() is None
        assert trusted_keys() is None


def refusal(function) -> str:
    with pytest.raises(ParameterError) as caught:
        function()
    # Nor behind it, where a log would print it.
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize("broken", ["cut", "with a passphrase", "of another kind", "without its first line"])
def test_what_is_no_signing_key_is_refused_and_not_shown(broken, tmp_path, monkeypatch):
    rsa = generate_private_key(65537, 1024)
    text = {
        "cut": PEM[:60] + PEM[-30:],
        "with a passphrase": KEY.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
        ).decode(),
        "of another kind": rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "without its first line": PEM.splitlines()[1],
    }[broken]
    monkeypatch.setenv("AEPIPE_SIGNING_KEY", text)
    said = refusal(signing_key)
    assert "AEPIPE_SIGNING_KEY is " in said
    assert not [line for line in text.splitlines() if len(line) > 20 and "-----" not in line and line in said]
    path = tmp_path / "key.pem"
    path.write_text(text)
    monkeypatch.setenv("AEPIPE_SIGNING_KEY", str(path))
    assert f"path='{path}'" in refusal(signing_key)


@pytest.mark.parametrize("given", ["/nowhere/key.pub", "ssh-ed25519 AAAA", "ssh-rsa AAAAB3", PEM, ",", "{empty}"])
def test_trusted_keys_that_are_none_are_refused(given, tmp_path, monkeypatch):
    (tmp_path / "empty").write_text("# nobody yet\n")
    monkeypatch.setenv("AEPIPE_TRUSTED_KEYS", given.format(empty=tmp_path / "empty"))
    said = refusal(trusted_keys)
    assert said.startswith("AEPIPE_TRUSTED_KEYS ")
    assert PEM.splitlines()[1] not in said


@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
def test_the_documents_commands_make_a_pair_of_keys(tmp_path, monkeypatch):
    lines = re.findall("^openssl .*", (ROOT / "docs" / "releases.md").read_text(), re.MULTILINE)
    assert len(lines) == 2
    subprocess.run(["sh", "-ec", "\n".join(lines)], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AEPIPE_SIGNING_KEY", "aepipe-signing.pem")
    monkeypatch.setenv("AEPIPE_TRUSTED_KEYS", "aepipe-signing.pub")
    assert list(trusted_keys()) == [fingerprint(signing_key().public_key())]


@pytest.mark.skipif(which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_key_has_the_name_that_ssh_keygen_gives_it(tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    printed = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "key"], check=True, capture_output=True, text=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEPIPE_SIGNING_KEY", str(tmp_path / "key"))
        assert fingerprint(signing_key().public_key()) == printed.stdout.split()[1]
