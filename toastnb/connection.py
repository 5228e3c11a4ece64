"""One HTTP exchange, bounded: in time to the last byte, in size, and to the host that was asked.

`requests` bounds the silence between two bytes but not the whole exchange, so a service that drips would hold a
caller for ever. Here every read from the socket is cut to what is left until the deadline, and looks up now and then
to see whether anybody still waits for it.

Nothing is sent astray: no redirect is followed, ``~/.netrc`` is never read, no cookie is kept, and no proxy stands
between this process and loopback.
"""

from __future__ import annotations

import io
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import SWITCHING_PROTOCOLS, HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from toastnb import unpacking

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0
LARGEST_ANSWER, LARGEST_SHORT = 4 * 2**30, 16 * 2**20  # bytes, unpacked: of a listing, and of all other answers
_LOOK_UP_SECONDS = 0.25

_current = threading.local()  # .deadline of the exchange that this thread is in; .given_up of the work it is part of


@dataclass(frozen=True)
class _Reasons:
    """Events of which one is enough."""

    events: tuple[threading.Event, ...]

    def is_set(self) -> bool:
        """Tell whether one of them has happened."""
        return any(event.is_set() for event in self.events)


@dataclass
class Deadline:
    """When an exchange has to be over, whether any of the request has left this process, and how the answer ended.

    `hung_up` is set when the other side has closed the connection: an answer that ends so may be cut short.
    """

    seconds: float
    sent: bool = False
    hung_up: bool = False
    given_up: _Reasons = field(default_factory=lambda: _Reasons(reasons_to_give_up()))
    _start: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.seconds = min(self.seconds, getattr(_current, "until", math.inf) - self._start)

    def left(self) -> float:
        """Return the seconds that are left; `TimeoutError` when there are none, or nobody waits any more."""
        if self.is_over() or self.given_up.is_set():
            raise TimeoutError
        return self._start + self.seconds - time.monotonic()

    def is_over(self) -> bool:
        """Tell whether no time is left."""
        return time.monotonic() >= self._start + self.seconds


@dataclass(frozen=True)
class Reply:
    """What came back.

    Its connection serves no other call until it is known that this was the answer, for another one may come after it:
    `keep` hands it on, and `close` closes it if it was not kept.
    """

    status: int
    content_type: str
    location: str
    body: bytearray
    hung_up: bool
    keep: Callable[[], None]
    close: Callable[[], None]


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes; each read waits no longer than the exchange may still take."""

    _raw: io.RawIOBase | None = None  # one that was broken off while it was made is closed, too

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        silent_until = time.monotonic() + SILENCE_SECONDS
        before = self._socket.gettimeout()
        try:
            while True:
                self._socket.settimeout(min(_LOOK_UP_SECONDS, _current.deadline.left()))
                try:
                    count = self._socket.recv_into(buffer)
                    _current.deadline.hung_up = count == 0
                    return count
                except TimeoutError:
                    if time.monotonic() >= silent_until:
                        raise
        finally:
            self._socket.settimeout(before)  # behind a proxy, the handshake that follows has its own

    def close(self) -> None:
        if self._raw is not None:
            self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    fp: io.BufferedReader = cast("io.BufferedReader", None)  # as of the reader

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        plain, self.fp = self.fp, io.BufferedReader(_DeadlineReader(sock), 2**16)
        plain.close()  # not before: a response that is broken off in between is closed with its reader

    def begin(self) -> None:
        """Read the head; http.client takes one that is cut short for one that is short, and a 103 for the answer."""
        self._read_head()
        while 100 <= self.status < 200 and self.status != SWITCHING_PROTOCOLS:
            vars(self)["headers"] = None  # http.client reads none when it has one
            self._read_head()

    def _read_head(self) -> None:
        try:
            super().begin()
        except HTTPException as error:
            if isinstance(error, RemoteDisconnected) or not _current.deadline.hung_up:
                raise
        if _current.deadline.hung_up:
            raise IncompleteRead(b"")


class _Connection(HTTPConnection):
    response_class = _DeadlineResponse
    debuglevel = 0  # http.client's debug level prints headers and bodies

    def _new_conn(self) -> socket.socket:
        return _in_time(super()._new_conn)

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            _current.deadline.sent = False  # what a proxy was told is not the request

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _current.deadline.sent = True
        super().send(data)


def _in_time(connect: Callable[[], socket.socket]) -> socket.socket:
    """Connect in a thread, and wait no longer than the exchange may still take.

    Looking a name up has no timeout of its own, and a name may have many addresses, each with the whole of one.
    """
    made: Future[socket.socket] = Future()

    def work() -> None:
        try:
            made.set_result(connect())
        except Exception as error:
            made.set_exception(error)

    threading.Thread(target=work, name="toastnb-connect", daemon=True).start()
    try:
        while not made.done():
            wait([made], min(_LOOK_UP_SECONDS, _current.deadline.left()))
        sock = made.result()
        sock.settimeout(min(CONNECT_SECONDS, _current.deadline.left()))  # for the TLS handshake that follows
        return sock
    except BaseException:
        made.add_done_callback(_thrown_away)
        raise


def _thrown_away(made: Future[socket.socket]) -> None:
    if made.exception() is None:
        made.result().close()


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


@contextmanager
def ending_by(until: float) -> Iterator[None]:
    """Let all exchanges of this thread end by a moment on the monotonic clock."""
    _current.until = until
    try:
        yield
    finally:
        del _current.until


def give_up_when(*events: threading.Event) -> None:
    """Let all exchanges of this thread end when an event is set. For the threads of a pool, as they start."""
    _current.given_up = events


def reasons_to_give_up() -> tuple[threading.Event, ...]:
    """Return the events that end this thread's exchanges, to be handed on to threads that work for it."""
    events: tuple[threading.Event, ...] = getattr(_current, "given_up", ())
    return events


def is_given_up() -> bool:
    """Tell whether nobody waits for this thread's work any more."""
    return _Reasons(reasons_to_give_up()).is_set()


@contextmanager
def giving_up_when(event: threading.Event) -> Iterator[None]:
    """Let all exchanges and pauses of this thread end when an event is set."""
    before = reasons_to_give_up()
    give_up_when(*before, event)
    try:
        yield
    finally:
        give_up_when(*before)


def pause(seconds: float) -> None:
    """Sleep, or not any longer when nobody waits for this thread's work any more."""
    events = reasons_to_give_up()
    if not events:
        time.sleep(seconds)
        return
    end = time.monotonic() + seconds
    while not is_given_up() and (left := end - time.monotonic()) > 0:
        events[-1].wait(min(left, _LOOK_UP_SECONDS))


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find none: requests would read the whole body, and look into ~/.netrc, only to offer the next request."""


def open_session(base_url: str, connections: int) -> requests.Session:
    """Return a session for one service, with a pool of connections for as many threads."""
    session = _Session()
    adapter = _Adapter(pool_connections=1, pool_maxsize=connections)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers["Accept-Encoding"] = unpacking.ACCEPTED
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.auth = _leave_as_it_is  # with an auth of its own, requests does not look into ~/.netrc
    if is_loopback(urlsplit(base_url).hostname or ""):
        session.trust_env = False
    return session


def _leave_as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    deadline: Deadline,
    *,
    listing: bool = False,
) -> Reply:
    """Send one request and read its whole answer, which may be long if it is a listing. The reply is to be closed.

    URL, headers and body hold secrets, and so do the frames and errors of what is called here: only call it inside
    `redaction.sealed`, and translate what it raises.
    """
    _current.deadline = deadline
    deadline.hung_up = False
    left = deadline.left()
    response = session.request(
        method,
        url,
        headers=headers,
        data=body,
        timeout=(min(CONNECT_SECONDS, left), min(SILENCE_SECONDS, left)),
        allow_redirects=False,
        stream=True,
    )
    keep, close = _held(response)
    try:
        encoding, announced = (response.headers.get(name, "") for name in ("Content-Encoding", "Content-Length"))
        largest = LARGEST_ANSWER if listing else LARGEST_SHORT
        content = unpacking.read_whole(response.raw, encoding, announced, largest)
        return Reply(
            status=response.status_code,
            content_type=response.headers.get("Content-Type", ""),
            location=response.headers.get("Location", ""),
            body=content,
            hung_up=deadline.hung_up,
            keep=keep,
            close=close,
        )
    except BaseException:
        close()
        raise


def _held(response: requests.Response) -> tuple[Callable[[], None], Callable[[], None]]:
    """Hold a connection, which urllib3 would hand on with the answer's last byte; return what hands it on or closes."""
    raw: Any = response.raw
    keep: Callable[[], None] = raw.release_conn
    raw.release_conn = lambda: None

    def close() -> None:
        response.close()
        keep()  # the place in the pool; its connection, if it was closed, will be made anew

    return keep, close
