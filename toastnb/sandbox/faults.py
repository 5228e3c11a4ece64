"""Faults: what can be made to go wrong with a call, on request.

A fault names the calls that it is for, "METHOD path" below the appkey with shell wildcards, such as
"GET instances-detail", "POST instances/*/action" or "*". The first that matches is used, and used up after
`times` calls.

===========  ==========================================================  ==================================
kind         what happens                                                details
===========  ==========================================================  ==================================
code         the call is refused in the usual envelope                   code, message
status       an HTTP status with an HTML page, as from a gateway         status, headers, body
body         something else is sent instead of the answer                body, content_type
truncate     carried out; only the first bytes of the answer are sent    size
reset        the connection is closed without an answer                  after (carried out first or not)
delay        the answer comes later                                      seconds
build-error  instances created by the call end in ERROR
===========  ==========================================================  ==================================
"""

from fnmatch import fnmatchcase
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

_Count = Annotated[int, Meta(ge=0)]
_Seconds = Annotated[float, Meta(ge=0, le=86400)]


class _Fault(Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True, kw_only=True):
    """Base of all kinds."""


class CodeFault(_Fault, frozen=True, tag="code"):
    """A refusal with any code."""

    code: int = -2
    message: str = "UNKNOWN EXCEPTION: injected"


class StatusFault(_Fault, frozen=True, tag="status"):
    """An answer of something between the caller and the service."""

    status: Annotated[int, Meta(ge=200, le=599)] = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"<html><body><h1>Service Unavailable</h1></body></html>"


class BodyFault(_Fault, frozen=True, tag="body"):
    """Anything at all in the place of the answer, with HTTP 200."""

    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"


class TruncateFault(_Fault, frozen=True, tag="truncate"):
    """The first bytes of the answer under the full Content-Length, and then the end."""

    size: _Count = 10


class ResetFault(_Fault, frozen=True, tag="reset"):
    """No answer."""

    after: bool = False


class DelayFault(_Fault, frozen=True, tag="delay"):
    """A late answer."""

    seconds: _Seconds = 1.0


class BuildErrorFault(_Fault, frozen=True, tag="build-error"):
    """A build that fails."""


Fault = CodeFault | StatusFault | BodyFault | TruncateFault | ResetFault | DelayFault | BuildErrorFault


class Entry(Struct):
    """A fault that waits for its calls; `times` is None until it is cleared."""

    match: str
    kind: str
    fault: Fault
    times: Annotated[int, Meta(ge=1)] | None


class Faults:
    """The faults that wait.

    Examples
    --------
    >>> faults = Faults()
    >>> faults.add("GET flavors", "code", details={"code": -6, "message": "Failed to query internal db"})
    >>> faults.take("GET images") is None, faults.take("GET flavors").code
    (True, -6)
    """

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, match: str, kind: str, *, times: int | None = 1, details: dict[str, Any]) -> None:
        """Let something go wrong."""
        if isinstance(details.get("body"), str):
            details = {**details, "body": details["body"].encode()}
        try:
            fault = msgspec.convert({**details, "kind": kind}, type=Fault)
            entry = msgspec.convert({"match": match, "kind": kind, "times": times, "fault": fault}, type=Entry)
        except msgspec.ValidationError as error:
            raise ValueError(f"fault {kind!r}: {error}") from None
        self._entries.append(entry)

    def take(self, call: str) -> Fault | None:
        """Take the fault for this call, if there is one; it counts as used."""
        for entry in self._entries:
            if fnmatchcase(call, entry.match):
                if entry.times is not None:
                    entry.times -= 1
                    if entry.times == 0:
                        self._entries.remove(entry)
                return entry.fault
        return None

    def waiting(self) -> list[dict[str, Any]]:
        """List what waits, and for how many more calls."""
        return [{"match": e.match, "kind": e.kind, "times": e.times} for e in self._entries]

    def clear(self) -> None:
        """Drop all."""
        self._entries.clear()
