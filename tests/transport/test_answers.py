"""Bodies that are not what they should be: which are read all the same, and which field an error names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import toastnb as tn
from tests.transport.hostile import SUCCESS, Hostile, Step, answer, http, http_bytes, sent, zipped
from toastnb import connection
from toastnb.api import Api
from toastnb.redaction import Secret
from toastnb.wire import Flavor

Fails = Callable[..., tn.ToastError]


def body(text: str) -> str:
    """Return a successful answer with some raw JSON in it."""
    return f'{{"header": {json.dumps(SUCCESS)}, {text}}}'


@pytest.mark.parametrize(
    "content",
    [
        "",
        "   ",
        "hello",
        "null",
        "[]",
        "{}",
        "42",
        '{"header": null}',
        '{"header": {}}',
        '{"header": {"isSuccessful": true}, "flavors": []}',
        '{"header": {"isSuccessful": "maybe", "resultCode": 0}, "flavors": []}',
        "\x00\x01",
        body('"flavors": [')[:-1],
        "[" * 100_000,
    ],
    ids=lambda content: content[:30],
)
def test_what_has_no_envelope_is_a_bad_answer(hostile: Hostile, client: Api, fails: Fails, content: str) -> None:
    hostile.on("GET flavors", http(content))
    error = fails(client.flavors, tn.BadAnswer)
    assert "HTTP 200 with application/json" in str(error)
    assert len(hostile.calls("GET flavors")) == 1


def test_an_answer_cut_short_without_a_length_is_a_bad_answer(hostile: Hostile, client: Api, fails: Fails) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    hostile.on("GET flavors", sent(head + body('"flavors": [{"id": "f').encode()[:-1]))
    fails(client.flavors, tn.BadAnswer)


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ('"flavors": [{"id": "a"}, {"id": "b", "ram": "much"}]', "flavors[1].ram"),
        ('"flavors": [{"id": "a", "ram": 1.5}]', "flavors[0].ram"),
        ('"flavors": [{"id": "a", "ram": true}]', "flavors[0].ram"),
        ('"flavors": [{"id": "a", "ram": []}]', "flavors[0].ram"),
        ('"flavors": [{"id": "a", "ram": ""}]', "flavors[0].ram"),
        ('"flavors": [{"id": "a", "ram": "null"}]', "flavors[0].ram"),
        ('"flavors": [{"id": "a", "ram": 9223372036854775808}]', "flavors[0].ram"),
        ('"flavors": [{"id": "a", "ram": -9223372036854775809}]', "flavors[0].ram"),
        ('"flavors": [{"id": "a", "ram": "9223372036854775808"}]', "flavors[0].ram"),
        ('"flavors": [{"id": "a", "ram": 1e400}]', "flavors"),
        (f'"flavors": [{{"id": "a", "ram": {"9" * 5000}}}]', "flavors"),
        ('"flavors": [{"id": "a", "disabled": "perhaps"}]', "flavors[0].disabled"),
        ('"flavors": [{"id": "a", "disabled": 2}]', "flavors[0].disabled"),
        ('"flavors": [{"id": "a", "disabled": "null"}]', "flavors[0].disabled"),
        ('"flavors": [{"id": "a", "name": 5}]', "flavors[0].name"),
        ('"flavors": [{"id": null}]', "flavors[0].id"),
        ('"flavors": [{"name": "no id"}]', "flavors[0]"),
        ('"flavors": [null]', "flavors[0]"),
        ('"flavors": {"id": "a"}', "flavors"),
        ('"flavors": null', "flavors"),
        ('"other": []', "flavors"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(hostile: Hostile, client: Api, fails: Fails, part: str, field: str) -> None:
    hostile.on("GET flavors", http(body(part)))
    message = str(fails(client.flavors, tn.BadAnswer))
    assert message.startswith("Reading flavors: ")
    assert field in message


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ('"instances": [{"id": "a"}, {"id": "b", "flavor": {"cpu": "x"}}]', "instances[1].flavor.cpu"),
        (
            '"instances": [{"id": "a", "addresses": [{}, {"version": {}}]}]',
            "instances[0].addresses[1].version",
        ),
        (
            '"instances": [{"id": "a", "volumes": {"root": {"size": "null"}}}]',
            "instances[0].volumes.root.size",
        ),
        ('"instances": [{"id": "a", "metadata": {"k": 1}}]', "instances[0].metadata[...]"),
        ('"instances": [{"id": "a", "securityGroups": "web"}]', "instances[0].securityGroups"),
        ('"instances": [{"id": "a", "launchedAt": 5}]', "instances[0].launchedAt"),
        ('"instances": [5]', "instances[0]"),
    ],
)
def test_a_field_of_an_instance_in_detail_is_named_with_its_place(
    hostile: Hostile, client: Api, fails: Fails, part: str, field: str
) -> None:
    hostile.on("GET instances-detail", http(body(part)))
    assert f"field {field} " in str(fails(lambda: list(client.instances_detail()), tn.BadAnswer))


def flavor_of(hostile: Hostile, client: Api, **fields: Any) -> Flavor:
    hostile.on("GET flavors", answer(flavors=[{"id": "f-1", **fields}]))
    (flavor,) = client.flavors()
    return flavor


def test_numbers_and_flags_may_come_as_strings(hostile: Hostile, client: Api) -> None:
    flavor = flavor_of(hostile, client, vcpus="4", ram="-1", disabled="true", isPublic="false")
    assert flavor == Flavor("f-1", vcpus=4, ram=-1, disabled=True, is_public=False)
    assert flavor_of(hostile, client, disabled=1, isPublic="0") == Flavor("f-1", disabled=True, is_public=False)


def test_the_whole_of_int64_is_read_exactly(hostile: Hostile, client: Api) -> None:
    flavor = flavor_of(hostile, client, vcpus=2**63 - 1, ram=-(2**63), ephemeral=str(2**63 - 1))
    assert (flavor.vcpus, flavor.ram, flavor.ephemeral) == (2**63 - 1, -(2**63), 2**63 - 1)


def test_null_and_absent_are_missing_and_the_text_null_is_text(hostile: Hostile, client: Api) -> None:
    assert flavor_of(hostile, client, vcpus=None, name=None, disabled=None) == Flavor("f-1")
    assert flavor_of(hostile, client, name="null") == Flavor("f-1", name="null")
    assert flavor_of(hostile, client, name="null", vcpus="4") == Flavor("f-1", name="null", vcpus=4)
    assert flavor_of(hostile, client) == Flavor("f-1")


def test_an_empty_string_is_not_missing(hostile: Hostile, client: Api) -> None:
    assert flavor_of(hostile, client, name="", type="") == Flavor("f-1", name="", type="")


def test_unknown_fields_are_ignored_at_every_depth(hostile: Hostile, client: Api) -> None:
    header = {**SUCCESS, "requestId": [1, {"deep": None}]}
    zones = [{"zoneName": "kr-pub-a", "zoneState": {"available": True, "reason": {}}, "hosts": []}]
    hostile.on("GET availability-zones", answer(header=header, zones=zones, paging={"total": 1}))
    (zone,) = client.availability_zones()
    assert (zone.zone_name, zone.zone_state.available) == ("kr-pub-a", True)


def test_the_answer_may_be_zipped_or_in_chunks(hostile: Hostile, client: Api) -> None:
    hostile.on("GET flavors", zipped(flavors=[{"id": "zipped"}]))
    assert client.flavors()[0].id == "zipped"
    content = body('"flavors": [{"id": "chunked"}]').encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (content[:7], content[7:]))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    hostile.on("GET flavors", sent(head + chunks + b"0\r\n\r\n", then="keep"))
    assert client.flavors()[0].id == "chunked"


@pytest.mark.parametrize(
    "step",
    [
        http("not gzip at all", Content_Encoding="gzip"),
        sent(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        sent(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        sent(b"SSH-2.0-OpenSSH_9.9\r\n"),
        sent(b"HTTP/1.1 two hundred\r\n\r\n"),
        sent(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
        sent(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"),
        sent(http_bytes("{}", Content_Length="many")),
        sent(b""),
    ],
    ids=["gzip", "chunk size", "chunk", "ssh", "status", "headers", "header", "length", "nothing"],
)
@pytest.mark.usefixtures("no_backoff")
def test_what_is_no_http_is_an_error_of_ours(hostile: Hostile, client: Api, step: Step) -> None:
    hostile.on("GET flavors", step)
    with pytest.raises((tn.NetworkFailure, tn.BadAnswer)):
        client.flavors()


@pytest.mark.parametrize(
    ("broken", "shown"),
    [
        (b'"half \\ud83d of a pair"', "half \ufffd of a pair"),
        (b'"wrong order \\ude00\\ud83d"', "wrong order \ufffd\ufffd"),
        (b'"bytes \xff\xfe"', "bytes \ufffd\ufffd"),
        ("이름".encode("euc-kr").join([b'"', b'"']), None),
    ],
)
def test_one_broken_name_is_mended_with_a_warning_and_the_rest_is_intact(
    hostile: Hostile, client: Api, broken: bytes, shown: str | None
) -> None:
    names = [b'"\\ud83d\\ude00 whole"', broken, '"한글"'.encode(), b'"back\\\\ud83dslash"']
    instances = b",".join(b'{"id": "i-%d", "name": %s}' % pair for pair in enumerate(names))
    content = b'{"header": %s, "instances": [%s]}' % (json.dumps(SUCCESS).encode(), instances)
    for call, read in (("instances", client.instances), ("instances-detail", client.instances_detail)):
        hostile.on(f"GET {call}", http(content))
        with pytest.warns(UserWarning, match="not valid Unicode"):
            whole, mended, korean, backslash = [instance.name for instance in read()]
        assert (whole, korean, backslash) == ("😀 whole", "한글", "back\\ud83dslash")
        assert "\ufffd" in mended
        assert mended == (shown or mended)
        mended.encode()


def test_an_answer_that_unpacks_without_end_is_given_up(
    hostile: Hostile, client: Api, fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LARGEST_ANSWER", 2**20)
    hostile.on("*", zipped(text="0" * 2**26))
    monkeypatch.setattr(connection, "LARGEST_SHORT", 2**20)
    assert "larger than 1 MiB" in str(fails(client.flavors, tn.BadAnswer))
    assert fails(lambda: client.delete_instance("i-1"), tn.BadAnswer).may_have_happened
    assert [request.call for request in hostile.received[1:]] == ["GET flavors", "DELETE instances"]


def test_only_a_listing_may_be_long(hostile: Hostile, client: Api, fails: Fails) -> None:
    text = "0" * (connection.LARGEST_SHORT + 1)
    hostile.on("*", answer(flavors=[], text=text))
    assert client.flavors() == []
    error = fails(lambda: client.stop("i-1"), tn.BadAnswer)
    assert "larger than 16 MiB" in str(error)
    assert error.may_have_happened
    hostile.on("POST tokens", answer(text=text))
    fails(lambda: client.create_token("me", Secret("the-password")), tn.BadAnswer)
    hostile.on("GET tokens", answer(text=text))
    fails(lambda: client.token(Secret("the-token")), tn.BadAnswer)


@pytest.mark.parametrize(
    ("fields", "said"),
    [("X: y\r\n" * 200, "its head has too many lines"), (f"X: {'y' * 70_000}\r\n", "a line of its head is too long")],
    ids=["lines", "line"],
)
@pytest.mark.usefixtures("no_backoff")
def test_a_head_that_is_too_long_is_not_read(
    hostile: Hostile, client: Api, fails: Fails, fields: str, said: str
) -> None:
    """Not even where the answer is what it should be."""
    start, _, rest = http_bytes(body('"flavors": []')).partition(b"\r\n")
    hostile.on("GET flavors", sent(start + b"\r\n" + fields.encode() + rest))
    assert said in str(fails(client.flavors, tn.BadAnswer))


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "unknown"])
@pytest.mark.usefixtures("no_backoff")
def test_an_encoding_that_was_not_asked_for_is_not_read(
    hostile: Hostile, client: Api, fails: Fails, encoding: str
) -> None:
    """Not even where the body is what it should be."""
    hostile.on("GET flavors", http(body('"flavors": []'), Content_Encoding=encoding))
    assert "an encoding that was not asked for" in str(fails(client.flavors, tn.BadAnswer))
    assert hostile.received[-1].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("null", ['"null"', '"NULL"', '"Null"', '"\\u006eull"', '"n\\u0055Ll"'])
def test_no_spelling_of_null_makes_a_number_missing(hostile: Hostile, client: Api, null: str) -> None:
    hostile.on("GET flavors", http(f'{{"header": {json.dumps(SUCCESS)}, "flavors": [{{"id": "f", "vcpus": {null}}}]}}'))
    with pytest.raises(tn.BadAnswer, match=r"flavors\[0\]\.vcpus"):
        client.flavors()
