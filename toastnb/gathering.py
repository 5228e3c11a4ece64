"""Reading many projects side by side: a pool with a limit, a bar a project, and an account of what failed."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import islice
from typing import TypeVar

import pandas as pd

from toastnb.arrays import texts
from toastnb.connection import give_up_when, reasons_to_give_up
from toastnb.errors import CredentialsError, NetworkFailure, ToastError
from toastnb.inventory import PROJECT
from toastnb.plain import many
from toastnb.progress import bar
from toastnb.remarks import listen, listener, remark
from toastnb.threads import ended
from toastnb.toast import Toast

P = TypeVar("P")
T = TypeVar("T")
Step = Callable[[], object]

_MOST_NAMED = 5


class Gathering:
    """The part of `Projects` that asks each project, and keeps what failed.

    Parameters
    ----------
    connections : mapping of str to Toast or CredentialsError
        The projects by name: a connection, or why there is none.
    at_once : int
        How many are read at once.
    """

    def __init__(self, connections: Mapping[str, Toast | CredentialsError], at_once: int) -> None:
        self._connections = dict(connections)
        self._at_once = at_once
        self._failed: list[tuple[str, str, str, int | None, str]] = []
        self._is_closed = False

    @property
    def names(self) -> list[str]:
        """The names of the projects, in the order given."""
        return list(self._connections)

    @property
    def failures(self) -> pd.DataFrame:
        """What the latest read could not have.

        A row a call that failed: project, call (the read, a table that `inventory` lacks, or record), kind (the
        error's, as "NetworkFailure"), code (Int64: the service's resultCode, missing where it gave none), message
        (str).
        """
        order = {name: number for number, name in enumerate(self._connections)}
        rows = sorted(self._failed, key=lambda row: order[row[0]])
        projects, calls, kinds, codes, messages = zip(*rows, strict=True) if rows else ((),) * 5
        frame = texts(project=projects, call=calls, kind=kinds, message=messages)
        frame.insert(3, "code", pd.Series(codes, dtype="Int64"))
        return frame

    def close(self) -> None:
        """Close all connections. Reads after this are refused."""
        self._is_closed = True
        for connection in self._connections.values():
            if isinstance(connection, Toast):
                connection.close()

    def _each(
        self, call: str, read: Callable[[Toast, Step], T], take: Callable[[str, T], object], *, steps: int = 1
    ) -> None:
        """Read all projects, hand each answer on in this thread as it comes, and note what failed."""

        def one(connection: Toast | CredentialsError, step: Step) -> T:
            if isinstance(connection, Toast):
                return read(connection, step)
            raise copy.copy(connection)  # one that is raised again and again would keep the frames of each time

        if self._is_closed:
            raise NetworkFailure("the projects are closed", action="Reading", hint="Connect again: tn.connect_many.")
        self._failed = []
        with closing(gather(self._connections, one, at_once=self._at_once, steps=steps)) as answers:
            for name, answer in answers:
                if isinstance(answer, ToastError):
                    self._note(name, call, answer)
                else:
                    take(name, answer)

    def _note(self, project: str, call: str, error: ToastError) -> None:
        """Note what failed."""
        self._failed.append((project, call, type(error).__name__, error.code, str(error)))

    def _tell(self, *, stacklevel: int = 3) -> None:
        """Warn when something could not be had; `stacklevel` is that of who called the public method."""
        lacking = self.failures[PROJECT].unique().tolist()
        if lacking:
            of = many(len(self._connections), "project")
            said = f"{len(lacking)} of {of} did not answer in full: {in_short(lacking)}"
            remark(f"{said}; the property failures says what failed, and why", stacklevel=stacklevel)


def in_short(names: Sequence[str]) -> str:
    """Return names as a text: the first few, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def gather(
    projects: Mapping[str, P], read: Callable[[P, Step], T], *, at_once: int, steps: int = 1
) -> Generator[tuple[str, T | ToastError], None, None]:
    """Read all projects, some at once, and yield the name and the answer or the error of each as they come.

    Close it (`contextlib.closing`) when it is left early, as by Ctrl-C: what is under way is given up then, and
    nobody waits for it. A project is only begun when a place is free, so that a slow taker does not pile answers up.

    Parameters
    ----------
    projects : mapping of str to object
        What is read, by its name.
    read : callable
        Reads one of them, in a thread; its second argument is called after each of its `steps`.
    at_once : int
        How many are under way at once.
    steps : int
        How many steps a read has, for its bar.
    """
    over, listening = threading.Event(), listener()
    reasons = (over, *reasons_to_give_up())

    def begin() -> None:
        give_up_when(*reasons)
        listen(listening)

    pool = ThreadPoolExecutor(at_once, "toastnb-pull-project", initializer=begin)
    waiting = iter(projects.items())
    running: dict[Future[T], tuple[str, ExitStack]] = {}
    try:
        with ExitStack() as shown:  # bars come and go in this thread: in another a notebook would not show them
            whole = shown.enter_context(bar(len(projects), "Reading the projects", "projects"))
            while True:
                for name, project in islice(waiting, at_once - len(running)):
                    own = shown.enter_context(ExitStack())
                    progress = own.enter_context(bar(steps, name, "calls"))
                    running[pool.submit(read, project, progress.update)] = name, own
                if not running:
                    return
                for future in ended(running):
                    name, own = running.pop(future)
                    own.close()
                    whole.update()
                    try:
                        answer: T | ToastError = future.result()
                    except ToastError as error:
                        answer = error
                    yield name, answer
    finally:
        over.set()  # after an error or Ctrl-C nobody waits for the rest
        pool.shutdown(wait=False, cancel_futures=True)
