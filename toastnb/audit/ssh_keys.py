"""Keys that are weak, cannot be read, or do not fit their fingerprint."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from toastnb.audit.findings import listed
from toastnb.audit.public_keys import PublicKey, fingerprint_of, md5_of, read_keys, sha256_of
from toastnb.extras import needs
from toastnb.inventory import Inventory

_DSA, _RSA, _ED25519 = "ssh-dss", "ssh-rsa", "ssh-ed25519"
_ED25519_BITS = 256


class Judged(NamedTuple):
    """A public key, whether it is one, and its size as far as that is known."""

    key: PublicKey
    readable: bool
    bits: int | None


def weak_ssh_key(inventory: Inventory, *, rsa_bits: int = 2048) -> pd.DataFrame:
    """Find DSA keys, and RSA keys of fewer bits; DSA goes by its prefix, for libraries no longer read it."""
    rows = []
    for key, _, bits in _judged(inventory):
        if key.kind == _DSA:
            rows.append((key.name, key.name, "DSA key"))
        elif key.kind == _RSA and bits is not None and bits < rsa_bits:
            rows.append((key.name, key.name, f"RSA key of {bits} bits"))
    return listed(rows)


def unreadable_ssh_key(inventory: Inventory) -> pd.DataFrame:
    """Find public keys that are no OpenSSH keys; one that is not known at all is not judged."""
    unreadable = [key for key, readable, _ in _judged(inventory) if key.line and not readable]
    return listed([(key.name, key.name, "its public key cannot be read as an OpenSSH key") for key in unreadable])


def fingerprint_mismatch(inventory: Inventory) -> pd.DataFrame:
    """Find keypairs whose fingerprint is not the public key's; a form that is not known is not judged."""
    rows = []
    for key in read_keys(inventory):
        said = fingerprint_of(key.fingerprint)
        if key.blob and said and said not in (md5_of(key.blob), sha256_of(key.blob)):
            form = "SHA256" if said.startswith("SHA256") else "MD5"
            rows.append((key.name, key.name, f"its fingerprint ({form}) is not that of its public key"))
    return listed(rows)


def _judged(inventory: Inventory) -> list[Judged]:
    return [judged(key) for key in read_keys(inventory)]


def judged(key: PublicKey) -> Judged:
    """Read a key; of a kind that the library does not know, the frame alone tells whether it is a key.

    Examples
    --------
    >>> from toastnb.audit.public_keys import taken_apart
    >>> from toastnb.audit.ssh_keys import judged
    >>> judged(taken_apart("mine", "ssh-ed25519 AAAA")).readable
    False
    """
    with needs("audit"):
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_ssh_public_key
    if not _is_framed(key):
        return Judged(key, False, None)
    if key.kind == _DSA:
        return Judged(key, True, None)
    try:
        loaded = load_ssh_public_key(key.line.encode())
    except UnsupportedAlgorithm:
        return Judged(key, True, None)
    except (ValueError, IndexError, NotImplementedError):  # an empty point; a compressed one, which OpenSSH refuses too
        return Judged(key, False, None)
    return Judged(key, True, getattr(loaded, "key_size", _ED25519_BITS if key.kind == _ED25519 else None))


def _is_framed(key: PublicKey) -> bool:
    """Tell whether a key begins with its kind, as every OpenSSH key does."""
    kind = key.kind.encode()
    return bool(kind) and key.blob.startswith(len(kind).to_bytes(4, "big") + kind)
