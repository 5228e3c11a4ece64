"""What the commands share: the application, messages, and reading the account once."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from toastnb.errors import InvalidInput
from toastnb.plain import seen

if TYPE_CHECKING:
    from toastnb.inventory import Inventory

FAILURE = 2

app = typer.Typer(
    help="A TOAST (NHN Cloud) account's inventory: tables, reports, audits, and a sandbox that needs no account.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks would show local variables
    rich_markup_mode=None,
)

ProfileOption = Annotated[str, typer.Option("--profile", "-p", help='A profile of "toastnb login", or "sandbox".')]
SavedOption = Annotated[Path | None, typer.Option("--inventory", help="A saved inventory instead of an account.")]
OutFileOption = Annotated[Path | None, typer.Option("--out", "-o", help="A file; the terminal by default.")]
RulesOption = Annotated[
    Path | None, typer.Option(help="Rules of the audit, TOML: thresholds, required metadata, names.")
]
WaiversOption = Annotated[
    Path | None, typer.Option(help="Findings that are accepted, TOML or CSV, each with an expiry.")
]


def fail(message: str) -> NoReturn:
    """End the command with a message, also when nobody reads it."""
    with suppress(BrokenPipeError):
        print(seen(f"toastnb: {message}"), file=sys.stderr)
    sys.exit(FAILURE)


def say(message: str) -> None:
    """Tell how it goes, apart from what the command answers; nothing in it moves the cursor."""
    print(seen(message), file=sys.stderr)


def pull(profile: str, saved: Path | None) -> Inventory:
    """Load a saved inventory, or pull the account once."""
    from toastnb import connect, load_inventory

    if saved is not None:
        if profile:
            raise InvalidInput("--profile and --inventory are both given", hint="Give one of them.")
        return load_inventory(saved)
    say(f"Reading the account{f' of profile {profile}' if profile else ''} ...")
    with connect(profile or None, read_only=True) as toast:
        account = toast.inventory()
    say(f"Read {len(account.instances_detail):,} instances in {len(account.tables)} tables.")
    return account
