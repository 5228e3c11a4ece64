"""The commands that keep a history: `snapshot`, `history` and `compact`. The first and the last are fit for cron."""

from __future__ import annotations

import hashlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from toastnb.cli.common import FAILURE, ProfileOption, SavedOption, one_line
from toastnb.errors import InvalidInput, ToastError

RUNNING = 3
StoreArgument = Annotated[str, typer.Argument(help="A folder, or a URL such as s3://bucket/prefix (no keys in it).")]


def snapshot(
    store: Annotated[str, typer.Option("--store", "-s", help="A folder, or a URL such as s3://bucket/prefix.")],
    profile: ProfileOption = "",
    project: Annotated[str, typer.Option(help="The name to keep it under; the profile's by default.")] = "",
    saved: SavedOption = None,
) -> None:
    """Record the account into a store. For cron: writes one line, ends with 0, with 2 on a failure, with 3 if it runs.

    That is: a run of the same store and project is not over yet, and this one did nothing.
    """

    def work() -> str:
        from toastnb import connect, history, load_inventory

        if saved is not None and profile:
            raise InvalidInput("--profile and --inventory are both given", hint="Give one of them.")
        if saved is not None:
            account = load_inventory(saved)
        else:
            with connect(profile or None, read_only=True) as toast:
                account = toast.inventory()
        name = project or profile
        recorded = history.record(account, store, project=name)
        without = f", without {', '.join(account.absent)}" if account.absent else ""
        return f"recorded {recorded} of {name or account.source}: {len(account.instances_detail):,} instances{without}"

    _as_one_line("snapshot", store, f"snapshot\n{project or profile}", work)


def compact(
    store: StoreArgument,
    keep: Annotated[
        str, typer.Option(help="What to keep, for how many days: all=14,daily=90,weekly=365,monthly=forever.")
    ] = "",
) -> None:
    """Merge a store's small files and thin out what is long ago. For cron, as snapshot; by default nothing goes."""

    def work() -> str:
        from toastnb import history

        done = history.compact(store, keep=_limits(keep) if keep else None).sum()
        return (
            f"{done['snapshots']:,} of {done['snapshots_before']:,} snapshots kept,"
            f" {done['files']:,} files in place of {done['files_before']:,}"
        )

    _as_one_line("compact", store, "compact", work)


def history(
    store: StoreArgument,
    project: Annotated[str, typer.Option(help="Only this project.")] = "",
) -> None:
    """List the snapshots of a store."""
    from toastnb.history import open_store
    from toastnb.report import exports

    opened = open_store(store)
    found = (opened.of(project) if project else opened).snapshots()
    sys.stdout.write(exports.as_text(found[["at", "project", "instances", "snapshot_id"]]))


def _limits(text: str) -> dict[str, int | None]:
    limits: dict[str, int | None] = {}
    for part in text.split(","):
        kind, found, days = part.strip().partition("=")
        if not found or kind in limits or not (days == "forever" or days.isdecimal()):
            raise InvalidInput(f"--keep has {part.strip()!r}", hint="Write it as all=14,daily=90,monthly=forever.")
        limits[kind] = None if days == "forever" else int(days)
    return limits


def _as_one_line(command: str, store: str, key: str, work: Callable[[], str]) -> None:
    """Do what a scheduled run does, alone, and tell in one line how it ended."""
    from toastnb.remarks import heard

    began, remarks, code = time.monotonic(), list[str](), 0
    try:
        with warnings.catch_warnings(action="ignore"), heard(remarks), _alone(store, key) as is_alone:
            said = work() if is_alone else "a run of the same store and project is not over yet; this one did nothing"
            code = 0 if is_alone else RUNNING
    except ToastError as error:
        said, code = f"failed: {error}", FAILURE
    said = "; ".join([said, *remarks])
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} toastnb {command}: {said} ({time.monotonic() - began:.1f} s)"
    print(one_line(line), file=sys.stderr if code else sys.stdout)
    raise typer.Exit(code)


@contextmanager
def _alone(store: str, key: str) -> Iterator[bool]:
    """Tell whether no other process of this user has this store and key; it is free again however a process ends."""
    from toastnb.extras import needs

    with needs("history"):
        from filelock import FileLock, Timeout
    from platformdirs import user_cache_path

    from toastnb.history.places import Place

    name = hashlib.sha256(f"{Place(store).address}\n{key}".encode()).hexdigest()[:32]
    folder = user_cache_path("toastnb") / "locks"
    lock = FileLock(folder / f"{name}.lock", timeout=0)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
        problem = ""
    except Timeout:
        problem = "taken"
    except OSError as error:
        problem = f"{folder} cannot be written ({error.strerror or type(error).__name__})"
    if problem not in ("", "taken"):
        raise InvalidInput(problem, action="Taking a lock")
    try:
        yield not problem
    finally:
        lock.release()
