"""The control for a secret: what is typed is handed over and emptied at once, and no widget keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from toastnb.forms.views import markup
from toastnb.forms.views.controls import Hidden
from toastnb.forms.views.layout import beside_labels, control_layout, label_style
from toastnb.forms.views.words import Say


class SecretView(widgets.VBox):
    """A secret.

    Parameters
    ----------
    name : str
        What it is for the form.
    say : Say
        The words of the form's language.
    give : callable
        Takes name and text.
    """

    def __init__(self, name: str, say: Say, give: Callable[[str, str], object]) -> None:
        self.name = name
        self.label = say(f"field.{name}")
        self.asked = False
        self._say = say
        self._give = give
        self._given = False
        self.control = Hidden(description=self.label, continuous_update=False, layout=control_layout())
        self.control.tooltip = say.hint("login", name) or self.label
        label_style(self.control)
        self.remark = widgets.HTML(**beside_labels())
        super().__init__([self.control, self.remark])
        self.control.observe(self._entered, "value")

    @property
    def problem(self) -> str:
        """What is said of it to be wrong."""
        return self._say("sentence.missing") if self.asked and not self._given else ""

    def show(self, given: bool) -> None:
        """Show whether there is one."""
        self._given = given
        self.show_remarks()

    def show_remarks(self) -> None:
        """Show that it was taken, or that it is missing when that is asked for."""
        missing = markup.warning(f"{self.label}: {self.problem}") if self.problem else ""
        said = markup.note(f"✓ {self._say('given')}" if self._given else self._say("taken"))
        self.remark.value = markup.block(missing or said, role="status")

    def _entered(self, change: dict[str, Any]) -> None:
        text = change.pop("new")
        if text:
            self.control.value = ""
            self._give(self.name, text)
