"""Where an account's address and credentials come from: arguments, then environment, config file, keyring.

The config file is ``~/.config/toastnb/config.toml`` (on macOS and Windows the platform's own place)::

    default = "prod"

    [profiles.prod]
    appkey = "..."
    username = "me@example.com"
    base_url = "https://api-compute.cloud.toast.com/compute"
    read_only = true

The password is best kept out of it: `toastnb login` puts it into the system's keyring where there is one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_config_path

from toastnb.connection import is_loopback
from toastnb.errors import CredentialsError, InvalidInput
from toastnb.redaction import Secret, as_secret, sealed

DEFAULT_BASE_URL = "https://api-compute.cloud.toast.com/compute"
DEFAULT_TIMEOUT = 300.0
KEYRING_SERVICE = "toastnb"
MANY = (
    'Several are read by tn.connect_many(["prod", "dev"]), and by --profile prod,dev of toastnb inventory, audit, '
    "report and snapshot."
)
"""What is said to who asks for several profiles where there is to be one."""
_VARIABLES = {
    "appkey": "TOASTNB_APPKEY",
    "username": "TOASTNB_USERNAME",
    "password": "TOASTNB_PASSWORD",
    "base_url": "TOASTNB_BASE_URL",
}
_KNOWN_KEYS = frozenset({*_VARIABLES, "read_only", "timeout"})


@dataclass(frozen=True)
class Profile:
    """An account: where it is, and who signs in.

    Attributes
    ----------
    name : str
        The profile's name, or "" when the account is of none: its appkey came from elsewhere.
    base_url : str
        The guide's prefix, up to and including ``/compute``.
    appkey, password : Secret
        Never shown.
    username : str
        The TOAST id (an e-mail address).
    read_only : bool
        Whether writes are refused before anything is sent.
    timeout : float
        Seconds that one call may take, retries and sign-in included.
    """

    name: str
    base_url: str
    appkey: Secret
    username: str
    password: Secret
    read_only: bool = False
    timeout: float = DEFAULT_TIMEOUT

    def __post_init__(self) -> None:
        for name, kind in {"appkey": Secret, "username": str, "password": Secret, "base_url": str}.items():
            if not isinstance(getattr(self, name), kind):
                given = type(getattr(self, name)).__name__
                raise InvalidInput(f"{name} is {given}, but must be text", action="Connecting")
            if not _is_unicode(getattr(self, name)):
                hint = "It was typed, stored or set in another encoding than UTF-8."
                raise InvalidInput(f"{name} has broken Unicode in it", action="Connecting", hint=hint)
        object.__setattr__(self, "base_url", checked_base_url(self.base_url))
        number = isinstance(self.timeout, int | float) and not isinstance(self.timeout, bool)
        if not number or not 0 < self.timeout <= 86_400:
            raise InvalidInput(f"timeout is {self.timeout!r}, but must be seconds above 0 and at most a day")


def _is_unicode(text: str | Secret) -> bool:
    """Tell whether a text can be sent and stored: bytes that were not understood are in it as halves of pairs."""

    def is_whole(text: str) -> bool:
        return not any("\ud800" <= char <= "\udfff" for char in text)

    return sealed(lambda: is_whole(text.reveal() if isinstance(text, Secret) else text))


def config_path() -> Path:
    """Return where the config file is, or would be; it is no absolute path where nobody's home is known."""
    try:
        return user_config_path("toastnb") / "config.toml"
    except RuntimeError:
        return Path("~/.config/toastnb/config.toml")


def resolve(
    profile: str | None = None,
    *,
    appkey: Secret | None = None,
    username: str | None = None,
    password: Secret | None = None,
    base_url: str | None = None,
    read_only: bool = False,
    timeout: float | None = None,
    use_environment: bool = True,
) -> Profile:
    """Find everything that a connection needs.

    A profile that is named as an argument is an argument: it stands before the environment, which then only fills in
    credentials that it lacks, and never the address. Who asks for "dev" must not get what a variable for "prod" left
    behind.

    Raises
    ------
    CredentialsError
        When something is missing; the message says what was looked for, and where.
    InvalidInput
        When the file cannot be read, or a value in it is not allowed.
    """
    asked_for = {"appkey": appkey, "username": username, "password": password, "base_url": base_url}
    arguments = {key: value for key, value in asked_for.items() if value is not None}
    environment = _from_environment() if use_environment else {}
    saved = _read_config()
    name = profile or _default(saved)
    section = _section(saved, name, must_exist=bool(profile or os.environ.get("TOASTNB_PROFILE")))
    if profile:
        environment.pop("base_url", None)
        own = {**section, **arguments}
        found = environment | _from_keyring(name, own) | own
    else:
        given = section | environment | arguments
        found = _from_keyring(name, given) | given
    missing = [key for key in ("appkey", "username", "password") if not found.get(key)]
    if missing:
        raise _nothing_found(missing, name, use_environment)
    return Profile(
        name="" if not profile and _is_another(found["appkey"], section) else name,
        base_url=found.get("base_url", DEFAULT_BASE_URL),
        appkey=found["appkey"],
        username=found["username"],
        password=found["password"],
        read_only=read_only or bool(section.get("read_only", False)),
        timeout=timeout if timeout is not None else float(section.get("timeout", DEFAULT_TIMEOUT)),
    )


def default_name() -> str:
    """Return the name of the profile that is taken where none is named; empty where the account is of none."""
    saved = _read_config()
    name = _default(saved)
    appkey = _from_environment().get("appkey")
    return "" if _is_another(appkey, _section(saved, name, must_exist=False)) else name


def _is_another(appkey: object, section: Mapping[str, Any]) -> bool:
    """Tell whether an appkey stands in the place of a profile's own: the account is not the profile's then."""
    own = section.get("appkey")
    if not isinstance(own, Secret) or not isinstance(appkey, Secret):
        return False
    return sealed(lambda: own.reveal() != appkey.reveal())


def _default(saved: Mapping[str, Any]) -> str:
    return os.environ.get("TOASTNB_PROFILE") or saved.get("default") or ""


def profile_names() -> list[str]:
    """Return the names of the profiles in the config file."""
    return sorted(_read_config().get("profiles", {}))


def is_sandbox_by_default() -> bool:
    """Tell whether the environment names the sandbox as the profile."""
    return os.environ.get("TOASTNB_PROFILE") == "sandbox"


def _from_environment() -> dict[str, str | Secret]:
    return sealed(lambda: _wrapped({key: os.environ[name] for key, name in _VARIABLES.items() if os.environ.get(name)}))


def _wrapped(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: as_secret(value) if key in {"appkey", "password"} else value for key, value in values.items()}


def _read_config() -> dict[str, Any]:
    """Read the config file, or {} where there is none; its secrets come wrapped."""
    path = config_path()
    if not path.is_absolute():  # from here, it would be another file in each folder
        return {}
    return sealed(lambda: _parsed_config(path))


def _parsed_config(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):  # a service's home is often /dev/null
        return {}
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror})", action="Reading the config file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8"
        raise InvalidInput(f"{path} is not valid TOML: {where}", action="Reading the config file") from None
    unknown = sorted(set(content) - {"default", "profiles"})
    if unknown:
        hint = "It has default, and tables like [profiles.prod]."
        raise InvalidInput(f"{path} has an unknown key {unknown[0]!r}", action="Reading the config file", hint=hint)
    profiles = content.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(section, dict) for section in profiles.values()):
        raise InvalidInput(f"{path}: profiles must be tables, as [profiles.prod]", action="Reading the config file")
    default = content.get("default")
    if not isinstance(default, str | None):
        raise InvalidInput(f"{path}: default must be a profile's name", action="Reading the config file")
    return {
        "default": default,
        "profiles": {name: _checked(name, section) for name, section in profiles.items()},
    }


def _checked(name: str, section: dict[str, Any]) -> dict[str, Any]:
    kinds: dict[str, type | tuple[type, ...]] = {"read_only": bool, "timeout": (int, float)}
    for key, value in section.items():
        if key not in _KNOWN_KEYS:
            raise InvalidInput(
                f"profile {name!r} has an unknown key {key!r}",
                action="Reading the config file",
                hint=f"Known are {', '.join(sorted(_KNOWN_KEYS))}.",
            )
        if not isinstance(value, kinds.get(key, str)) or (key == "timeout" and isinstance(value, bool)):
            raise InvalidInput(f"profile {name!r}: {key} has the wrong type", action="Reading the config file")
    return _wrapped(section)


def _section(saved: Mapping[str, Any], name: str, *, must_exist: bool) -> dict[str, Any]:
    profiles: dict[str, dict[str, Any]] = saved.get("profiles", {})
    if must_exist and name not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        raise CredentialsError(
            f"there is no profile {name!r} in {config_path()} (known: {known})",
            action="Connecting",
            hint=MANY if "," in name else f"Make it with: toastnb login --profile {name}",
        )
    return profiles.get(name, {})


def _from_keyring(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the system's keyring for a password that is not known; there may be no keyring, as in a container."""
    username = known.get("username")
    if not name or not username or "password" in known:
        return {}
    try:
        import keyring
    except ImportError:
        return {}

    def ask() -> Secret | None:
        try:
            return as_secret(keyring.get_password(KEYRING_SERVICE, f"{name}:{username}"))
        except Exception:  # backends raise what they like
            return None

    password = sealed(ask)
    return {"password": password} if password is not None else {}


def _nothing_found(missing: list[str], name: str, use_environment: bool) -> CredentialsError:
    looked = ["the arguments of connect()"]
    if use_environment:
        looked.append(f"the environment ({', '.join(_VARIABLES[key] for key in missing)})")
    looked.append(f"{config_path()} (profile {name!r})" if name else f"{config_path()}")
    if "password" in missing and name:
        looked.append("the system's keyring")
    return CredentialsError(
        f"no {', no '.join(missing)} found; looked in {', '.join(looked)}",
        action="Connecting",
        hint='Run toastnb login, or try connect("sandbox"), which needs no account.',
    )


def checked_base_url(url: str) -> str:
    """Check the address: https, or http to this machine only, for credentials travel with every request."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # only found wrong when it is read
    except ValueError:
        raise InvalidInput(f"base_url must be a URL like {DEFAULT_BASE_URL}", action="Connecting") from None
    problem = ""
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        problem = "must be a URL like " + DEFAULT_BASE_URL
    elif parts.scheme == "http" and not is_loopback(parts.hostname):
        problem = "must be https: http is for this machine only, since credentials travel with every request"
    elif parts.username or parts.password or parts.query or parts.fragment:
        problem = "must not have a user, a query or a fragment"
    elif "/v1.0" in parts.path:
        problem = "must end before /v1.0: the version and the appkey are added to it"
    if problem:
        raise InvalidInput(f"base_url {problem}", action="Connecting")
    return url.rstrip("/")
