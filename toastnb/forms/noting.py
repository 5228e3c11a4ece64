"""What would be sent, made by the code that sends it, with a transport that notes a call instead of carrying it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn, cast

from toastnb import codec
from toastnb.api import Api
from toastnb.calls import Call
from toastnb.transport import Transport

Request = dict[str, Any]


class _NotedError(Exception):
    def __init__(self, call: Call[Any]) -> None:
        self.call = call


class _Notebook:
    def call(self, call: Call[Any]) -> NoReturn:
        raise _NotedError(call)


def request_of(send: Callable[[Api], object]) -> Request:
    """Return the request that a call of the API would send: method, path (below the appkey) and body (or None).

    Only for calls without secrets.
    """
    try:
        send(Api(cast("Transport", _Notebook())))
    except _NotedError as noted:
        call = noted.call
    body = None if call.body is None else json.loads(codec.encode(call.body))
    return {"method": call.method, "path": call.target(), "body": body}


def code_of(method: str, *args: object, **named: object) -> str:
    """Return a call of `Toast` as Python code.

    Examples
    --------
    >>> from toastnb.forms.noting import code_of
    >>> code_of("stop", "5f0c", wait=True)
    "toast.stop('5f0c', wait=True)"
    """
    parts = [*map(repr, args), *(f"{name}={value!r}" for name, value in named.items())]
    line = f"toast.{method}({', '.join(parts)})"
    if len(line) <= 100:
        return line
    return "\n".join([f"toast.{method}(", *(f"    {part}," for part in parts), ")"])
