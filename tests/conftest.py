"""What all tests share: a clean environment, a sandbox of their own, a connection to it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tenacity
from hypothesis import settings

import toastnb as tn
from tests.support import CHROMIUM_OPTIONS, eventually
from tests.transport.hostile import Hostile
from toastnb.api import Api
from toastnb.config import Profile
from toastnb.redaction import Secret
from toastnb.report.pdf import find_chromium
from toastnb.transport import Transport

if TYPE_CHECKING:  # Playwright is not there where only the library is tested
    from playwright.sync_api import Browser, Page

# No deadlines: machines are shared. What CI runs is the same each time, and less; at a desk the search goes on.
settings.register_profile("toastnb", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("ci" if "CI" in os.environ else "toastnb")

# A shell that starts tests in the background (make test &) has them ignore Ctrl-C, which is among what they test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Homes are temporary below; caches that are slow to make (matplotlib's fonts) stay where they are.
os.environ.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No developer's configuration, proxy, .netrc or keyring is read."""
    for name in list(os.environ):
        if name.startswith("TOASTNB_") or name.lower() in {
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
        }:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return where a Chromium is. Without one its tests are skipped and say so; in CI that is a failure."""
    try:
        path = find_chromium()
    except tn.InvalidInput as error:
        said = f"not run, for {error.said}: install it with `make browser`, or name it in CHROMIUM"
        (pytest.fail if "CI" in os.environ else pytest.skip)(said)
    return path


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Start a Chromium for one module: Playwright's event loop would be in the way of kernels in the same thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.fixture
def sandbox() -> Iterator[tn.Sandbox]:
    """An account of forty instances in which every transition is over at once."""
    with tn.Sandbox(instances=40, instant=True) as sandbox:
        yield sandbox


@pytest.fixture
def slow_sandbox() -> Iterator[tn.Sandbox]:
    """An account in which transitions take seconds of its clock: `advance` ends them."""
    with tn.Sandbox(instances=40) as sandbox:
        yield sandbox


def _no_thread_works_for_the_client() -> bool:
    names = [thread.name for thread in threading.enumerate()]
    return not any(name.startswith(("toastnb-pull", "toastnb-bulk")) for name in names)


@pytest.fixture
def toast(sandbox: tn.Sandbox) -> Iterator[tn.Toast]:
    with tn.connect(sandbox, timeout=20) as toast:
        yield toast
    eventually(_no_thread_works_for_the_client)


@pytest.fixture
def slow_toast(slow_sandbox: tn.Sandbox) -> Iterator[tn.Toast]:
    with tn.connect(slow_sandbox, timeout=20) as toast:
        yield toast
    eventually(_no_thread_works_for_the_client)


@pytest.fixture
def api(sandbox: tn.Sandbox) -> Iterator[Api]:
    account = Profile(
        name="",
        base_url=sandbox.base_url,
        appkey=Secret(sandbox.appkey),
        username=sandbox.username,
        password=Secret(sandbox.password),
        timeout=20,
    )
    transport = Transport(account)
    yield Api(transport)
    transport.close()


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repetitions follow each other without a pause; there are as many as ever."""
    monkeypatch.setattr("toastnb.transport.BACKOFF", tenacity.wait_none())


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    """A service that misbehaves to order."""
    with Hostile() as hostile:
        yield hostile
