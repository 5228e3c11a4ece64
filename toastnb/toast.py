"""`connect` and the `Toast` that it returns: DataFrames out, actions in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from toastnb.api import Api
from toastnb.config import DEFAULT_TIMEOUT, MANY, Profile, is_sandbox_by_default, resolve
from toastnb.creates import Creates
from toastnb.errors import InvalidInput
from toastnb.lifecycle import Lifecycle
from toastnb.reads import Reads
from toastnb.redaction import Secret, as_secret
from toastnb.transport import Transport
from toastnb.writes import Writes

if TYPE_CHECKING:
    from toastnb.embedded import Sandbox


class Toast(Reads, Lifecycle, Writes, Creates):
    """One account: what `connect` returns. Reads answer DataFrames; writes answer what became of them.

    A context manager: leaving it closes the connections, and the sandbox if `connect` started one.

    Examples
    --------
    >>> import toastnb as tn
    >>> with tn.connect("sandbox") as toast:
    ...     len(toast.instances())
    250
    """

    def __init__(self, profile: Profile, sandbox: Sandbox | None = None, *, owns_it: bool = False) -> None:
        self._transport = Transport(profile)
        super().__init__(Api(self._transport), profile)
        self._sandbox, self._owns_it = sandbox, owns_it  # it serves as long as somebody holds it

    def close(self) -> None:
        """Close the connections. Calls after this are refused."""
        self._transport.close()
        if self._sandbox is not None and self._owns_it:
            self._sandbox.stop()

    def account(self) -> Profile:
        """Return where the connection leads and who signs in; its secrets do not show.

        Examples
        --------
        >>> toast.account().username
        'demo@example.com'
        """
        return self._profile

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        name = f" {self._profile.name!r}" if self._profile.name else ""
        mode = ", read-only" if self._profile.read_only else ""
        return f"<Toast{name} at {self._profile.base_url}{mode}>"


def connect(
    profile: str | Sandbox | None = None,
    *,
    appkey: str | Secret | None = None,
    username: str | None = None,
    password: str | Secret | None = None,
    base_url: str | None = None,
    read_only: bool = False,
    timeout: float | None = None,
) -> Toast:
    """Connect to an account. Nothing is sent yet: the first read or write signs in.

    What is not given comes from the environment (``TOASTNB_APPKEY``, ``TOASTNB_USERNAME``, ``TOASTNB_PASSWORD``,
    ``TOASTNB_BASE_URL``, ``TOASTNB_PROFILE``), then from ``config.toml``, then the password from the keyring.

    Parameters
    ----------
    profile : str or Sandbox, optional
        A profile of ``config.toml``; "sandbox" for an account that needs no credentials; or a running `Sandbox`.
    appkey, username, password : str, optional
        The guide's appkey, TOAST id and API password.
    base_url : str, optional
        The guide's prefix, up to and including ``/compute``; https, or http to this machine.
    read_only : bool
        Refuse every write before anything is sent.
    timeout : float, optional
        Seconds that one call may take, retries and sign-in included; 300 by default.

    Returns
    -------
    Toast
        The account.

    Raises
    ------
    CredentialsError
        When nothing is configured; it says what was looked for, and where.
    InvalidInput
        When a value is not allowed.

    Examples
    --------
    >>> import toastnb as tn
    >>> toast = tn.connect("sandbox", read_only=True)
    >>> toast.stop("5f0c")
    Traceback (most recent call last):
    ...
    toastnb.errors.ReadOnly: The action stop: this connection only reads, nothing was sent. Connect without ...
    >>> toast.close()
    """
    appkey, password = as_secret(appkey), as_secret(password)  # from here on nothing in this frame shows them
    if profile is None and not any((appkey, username, password, base_url)) and is_sandbox_by_default():
        profile = "sandbox"
    if profile is None or (isinstance(profile, str) and profile != "sandbox"):
        found = resolve(
            profile,
            appkey=appkey,
            username=username,
            password=password,
            base_url=base_url,
            read_only=read_only,
            timeout=timeout,
        )
        return Toast(found)
    if appkey or username or password or base_url:
        raise InvalidInput("a sandbox has credentials of its own", action="Connecting", hint="Leave them out.")
    return _connect_sandbox(profile, read_only=read_only, timeout=timeout)


def _connect_sandbox(given: str | Sandbox, *, read_only: bool, timeout: float | None) -> Toast:
    from toastnb.embedded import Sandbox

    if isinstance(given, str):
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        sandbox = Sandbox(start=today).start()  # the same all day: what is recorded of it again has not changed
    elif isinstance(given, Sandbox):
        sandbox = given
    else:
        said = f"profile is {type(given).__name__}, but must be a name or a Sandbox"
        raise InvalidInput(said, action="Connecting", hint=MANY if isinstance(given, Iterable) else "")
    if not sandbox.is_serving:
        raise InvalidInput("the sandbox is not serving", action="Connecting", hint="Call its start() first.")
    account = Profile(
        name="sandbox",
        base_url=sandbox.base_url,
        appkey=Secret(sandbox.appkey),
        username=sandbox.username,
        password=Secret(sandbox.password),
        read_only=read_only,
        timeout=DEFAULT_TIMEOUT if timeout is None else timeout,
    )
    return Toast(account, sandbox, owns_it=isinstance(given, str))
