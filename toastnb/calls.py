"""What one call of the API is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from toastnb.errors import InvalidInput
from toastnb.redaction import Secret
from toastnb.wire import AccessAnswer, Answer, Credentials, TokenRequest

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class Call(Generic[A]):
    """One call of the API.

    `path` is below the appkey, made by `path_of`; `action` says in words what it is for; `check` is the public call
    that shows whether a write was carried out.
    """

    method: str
    path: str
    answer: type[A]
    action: str
    query: Mapping[str, str | Secret | None] | None = None
    body: Any = None
    needs_token: bool = True
    check: str = ""

    def target(self) -> str:
        """Return path and query. A secret in the query is plain in it: where there may be one, only call it sealed."""
        query = [
            f"{quote(key, safe='')}={quote(value.reveal() if isinstance(value, Secret) else value, safe='')}"
            for key, value in (self.query or {}).items()
            if value is not None
        ]
        return f"{self.path}?{'&'.join(query)}" if query else self.path

    @property
    def is_write(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET" and not self.is_sign_in

    @property
    def is_listing(self) -> bool:
        """Whether its answer may be as long as an account is large."""
        return self.method == "GET" and self.needs_token

    @property
    def is_sign_in(self) -> bool:
        """Whether it is the call for a token, the one POST that changes nothing."""
        return self.method == "POST" and not self.needs_token


def sign_in(username: str, password: Secret) -> Call[AccessAnswer]:
    """Return call 1 of the guide: the call for a token."""
    body = TokenRequest(auth=Credentials(username=username, password=password))
    return Call("POST", "tokens", AccessAnswer, "Signing in", body=body, needs_token=False)


def path_of(*parts: str) -> str:
    """Join parts of a path; what a user gives can neither add a part nor leave the account's tree."""
    for part in parts:
        if part in {"", ".", ".."}:
            raise InvalidInput(f"{part!r} is no id", hint="Give the id that a listing shows.", sent=False)
    return "/".join(quote(part, safe="") for part in parts)
