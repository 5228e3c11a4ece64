"""Answers that were valid, damaged: as bytes, and as trees of JSON with one thing changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from tests.contract.test_samples import SAMPLES, as_the_guide_prints_it
from tests.openapi.needs import SAMPLE_SCHEMAS

_RULE = {"id": "r", "portRangeMin": 22, "portRangeMax": 23, "protocol": "tcp", "remoteIpPrefix": "0.0.0.0/0"}
_SIBLINGS = {  # the guide has no samples of theirs
    "ImagesAnswer": {"images": [{"id": "m", "size": 5, "minDisk": 20, "minRam": 1024, "isPublic": True,
                                 "properties": {"os_type": "linux"}, "createdAt": "2017-05-16T02:17:50Z"}]},
    "NetworksAnswer": {"networks": [{"id": "n", "router:external": True, "adminStateUp": False, "subnets": ["s"]}]},
    "SubnetsAnswer": {"subnets": [{"id": "s", "networkId": "n", "enableDhcp": True, "ipVersion": 4}]},
    "SecurityGroupsAnswer": {"securityGroups": [{"id": "g", "name": "web", "securityGroupRules": [_RULE]}]},
    "FloatingIpsAnswer": {"floatingips": [{"id": "f", "floatingIpAddress": "1.2.3.4", "pool": {"id": "p"}}]},
    "VolumesAnswer": {"volumes": [{"id": "v", "size": 10, "attachments": [{"attachmentId": "a", "device": "/dev/vdb"}]},
                                  {"id": "w", "size": 1000, "createdAt": "2017-05-16T02:17:50"}]},
}  # fmt: skip


def answers() -> dict[str, list[Any]]:
    """Return valid answers by the name of their schema, each as the tables have it and as the samples print it."""
    found: dict[str, list[Any]] = {}
    for name, schema in SAMPLE_SCHEMAS.items():
        found.setdefault(schema, []).append(json.loads((SAMPLES / f"{name}.json").read_bytes()))
    header = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}
    for schema, parts in _SIBLINGS.items():
        found[schema] = [{"header": header, **parts}]
    return {schema: [*trees, as_the_guide_prints_it(trees[0])] for schema, trees in found.items()}


class Literal(str):
    """What stands in the JSON as it is."""

    __slots__ = ()


def written(tree: Any) -> bytes:
    """Write a tree as JSON; an object is a list of pairs here, so that a key can be there twice."""
    match tree:
        case Literal():
            return str(tree).encode("utf-8", "surrogatepass")
        case tuple():
            return b"{" + b",".join(b"%s:%s" % (written(key), written(part)) for key, part in tree) + b"}"
        case list():
            return b"[" + b",".join(map(written, tree)) + b"]"
        case _:
            return json.dumps(tree, ensure_ascii=False).encode()


def paired(tree: Any) -> Any:
    """Turn objects into tuples of pairs."""
    match tree:
        case dict():
            return tuple((key, paired(part)) for key, part in tree.items())
        case list():
            return [paired(part) for part in tree]
        case _:
            return tree


NUMBERS = [
    "0", "1", "-1", "2", "4.0", "4.5", "-0", "-0.0", "1e3", "1E+3", "15e-1", "1e-400", "1e400",
    "0e99999999999999999999", "9007199254740993", "9007199254740993.0", "99999999999999999999999e-10",
    "4.0000000000000000001", "1e19", "9223372036854775807", "9223372036854775808", "9223372036854775807.0",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" + "0" * 400, "9" * 5000,
    "0." + "1" * 400,
]  # fmt: skip
NO_NUMBERS = [
    "4 ",
    " 4",
    "+4",
    "04",
    "0x4",
    "4_0",
    "０４",
    "٤",
    "",
    "-",
    ".5",
    "1.",
    "null",
    "NULL",
    "inf",
    "nan",
    "1e",
]
BROKEN = ["NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "'a'", '"\\x"', '"\x01"', "", "tru", "[", '"']
OTHERS = [
    "null", "true", "false", '"true"', '"False"', '"yes"', "{}", "[]", "[[]]", '{"id": "x"}', '"a\\u0000b"',
    '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"half \\ud83d of it"', '"\\u006eull"', '"\\u0034"',
    '"\\u002d4"', '"9\\u003007199254740993.0"', '"9007199254740993\\u002e0"', '"90071992547409930E-1"',
    '"90071992547409930\\u0065-1"', "[" * 400 + "]" * 400, "[" * 5000 + "]" * 5000,
    '{"a":' * 2000 + "1" + "}" * 2000, "[" * 100000, '"\\\x00"', '"\\\\\x01"', '"now"',
    '"2017-05-16T02:17:50.166563"', '"2017-13-45"', '"9999999-01-01T00:00:00"',
]  # fmt: skip
literals = st.sampled_from(
    [*NUMBERS, *(f'"{text}"' for text in NUMBERS + NO_NUMBERS), *BROKEN, *OTHERS, "\ud800", '"\ud800"']
).map(Literal) | st.integers(-(2**70), 2**70).map(lambda number: Literal(str(number)))
bits = st.sampled_from(
    [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f", b"\xef\xbb\xbf", b"\x00", b'"', b"{", b"[", b"]", b"}", b",", b":",
     b"\\", b"\\u", b"\\ud800", b"null", b"-", b"0", b"e9", b".0", b" ", b"\n"]
) | st.binary(max_size=6)  # fmt: skip
Change = Callable[[Any], Any]


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every node: positions, of pairs too."""
    yield path
    if isinstance(tree, (tuple, list)):
        for at, part in enumerate(tree):
            yield from places(part[1] if isinstance(tree, tuple) else part, (*path, at))


def changed(tree: Any, path: tuple[Any, ...], change: Change) -> Any:
    """Return the tree with one node changed."""
    if not path:
        return change(tree)
    parts, at = list(tree), path[0]
    if isinstance(tree, tuple):
        parts[at] = (parts[at][0], changed(parts[at][1], path[1:], change))
        return tuple(parts)
    parts[at] = changed(parts[at], path[1:], change)
    return parts


def without(tree: Any, path: tuple[Any, ...]) -> Any:
    """Return the tree without one node."""

    def less(node: Any) -> Any:
        return node[: path[-1]] + node[path[-1] + 1 :]

    return changed(tree, path[:-1], less)


@st.composite
def _change(draw: st.DrawFn) -> Change:
    literal, seed = draw(literals), draw(st.integers(0, 7))

    def change(node: Any) -> Any:
        if isinstance(node, tuple) and node and seed < 5:
            at = seed % len(node)
            key, part = node[at]
            if seed < 2:
                return node[:at] + node[at + 1 :]
            if seed == 2:
                return (*node, (key, literal))
            if seed == 3:
                return ((key, literal), *node)
            return (*node[:at], (Literal(f'"\\u{ord(key[0]):04x}{key[1:]}"'), part), *node[at + 1 :])
        if isinstance(node, list) and seed < 3:
            return [*node, *node] if seed else [*node, literal]
        return literal

    return change


@st.composite
def trees(draw: st.DrawFn, schema: str) -> bytes:
    """Damage a tree in one to three places."""
    tree = paired(draw(st.sampled_from(ANSWERS[schema])))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(tree))
        tree = changed(tree, found[draw(st.integers(0, len(found) - 1))], draw(_change()))
    return written(tree)


@st.composite
def damaged(draw: st.DrawFn, schema: str) -> bytes:
    """Damage bytes: cut off, cut out, put in, doubled."""
    body = bytearray(written(paired(draw(st.sampled_from(ANSWERS[schema])))))
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 12))
        how = draw(st.integers(0, 9))
        if how == 0:
            del body[at:]
        elif how == 1:
            body[at:at] = body[at : at + length * 8]
        else:
            body[at : at + (length if how < 5 else 0)] = draw(bits)
    return bytes(body)


ANSWERS = answers()
