"""SSH keys: made with cryptography, read with cryptography, fingerprinted as Nova does (MD5, with colons)."""

import base64
import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_public_key,
)

from toastnb.sandbox.rules import invalid

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
_KINDS = (b"ssh-ed25519", b"ssh-rsa", b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ecdsa-sha2-nistp521")
_COMMENT = "Generated-by-toastnb-sandbox"


def generate() -> tuple[str, str]:
    """Make an RSA 2048 key: the public half as OpenSSH has it, the private half in traditional PEM.

    Examples
    --------
    >>> public, private = generate()
    >>> public.split()[0], private.splitlines()[0]
    ('ssh-rsa', '-----BEGIN RSA PRIVATE KEY-----')
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return openssh(key.public_key(), _COMMENT), private.decode()


def openssh(key: PublicKey, comment: str) -> str:
    """Write a public key in OpenSSH's one-line form."""
    return f"{key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()} {comment}"


def fingerprint(public_key: str) -> str:
    """Take the MD5 of a public key, in pairs with colons.

    Examples
    --------
    >>> fingerprint("ssh-rsa AAAA")
    '69:3e:9a:f8:4d:3d:fc:c7:1e:64:0e:00:5b:dc:5e:2e'
    """
    blob = base64.b64decode(public_key.split()[1])
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def check_public_key(text: str) -> str:
    """Return the one line of an OpenSSH RSA, ECDSA or Ed25519 key, or refuse with -4."""
    line = text.strip()
    kind, _, _ = line.partition(" ")
    if "\n" in line or kind.encode() not in _KINDS:
        raise invalid("keypair.publicKey is not one line of an OpenSSH RSA, ECDSA or Ed25519 public key")
    try:
        load_ssh_public_key(line.encode())
    except (ValueError, IndexError, NotImplementedError, UnsupportedAlgorithm):  # the second and third: a bad point
        raise invalid("keypair.publicKey cannot be read as an OpenSSH public key") from None
    return line
