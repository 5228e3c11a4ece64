"""Keypairs: missing, foreign, unused, the same, shared; and what their public keys are worth."""

from __future__ import annotations

import base64
import sys

import pytest

import toastnb as tn
from tests.audit.builders import (
    account,
    clean,
    dsa,
    ed25519,
    evidence,
    find,
    keypair,
    line,
    md5,
    number,
    resources,
    rsa,
    sha256,
    without,
)


def keys(*given: dict[str, object]) -> tn.Inventory:
    return account(keypairs=given)


def test_an_instance_without_a_keypair_on_windows_too() -> None:
    windows = clean(3, keyName=None, metadata={"os_type": "windows"})
    inventory = account([without(clean(1), "keyName"), clean(2), windows, clean(4, keyName="")])
    assert resources(inventory, "keypair-missing") == ["id-1", "id-3", "id-4"]


def test_a_keypair_of_somebody_else_is_possible_only() -> None:
    inventory = account([clean(1), clean(2, keyName="gone"), without(clean(3), "keyName"), clean(4, keyName="")])
    found = find(inventory, "keypair-not-in-account")
    assert found[["resource", "confidence", "evidence"]].values.tolist() == [
        ["id-2", "possible", "its keypair gone is not among this user's"]
    ]


def test_a_keypair_is_unused_when_no_instance_names_it_but_one_that_goes() -> None:
    pairs = [keypair("ops", ed25519(1)), keypair("old", ed25519(2)), keypair("going", ed25519(3))]
    inventory = account([clean(1), clean(2, status="DELETING", keyName="going")], keypairs=pairs)
    found = find(inventory, "keypair-unused")
    assert found.resource.tolist() == ["going", "old"]
    assert set(found.confidence) == {"likely"}
    assert set(found.resource_type) == {"keypair"}


def test_a_keypair_is_shared_from_the_threshold_on() -> None:
    vms = [clean(one) for one in range(20)] + [clean(99, status="DELETING"), clean(98, keyName=None)]
    assert evidence(account(vms), "keypair-shared") == {"ops": "20 instances have it"}
    assert evidence(account(vms[1:]), "keypair-shared") == {}
    assert evidence(account(vms[:1]), "keypair-shared", instances=1) == {"ops": "1 instance has it"}


def test_one_key_under_two_names_is_told_by_the_key_whatever_the_comment() -> None:
    key = ed25519(5)
    inventory = keys(keypair("b", key), keypair("a", key.removesuffix("somebody") + "me"), keypair("other", ed25519(6)))
    assert evidence(inventory, "keypair-duplicate") == {"a": "the same key as b", "b": "the same key as a"}


@pytest.mark.parametrize("form", [md5, sha256, lambda key: md5(key).upper(), lambda key: f"MD5:{md5(key)}"])
def test_without_a_public_key_the_fingerprint_tells(form: object) -> None:
    key = ed25519(5)
    fingerprint = form(key)  # type: ignore[operator]
    assert resources(keys(keypair("a", key), keypair("b", None, fingerprint)), "keypair-duplicate") == ["a", "b"]
    only = keys(keypair("a", None, fingerprint), keypair("b", None, fingerprint))
    assert resources(only, "keypair-duplicate") == ["a", "b"]


def test_what_is_not_known_of_two_keys_does_not_make_them_one() -> None:
    assert resources(keys(keypair("a", None), keypair("b", None)), "keypair-duplicate") == []
    assert resources(keys(keypair("a", None, "odd"), keypair("b", None, "odd")), "keypair-duplicate") == []


def test_of_many_names_some_are_said() -> None:
    many = keys(*(keypair(f"k{one}", ed25519(1)) for one in range(8)))
    assert evidence(many, "keypair-duplicate")["k0"] == "the same key as k1, k2, k3, k4, k5 and 2 more"


# --- what a key is worth ------------------------------------------------------------------------------------------


def test_dsa_and_short_rsa_are_weak() -> None:
    inventory = keys(
        keypair("dsa", dsa()),
        keypair("rsa512", rsa(512)),
        keypair("rsa2047", rsa(2047)),
        keypair("rsa2048", rsa(2048)),
        keypair("ed25519", ed25519(1)),
        keypair("nothing", None),
    )
    assert evidence(inventory, "weak-ssh-key") == {
        "dsa": "DSA key",
        "rsa512": "RSA key of 512 bits",
        "rsa2047": "RSA key of 2047 bits",
    }
    assert resources(inventory, "weak-ssh-key", rsa_bits=4096) == ["dsa", "rsa2047", "rsa2048", "rsa512"]
    assert resources(inventory, "weak-ssh-key", rsa_bits=512) == ["dsa"]


def test_a_kind_that_nobody_knows_is_neither_weak_nor_unreadable() -> None:
    inventory = keys(
        keypair("future", line("ssh-future", b"x")),
        keypair("token", line("sk-ssh-ed25519@openssh.com", b"a" * 32, b"ssh:")),
    )
    assert resources(inventory, "weak-ssh-key") == []
    assert resources(inventory, "unreadable-ssh-key") == []


UNREADABLE = {
    "words": "no key at all",
    "kind only": "ssh-rsa",
    "not base64": "ssh-rsa !!!!",
    "another kind inside": "ssh-rsa " + ed25519(1).split()[1],
    "cut": line("ssh-ed25519", b"a" * 31),
    "no RSA": line("ssh-rsa", number(1), number(1 << 2047)),
    "a compressed point": line("ecdsa-sha2-nistp256", b"nistp256", b"\x02" + b"a" * 32),
    "another curve": line("ecdsa-sha2-nistp256", b"nistp384", b"\x04" + b"a" * 64),
    "no point": line("ecdsa-sha2-nistp256", b"nistp256", b""),
    "a certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "한글": "키 없음",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_openssh_key_is_unreadable_and_is_not_repeated(text: str) -> None:
    inventory = keys(keypair("bad", text, "ab"), keypair("good", ed25519(1)), keypair("old", dsa()))
    assert evidence(inventory, "unreadable-ssh-key") == {"bad": "its public key cannot be read as an OpenSSH key"}
    assert resources(inventory, "weak-ssh-key") == ["old"]


def test_a_public_key_that_is_missing_or_empty_is_not_judged() -> None:
    assert resources(keys(keypair("a", None), keypair("b", "", "")), "unreadable-ssh-key") == []


def test_a_fingerprint_fits_in_any_form() -> None:
    key, padded = ed25519(1), ed25519(2)
    forms = [md5(key), md5(key).upper(), f"MD5:{md5(key)}", sha256(key), sha256(key).rstrip("=")]
    assert resources(keys(*(keypair(form, key, form) for form in forms)), "fingerprint-mismatch") == []
    wrong = {form(padded) for form in (md5, sha256)}
    assert resources(keys(*(keypair(form, key, form) for form in wrong)), "fingerprint-mismatch") == sorted(wrong)


@pytest.mark.parametrize("fingerprint", ["", "not a fingerprint", "SHA1:abc", "aa:bb", "SHA256:short"])
def test_a_fingerprint_of_unknown_form_is_not_judged(fingerprint: str) -> None:
    assert resources(keys(keypair("a", ed25519(1), fingerprint)), "fingerprint-mismatch") == []


def test_a_fingerprint_without_a_key_that_can_be_decoded_is_not_judged() -> None:
    unreadable = keypair("a", "ssh-rsa !!!!", md5(ed25519(1)))
    assert resources(keys(unreadable, keypair("b", None, md5(ed25519(1)))), "fingerprint-mismatch") == []


def test_the_fingerprint_of_a_mismatch_names_its_form() -> None:
    key = ed25519(1)
    assert evidence(keys(keypair("a", key, sha256(ed25519(2)))), "fingerprint-mismatch") == {
        "a": "its fingerprint (SHA256) is not that of its public key"
    }


def test_without_the_library_for_keys_the_checks_that_need_it_do_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("cryptography")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    findings = tn.audit.run(keys(keypair("dsa", dsa(), md5(rsa(512)))))
    table = tn.audit.summary(findings).set_index("check")
    not_run = table[table.status == "not run"]
    assert set(not_run.index) == {
        "weak-ssh-key",
        "unreadable-ssh-key",
        "required-metadata-missing",
        "name-pattern",
    }
    assert "toastnb[audit]" in not_run.why["weak-ssh-key"]
    assert table.findings["fingerprint-mismatch"] == 1


def test_the_keys_of_these_tests_are_what_ssh_libraries_read() -> None:
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    assert load_ssh_public_key(rsa(2048).encode()).key_size == 2048  # type: ignore[union-attr]
    assert load_ssh_public_key(ed25519(1).encode())
    assert base64.b64decode(dsa().split()[1])[4:11] == b"ssh-dss"
