"""Text that is folded away until somebody opens it; the button works by keyboard, which an Accordion does not."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from toastnb.forms.views.layout import beside_labels, button_layout


class Foldable(widgets.VBox):
    """A button with a title, and under it a text while it is open.

    Parameters
    ----------
    title : str
        What the text is.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self.opener = widgets.ToggleButton(layout=button_layout(align_self="flex-start"))
        self.text = widgets.HTML()
        super().__init__([self.opener, self.text], **beside_labels())
        self.opener.observe(self._turned, "value")
        self._turned()

    def _turned(self, _: dict[str, Any] | None = None) -> None:
        is_open = self.opener.value
        self.opener.description = f"{'▾' if is_open else '▸'} {self._title}"
        self.text.layout.display = None if is_open else "none"
