"""What a user gives as an id or a name arrives as one part of the path or query, whatever is in it."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

import toastnb as tn
from tests.transport.conftest import Connect
from tests.transport.hostile import Hostile, answer
from toastnb.api import Api

NASTY = [
    "a/b",
    "../../tokens",
    "..%2f..",
    "%2e%2e",
    "한글 & x",
    "a?b=c",
    "a#b",
    "a&id=b",
    "a=b;c=d",
    "a+b c",
    "a\\b",
    "a'\"<b>",
    "http://elsewhere/",
    "😀",
    "~._-",
]


@pytest.mark.parametrize("value", [*NASTY, ".", ".."])
def test_an_id_in_a_query_arrives_as_it_is(hostile: Hostile, client: Api, value: str) -> None:
    hostile.on("GET instances", answer(instances=[]))
    client.instances(value)
    target = urlsplit(hostile.calls("GET instances")[0].target)
    assert target.path == "/compute/v1.0/appkeys/the-appkey/instances"
    assert parse_qs(target.query) == {"id": [value]}
    assert target.query.isascii()


@pytest.mark.parametrize("value", NASTY)
def test_an_id_in_a_path_arrives_as_one_part(hostile: Hostile, client: Api, value: str) -> None:
    client.start(value)
    target = hostile.received[-1].target
    assert target.isascii()
    parts = target.split("/")
    assert parts[:-2] == ["", "compute", "v1.0", "appkeys", "the-appkey", "instances"]
    assert parts[-1] == "action"
    assert unquote(parts[-2]) == value


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_an_id_that_would_leave_the_path_is_refused_before_anything_is_sent(
    hostile: Hostile, client: Api, value: str
) -> None:
    with pytest.raises(tn.InvalidInput):
        client.start(value)
    with pytest.raises(tn.InvalidInput):
        client.detach_volume(value, "v-1")
    assert hostile.received == []


@pytest.mark.parametrize("appkey", ["../tokens", "a/b c", "한글 key", "a?b#c"])
def test_the_appkey_arrives_as_one_part_too(hostile: Hostile, appkey: str) -> None:
    hostile.on("*", answer(flavors=[]))
    with tn.connect(appkey=appkey, username="u", password="a-password", base_url=hostile.base_url) as toast:
        toast.flavors()
    for request, call in zip(hostile.received, ["tokens", "flavors"], strict=True):
        parts = request.target.split("/")
        assert parts[:4] == ["", "compute", "v1.0", "appkeys"]
        assert (unquote(parts[4]), parts[5:]) == (appkey, [call])


@pytest.mark.parametrize("appkey", [".", ".."])
def test_an_appkey_that_would_leave_the_path_is_refused(hostile: Hostile, appkey: str) -> None:
    account = {"appkey": appkey, "username": "u", "password": "a-password"}
    with tn.connect(**account, base_url=hostile.base_url) as toast, pytest.raises(tn.InvalidInput):
        toast.flavors()
    assert hostile.received == []


def test_a_base_url_may_end_with_a_slash(hostile: Hostile, connect: Connect) -> None:
    hostile.on("GET flavors", answer(flavors=[]))
    connect(hostile.base_url + "/").flavors()
    assert hostile.received[-1].target == "/compute/v1.0/appkeys/the-appkey/flavors"


def test_a_keypairs_name_arrives_as_it_is_at_the_sandbox(toast: tn.Toast) -> None:
    key = toast.keypairs().public_key[0]
    for name in ("한글 & x", "a/b", "a?b=c#d", "100 %"):
        toast.import_keypair(name, key)
        assert toast.keypairs(name).name.item() == name
        assert toast.delete_keypair(name).outcome.item() == "done"
