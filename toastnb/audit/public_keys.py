"""Public keys, taken apart as far as it goes without a library for keys."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NamedTuple

from toastnb.inventory import Inventory

_MD5 = re.compile(r"(?:MD5:)?((?:[0-9a-f]{2}:){15}[0-9a-f]{2})", re.IGNORECASE)
_SHA256 = re.compile(r"SHA256:([A-Za-z0-9+/]{43})=?")


class PublicKey(NamedTuple):
    """A keypair's public half: the line as it is, its kind (as ssh-rsa), and the key itself where it can be read."""

    name: str | None
    line: str
    kind: str
    blob: bytes
    fingerprint: str


def read_keys(inventory: Inventory) -> list[PublicKey]:
    """Return the public keys of an account; a line or fingerprint that is missing is empty."""
    columns = inventory.keypairs[["name", "public_key", "fingerprint"]]
    rows = columns.astype(object).where(columns.notna(), None).to_numpy().tolist()
    return [taken_apart(name, line or "", fingerprint or "") for name, line, fingerprint in rows]


def taken_apart(name: str | None, line: str, fingerprint: str = "") -> PublicKey:
    """Return a public key from its line, as "ssh-ed25519 AAAA... comment"."""
    kind, *rest = line.split() or [""]
    try:
        blob = base64.b64decode(rest[0], validate=True) if rest else b""
    except ValueError:  # not base64, or not even ASCII
        blob = b""
    return PublicKey(name, line.strip(), kind, blob, fingerprint.strip())


def fingerprint_of(text: str) -> str:
    """Return a fingerprint in one form: MD5 in pairs of small letters, or SHA256 as ssh-keygen shows it.

    Nothing comes back for a form that is not known.

    Examples
    --------
    >>> from toastnb.audit.public_keys import fingerprint_of
    >>> fingerprint_of("69:3E:9A:F8:4D:3D:FC:C7:1E:64:0E:00:5B:DC:5E:2E")
    '69:3e:9a:f8:4d:3d:fc:c7:1e:64:0e:00:5b:dc:5e:2e'
    """
    if md5 := _MD5.fullmatch(text):
        return md5[1].lower()
    if sha256 := _SHA256.fullmatch(text):
        return f"SHA256:{sha256[1]}"
    return ""


def md5_of(blob: bytes) -> str:
    """Return a key's MD5 in pairs with colons, as OpenStack does."""
    return hashlib.md5(blob, usedforsecurity=False).digest().hex(":")


def sha256_of(blob: bytes) -> str:
    """Return a key's SHA256 as ssh-keygen shows it."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"
