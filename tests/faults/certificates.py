"""An authority of our own, and certificates of it that are right and wrong."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM
Signed = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


def make(folder: Path) -> dict[str, ssl.SSLContext]:
    """Return contexts of servers for every name under ".toast.test": the right one, and the wrong ones by their fault.

    The folder gets `authority.pem`, with which the right one is trusted.
    """
    authority = _signed("an authority", None, days=(-1, 1))
    (folder / "authority.pem").write_bytes(authority[1].public_bytes(_PEM))
    made = {
        "right": _signed("*.toast.test", authority, days=(-1, 1)),
        "TLS: a certificate signed by itself": _signed("*.toast.test", None, days=(-1, 1)),
        "TLS: a certificate for another name": _signed("somewhere.else.test", authority, days=(-1, 1)),
        "TLS: a certificate that has expired": _signed("*.toast.test", authority, days=(-3, -2)),
    }
    return {name: _context(folder / "server.pem", one) for name, one in made.items()}


def _signed(name: str, by: Signed | None, *, days: tuple[int, int]) -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now, is_authority = datetime.now(UTC), by is None
    issuer = (by[0] if by else key).public_key()
    ciphers = ("key_encipherment", "data_encipherment", "encipher_only", "decipher_only")
    unused = dict.fromkeys((*ciphers, "content_commitment", "key_agreement"), False)
    use = x509.KeyUsage(digital_signature=True, key_cert_sign=is_authority, crl_sign=is_authority, **unused)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[1].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(use, critical=True)  # these three are asked for from Python 3.13 on
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name.replace(" ", "-"))]), critical=False)
    )
    return key, built.sign(by[0] if by else key, hashes.SHA256())


def _context(file: Path, signed: Signed) -> ssl.SSLContext:
    key, certificate = signed
    private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certificate.public_bytes(_PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    file.unlink()
    return context
