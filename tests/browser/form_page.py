"""A page with forms on it, as a person works with it: controls by their labels, and all that came over the wire."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Route, WebSocket, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

expect.set_options(timeout=30_000)
_LISTS, _A_LIST_MS = 10, 2_000  # how often a list may be replaced while one chooses from it, and how long that takes
ELSEWHERE = re.compile(r"^https?://(?!127\.0\.0\.1:)")


class FormPage:
    """A page that is asked for nothing from elsewhere, and whose messages from the kernel are kept.

    Parameters
    ----------
    browser : Browser
        Where it is opened.
    width, height : int
        In pixels.
    """

    def __init__(self, browser: Browser, width: int = 1100, height: int = 1400) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(30_000)
        self.received: list[bytes] = []
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        self.page.route(ELSEWHERE, self._refuse)
        self.page.on("websocket", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def close(self) -> None:
        self.page.close()

    def text(self, label: str) -> Locator:
        return self.page.get_by_role("textbox", name=label, exact=True)

    def choice(self, label: str) -> Locator:
        return self.page.get_by_role("combobox", name=label, exact=True)

    def several(self, label: str) -> Locator:
        return self.page.get_by_role("listbox", name=label, exact=True)

    def button(self, label: str) -> Locator:
        return self.page.get_by_role("button", name=label, exact=True)

    def said(self, text: str) -> Locator:
        """Return what is on show and has this text."""
        return self.page.get_by_text(text).filter(visible=True).first

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def choose(self, label: str, part: str) -> None:
        """Choose the first option with this text; a list may be replaced while one looks for it."""
        for _ in range(_LISTS):
            try:
                self.choice(label).select_option(label=self._whole(self.choice(label), part), timeout=_A_LIST_MS)
            except PlaywrightTimeout:
                continue
            return
        self.choice(label).select_option(label=self._whole(self.choice(label), part))

    def mark(self, label: str, parts: Sequence[str]) -> None:
        """Choose several options, each the first with a text."""
        control = self.several(label)
        control.select_option(label=[self._whole(control, part) for part in parts])

    def _whole(self, control: Locator, part: str) -> str:
        text: str = control.locator("option", has_text=part).first.evaluate("option => option.label")
        return text

    def upload(self, button: str, file: Path) -> None:
        """Choose a file behind a button, which counts its files."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=button).click()
        chooser.value.set_files(file)

    def everything(self) -> bytes:
        """Return the page as it is now, with what stands in its controls, and all that the kernel ever sent to it."""
        values = "[...document.querySelectorAll('input, textarea, select')].map(control => control.value)"
        now = self.page.content() + "\n".join(self.page.evaluate(values))
        return now.encode() + b"\n".join(self.received)

    def _refuse(self, route: Route) -> None:
        self.elsewhere.append(route.request.url)
        route.abort()

    def _listen(self, socket: WebSocket) -> None:
        def keep(payload: str | bytes) -> None:
            self.received.append(payload.encode() if isinstance(payload, str) else payload)

        socket.on("framereceived", keep)
