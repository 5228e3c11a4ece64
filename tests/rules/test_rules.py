"""The guide's rules, each on both sides of its threshold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import toastnb as tn
from toastnb import rules


def allows(check: Callable[..., object], *given: Any) -> bool:
    """Tell whether a check passes; when it does not, it raises one kind of error."""
    try:
        check(*given)
    except tn.InvalidInput:
        return False
    return True


# --- names ----------


@pytest.mark.parametrize(
    ("name", "os_type", "allowed"),
    [
        ("a", None, True),
        ("", None, False),
        ("a" * 20, None, True),
        ("a" * 21, None, False),
        ("a" * 20, "linux", True),
        ("a" * 21, "linux", False),
        ("a" * 12, "windows", True),
        ("a" * 13, "windows", False),
        ("a" * 13, "Windows", False),
        ("a" * 13, "WINDOWS", False),
        ("a" * 20, "solaris", True),
        ("a" * 21, "solaris", False),
        ("A-z.0-9", None, True),
        ("-", None, True),
        (".", None, True),
        ("web_1", None, False),
        ("web 1", None, False),
        ("web/1", None, False),
        ("웹", None, False),
        ("é", None, False),
        ("１", None, False),
        ("web\n", None, False),
        ("\nweb", None, False),
        ("web\x00", None, False),
    ],
)
def test_an_instances_name(name: str, os_type: str | None, allowed: bool) -> None:
    assert allows(rules.check_instance_name, name, os_type) is allowed


@pytest.mark.parametrize(
    ("count", "allowed"),
    [
        (0, False),
        (1, True),
        (10, True),
        (11, False),
        (-1, False),
        (1.0, False),
        (True, False),
        ("1", False),
        (None, False),
    ],
)
def test_a_count(count: Any, allowed: bool) -> None:
    assert allows(rules.check_count, count) is allowed


# --- root disks ----------


@pytest.mark.parametrize(
    ("least", "most", "os_type", "first", "last"),
    [
        (20, None, "linux", 20, 1000),
        (None, None, "linux", 20, 1000),
        (None, None, None, 20, 1000),
        (0, None, None, 20, 1000),
        (10, None, "linux", 20, 1000),
        (21, None, "linux", 30, 1000),
        (29, None, "linux", 30, 1000),
        (30, None, "linux", 30, 1000),
        (31, None, "linux", 40, 1000),
        (20, None, "windows", 50, 1000),
        (20, None, "Windows", 50, 1000),
        (None, None, "windows", 50, 1000),
        (51, None, "windows", 60, 1000),
        (20, 100, "linux", 20, 100),
        (20, 109, "linux", 20, 100),
        (20, 2000, "linux", 20, 1000),
        (1000, None, "linux", 1000, 1000),
        (100, 100, "linux", 100, 100),
    ],
)
def test_the_sizes_of_root_disks(
    least: int | None, most: int | None, os_type: str | None, first: int, last: int
) -> None:
    sizes = rules.root_sizes(least, most, os_type)
    assert list(sizes) == list(range(first, last + 10, 10))


@pytest.mark.parametrize(("least", "most"), [(1001, None), (110, 100), (101, 100), (20, 19)])
def test_an_image_that_needs_more_than_there_can_be_has_no_size(least: int, most: int | None) -> None:
    sizes = rules.root_sizes(least, most, "linux")
    assert list(sizes) == []
    assert not allows(rules.check_root_size, 1000, sizes)
    with pytest.raises(tn.InvalidInput, match="there is none"):
        rules.check_root_size(100, sizes)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (10, False),
        (20, True),
        (25, False),
        (30, True),
        (1000, True),
        (1010, False),
        (None, False),
        (20.0, False),
        ("20", False),
        (True, False),
    ],
)
def test_a_root_disk(asked: Any, allowed: bool) -> None:
    assert allows(rules.check_root_size, asked, rules.root_sizes(20)) is allowed


@pytest.mark.parametrize(
    ("asked", "allowed"), [(None, True), (10, True), (5, False), (1000, True), (1010, False), (15, False)]
)
def test_a_root_disk_of_which_nothing_is_known_is_the_services_to_judge(asked: int | None, allowed: bool) -> None:
    assert allows(rules.check_root_size, asked, None) is allowed


@pytest.mark.parametrize(
    ("asked", "os_type", "allowed"),
    [
        (None, "linux", True),
        (None, None, True),
        (60, "linux", False),
        (None, "windows", False),
        (None, "Windows", False),
        (50, "windows", False),
    ],
)
def test_a_fixed_root_disk(asked: int | None, os_type: str | None, allowed: bool) -> None:
    assert allows(rules.check_root_size, asked, rules.root_sizes(20), 60, os_type) is allowed


# --- systems and memory ----------


@pytest.mark.parametrize(
    ("told", "system"),
    [
        (("windows", None, None), "windows"),
        (("Windows", "ubuntu", "Ubuntu"), "windows"),
        (("linux", "windows", "Windows 2022"), "linux"),
        (("LINUX", None, "Windows 2022"), "linux"),
        ((None, "windows", None), "windows"),
        ((None, "ubuntu", "my windows"), "linux"),
        (("", "", "Windows Server 2022"), "windows"),
        ((None, None, "WINDOWS 2019 (KO)"), "windows"),
        ((None, None, "Ubuntu Server"), None),
        ((None, None, None), None),
        (("", "", ""), None),
    ],
)
def test_the_system_is_known_by_type_then_distribution_then_name(
    told: tuple[str | None, str | None, str | None], system: str | None
) -> None:
    assert rules.os_type_of(*told) == system


def test_a_name_like_its_distribution_is_no_riddle() -> None:
    assert rules.os_type_of(None, "centos", "centos") == "linux"
    assert rules.os_type_of("linux", None, "linux") == "linux"


@pytest.mark.parametrize(
    ("ram", "least", "os_type", "allowed"),
    [
        (1023, None, "linux", False),
        (1024, None, "linux", True),
        (2047, None, "windows", False),
        (2048, None, "windows", True),
        (2047, None, "Windows", False),
        (4095, 4096, "linux", False),
        (4096, 4096, "linux", True),
        (2048, 1024, "windows", True),
        (512, None, None, True),
        (512, 513, None, False),
        (None, 4096, "linux", True),
        (0, None, "linux", False),
    ],
)
def test_memory(ram: int | None, least: int | None, os_type: str | None, allowed: bool) -> None:
    assert allows(rules.check_ram, ram, least, os_type) is allowed


# --- texts ----------


@pytest.mark.parametrize(
    ("kind", "allowed"), [("SOFT", True), ("HARD", True), ("soft", False), ("", False), (None, False), ("COLD", False)]
)
def test_a_kind_of_reboot(kind: Any, allowed: bool) -> None:
    assert allows(rules.check_reboot_type, kind) is allowed


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("x", True),
        ("한글 & x", True),
        ("😀", True),
        (" x ", True),
        ("", False),
        (" ", False),
        ("\u3000", False),
        ("a\nb", False),
        ("a\tb", False),
        ("a\x1fb", False),
        ("a b", True),
        ("a\x00", False),
        ("\ud800", False),
        (chr(0xDFFF), False),
        ("\ud7ff", True),
        ("\ue000", True),
        (None, False),
        (5, False),
        (b"x", False),
        (float("nan"), False),
    ],
    ids=repr,
)
def test_a_text(value: Any, allowed: bool) -> None:
    assert allows(rules.check_text, value, "name") is allowed


def test_what_a_text_is_for_is_in_the_message() -> None:
    for wrong in (None, "", "a\nb"):
        with pytest.raises(tn.InvalidInput, match=r"^the thing "):
            rules.check_text(wrong, "the thing")


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("ops", True),
        ("ops 2026", True),
        ("운영", True),
        (".ops", True),
        ("...", True),
        (".", False),
        ("..", False),
        *((f"a{char}b", False) for char in '/\\:*?"<>|'),
    ],
)
def test_a_files_name(name: str, allowed: bool) -> None:
    assert allows(rules.check_file_name, name) is allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("ssh-rsa AAAAB3Nz", True),
        ("ssh-rsa AAAAB3Nz me@example.com", True),
        ("ssh-rsa AAAAB3Nz a comment of words 한글", True),
        ("  ssh-ed25519 AAAAC3+/== me\n", True),
        ("ecdsa-sha2-nistp256 AAAA", True),
        ("sk-ssh-ed25519@openssh.com AAAA", True),
        ("ssh-rsa", False),
        ("ssh-rsa ", False),
        ("AAAAB3Nz", False),
        ("ssh-rsa AAAA!", False),
        ("ssh-rsa AAAA\nssh-rsa BBBB", False),
        ("ssh-rsa AAAA====", False),
        ("", False),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", False),
        (None, False),
        (b"ssh-rsa AAAA", False),
    ],
)
def test_a_public_key(text: Any, allowed: bool) -> None:
    assert allows(rules.check_public_key, text) is allowed
    if allowed:
        assert rules.check_public_key(text) == text.strip()


@pytest.mark.parametrize("kind", ["", "RSA ", "OPENSSH ", "EC ", "ENCRYPTED "])
def test_a_private_key_is_refused_without_being_repeated(kind: str) -> None:
    text = f"-----BEGIN {kind}PRIVATE KEY-----\nc4n4ry\n-----END {kind}PRIVATE KEY-----"
    with pytest.raises(tn.InvalidInput, match="is a private key") as caught:
        rules.check_public_key(text)
    assert "c4n4ry" not in str(caught.value)


# --- states ----------


def test_the_states_are_the_guides() -> None:
    assert set(rules.STATES) == {
        "BUILD",
        "POWERING_ON",
        "ACTIVE",
        "POWERING_OFF",
        "STOP",
        "REBOOTING",
        "RESIZING",
        "MIGRATING",
        "DELETING",
        "ERROR",
    }
    assert {"ACTIVE", "REBOOTING", "POWERING_ON", "POWERING_OFF", "MIGRATING"} == rules.RUNNING
    assert {"DELETING"} == rules.NOT_ALLOCATED
    assert {*rules.RUNNING, *rules.NOT_ALLOCATED} <= set(rules.STATES)
