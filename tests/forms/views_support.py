"""What the tests of views share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import comm
import ipywidgets as widgets
from ipywidgets.widgets.widget import _instances

from tests.forms.support import form_threads
from tests.support import eventually


class Words(HTMLParser):
    """The text of some HTML, its tags, and the roles of its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.roles: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.tags.append(tag)
        self.roles += [str(value) for name, value in attrs if name == "role"]


def said(widget: widgets.HTML) -> str:
    """Return what a widget says, without its tags."""
    return Words(widget.value).text


def options(view: Any) -> list[str]:
    """Return what a field's control offers."""
    return list(view.control._options_labels)


@contextmanager
def nothing_left() -> Iterator[None]:
    """Check that no widget, comm or thread of a form is left that was not there before."""
    made, comms, threads = set(_instances), set(comm.get_comm_manager().comms), set(threading.enumerate())
    yield
    assert set(_instances) <= made
    assert set(comm.get_comm_manager().comms) <= comms
    assert form_threads() == []
    eventually(lambda: not [one for one in set(threading.enumerate()) - threads if one.name.startswith("toastnb")])
