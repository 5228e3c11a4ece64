"""64 clients at once for some seconds; a minute of it, with figures, is `python -m tests.load --seconds 60`."""

from __future__ import annotations

import time

from tests.load.clients import Load
from tests.load.invariants import violations
from tests.load.server import Server

NETWORK_ERRORS = {
    "ConnectionResetError",
    "ConnectionRefusedError",
    "RemoteDisconnected",
    "BrokenPipeError",
    "IncompleteRead",
}


def test_many_clients_at_once_leave_an_account_that_adds_up() -> None:
    with Server() as server, Load(server) as load:
        figures = load.run(10)
        ledger = load.ledger
        assert violations(load) == []
        assert not ledger.broken
        assert ledger.calls > 1000
        assert ledger.refused  # they did get into each other's way
        assert ledger.acknowledged["delete instance"]
        assert figures.end_mb < 1.2 * figures.warm_mb
        assert server.end() == (0, "")


def test_it_ends_cleanly_while_clients_are_busy() -> None:
    with Server() as server, Load(server) as load:
        load.start()
        load.wait(1.5)
        start = time.monotonic()
        assert server.end() == (0, "")
        assert time.monotonic() - start < 5
        load.end()
        assert load.ledger.wrong == []
        assert set(load.ledger.broken) <= NETWORK_ERRORS
        assert sum(load.ledger.broken.values()) == 64
