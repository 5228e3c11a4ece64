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


class Collector(logging.Handler):
    """Keeps all that any handler could write of a record."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{self.format(record)} {vars(record)}")


@pytest.fixture(autouse=True)
def logged(capfd: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """Whatever a test here does, no logger (all are at DEBUG) and no stream ever has a secret."""
    collector = Collector()
    loggers = [logging.getLogger(name) for name in ("", "urllib3", "requests", "tenacity", "toastnb")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(collector)
    yield collector.texts
    loggers[0].removeHandler(collector)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    assert MARK not in "".join(collector.texts)
    assert MARK not in "".join(capfd.readouterr())
