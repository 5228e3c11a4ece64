"""Two sandboxes that the tests share, each as new for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.support import Client, signed_in
from toastnb.sandbox import Sandbox


@pytest.fixture(scope="session")
def _timed_sandbox() -> Iterator[Sandbox]:
    with Sandbox(instances=30, start="2026-01-01T00:00:00Z") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def _instant_sandbox() -> Iterator[Sandbox]:
    with Sandbox(instances=30, start="2026-01-01T00:00:00Z", instant=True) as sandbox:
        yield sandbox


@pytest.fixture
def timed(_timed_sandbox: Sandbox) -> Iterator[Client]:
    """A client of a sandbox in which transitions take seconds of its clock."""
    _timed_sandbox.reset()
    with signed_in(_timed_sandbox) as client:
        yield client


@pytest.fixture
def instant(_instant_sandbox: Sandbox) -> Iterator[Client]:
    """A client of a sandbox in which every transition is over at once."""
    _instant_sandbox.reset()
    with signed_in(_instant_sandbox) as client:
        yield client
