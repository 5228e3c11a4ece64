"""Metadata and names: secrets that must not be shown, what is required, and how names are made."""

from __future__ import annotations

import pytest

import toastnb as tn
from tests.audit.builders import account, clean, evidence, find, resources, without

CHECK = "secret-in-metadata"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


def with_metadata(*metadata: dict[str, str | None] | None) -> tn.Inventory:
    return account([clean(number, metadata=one) for number, one in enumerate(metadata, start=1)])


@pytest.mark.parametrize(
    "key",
    [
        *("password", "DB_PASSWORD", "dbPassword", "root.passwd", "passphrase", "pass", "db_pass", "dbPass", "PWD"),
        *("secret", "clientSecret", "token", "tokens", "access_token", "accessToken", "api_key", "api-key", "apikey"),
        *("apiKey", "private_key", "privatekey", "ssh-private-key", "credential", "aws_credentials", "access.key"),
        *("encryption key", "비밀 password", "DBPASS", "rootpass", "passcode", "pwd", "DBPWD", "db_pwd", "userPwd"),
        *("sshkey", "SSHKEY", "ssh_key", "sshKey", "ssh-key-2"),
    ],
)
def test_a_key_that_looks_like_a_secret_s_is_named(key: str) -> None:
    found = find(with_metadata({key: "canary"}, {key: ""}, {key: None}), CHECK)
    assert found[["resource", "severity", "confidence", "evidence"]].values.tolist() == [
        ["id-1", "high", "likely", f"metadata key '{key}' looks like a secret's"]
    ]


@pytest.mark.parametrize(
    "key",
    [
        *("login_username", "os_type", "os_distro", "os_version", "image_name", "team", "keypair", "key", "compass"),
        *("passenger", "bypass", "tokenizer", "monkey_business", "apiary", "용도", "passed", "encompass", "underpass"),
        *("keypair_name", "ssh_key_name", "sshKeyName", "ssh_keypair", "sshkeyname", "ssh_key_fingerprint"),
    ],
)
def test_a_key_that_does_not_is_left_alone(key: str) -> None:
    assert resources(with_metadata({key: "canary"}), CHECK) == []


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ", "a private key"),
        ("x -----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"),
        ("AKIAIOSFODNN7EXAMPLE", "an access key"),
        ("id=AKIAIOSFODNN7EXAMPLE;", "an access key"),
        (JWT, "a JSON web token"),
        ("postgres://app:canary@db.internal/app", "a URL with a password"),
        ("host=db password=canary@1", "a password"),
        ("Server=db;PWD=canary", "a password"),
        ("password: canary", "a password"),
        ("db_password : canary", "a password"),
        ('{"user":"app","password":"canary"}', "a password"),
        ("{'passwd': 'canary'}", "a password"),
        (r"{\"password\": \"canary\"}", "a password"),
        ("pwd = 'canary'", "a password"),
        ("passphrase: canary", "a password"),
        ("ghp_" + "c" * 36, "a GitHub token"),
        ("token=gho_" + "C4" * 18, "a GitHub token"),
        ("github_pat_" + "c4_" * 27, "a GitHub token"),
        ("xoxb-" + "1234-" * 4, "a Slack token"),
        ("x xoxp-" + "1234-" * 4, "a Slack token"),
        ("ghp_short", None),
        ("laughp_" + "c" * 36, None),
        ("xoxo-" + "hugs-" * 4, None),
        ("xoxb-short", None),
        ('{"password":""}', None),
        ('{"password":"","user":"app"}', None),
        ("password: ", None),
        ("password=''", None),
        ("passwords: none are kept", None),
        ("PasswordAuthentication: no", None),
        ("passed: 12", None),
        ("compass: north", None),
        ("-----BEGIN PUBLIC KEY-----", None),
        ("AKIA is a brand", None),
        ("XAKIAIOSFODNN7EXAMPLE", None),
        ("eyJ is no token", None),
        ("https://db.internal/app?user@host", None),
        ("https://db.internal:8443/app", None),
        ("password=", None),
        ("see the vault", None),
    ],
)
def test_a_value_that_looks_like_a_secret_is_told_by_its_kind(value: str, kind: str | None) -> None:
    found = find(with_metadata({"note": value}), CHECK)
    expected = [["id-1", "certain", f"metadata key 'note': its value looks like {kind}"]] if kind else []
    assert found[["resource", "confidence", "evidence"]].values.tolist() == expected


def test_each_key_of_an_instance_is_a_finding() -> None:
    found = find(with_metadata({"password": "canary", "token": JWT, "team": "a"}), CHECK)
    assert found.evidence.tolist() == [
        "metadata key 'password' looks like a secret's",
        "metadata key 'token': its value looks like a JSON web token",
    ]


def test_more_keys_can_be_given_in_any_case() -> None:
    inventory = with_metadata({"KakaoPin": "canary"}, {"pinboard": "x"})
    assert resources(inventory, CHECK) == []
    assert resources(inventory, CHECK, patterns=[r"pin$"]) == ["id-1"]


def test_a_long_key_is_cut_and_one_that_is_itself_a_secret_even_more() -> None:
    at_most, longer = "password".ljust(60, "x"), "password".ljust(61, "x")
    said = find(with_metadata({at_most: "1", longer: "1", f"token {JWT}": "1"}), CHECK).evidence.tolist()
    assert f"metadata key '{at_most}' looks like a secret's" in said
    assert f"metadata key '{longer[:60]}…' looks like a secret's" in said
    assert "metadata key 'toke…' looks like a secret's" in said


def test_metadata_of_an_instance_that_goes_is_left_alone() -> None:
    assert resources(account([clean(1, status="DELETING", metadata={"password": "canary"})]), CHECK) == []


# --- required metadata --------------------------------------------------------------------------------------------


def test_required_metadata_are_there_with_a_value() -> None:
    inventory = with_metadata(
        {"team": "a", "env": "prod", "other": "x"},
        {"team": "a"},
        {"team": "", "env": " "},
        {"team": None, "env": "prod"},
        {},
        None,
        {"Team": "a", "env": "prod"},
    )
    assert evidence(inventory, "required-metadata-missing", required=["team", "env"]) == {
        "id-2": "it lacks the metadata env",
        "id-3": "it lacks the metadata team, env",
        "id-4": "it lacks the metadata team",
        "id-5": "it lacks the metadata team, env",
        "id-6": "it lacks the metadata team, env",
        "id-7": "it lacks the metadata team",
    }


# --- names --------------------------------------------------------------------------------------------------------


def test_a_name_fits_as_a_whole() -> None:
    names = ["web-prod-01", "web-prod-1x", "xweb-prod-1", "웹-prod-01", "web-prod-01\n", ""]
    inventory = account([clean(number, name=name) for number, name in enumerate(names)])
    for pattern in (r"^web-(prod|dev)-\d+$", r"web-(prod|dev)-\d+"):
        found = find(inventory, "name-pattern", pattern=pattern)
        assert sorted(found.resource) == ["id-1", "id-2", "id-3", "id-4", "id-5"]
        assert set(found.evidence) == {f"its name does not fit {pattern}"}


def test_a_name_that_is_not_known_is_not_judged() -> None:
    inventory = account([without(clean(1), "name"), clean(2, name=None), clean(3)])
    assert resources(inventory, "name-pattern", pattern="x") == ["id-3"]


def test_patterns_are_those_of_python() -> None:
    inventory = account([clean(1, name="aa"), clean(2, name="ab"), clean(3, name="٣٣")])
    assert resources(inventory, "name-pattern", pattern=r"(?!b)(\w)\1") == ["id-2"]
