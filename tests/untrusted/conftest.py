"""The hostile account, read once over a socket."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import toastnb as tn
from tests.untrusted.account import bodies, served
from tests.untrusted.names import TEXTS, mended

ZONES = {name: TEXTS[name] for name in ("script: script", "formula: command", "control: clear", "word: Total")}


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Return each text as the client shows it."""
    return [mended(text) for text in TEXTS.values()]


@pytest.fixture(scope="session")
def account() -> tn.Inventory:
    """Return the account; each text is a zone of its own."""
    return _read()


@pytest.fixture(scope="session")
def few_zones() -> tn.Inventory:
    """Return the account with four zones, for analyses of each with each."""
    return _read(zones=ZONES)


@pytest.fixture(scope="session")
def short() -> tn.Inventory:
    """Return a smaller account, for a report that is made quickly; a zone of it is called as the report's total is."""
    chosen = {
        name: TEXTS[name]
        for name in TEXTS
        if name.startswith(("script", "markup")) or name in ("length: long, no blanks", "direction: override")
    }
    return _read(texts=chosen, zones=ZONES | {"in all": "in all"})


@pytest.fixture(scope="session")
def saved(few_zones: tn.Inventory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return few_zones.save(tmp_path_factory.mktemp("account") / "account.zip")


def _read(**more: object) -> tn.Inventory:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The answer has text that is not valid Unicode")
        with served(bodies(**more)) as toast:
            return toast.inventory()
