"""`connect_many` and the `Projects` that it returns: the reads of `Toast`, of many projects side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pandas as pd

from toastnb import audit
from toastnb.audit.merging import merged
from toastnb.audit.plan import Checks, Rules
from toastnb.audit.waiving import Waivers
from toastnb.capacity.times import moment
from toastnb.columns import TABLES
from toastnb.config import profile_names, resolve
from toastnb.errors import Conflict, CredentialsError, InvalidInput
from toastnb.gathering import in_short
from toastnb.inventory import AbsentTable, Inventory
from toastnb.reads import INVENTORY_CALLS, now
from toastnb.remarks import remark
from toastnb.rules import check_text
from toastnb.table_reads import TableReads
from toastnb.toast import Toast, connect

if TYPE_CHECKING:
    from datetime import date

    from toastnb.embedded import Sandbox
    from toastnb.history import History
    from toastnb.history.places import Store

AT_ONCE = 16
_MOST_AT_ONCE = 64
_INVENTORY = "inventory"
_RECORD = "record"
_SANDBOX = "sandbox"


class Projects(TableReads):
    """Many projects: what `connect_many` returns. It reads, side by side, and has no way to change anything.

    Each read answers a frame with a column ``project`` (str) first, its rows by project in the order given. A project
    that fails is left out, and is a row of `failures`; a warning says so. A context manager: leaving it closes all
    connections.

    Examples
    --------
    >>> import toastnb as tn
    >>> with tn.connect_many({"shop": sandbox, "lab": sandbox}) as projects:
    ...     vms = projects.instances_detail()
    >>> tn.capacity.totals(vms, by="project")["instances"].to_dict()
    {'lab': 250, 'shop': 250, 'Total': 500}
    """

    def inventories(self) -> dict[str, Inventory]:
        """Return the inventory of each project, as `Toast.inventory` answers it.

        Returns
        -------
        dict of str to Inventory
            By project, in the order given; without those that failed. A table that is not served in one of them is in
            `failures` too, as an AbsentTable.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     [(name, len(inventory.disks)) for name, inventory in projects.inventories().items()]
        [('shop', 368)]
        """
        found = self._inventories()
        self._tell()
        return found

    def inventory(self) -> Inventory:
        """Return every table of all projects.

        Returns
        -------
        Inventory
            Each table has project (str) first. Names, and the ids of a sandbox, are only unique within a project:
            join tables on both. A table that some projects lack is without them; `failures` says which.
            `tn.audit.run` and `tn.history.record` refuse it: use `audit` and `record` here.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.inventory().disks.columns.tolist()[:2]
        ['project', 'instance_id']
        """
        fetched_at = now()
        found = self._inventories()
        self._tell()
        there = {name for inventory in found.values() for name in inventory.tables} if found else set(TABLES)
        tables = {
            name: self._stacked(name, {p: one.tables[name] for p, one in found.items() if name in one.tables})
            for name in TABLES
            if name in there
        }
        absent = {name: why for one in found.values() for name, why in one.absent.items() if name not in there}
        return Inventory(tables, absent, fetched_at, ", ".join(self.names))

    def audit(
        self,
        checks: Checks | None = None,
        waivers: Waivers | None = None,
        rules: Rules | None = None,
        at: str | pd.Timestamp | None = None,
        history: History | None = None,
    ) -> pd.DataFrame:
        """Pull and audit each project on its own: what is found in one has nothing to do with another.

        Parameters
        ----------
        checks, waivers, rules, at
            As for `tn.audit.run`; the same for all projects.
        history : History, optional
            As `history.open_store` answers: each project is audited with what it has under that name. One that it does
            not have is audited without, and a warning says so.

        Returns
        -------
        DataFrame
            project (str), then the columns of `tn.audit.run`, whose functions all take it: `summary` and `waived`
            have a row a project. In a project that failed no check ran, and `summary` says why.

        Raises
        ------
        InvalidInput
            When a check, threshold, rule or waiver is not known or not right, before anything is sent.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox, "lab": sandbox}) as projects:
        ...     projects.audit(checks=["weak-ssh-key"])[["project", "severity", "name"]].values.tolist()
        [['shop', 'high', 'legacy-2016'], ['lab', 'high', 'legacy-2016']]
        """
        listed = list(checks) if isinstance(checks, Iterable) and not isinstance(checks, str | Mapping) else checks
        fetched_at = now()
        pasts = self._pasts(history)

        def run(inventory: Inventory, past: History | None = None) -> pd.DataFrame:
            return audit.run(inventory, listed, waivers, rules, at, past)

        run(_nothing(fetched_at, ""))  # a slip of the pen is found before anything is read
        runs: dict[str, pd.DataFrame] = {}
        self._pull(lambda name, inventory: runs.update({name: run(inventory, pasts.get(name))}))
        for name, call, _, _, message in self._failed:
            if call == _INVENTORY:
                runs[name] = run(_nothing(fetched_at, message))
        self._tell()
        return merged({name: runs[name] for name in self.names})

    def record(self, store: Store, at: str | date | None = None) -> dict[str, str]:
        """Pull each project and record it in a history under its name, each as it comes.

        Parameters
        ----------
        store, at
            As for `tn.history.record`.

        Returns
        -------
        dict of str to str
            The snapshots' ids by project, in the order given; without those that failed. One of which the store has
            another inventory at that moment is a row of `failures` too, as a Conflict of the call "record".

        Raises
        ------
        InvalidInput
            When `at` is no time, before anything is sent, or the store cannot be written; what was recorded before
            stays.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox, "lab": sandbox}) as projects:
        ...     list(projects.record("history"))
        ['shop', 'lab']
        """
        from toastnb.history.places import address_of
        from toastnb.history.recording import prepared, put

        store = address_of(store)
        when = None if at is None else moment(at)
        ids: dict[str, str] = {}

        def take(name: str, inventory: Inventory) -> None:
            try:
                snapshot = prepared(inventory, when, name)
            except InvalidInput as error:
                self._note(name, _RECORD, error)
                return
            try:
                ids[name] = put(snapshot, store)
            except Conflict as error:
                self._note(name, _RECORD, error)

        self._pull(take)
        self._tell()
        return {name: ids[name] for name in self.names if name in ids}

    def _pasts(self, history: History | None) -> dict[str, History]:
        """Return what a history has of each project, and say of which it has nothing."""
        if history is None:
            return {}
        there = set(history.projects)
        lacking = [name for name in self.names if name not in there]
        if lacking:
            remark(f"the history has nothing of {in_short(lacking)}: audited without it", stacklevel=3)
        return {name: history.of(name) for name in self.names if name in there}

    def _only(self, names: Iterable[str]) -> Projects:
        """Return some of the projects; they are closed with the others."""
        return Projects({name: self._connections[name] for name in names}, self._at_once)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Projects {in_short(self.names)}; read-only>"

    def _inventories(self) -> dict[str, Inventory]:
        found: dict[str, Inventory] = {}
        self._pull(found.__setitem__)
        return {name: found[name] for name in self.names if name in found}

    def _pull(self, take: Callable[[str, Inventory], object]) -> None:
        """Hand the inventory of each project on as it comes."""

        def taken(name: str, inventory: Inventory) -> None:
            for table, why in inventory.absent.items():
                self._failed.append((name, table, AbsentTable.__name__, None, why))
            take(name, inventory)

        self._each(_INVENTORY, lambda toast, step: toast._inventory(step), taken, steps=INVENTORY_CALLS)


def _nothing(fetched_at: str, why: str) -> Inventory:
    """Return the inventory of a project that could not be read: no check runs on it, and each says why."""
    return Inventory({}, dict.fromkeys(TABLES, why), fetched_at)


def connect_many(
    projects: Iterable[str] | Mapping[str, str | Sandbox | Toast],
    *,
    at_once: int = AT_ONCE,
    timeout: float | None = None,
) -> Projects:
    """Connect to many projects, for reading only. Nothing is sent yet.

    Appkey, user name and password come from each project's own profile, and the password from the keyring; never from
    the environment, for a variable is of one project and would be sent to all.

    Parameters
    ----------
    projects : list of str or mapping
        Profiles of ``config.toml``, each the name of its project; "sandbox" is one that needs no account. Or a mapping
        of names of your own to profiles, running sandboxes or other connections, whose credentials are used in a
        connection of its own.
    at_once : int
        How many projects are read at once, 1 to 64.
    timeout : float, optional
        Seconds that one call may take in any project, in place of what each profile says.

    Returns
    -------
    Projects
        The same reads as `Toast`, with a column ``project`` first. A profile that lacks a credential is not refused:
        it fails at each read, like one that the service does not let in.

    Raises
    ------
    InvalidInput
        When there is no such profile, a name is given twice, or a value is not allowed.

    Examples
    --------
    >>> import toastnb as tn
    >>> tn.connect_many({"shop": sandbox, "lab": sandbox})
    <Projects shop, lab; read-only>
    >>> tn.connect_many(["shop"])
    Traceback (most recent call last):
    ...
    toastnb.errors.InvalidInput: Connecting: there is no profile shop (known: none). Make it with: toastnb login ...
    """
    if isinstance(at_once, bool) or not isinstance(at_once, int) or not 1 <= at_once <= _MOST_AT_ONCE:
        raise InvalidInput(f"at_once is {at_once!r}, but must be 1 to {_MOST_AT_ONCE}", action="Connecting")
    given = _by_name(projects)
    problem = profile_problem(value for value in given.values() if isinstance(value, str))
    if problem is not None:
        raise problem
    with ExitStack() as opened:
        connections: dict[str, Toast | CredentialsError] = {}
        for name, value in given.items():
            connection = connections[name] = _connected(value, timeout)
            if isinstance(connection, Toast):
                opened.callback(connection.close)
        opened.pop_all()
    return Projects(connections, at_once)


def _by_name(projects: object) -> dict[str, str | Sandbox | Toast]:
    """Return what was given for each project, by its name, checked."""
    if isinstance(projects, Mapping):
        given = dict(projects)
    elif isinstance(projects, Iterable) and not isinstance(projects, str | bytes):
        names = list(projects)
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InvalidInput(f"project {twice!r} is given twice", action="Connecting", hint="Give each once.")
        if not all(isinstance(name, str) for name in names):
            raise InvalidInput(
                "a list is of names only", action="Connecting", hint='Give {"name": sandbox} for others.'
            )
        given = dict(zip(names, names, strict=True))
    else:
        hint = 'As ["prod", "dev"].'
        raise InvalidInput(f"projects is {type(projects).__name__}, but must be a list of names", hint=hint)
    if not given:
        raise InvalidInput("projects is empty", action="Connecting", hint="Name a profile at least.")
    from toastnb.embedded import Sandbox

    for name, value in given.items():
        check_text(name, "project")
        if not isinstance(value, str | Sandbox | Toast):
            said = f"the profile of {name} is {type(value).__name__}, but must be a name, a Sandbox or a connection"
            raise InvalidInput(said, action="Connecting")
    return given


def profile_problem(names: Iterable[str]) -> InvalidInput | None:
    """Return what is wrong with names that should be of profiles, or "sandbox"."""
    known = profile_names()
    unknown = [name for name in dict.fromkeys(names) if name not in (*known, _SANDBOX)]
    if not unknown:
        return None
    return InvalidInput(
        f"there is no profile {in_short(unknown)} (known: {in_short(known) or 'none'})",
        action="Connecting",
        hint=f"Make it with: toastnb login --profile {unknown[0]}",
    )


def _connected(given: str | Sandbox | Toast, timeout: float | None) -> Toast | CredentialsError:
    if isinstance(given, Toast):
        account = given.account()
        return Toast(replace(account, read_only=True, timeout=account.timeout if timeout is None else timeout))
    if not isinstance(given, str) or given == _SANDBOX:
        return connect(given, read_only=True, timeout=timeout)
    try:
        return Toast(resolve(given, read_only=True, timeout=timeout, use_environment=False))
    except CredentialsError as error:
        return error
