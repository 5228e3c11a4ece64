"""Each call under each fault: what came of it, and the table of that for the docs."""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import tenacity

import toastnb as tn
from tests.faults import certificates
from tests.faults.calls import Account, ApiCall, calls
from tests.faults.faults import ALL, NEXT_CALL, SAME_CALL, Fault
from tests.faults.proxy import Names, Plan, Proxy, own_names
from toastnb import connection, transport, unpacking
from toastnb.api import Api
from toastnb.config import Profile
from toastnb.redaction import Secret
from toastnb.transport import Transport

PATIENCE, HURRY = 60.0, 0.5  # seconds that a call may take, where a fault does not take all of it and where it does
LARGEST, FREE = 4 * 2**20, 2**20  # nobody sends gigabytes here
_hosts = count(2)


@dataclass(frozen=True)
class Cell:
    """What came of one call under one fault: while the fault stays, and when it strikes once."""

    call: str
    write: bool
    fault: Fault
    kind: str
    message: str
    fate_open: bool
    reached: int
    late: float
    recovers: str


@dataclass(frozen=True)
class Bench:
    """What all cells share."""

    sandbox: tn.Sandbox
    names: Names
    certificates: dict[str, ssl.SSLContext]
    nowhere: int
    black_hole: int
    proxies: list[Proxy]

    def connected(self, base_url: str, timeout: float) -> Transport:
        """Return a new connection to the sandbox's account."""
        return Transport(
            Profile(
                name="",
                base_url=base_url,
                appkey=Secret(self.sandbox.appkey),
                username=self.sandbox.username,
                password=Secret(self.sandbox.password),
                timeout=timeout,
            )
        )


@contextmanager
def bench() -> Iterator[Bench]:
    """Have a sandbox, names and certificates of our own, small limits, and no pauses between repetitions."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(tn.Sandbox(instances=40, instant=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = certificates.make(folder)
        stack.enter_context(_set(os.environ, "REQUESTS_CA_BUNDLE", str(folder / "authority.pem")))
        for module, name, value in (
            (connection, "LARGEST_ANSWER", LARGEST),
            (connection, "LARGEST_SHORT", LARGEST),
            (unpacking, "FREE", FREE),
            (transport, "BACKOFF", tenacity.wait_none()),
        ):
            stack.enter_context(_set(vars(module), name, value))
        names = stack.enter_context(own_names())
        taken = stack.enter_context(socket.socket())  # nobody listens there, and nobody else gets it
        taken.bind(("127.0.0.1", 0))
        nowhere = taken.getsockname()[1]
        hole = stack.enter_context(black_hole())
        yield Bench(sandbox, names, made, nowhere, hole, [])


@contextmanager
def _set(where: Any, name: str, value: Any) -> Iterator[None]:
    before = where.get(name)
    where[name] = value
    try:
        yield
    finally:
        if before is None:
            del where[name]
        else:
            where[name] = before


@contextmanager
def black_hole() -> Iterator[int]:
    """Yield a port at which connecting is neither accepted nor refused: its queue is full."""
    with ExitStack() as stack:
        hole = stack.enter_context(socket.socket())
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(hole.getsockname())
        yield hole.getsockname()[1]


class Site:
    """A proxy, and a connection through it that has signed in; left, it takes its secrets along."""

    def __init__(self, bench: Bench, *, tls: bool = False, timeout: float = PATIENCE) -> None:
        number = next(_hosts)
        self._bench = bench
        self._stack = ExitStack()
        self.proxy = self._stack.enter_context(Proxy(bench.sandbox.port, bench.certificates["right"] if tls else None))
        bench.proxies.append(self.proxy)
        self.host = f"host-{number}.toast.test" if tls else f"127.7.{number // 250}.{number % 250 + 1}"
        self.base_url = f"{'https' if tls else 'http'}://{self.host}:{self.proxy.port}/compute"
        bench.names.routes[self.host] = self._right
        transport = self.connected(timeout)
        signed_in(transport)
        self.api = Api(transport)

    def connected(self, timeout: float) -> Transport:
        """Return another connection through the proxy."""
        transport = self._bench.connected(self.base_url, timeout)
        self._stack.callback(transport.close)
        return transport

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()
        self._stack.close()

    @staticmethod
    def _right(port: int) -> list[tuple[str, int]]:
        return [("127.0.0.1", port)]

    def strikes(self, fault: Fault, times: int | None, spared: str = "POST tokens") -> Plan:
        """Let a fault strike from now on."""
        plan = Plan(fault.strike, fault.where, times, spared, self._bench.certificates.get(fault.name))
        self._bench.names.routes[self.host] = partial(self._route, fault, plan)
        self.proxy.plan(plan)
        return plan

    def rest(self) -> None:
        """Let nothing go wrong from now on."""
        self._bench.names.routes[self.host] = self._right
        self.proxy.plan(None)

    def _route(self, fault: Fault, plan: Plan, port: int) -> list[tuple[str, int]]:
        if not plan.takes("name"):
            return self._right(port)
        if fault.name == "connection refused":
            return [("127.0.0.1", self._bench.nowhere)]
        if "addresses" in fault.name:
            return [("127.0.0.1", self._bench.black_hole)] * 3
        if fault.waits:
            time.sleep(10 * HURRY)  # a resolver asks several servers for seconds; only the client can know better
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def signed_in(transport: Transport, tries: int = 20) -> None:
    """Sign in over a connection that is in a hurry, on a machine that may be busy."""
    for _ in range(tries):
        try:
            transport.token()
        except tn.DeadlineExceeded:
            continue
        return
    raise AssertionError("there was no sign-in")


def run(bench: Bench, faults: Iterable[Fault] = ALL) -> list[Cell]:
    """Carry out every call under every fault, several calls at once; those that only wait, many at once."""
    cells: list[Cell] = []
    with Site(bench) as clean:
        listed = calls(Account(clean.api, bench.sandbox))
        for waits, at_once in ((False, 4), (True, 20)):
            some = [fault for fault in faults if fault.waits is waits]
            with ThreadPoolExecutor(at_once) as pool:
                for column in pool.map(partial(_column, bench, some, HURRY if waits else PATIENCE), listed):
                    cells += column
    return cells


def _column(bench: Bench, faults: list[Fault], timeout: float, call: ApiCall) -> list[Cell]:
    with Site(bench, timeout=timeout) as plain, Site(bench, tls=True, timeout=timeout) as secure:
        return [_cell(secure if fault.name.startswith("TLS") else plain, call, fault) for fault in faults]


def _cell(site: Site, call: ApiCall, fault: Fault) -> Cell:
    api = site.api
    spared = "" if call.name.startswith("1 ") else "POST tokens"
    for _ in range(20):
        thing = call.ready()
        plan = site.strikes(fault, None, spared)
        start = time.monotonic()
        error = error_of(lambda: call.do(api, thing))  # noqa: B023 - called at once
        if plan.struck:  # on a machine that is busy a short time may be over before the fault can strike
            break
    late = time.monotonic() - start - (HURRY if fault.waits else PATIENCE)
    reached = len(site.proxy.seen.forwarded)
    recovers = "" if call.write else _recovery(site, call, fault, api, spared)
    site.rest()
    return Cell(
        call.name,
        call.write,
        fault,
        type(error).__name__,
        str(error),
        bool(error and error.may_have_happened),
        reached,
        late,
        recovers,
    )


def error_of(work: Callable[[], object]) -> tn.ToastError | None:
    """Return the error that something ends in."""
    try:
        work()
    except tn.ToastError as error:
        return error
    return None


def _recovery(site: Site, call: ApiCall, fault: Fault, api: Api, spared: str) -> str:
    site.strikes(fault, 1, spared)
    if error_of(lambda: call.do(api, None)) is None:
        return SAME_CALL
    # On a busy machine the short time of a call may be over before its answer comes.
    again = (error_of(lambda: call.do(api, None)) for _ in range(30 if fault.waits else 1))
    return NEXT_CALL if None in again else "nothing"


# --- the table ----------


def table(cells: list[Cell]) -> str:
    """Return the outcomes as a table of Markdown: a row a fault; calls that differ from the others are named."""
    head = [
        "fault",
        "error",
        "a read: requests that reached the service",
        "it recovers with",
        "a write: requests that reached the service",
        "may have happened",
    ]
    rows = [head, ["---"] * len(head)]
    for fault in ALL:
        of = [cell for cell in cells if cell.fault == fault]
        reads, writes = ([cell for cell in of if cell.write is write] for write in (False, True))
        rows.append(
            [
                fault.name,
                _said(of, lambda cell: f"`{cell.kind}`"),
                _said(reads, lambda cell: str(cell.reached)),
                _said(reads, lambda cell: cell.recovers),
                _said(writes, lambda cell: str(cell.reached)),
                _said(writes, lambda cell: "yes" if cell.fate_open else "no"),
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _said(cells: list[Cell], what: Callable[[Cell], str]) -> str:
    said: dict[str, list[str]] = {}
    for cell in cells:
        said.setdefault(what(cell), []).append(cell.call)
    usual, *others = sorted(said, key=lambda value: -len(said[value]))
    return "; ".join([usual, *(f"{value} ({', '.join(said[value])})" for value in others)])
