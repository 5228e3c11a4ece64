"""What an account offers, read once and shared by forms: flavors, images, instances and so on.

A listing that the account is not served is no obstacle: it is absent, and why is known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toastnb import frames
from toastnb.api import Api
from toastnb.connection import give_up_when, reasons_to_give_up
from toastnb.errors import NOT_SERVED, NotFound, ToastError
from toastnb.fields import Watchers
from toastnb.remarks import listen, listener
from toastnb.threads import as_they_end
from toastnb.wire import Flavor
from toastnb.wire_siblings import Image, Network

Listing = Callable[[Api], Any]


def _instances(api: Api) -> dict[str, pd.DataFrame]:
    return frames.instance_tables(api.instances_detail())


_LISTINGS: dict[str, Listing] = {
    "instances": _instances,
    "flavors": Api.flavors,
    "images": Api.images,
    "networks": Api.networks,
    "availability_zones": Api.availability_zones,
    "keypairs": Api.keypairs,
    "security_groups": Api.security_groups,
    "floating_ips": Api.floating_ips,
    "volumes": lambda api: list(api.volumes()),
}


@dataclass(frozen=True)
class _Absent:
    why: str


_UNKNOWN = _Absent("")


class Catalogue:
    """The listings of one account.

    Parameters
    ----------
    api : Api
        Where they are read.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, Any] = {}
        self._begun = 0  # how many readings have begun
        self._read_at: dict[str, int] = {}  # by listing, which of them what is known is from
        self._lock = threading.Lock()
        self._watchers = Watchers()

    def read(self, *names: str) -> None:
        """Read listings that are not known yet, side by side."""
        self._read([name for name in names if name not in self._known])

    def read_again(self, *names: str) -> None:
        """Read listings again, and tell those who watch; after an error all is as it was before."""
        self._read(names)
        self._watchers.tell()

    def watch(self, watcher: Callable[[], object]) -> Callable[[], None]:
        """Let a function be called when listings were read again; what comes back ends that."""
        return self._watchers.add(watcher)

    def known(self, name: str) -> Any:
        """Return a listing as it was read last; None where it is not known, or not served."""
        found = self._known.get(name)
        return None if isinstance(found, _Absent) else found

    def listing(self, name: str) -> Any:
        """Return a listing, read if need be; None where it is not served."""
        self.read(name)
        found = self._known[name]
        return None if isinstance(found, _Absent) else found

    def why_absent(self, name: str) -> str:
        """Return why a listing is not served; "" when it is."""
        self.read(name)
        found = self._known[name]
        return found.why if isinstance(found, _Absent) else ""

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return `instances_detail` and the tidy tables of what instances have several of.

        Raises
        ------
        ToastError
            When they cannot be read.
        """
        found: dict[str, pd.DataFrame] = self._served("instances")
        return found

    # What `new_instance` looks names up in.

    def flavors(self) -> Sequence[Flavor]:
        """Return the flavors; NotFound when they are not served."""
        found: Sequence[Flavor] = self._served("flavors")
        return found

    def images(self) -> Sequence[Image]:
        """Return the images; NotFound when they are not served."""
        found: Sequence[Image] = self._served("images")
        return found

    def networks(self) -> Sequence[Network]:
        """Return the networks; NotFound when they are not served."""
        found: Sequence[Network] = self._served("networks")
        return found

    def _served(self, name: str) -> Any:
        found = self.listing(name)
        if found is None:
            raise NotFound(self.why_absent(name))
        return found

    def _read(self, names: Sequence[str]) -> None:
        if not names:
            return
        with self._lock:
            self._begun += 1
            this = self._begun
        over, listening = threading.Event(), listener()
        reasons = (over, *reasons_to_give_up())

        def begin() -> None:
            give_up_when(*reasons)
            listen(listening)

        pool = ThreadPoolExecutor(len(names), "toastnb-pull", initializer=begin)
        try:
            reads = {pool.submit(self._found, name): name for name in names}
            found = {reads[read]: read.result() for read in as_they_end(reads)}
        finally:
            over.set()  # after an error or Ctrl-C nobody waits for the rest
            pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:  # a reading that began earlier may end later: it knows less
            newer = {name: what for name, what in found.items() if self._read_at.get(name, 0) < this}
            self._known |= newer
            self._read_at |= dict.fromkeys(newer, this)

    def _found(self, name: str) -> Any:
        try:
            return _LISTINGS[name](self._api)
        except NOT_SERVED as error:
            if name == "instances" or not isinstance(self._known.get(name, _UNKNOWN), _Absent):
                raise
            return _Absent(_in_short(error))


def _in_short(error: ToastError) -> str:
    return f"{error.action}: {error.said}" if error.action else error.said
