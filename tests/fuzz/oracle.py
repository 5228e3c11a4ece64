"""Whether the client read an answer as an independent reader does, or refused it with good reason."""

from __future__ import annotations

import re
import warnings
from typing import Any

import msgspec

import toastnb as tn
from tests.fuzz.reader import Reading, read
from toastnb import codec, wire, wire_siblings
from toastnb.codec import Items
from toastnb.redaction import Secret

_LATE: dict[type, tuple[str, type]] = {
    wire.InstancesDetailAnswer: ("instances", wire.InstanceDetail),
    wire_siblings.VolumesAnswer: ("volumes", wire_siblings.Volume),
}
_REPLACED_ALREADY = re.compile(rb"\xef\xbf\xbd|\\u[fF]{3}[dD]")
_DEEP = 200


class Wrong(AssertionError):  # noqa: N818 - a finding, no error of the program
    """The client read something that is not there, or refused without a reason."""


def check(body: bytes, kind: type[wire.Answer], schema: str) -> bool:
    """Decode an answer and hold what comes out against the independent reading; say whether it was taken.

    Whatever is raised but `Wrong` and is no ToastError goes through: it is a defect too.
    """
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            decoded = plain(body, kind)
        except tn.ToastError as error:
            refusal = str(error)
        else:
            refusal = ""
    expected = _reading(body, schema)
    if refusal:
        check_refusal(body, refusal, expected)
        return False
    if expected is None:
        raise Wrong("what is no JSON was read")
    if expected.faults:
        raise Wrong(f"no error names {expected.faults}")
    if decoded != expected.value:
        raise Wrong(f"read {decoded}, which is {expected.value}")
    if expected.mended and not remarks and not _REPLACED_ALREADY.search(body):
        raise Wrong("a text was mended and nothing said")
    return True


def check_refusal(body: bytes, refusal: str, expected: Reading | None) -> None:
    """Check that an error has a reason, and that it names the field if one is at fault."""
    if expected is None or ("nested too deeply" in refusal and body.count(b"[") + body.count(b"{") > _DEEP):
        return
    named = {re.sub(r"(?<=\w)\[[.]*\]", "", path).rpartition(".")[2] or path for path in expected.faults}
    named |= set(expected.doubts) | {path.rpartition(".")[2] or path for path in expected.doubts}
    if any("." not in path for path in expected.faults):
        named.add("the answer is unreadable")
    if not any(name in refusal for name in named):
        raise Wrong(f"{refusal!r} names none of {expected.faults} and {expected.doubts}")


def _reading(body: bytes, schema: str) -> Reading | None:
    try:
        return read(body, schema)
    except (ValueError, RecursionError):
        return None


def plain(body: bytes, kind: type[wire.Answer]) -> Any:
    """Decode an answer as the client does, and return it in Python's own types; what is missing is left out."""
    answer = codec.decode(body, kind, action="Reading")
    if kind not in _LATE:
        return msgspec.to_builtins(answer, enc_hook=_reveal)
    name, item = _LATE[kind]
    items = Items(getattr(answer, name), item, name=name, action="Reading")
    return {"header": msgspec.to_builtins(answer.header), name: [msgspec.to_builtins(one) for one in items]}


def _reveal(value: Any) -> str:
    assert isinstance(value, Secret)
    return value.reveal()
