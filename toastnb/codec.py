"""From bytes to the structures of `wire`, and back.

Numbers and flags may come as strings (the guide's samples show them so). The string "null" is no number, and a number
with a fraction or an exponent must be whole to the last digit. A text that is not valid Unicode is mended and warned
about, once an answer, and control characters that are not escaped are read as they are, so that one broken name does
not make an account unreadable. Anything else that is not of its type is a `BadAnswer` that names the field by its path.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from toastnb.errors import BadAnswer
from toastnb.redaction import Secret
from toastnb.remarks import remark

T = TypeVar("T")

Buffer = bytes | bytearray

# Of a type that one thread is still taking in, msgspec may give another thread half, which ends the process.
_one_at_a_time = threading.Lock()
if hasattr(os, "register_at_fork"):  # nor does a child begin with such a half, or with a lock that nobody gives back
    os.register_at_fork(
        before=_one_at_a_time.acquire, after_in_parent=_one_at_a_time.release, after_in_child=_one_at_a_time.release
    )
# msgspec's lax mode takes the string "null", in any spelling, for None, so that what is no number would become a
# missing one, and takes a number with a fraction or an exponent for the whole one to which a float rounds it.
_N, _U, _L = rb"(?:[nN]|\\u00[46][eE])", rb"(?:[uU]|\\u00[57]5)", rb"(?:[lL]|\\u00[46][cC])"
_REAL = rb"-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)"
_SUSPECT = re.compile(
    rb'"' + _N + _U + _L + _L + rb'"|"' + _REAL + rb'"|[:,\[]\s*' + _REAL + rb"\s*[,\]}]|\\u00[2346][0-9a-fA-F]"
)
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|-?[0-9][0-9.eE+-]*', re.DOTALL)
_REAL_TEXT = re.compile(_REAL.decode())
# An escape sequence of JSON, whole, so that a backslash that is itself escaped is never taken for the start of one.
_ESCAPE = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
# A string, also one without end, so that no quote in it is tried for the start of another.
_TEXT, _CONTROL = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL), re.compile(rb"\\.|[\x00-\x1f]", re.DOTALL)


def encode(body: Any) -> bytes:
    """Write a body as JSON; secrets in it leave their wrapping here, so call it only inside `redaction.sealed`."""
    return msgspec.json.encode(body, enc_hook=_reveal)


def decode(body: Buffer, kind: type[T], *, action: str, may_have_happened: bool = False, check: str = "") -> T:
    """Read an answer; `action`, `may_have_happened` and `check` are for the error.

    Raises
    ------
    BadAnswer
        When it is not JSON, or a field is not of its type; the message names the field.
    """
    try:
        value, is_mended = _decode(body, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = _problem(error, "")
    else:
        if is_mended:
            _tell()
        return value
    raise BadAnswer(problem, action=action, may_have_happened=may_have_happened, check=check)


class Items(Generic[T]):
    """A long list of an answer that is decoded a chunk at a time, so that it is never in memory as a whole.

    It can be walked over once: the answer's bytes are let go with its last item.

    Parameters
    ----------
    raws : sequence of msgspec.Raw
        The items, as views of the answer's bytes.
    kind : type
        What each is.
    name : str
        The list's name in the answer, for errors.
    action : str
        What is being done, for errors.
    """

    def __init__(self, raws: Sequence[msgspec.Raw], kind: type[T], *, name: str, action: str) -> None:
        self._raws: Sequence[msgspec.Raw] | None = raws
        self._count = len(raws)
        self._kind = kind
        self._name = name
        self._action = action
        self._told = False

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        for chunk in self.chunks():
            yield from chunk

    def chunks(self, size: int = 500) -> Iterator[list[T]]:
        """Yield the items in lists of at most `size`, in the service's order.

        Raises
        ------
        BadAnswer
            At the first item with a field that is not of its type.
        """
        raws, self._raws = self._raws, None
        if raws is None:
            raise RuntimeError("these items were walked over already")
        for start in range(0, len(raws), size):
            yield self._chunk(raws[start : start + size], start)

    def _chunk(self, raws: Sequence[msgspec.Raw], start: int) -> list[T]:
        decode_strictly = _decoder(self._kind, True).decode
        items: list[T] = []
        for raw in raws:
            try:
                items.append(decode_strictly(raw))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # less stack may be left than before
                items.append(self._item(raw, start + len(items)))
        return items

    def _item(self, raw: msgspec.Raw, index: int) -> T:
        try:
            value, is_mended = _decode(bytes(raw), self._kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problem = _problem(error, f"{self._name}[{index}]")
        else:
            if is_mended and not self._told:
                self._told = True
                _tell()
            return value
        raise BadAnswer(problem, action=self._action)


def _decode(body: Buffer, kind: type[T]) -> tuple[T, bool]:
    """Read what may have to be mended, and tell whether something in it was replaced."""
    try:
        return _decode_types(body, kind), False
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        mended = _mend(body)
        escaped = _TEXT.sub(_escape_controls, mended)
        if escaped == body:
            raise
    return _decode_types(escaped, kind), mended != body


def _tell() -> None:
    remark("The answer has text that is not valid Unicode: shown as \ufffd.", stacklevel=3)


def _decode_types(body: Buffer, kind: type[T]) -> T:
    try:
        return _decoder(kind, True).decode(body)
    except msgspec.ValidationError:
        lax = _decoder(kind, False)
        if _SUSPECT.search(body):
            lax.decode(_TOKEN.sub(_told_apart, body))
        return lax.decode(body)


def _told_apart(token: re.Match[bytes]) -> bytes:
    """Put what no lax reading takes for a number in the place of what it would misread."""
    quoted = token[0].startswith(b'"')
    try:
        text = msgspec.json.decode(token[0], type=str) if quoted else token[0].decode()
        misread = (quoted and text.lower() == "null") or (
            _REAL_TEXT.fullmatch(text) is not None and Decimal(text) != Decimal(float(text))
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        misread = False  # reading the whole will say so
    except ArithmeticError:
        misread = True
    return (b'"?"' if quoted else b"0.5") if misread else token[0]


def _decoder(kind: type[T], strict: bool) -> msgspec.json.Decoder[T]:
    unkeyed: Any = kind
    decoder: msgspec.json.Decoder[T] = _cached_decoder(unkeyed, strict)
    return decoder


@cache
def _cached_decoder(kind: Any, strict: bool) -> Any:
    with _one_at_a_time:
        return msgspec.json.Decoder(kind, strict=strict, dec_hook=_wrap)


def _mend(body: Buffer) -> bytes:
    """Put U+FFFD where the text is not Unicode: bytes that are not UTF-8, and halves of surrogate pairs."""
    text = bytes(body).decode("utf-8", errors="replace").encode()
    return _ESCAPE.sub(lambda match: b"\\ufffd" if match[2] else match[0], text)


def _escape_controls(text: re.Match[bytes]) -> bytes:
    return _CONTROL.sub(lambda found: found[0] if len(found[0]) > 1 else b"\\u%04x" % ord(found[0]), text[0])


def _problem(error: Exception, where: str) -> str:
    if not isinstance(error, msgspec.ValidationError):
        kind = "it is nested too deeply" if isinstance(error, RecursionError) else "it is cut short or malformed"
        return f"the answer cannot be read as JSON: {kind}"
    what, _, path = str(error).partition(" - at `$")
    field = f"{where}{path.rstrip('`')}".removeprefix(".")
    return f"the answer's field {field} is unreadable: {what}" if field else f"the answer is unreadable: {what}"


def _reveal(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(f"no JSON form for {type(value).__name__}")


def _wrap(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
