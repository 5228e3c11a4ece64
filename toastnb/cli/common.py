"""What the commands share: the application, messages, and reading the account once."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO, TypeVar

import typer

from toastnb.errors import InvalidInput
from toastnb.plain import line, seen

if TYPE_CHECKING:
    from toastnb.history import History
    from toastnb.inventory import Inventory
    from toastnb.projects import Projects

T = TypeVar("T")
F = TypeVar("F", bound=StrEnum)

FAILURE = 2
_TEXT = ("", "txt", "log")

app = typer.Typer(
    help="A TOAST (NHN Cloud) account's inventory: tables, reports, audits, and a sandbox that needs no account.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks would show local variables
    rich_markup_mode=None,
)

ProfileOption = Annotated[str, typer.Option("--profile", "-p", help='A profile of "toastnb login", or "sandbox".')]
ProfilesOption = Annotated[
    str, typer.Option("--profile", "-p", help='A profile of "toastnb login", or "sandbox"; several with commas.')
]
SavedOption = Annotated[Path | None, typer.Option("--inventory", help="A saved inventory instead of an account.")]
StoreArgument = Annotated[
    str, typer.Argument(help="A history: a folder, or a URL such as s3://bucket/prefix (no keys in it).")
]
ProjectOption = Annotated[str, typer.Option(help="Only this project.")]
OutFileOption = Annotated[Path | None, typer.Option("--out", "-o", help="A file; the terminal by default.")]
RulesOption = Annotated[
    Path | None, typer.Option(help="Rules of the audit, TOML: thresholds, required metadata, names.")
]
WaiversOption = Annotated[
    Path | None, typer.Option(help="Findings that are accepted, TOML or CSV, each with an expiry.")
]


def fail(message: str) -> NoReturn:
    """End the command with a message, also when nobody reads it."""
    try:
        print(seen(f"toastnb: {message}"), file=sys.stderr, flush=True)
    except BrokenPipeError:
        write_nowhere(sys.stderr)
    sys.exit(FAILURE)


def write_nowhere(stream: TextIO) -> None:
    """Let what is left of a stream go nowhere: Python tries once more as it ends, and would end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(message: str) -> None:
    """Tell how it goes, apart from what the command answers; nothing in it moves the cursor."""
    print(seen(message), file=sys.stderr)


def are_many(profile: str) -> bool:
    """Tell whether several profiles are named."""
    return "," in profile


def names_of(profiles: str) -> list[str]:
    """Return the profiles that are named with commas.

    Raises
    ------
    InvalidInput
        When several are named, and one twice or not at all.
    """
    names = [name.strip() for name in profiles.split(",")]
    wrong = [name for name in names if len(names) > 1 and (not name or names.count(name) > 1)]
    if wrong:
        said = f"{wrong[0]} is given twice" if wrong[0] else "a name is missing"
        raise InvalidInput(f"--profile {profiles}: {said}", hint="As --profile prod,dev.")
    return names


def pull_many(
    profiles: str, saved: Path | None, read: Callable[[Projects], T], table: str = "instances_detail"
) -> tuple[T, bool]:
    """Read several projects; return the answer, and whether all of them gave this table. Failures are told."""
    from toastnb import connect_many

    if saved is not None:
        raise InvalidInput("--profile and --inventory are both given", hint="Give one of them.")
    names = names_of(profiles)
    with connect_many(names) as projects, warnings.catch_warnings():
        say(f"Reading {len(names)} projects ...")  # all of them are profiles
        warnings.simplefilter("ignore", UserWarning)  # what it warns of is told below
        answer = read(projects)
        failures = projects.failures
    for failure in failures.itertuples():
        say(f"Without {failure.call} of {failure.project}: {failure.message}")
    return answer, not failures["call"].isin(["inventory", table]).any()


def format_for(kinds: type[F], given: F | None, out: Path | None) -> F:
    """Return the format that is asked for, or that a file's ending stands for: as on a terminal for text, and for none.

    Raises
    ------
    InvalidInput
        When the ending stands for no format.
    """
    ending = out.suffix.lstrip(".").lower() if out else ""
    if given is not None or ending in set(kinds):
        return given or kinds(ending)
    if ending not in _TEXT:
        endings = ", ".join(f".{kind}" for kind in kinds if kind != "table")
        hint = f"Endings are {endings}, and .txt for a table as text; --format says it for any other."
        raise InvalidInput(f"--out {out} does not say in which format", hint=hint)
    return kinds("table")


def one_line(message: str) -> str:
    """Return a message as one line, for a log."""
    return line(" ".join(message.split()))


def history_of(store: str, project: str) -> History:
    """Open a history, of all projects or of one."""
    from toastnb.history import open_store

    opened = open_store(store)
    return opened.of(project) if project else opened


def pull(profile: str, saved: Path | None) -> Inventory:
    """Load a saved inventory, or pull the account once."""
    from toastnb import connect, load_inventory

    if saved is not None:
        if profile:
            raise InvalidInput("--profile and --inventory are both given", hint="Give one of them.")
        return load_inventory(saved)
    with connect(profile or None, read_only=True) as toast:
        say(f"Reading the account{f' of profile {profile}' if profile else ''} ...")
        account = toast.inventory()
    say(f"Read {len(account.instances_detail):,} instances in {len(account.tables)} tables.")
    return account
