"""Keypairs, checked with OpenSSH's own tool and with cryptography."""

from __future__ import annotations

import base64
import struct
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_public_key,
)

from tests.sandbox.support import Client


def ssh_keygen(*arguments: str | Path) -> str:
    """What `ssh-keygen` says."""
    return subprocess.run(["ssh-keygen", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def openssh(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_a_made_keypair_shows_its_private_key_once_and_it_fits(instant: Client, tmp_path: Path) -> None:
    made = instant.ok("POST", "keypairs", {"keypair": {"name": "mine"}})["keypair"]
    assert made.keys() == {"name", "publicKey", "privateKey", "fingerprint"}
    assert made["privateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    file = tmp_path / "mine.pem"
    file.write_text(made["privateKey"])
    file.chmod(0o600)
    assert ssh_keygen("-y", "-f", file).split()[:2] == made["publicKey"].split()[:2]
    assert f"2048 MD5:{made['fingerprint']} " in ssh_keygen("-l", "-E", "md5", "-f", file)
    private = load_pem_private_key(made["privateKey"].encode(), password=None)
    assert private.public_key() == load_ssh_public_key(made["publicKey"].encode())
    (shown,) = instant.ok("GET", "keypairs", name="mine")["keypairs"]
    assert "privateKey" not in shown
    instant.refused(13409, "POST", "keypairs", {"keypair": {"name": "mine"}})


def ecdsa(point: bytes) -> str:
    """Return the line of an ECDSA key whose point is as given: none, or compressed, which OpenSSH refuses."""
    parts = (b"ecdsa-sha2-nistp256", b"nistp256", point)
    return "ecdsa-sha2-nistp256 " + base64.b64encode(b"".join(struct.pack(">I", len(p)) + p for p in parts)).decode()


def test_made_keys_are_new_each_time(instant: Client) -> None:
    keys = [instant.ok("POST", "keypairs", {"keypair": {"name": name}})["keypair"]["publicKey"] for name in "ab"]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["ed25519", "ecdsa-256", "ecdsa-521", "rsa"],
)
@pytest.mark.parametrize("ending", ["", " me@example.com", " a comment\n"])
def test_an_uploaded_key_is_kept(
    instant: Client, tmp_path: Path, key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, ending: str
) -> None:
    public = openssh(key) + ending
    made = instant.ok("POST", "keypairs", {"keypair": {"name": "up", "publicKey": public}})["keypair"]
    assert made.keys() == {"name", "publicKey", "fingerprint"}
    assert made["publicKey"] == public.strip()
    file = tmp_path / "up.pub"
    file.write_text(public)
    assert f"MD5:{made['fingerprint']} " in ssh_keygen("-l", "-E", "md5", "-f", file)


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "junk",
        "ssh-rsa",
        "ssh-rsa AAAA",
        "ssh-ed25519 !!!! me",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
        "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
        'command="x" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAbJy0cKO7K2GmIwphl7xHf/yizSjA7VTqm2f0ohPAt0',
        pytest.param(
            openssh(ed25519.Ed25519PrivateKey.generate()) + "\n" + openssh(ed25519.Ed25519PrivateKey.generate()),
            id="two keys",
        ),
        ecdsa(b""),
        ecdsa(b"\x02" + bytes(32)),
        "ssh-dss AAAAB3NzaC1kc3MAAACBAP",
        "ssh-rsa-cert-v01@openssh.com AAAA",
        "열쇠 AAAA",
        5,
        {},
    ],
)
def test_junk_is_no_key(instant: Client, junk: object) -> None:
    instant.refused(-4, "POST", "keypairs", {"keypair": {"name": "junk", "publicKey": junk}})
    instant.refused(13404, "GET", "keypairs", name="junk")


@pytest.mark.parametrize("name", ["", " blank", "blank ", "new\nline", "tab\t", "n" * 256, None, 5])
def test_names_that_are_refused(instant: Client, name: object) -> None:
    instant.refused(-4, "POST", "keypairs", {"keypair": {"name": name}})


@pytest.mark.parametrize("name", ["n" * 255, "한글 열쇠", "a.b-c_d@e"])
def test_names_that_are_taken(instant: Client, name: str) -> None:
    public = openssh(ed25519.Ed25519PrivateKey.generate())
    instant.ok("POST", "keypairs", {"keypair": {"name": name, "publicKey": public}})
    instant.refused(13409, "POST", "keypairs", {"keypair": {"name": name, "publicKey": public}})


def test_when_a_keypair_was_made_is_told_only_by_name(instant: Client) -> None:
    everything = instant.ok("GET", "keypairs")["keypairs"]
    assert all(keypair.keys() == {"name", "publicKey", "fingerprint"} for keypair in everything)
    (one,) = instant.ok("GET", "keypairs", name=everything[0]["name"])["keypairs"]
    assert one.keys() == {"name", "publicKey", "fingerprint", "createdAt"}


def test_a_keypair_is_deleted_also_while_instances_name_it(instant: Client) -> None:
    identifier = instant.create()
    instant.ok("DELETE", "keypairs", name="ops-shared")
    instant.refused(13404, "DELETE", "keypairs", name="ops-shared")
    instant.refused(-4, "DELETE", "keypairs")
    assert instant.detail(identifier)["keyName"] == "ops-shared"


def test_the_fleets_keys_are_real(instant: Client, tmp_path: Path) -> None:
    keypairs = instant.ok("GET", "keypairs")["keypairs"]
    kinds = set()
    for keypair in keypairs:
        file = tmp_path / "key.pub"
        file.write_text(keypair["publicKey"])
        assert f"MD5:{keypair['fingerprint']} " in ssh_keygen("-l", "-E", "md5", "-f", file)
        load_ssh_public_key(keypair["publicKey"].encode())
        kinds.add(keypair["publicKey"].split()[0])
    assert kinds == {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"}
    assert len({keypair["fingerprint"] for keypair in keypairs}) == len(keypairs) - 1
