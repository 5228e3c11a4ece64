"""The commands `login` and `whoami`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from toastnb.cli.common import ProfileOption
from toastnb.errors import InvalidInput
from toastnb.plain import line
from toastnb.redaction import Secret


def login(
    profile: Annotated[str, typer.Option("--profile", "-p", help="The profile's name.")] = "default",
    username: Annotated[str, typer.Option(help="TOAST id (e-mail).", prompt="TOAST id (e-mail)")] = ...,  # type: ignore[assignment]
    base_url: Annotated[str | None, typer.Option(help="The guide's prefix, up to and including /compute.")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse every write with this profile.")] = False,
) -> None:
    """Store a profile. Appkey and API password are asked for, never taken from the command line."""
    from toastnb.config import checked_base_url
    from toastnb.login import store

    if base_url is not None:
        checked_base_url(base_url)  # before anything secret is asked for
    appkey, password = _ask_secret("Appkey"), _ask_secret("API password")
    places = store(profile, appkey=appkey, username=username, password=password, base_url=base_url, read_only=read_only)
    for place in places:
        print(place)
    print(f"Check it with: toastnb whoami --profile {profile}")


def _ask_secret(label: str) -> Secret:
    """Ask without an echo; from a pipe, take the next line."""
    given = typer.prompt(label, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise InvalidInput(f"no {label} was given", action="Storing a profile")
    return Secret(given)


def whoami(profile: ProfileOption = "") -> None:
    """Sign in and show profile, endpoint, roles and the token's expiry, and no secret."""
    from toastnb import connect
    from toastnb.config import config_path, profile_names

    with connect(profile or None) as toast:
        token = toast.token_info().iloc[0]
        account = toast.account()
    lines = {
        "profile": account.name or "(environment)",
        "user": account.username,
        "endpoint": account.base_url,
        "roles": token["roles"] or "none",
        "token issued": f"{token['issued_at']:%Y-%m-%d %H:%M:%S} UTC",
        "token expires": f"{token['expires']:%Y-%m-%d %H:%M:%S} UTC",
        "read-only": "yes" if account.read_only else "no",
        "profiles": f"{', '.join(profile_names()) or 'none'} ({config_path()})",
    }
    for name, value in lines.items():
        print(line(f"{name + ':':<15} {value}"))
