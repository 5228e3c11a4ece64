"""A hostile service that knows the canary secrets, and a watch over logs and streams."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.redaction.canary import MARK, TOKEN
from tests.transport.hostile import Hostile, token


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with Hostile() as hostile:
        hostile.on("POST tokens", token(TOKEN))
        yield hostile


@pytest.fixture(autouse=True)
def _nothing_in_logs_and_streams(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whatever a test here does, no logger and no stream ever has a secret."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "stamina", "toastnb"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    for record in caplog.records:
        assert MARK not in record.getMessage()
        assert MARK not in repr(vars(record))
    assert MARK not in caplog.text
    assert MARK not in "".join(capfd.readouterr())
