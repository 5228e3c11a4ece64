"""The `toastnb` command. Everything heavy is imported by the command that needs it, so that --help comes at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from toastnb import __version__
from toastnb.errors import InvalidInput, ToastError
from toastnb.redaction import Secret

if TYPE_CHECKING:
    import pandas as pd

    from toastnb.inventory import Inventory

FAILURE = 2

app = typer.Typer(
    help="A TOAST (NHN Cloud) account's inventory: tables, capacity reports, and a sandbox that needs no account.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks would show local variables
    rich_markup_mode=None,
)

ProfileOption = Annotated[str, typer.Option("--profile", "-p", help='A profile of "toastnb login", or "sandbox".')]


class Format(StrEnum):
    """How a table is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"


def main() -> None:
    """Run the command; errors become a message and exit code 2, Ctrl-C exit code 130."""
    try:
        app()
    except ToastError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(message: str) -> NoReturn:
    print(f"toastnb: {message}", file=sys.stderr)
    sys.exit(FAILURE)


def _say(message: str) -> None:
    print(message, file=sys.stderr)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command()
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


@app.command()
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
        print(f"{name + ':':<15} {value}")


@app.command()
def inventory(
    table: Annotated[
        str, typer.Option("--table", "-t", help="Which table; see the column dictionary.")
    ] = "instances_detail",
    format: Annotated[Format | None, typer.Option("--format", "-f", help="By --out's ending, or table.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file; the terminal by default.")] = None,
    profile: ProfileOption = "",
    saved: Annotated[Path | None, typer.Option("--inventory", help="A saved inventory instead of an account.")] = None,
    save: Annotated[Path | None, typer.Option(help="Save the whole inventory to this file too.")] = None,
) -> None:
    """Write one table of the account."""
    from toastnb.columns import TABLES
    from toastnb.report import exports

    if table not in TABLES:
        raise InvalidInput(f"there is no table {table!r}", hint=f"Tables are {', '.join(TABLES)}.")
    kind = format or _format_of(out)
    on_terminal: dict[Format, Callable[[pd.DataFrame], str]] = {
        Format.TABLE: exports.as_text,
        Format.CSV: exports.as_csv,
        Format.JSON: exports.as_json,
    }
    if out is None and kind not in on_terminal:
        raise InvalidInput(f"{kind.value} is not for a terminal", hint="Give a file with --out.")
    account = _pull(profile, saved)
    if save is not None:
        _say(f"Saved the inventory to {account.save(save)}")
    frame = getattr(account, table)
    if out is None:
        sys.stdout.write(on_terminal[kind](frame))
    elif kind is Format.TABLE:
        exports.write_text(frame, out)
    else:
        exports.export(frame, out, kind.value, table)
    if out is not None:
        _say(f"Wrote {len(frame):,} rows of {table}, fetched at {account.fetched_at}, to {out}")


def _format_of(out: Path | None) -> Format:
    """Return the format that a file's ending stands for."""
    ending = out.suffix.lstrip(".").lower() if out else ""
    return Format(ending) if ending in set(Format) else Format.TABLE


@app.command()
def report(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the report.")] = Path(),
    profile: ProfileOption = "",
    saved: Annotated[Path | None, typer.Option("--inventory", help="A saved inventory instead of an account.")] = None,
) -> None:
    """Write the capacity report (HTML and Excel) and print the totals by zone."""
    from toastnb import capacity
    from toastnb import report as reports
    from toastnb.report import exports

    reports.writer.folder_for(out)  # before anything is read
    account = _pull(profile, saved)
    vms = account.instances_detail
    print(f"\nAllocated by zone, data fetched at {account.fetched_at}\n", flush=True)
    print(exports.as_text(capacity.totals(vms, by="zone").reset_index()), flush=True)
    for name, why in account.absent.items():
        _say(f"Without {name}: {why}")
    _say("Writing the report ...")
    for path in reports.write(account, out):
        print(f"Wrote {path}")
    if profile == "sandbox":
        print(
            "\nThis was the sandbox. For a real account:"
            "\n  toastnb login\n  toastnb report --profile default --out build"
        )


def _pull(profile: str, saved: Path | None) -> Inventory:
    """Load a saved inventory, or pull the account once."""
    from toastnb import connect, load_inventory

    if saved is not None:
        if profile:
            raise InvalidInput("--profile and --inventory are both given", hint="Give one of them.")
        return load_inventory(saved)
    _say(f"Reading the account{f' of profile {profile}' if profile else ''} ...")
    with connect(profile or None, read_only=True) as toast:
        account = toast.inventory()
    _say(f"Read {len(account.instances_detail):,} instances in {len(account.tables)} tables.")
    return account


@app.command()
def notebooks(folder: Annotated[Path, typer.Argument(help="Where to; made if need be.")]) -> None:
    """Copy the notebooks to where you work."""
    from toastnb.report.library import copy_notebooks

    for path in copy_notebooks(folder):
        print(f"Wrote {path}")


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8801,
    seed: Annotated[int, typer.Option(help="The same seed and start give the same account.")] = 7,
    instances: Annotated[int, typer.Option(min=0, help="How many instances.")] = 250,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    instant: Annotated[bool, typer.Option("--instant", help="Every transition is over when the call answers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what it accepts as one line of JSON.")] = False,
    start: Annotated[str | None, typer.Option(help="The clock's start, ISO 8601; now by default.")] = None,
    appkey: Annotated[str | None, typer.Option(help="What it accepts as appkey.")] = None,
    username: Annotated[str | None, typer.Option(help="What it accepts as user name.")] = None,
    password: Annotated[str | None, typer.Option(help="What it accepts as password.")] = None,
    state: Annotated[Path | None, typer.Option(help="Start from a state that was saved.")] = None,
    from_inventory: Annotated[Path | None, typer.Option("--inventory", help="Start from a saved inventory.")] = None,
) -> None:
    """Serve an account that needs no cloud, until SIGTERM or Ctrl-C. Its credentials are no secret."""
    from toastnb.embedded import Sandbox

    given: dict[str, Any] = {"appkey": appkey, "username": username, "password": password}
    try:
        service = Sandbox(
            port=port,
            host=host,
            seed=seed,
            instances=instances,
            instant=instant,
            start=start,
            state=state,
            inventory=from_inventory,
            **{name: value for name, value in given.items() if value is not None},
        )
        service.start()
    except (OSError, ValueError) as error:
        _fail(str(error))
    accepts = {name: getattr(service, name) for name in ("base_url", "appkey", "username", "password", "port")}
    if as_json:
        print(json.dumps(accepts), flush=True)
    else:
        print("\n".join(f"{name + ':':<10} {value}" for name, value in accepts.items()), flush=True)
    service.serve_forever()


if __name__ == "__main__":
    main()
