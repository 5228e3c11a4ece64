"""The controls with which something is entered: core ones whose input is taken under a lock."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import ipywidgets as widgets
from traitlets import Unicode


class Guarded(widgets.Widget):
    """A control that takes what comes from the page under `lock`.

    Otherwise a thread that shows the field's value at that moment could undo what was entered, or its own change
    could be taken for something that was entered.
    """

    lock: AbstractContextManager[Any] = nullcontext()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what comes from the page."""
        with self.lock:
            super().set_state(sync_data)


class Line(Guarded, widgets.Text):
    """A text in one line."""


class Lines(Guarded, widgets.Textarea):
    """A text in several lines. The kernel does not send it back to the page: it may be a private key by mistake."""

    value = Unicode().tag(sync=True, echo_update=False)


class DropDown(Guarded, widgets.Dropdown):
    """One of several options."""


class Marking(Guarded, widgets.SelectMultiple):
    """Any number of options."""


class Hidden(widgets.Password):
    """A password. The kernel does not send it back to the page, as it does with other values."""

    value = Unicode().tag(sync=True, echo_update=False)
