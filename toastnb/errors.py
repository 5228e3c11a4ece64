"""Every error that toastnb raises, and the one place where a resultCode becomes a kind of error.

::

    ToastError
     ├─ CredentialsError    nothing configured, or the service refused the sign-in
     ├─ PermissionDenied    signed in, but not allowed (-3, xx401, xx403)
     ├─ NotFound            no such instance, keypair, volume, ... (-5, xx404)
     ├─ Conflict            not in its present state (xx409, and -1 for a write)
     ├─ InvalidInput        refused before sending, or by the service (-4, -8, xx400); a ValueError too
     ├─ ServiceFailure      the service failed, or does not offer this (-1, -2, -6, -7, any other code)
     ├─ BadAnswer           not the API's envelope, or a field of the wrong type
     ├─ NetworkFailure      no connection, or it broke
     ├─ DeadlineExceeded    too slow; a TimeoutError too
     ├─ ReadOnly            a write on a connection that was opened with read_only=True
     └─ MissingExtra        a package is not installed; an ImportError too

Each message says what was being done, what came back and what to do next. Where a write may have been carried out
although it failed, `may_have_happened` is true and the message says so, and with which call to `check`.
"""

from __future__ import annotations

from typing import Any

from toastnb.plain import cut, seen
from toastnb.redaction import Redacted, redact

_LONGEST = 2000  # the service's words are not ours
_SEARCHED = 50_000  # what is cut off is not searched for secrets, but for what may begin before it


class ToastError(Redacted):
    """The root of all errors of toastnb.

    Parameters
    ----------
    said : str
        What went wrong: the service's words, or ours.
    action : str
        What was being done, as "Stopping instance 5f0c".
    hint : str
        What to do next.
    code : int, optional
        The service's ``resultCode``, where it gave one.
    may_have_happened : bool
        Whether a write may have been carried out all the same.
    sent : bool
        Whether any of the request of a write may have reached the service. False only where it is certain that
        nothing did: such a write can be sent again without a look.
    carried_out : bool
        Whether a write was carried out for certain, and what came after it failed.
    check : str
        The public call that shows whether a write was carried out, as "toast.instances()".
    passing : bool
        Whether the failure may pass by itself, so that a read is worth repeating.

    Examples
    --------
    >>> import toastnb as tn
    >>> raise tn.NotFound("no such instance", action="Stopping instance 5f0c", code=10404, hint="List them again.")
    Traceback (most recent call last):
    ...
    toastnb.errors.NotFound: Stopping instance 5f0c: no such instance. List them again.
    """

    default_hint = ""

    def __init__(
        self,
        said: str,
        *,
        action: str = "",
        hint: str = "",
        code: int | None = None,
        may_have_happened: bool = False,
        sent: bool = True,
        carried_out: bool = False,
        check: str = "",
        passing: bool = False,
    ) -> None:
        self.said = _readable(said)
        self.action = _readable(action)
        self.hint = _readable(hint or self.default_hint)
        self.code = code
        self.may_have_happened = may_have_happened or carried_out
        self.sent = sent
        self.carried_out = carried_out
        self.check = _readable(check)
        self.found = ""
        self.passing = passing
        super().__init__(_message(self))

    def tell(self, found: str) -> None:
        """Add what a look at the service found after a write that may have been carried out."""
        self.found = _readable(found)
        self.args = (_message(self),)

    @property
    def fate(self) -> str:
        """What is known of a write that may have been carried out: in words, and empty for all other failures."""
        if not self.may_have_happened or self.carried_out:
            return ""
        look = f"check with {self.check}" if self.check else "look"
        found = f" {self.found}" if self.found else ""
        return f"It may have been carried out all the same: {look} before you send it again.{found}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), str(self), vars(self))


def _readable(text: str) -> str:
    """Return a text without secrets, that a terminal shows and does not obey, and that ends."""
    return cut(seen(redact(text[:_SEARCHED])), _LONGEST)


def _restored(kind: type[ToastError], message: str, attributes: dict[str, Any]) -> ToastError:
    """Make an error anew as pickle needs it: its message is whole already."""
    error = kind.__new__(kind, message)
    vars(error).update(attributes)
    return error


def _message(error: ToastError) -> str:
    sentence = f"{error.action}: {error.said}" if error.action else error.said
    parts = [sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."]
    return " ".join([*parts, *(part for part in (error.fate, error.hint) if part)])


class CredentialsError(ToastError):
    """Nothing is configured, or the service refused the sign-in."""

    default_hint = (
        "Check appkey, user name and API password: the API password is set in the console under"
        " Compute > Instance > API Endpoint, apart from the account's own."
    )


class PermissionDenied(ToastError):  # noqa: N818 - the public name
    """The service does not allow this to the user, or the appkey is not theirs."""

    default_hint = "Check the appkey and the user's role in the project (toastnb whoami shows both)."


class NotFound(ToastError):  # noqa: N818
    """There is no such instance, keypair, flavor, volume, ..."""

    default_hint = "It may be gone, or belong to another project: list again."


class Conflict(ToastError):  # noqa: N818
    """The service cannot do this in the present state."""

    default_hint = "Look at what is there now: it is in a state that does not allow this, or in use, or there already."


class InvalidInput(ToastError, ValueError):  # noqa: N818
    """A value is missing or not allowed."""


class ServiceFailure(ToastError):  # noqa: N818
    """The service failed, or does not offer this."""

    default_hint = "Try again later; if it stays, tell the vendor's support the code and the time."


class BadAnswer(ToastError):  # noqa: N818
    """The answer is not the API's: not JSON, no envelope, or a field of the wrong type."""

    default_hint = "Check base_url, and whether a proxy or gateway stands in between."


class NetworkFailure(ToastError):  # noqa: N818
    """There was no connection, or it broke."""

    default_hint = "Check the network, base_url and any proxy."


class DeadlineExceeded(ToastError, TimeoutError):  # noqa: N818
    """It took longer than the timeout that was given."""

    default_hint = "Give a longer timeout, or try again later."


class ReadOnly(ToastError):  # noqa: N818
    """The connection is for reading only; nothing was sent."""

    default_hint = "Connect without read_only=True to change anything."


class MissingExtra(ToastError, ImportError):  # noqa: N818
    """A package that this needs is not installed."""


NOT_SERVED = (ServiceFailure, PermissionDenied, NotFound, InvalidInput, BadAnswer)
"""What a listing fails with that an account is not served, or that cannot be read."""

_GENERAL_KINDS: dict[int, type[ToastError]] = {
    -2: ServiceFailure,
    -3: PermissionDenied,
    -4: InvalidInput,
    -5: NotFound,
    -6: ServiceFailure,
    -7: ServiceFailure,
    -8: InvalidInput,
    20001: Conflict,
    20004: NotFound,
}
_HTTP_LIKE_KINDS: dict[int, type[ToastError]] = {
    400: InvalidInput,
    401: PermissionDenied,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
}
_UNEXPECTED_FAILURES = frozenset({-2, -6})
_FAILURES_OF_SERVICE = frozenset({-2, -6, -7})
_TOKEN_REFUSED = -3
NOT_SUPPORTED = -7
_TIMED_OUT, _BUSY = 408, 429
_PASSING = frozenset({-1, -2, -6})


def kind_of(code: int, *, write: bool, sign_in: bool = False) -> type[ToastError]:
    """Return the kind of error for a resultCode.

    ``-1`` stands for two things in the vendor's table: for a write it is taken as "not in the present state", for a
    read as a failure of the service. The last three digits of a code of five are an HTTP status. A sign-in that is
    answered with anything but a failure of the service itself counts as refused: with -1 too, which the vendor has for
    a wrong password, and with a code that nobody documented, for accounts get locked.
    """
    if sign_in:
        return ServiceFailure if _is_of_service(code) else CredentialsError
    if code == -1:
        return Conflict if write else ServiceFailure
    return _GENERAL_KINDS.get(code) or _HTTP_LIKE_KINDS.get(code % 1000 if code >= 10_000 else 0, ServiceFailure)


def _is_of_service(code: int) -> bool:
    """Tell whether a resultCode says that the service failed or was busy, whatever it was asked."""
    status = code % 1000 if code >= 10_000 else 400
    return code in _FAILURES_OF_SERVICE or not 400 <= status < 500 or status in (_TIMED_OUT, _BUSY)


def is_token_refusal(code: int) -> bool:
    """Tell whether a resultCode says that the token is not accepted: -3, or any xx401."""
    return code == _TOKEN_REFUSED or (code >= 10_000 and code % 1000 == 401)


def is_passing(code: int) -> bool:
    """Tell whether a resultCode stands for a failure that may pass, so that a read is worth repeating."""
    return code in _PASSING


def contradicts_success(code: int) -> bool:
    """Tell whether a resultCode says that a call failed; the guide's is 0 wherever one succeeded."""
    return code < 0 or code >= 10_000


def leaves_fate_open(code: int) -> bool:
    """Tell whether a write that was answered with this code may have been carried out all the same.

    It was not where the code says what was wrong with the request; a code that nobody documented says nothing.
    """
    if code in _GENERAL_KINDS or code == -1:
        return code in _UNEXPECTED_FAILURES
    status = code % 1000 if code >= 10_000 else 0
    return not 400 <= status < 500 or status == _TIMED_OUT
