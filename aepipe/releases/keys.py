"""Keys of publishers: the private one that signs, the public ones that are trusted, by what the environment says."""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aepipe.errors import ParameterError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNING_KEY, TRUSTED_KEYS = "AEPIPE_SIGNING_KEY", "AEPIPE_TRUSTED_KEYS"
PUBLIC_PEM = re.compile("-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
MAKE_ONE = "Make one: openssl genpkey -algorithm ed25519 -out aepipe-signing.pem"


def signing_key() -> "Ed25519PrivateKey | None":
    """Return the key that $AEPIPE_SIGNING_KEY names or is; None where it is not set.

    Raises:
        ParameterError: it is none. The message never has a key's text.
    """
    given = os.environ.get(SIGNING_KEY, "").strip()
    if not given:
        return None
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    data = (given if "-----BEGIN" in given else _read(given, SIGNING_KEY)).replace("\\n", "\n").encode()
    is_openssh = b"OPENSSH" in data
    load = serialization.load_ssh_private_key if is_openssh else serialization.load_pem_private_key
    try:
        # With the line's end that a variable or a careless copy has lost.
        key = load(data.strip() + b"\n", None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ParameterError(
            f"{SIGNING_KEY} is an Ed25519 private key without a passphrase, in PEM or OpenSSH form, or its file.",
            MAKE_ONE,
            **_shown(given),
        )
    return key


def trusted_keys() -> dict[str, str] | None:
    """Return the keys that $AEPIPE_TRUSTED_KEYS names: fingerprint to the comment beside it, or "".

    None where it is not set: then every release is taken, signed or not.

    Raises:
        ParameterError: it has none, or something else than Ed25519 public keys.
    """
    given = os.environ.get(TRUSTED_KEYS, "").strip()
    if not given:
        return None
    keys = dict(_public_keys(given, may_name_files=True))
    if not keys:
        raise ParameterError(f"{TRUSTED_KEYS} has at least one key where it is set.", **_shown(given))
    return keys


def _public_keys(text: str, may_name_files: bool, **source: str) -> Iterator[tuple[str, str]]:
    for pem in PUBLIC_PEM.findall(text.replace("\\n", "\n")):
        yield fingerprint(_load_public(pem, **source)), ""
    for piece in re.split("[\n,]", PUBLIC_PEM.sub("\n", text.replace("\\n", "\n"))):
        piece = piece.strip()
        if piece.startswith("ssh-"):
            yield fingerprint(_load_public(piece, **source)), " ".join(piece.split()[2:])
        elif may_name_files and piece and not piece.startswith(("#", "-")):
            yield from _public_keys(_read(piece, TRUSTED_KEYS), may_name_files=False, path=piece)
        elif piece and not piece.startswith("#"):
            raise _no_public_key(**source)


def _load_public(text: str, **source: str) -> "Ed25519PublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    load = serialization.load_ssh_public_key if text.startswith("ssh-") else serialization.load_pem_public_key
    try:
        key = load(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_public_key(**source)
    return key


def public_text(key: "Ed25519PublicKey") -> str:
    """Return a public key as OpenSSH writes it, without a comment."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def load_public(text: str) -> "Ed25519PublicKey | None":
    """Return the key of a line that `public_text` wrote, or None."""
    try:
        return _load_public(text)
    except (ParameterError, binascii.Error):
        return None


def fingerprint(key: "Ed25519PublicKey") -> str:
    """Return what `ssh-keygen -l` calls a public key: SHA256: and 43 characters."""
    digest = hashlib.sha256(base64.b64decode(public_text(key).split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _read(path: str, variable: str) -> str:
    try:
        return Path(os.path.expanduser(path)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ParameterError(
            f"{variable} is a key's text, or a file that can be read.", f"Reason: {reason}.", **_shown(path)
        ) from None


def _no_public_key(**source: str) -> ParameterError:
    return ParameterError(
        f"{TRUSTED_KEYS} has Ed25519 public keys, in PEM or OpenSSH form, or their files; one a line, or with commas.",
        "Write one: openssl pkey -in aepipe-signing.pem -pubout -out aepipe-signing.pub",
        **source,
    )


def _shown(given: str) -> dict[str, str]:
    """Return what a message may show: a path, never what may be a key."""
    return {"path": given} if given.startswith(("/", "./", "../", "~")) and "\n" not in given else {}
