"""The commands that keep a history: `snapshot`, `history` and `compact`. The first and the last are fit for cron."""

from __future__ import annotations

import hashlib
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toastnb.cli.common import (
    FAILURE,
    ProfilesOption,
    ProjectOption,
    SavedOption,
    StoreArgument,
    are_many,
    history_of,
    names_of,
    one_line,
)
from toastnb.errors import InvalidInput, ToastError
from toastnb.plain import many

if TYPE_CHECKING:
    from toastnb.inventory import Inventory

RUNNING = 3
_LOCKING, _NO_PLACE = "Taking a lock", "Name a folder that you can write in XDG_CACHE_HOME, or in TMPDIR."
_RUNS = "a run of the same store and project is not over yet; this one did nothing"


def snapshot(
    store: Annotated[str, typer.Option("--store", "-s", help="A folder, or a URL such as s3://bucket/prefix.")],
    profile: ProfilesOption = "",
    project: Annotated[
        str, typer.Option(help="The name to keep it under; the profile's by default, of a file the account's.")
    ] = "",
    saved: SavedOption = None,
) -> None:
    """Record the account into a store. For cron: writes one line, ends with 0, with 2 on a failure, with 3 if it runs.

    That is: a run of the same store and project is not over yet, and this one did nothing.

    Of several projects each has a line and is kept under its profile's name. One that fails, has no profile or runs
    holds up none of the others; the code is 2 when one failed, else 3 when one runs.
    """
    if are_many(profile):
        raise typer.Exit(_record_many(store, profile, project, saved))

    def name() -> str:
        from toastnb.config import default_name

        return project or profile or ("" if saved is not None else default_name())

    def work() -> str:
        from toastnb import connect, history, load_inventory

        if saved is not None and profile:
            raise InvalidInput("--profile and --inventory are both given", hint="Give one of them.")
        if saved is not None:
            account = load_inventory(saved)
        else:
            with connect(profile or None, read_only=True) as toast:
                account = toast.inventory()
        called = name()
        return _recorded(called or account.source, history.record(account, store, project=called), account)

    _as_one_line("snapshot", store, lambda: f"snapshot\n{name()}", work)


def _recorded(name: str, snapshot: str, account: Inventory) -> str:
    without = f", without {', '.join(account.absent)}" if account.absent else ""
    return f"recorded {snapshot} of {name}: {many(len(account.instances_detail), 'instance')}{without}"


def _record_many(store: str, profiles: str, project: str, saved: Path | None) -> int:
    """Record several projects side by side, a line each; return the exit code."""
    from toastnb import connect_many
    from toastnb.history import record
    from toastnb.history.places import address_of
    from toastnb.projects import profile_problem
    from toastnb.remarks import heard

    began, remarks, codes, waiting = time.monotonic(), list[str](), {0}, [""]

    def tell(name: str, said: str, code: int = 0) -> None:
        codes.add(code)
        waiting.remove(name)
        _log("snapshot", said, code, began)

    def failed(name: str, message: object) -> None:
        tell(name, f"failed{f' for {name}' if name else ''}: {message}", FAILURE)

    def take(name: str, account: Inventory) -> None:
        try:
            tell(name, _recorded(name, record(account, address_of(store), project=name), account))
        except ToastError as error:
            failed(name, error)

    try:
        with ExitStack() as opened:
            opened.enter_context(warnings.catch_warnings(action="ignore"))
            opened.enter_context(heard(remarks))
            if project or saved is not None:
                given = "--project" if project else "--inventory"
                raise InvalidInput(f"{given} is for one account", hint="Several are kept under their profiles' names.")
            waiting[:] = names_of(profiles)
            for name in list(waiting):  # a slip of the pen in one takes no other's snapshot
                if problem := profile_problem([name]):
                    failed(name, problem)
            if not waiting:
                return FAILURE
            projects = opened.enter_context(connect_many(waiting))
            for name in projects.names:
                if not opened.enter_context(_alone(store, f"snapshot\n{name}")):
                    tell(name, f"{_RUNS} for {name}", RUNNING)
            free = projects._only(waiting)
            free._pull(take)
            for failure in free.failures.itertuples():
                if failure.project in waiting:
                    failed(str(failure.project), failure.message)
    except ToastError as error:
        for name in list(waiting):
            failed(name, error)
    for said in remarks:
        _log("snapshot", said, 0, began)
    return FAILURE if FAILURE in codes else max(codes)


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
            f"{done['snapshots']:,} of {many(done['snapshots_before'], 'snapshot')} kept,"
            f" {many(done['files'], 'file')} in place of {done['files_before']:,}"
        )

    _as_one_line("compact", store, lambda: "compact", work)


def history(
    store: StoreArgument,
    project: ProjectOption = "",
) -> None:
    """List the snapshots of a store."""
    from toastnb.report import exports

    found = history_of(store, project).snapshots()
    sys.stdout.write(exports.as_text(found[["at", "project", "instances", "snapshot_id"]]))


def _limits(text: str) -> dict[str, int | None]:
    limits: dict[str, int | None] = {}
    for part in text.split(","):
        kind, found, days = part.strip().partition("=")
        if not found or kind in limits or not (days == "forever" or days.isdecimal()):
            raise InvalidInput(f"--keep has {part.strip()!r}", hint="Write it as all=14,daily=90,monthly=forever.")
        limits[kind] = None if days == "forever" else int(days)
    return limits


def _as_one_line(command: str, store: str, key: Callable[[], str], work: Callable[[], str]) -> None:
    """Do what a scheduled run does, alone, and tell in one line how it ended."""
    from toastnb.remarks import heard

    began, remarks, code = time.monotonic(), list[str](), 0
    try:
        with warnings.catch_warnings(action="ignore"), heard(remarks), _alone(store, key()) as is_alone:
            said = work() if is_alone else _RUNS
            code = 0 if is_alone else RUNNING
    except ToastError as error:
        said, code = f"failed: {error}", FAILURE
    _log(command, "; ".join([said, *remarks]), code, began)
    raise typer.Exit(code)


def _log(command: str, said: str, code: int, began: float) -> None:
    line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} toastnb {command}: {said} ({time.monotonic() - began:.1f} s)"
    print(one_line(line), file=sys.stderr if code else sys.stdout, flush=True)


@contextmanager
def _alone(store: str, key: str) -> Iterator[bool]:
    """Tell whether no other process of this user has this store and key; it is free again however a process ends."""
    from toastnb.extras import needs

    with needs("history"):
        from filelock import FileLock, Timeout

    from toastnb.history.places import Place

    name = hashlib.sha256(f"{Place(store).address}\n{key}".encode()).hexdigest()[:32]
    lock = FileLock(_folder_for_locks() / f"{name}.lock", timeout=0)
    is_free, problem = True, ""
    try:
        lock.acquire()
    except Timeout:
        is_free = False
    except OSError as error:
        problem = f"{lock.lock_file} cannot be written ({error.strerror or type(error).__name__})"
    if problem:
        raise InvalidInput(problem, action=_LOCKING, hint=_NO_PLACE)
    try:
        yield is_free
    finally:
        lock.release()


def _folder_for_locks() -> Path:
    """Return the folder of this user's locks: below their home, or where there is none among the temporary files."""
    from platformdirs import user_cache_path

    from toastnb.temporary import users_folder

    with suppress(OSError, RuntimeError):  # a service's home is often /dev/null, or nobody's is known
        folder = user_cache_path("toastnb") / "locks"
        if folder.is_absolute():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    try:
        return users_folder()
    except OSError as error:
        problem = f"there is no folder for locks ({error.strerror or type(error).__name__})"
    raise InvalidInput(problem, action=_LOCKING, hint=_NO_PLACE)
