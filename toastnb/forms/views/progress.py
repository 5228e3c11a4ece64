"""How far a submit has come: a bar, and a state and seconds a row. Only traits are set, from whichever thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from toastnb.forms.views import markup
from toastnb.forms.views.layout import beside_labels, button_layout
from toastnb.forms.views.words import Say
from toastnb.forms.work import Row

_MOST_ROWS = 20
_BAD = frozenset({"ERROR", "failed", "unknown", "not_sent", "partly"})


class ProgressView(widgets.VBox):
    """A button that says how many are done and folds the rest away, the bar and the rows; nothing before a submit.

    The button is where the keyboard's focus goes while the one that sends is off.

    Parameters
    ----------
    say : Say
        The words of the form's language.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said = ""
        self._is_on = False
        self.heard = widgets.HTML(markup.heard(""))
        self.opener = widgets.ToggleButton(value=True, layout=button_layout(align_self="flex-start"))
        self.bar = widgets.IntProgress(layout=widgets.Layout(width="auto"))
        self.text = widgets.HTML()
        super().__init__([self.heard, self.opener, self.bar, self.text], **beside_labels(wide=True))
        self.opener.observe(self._turned, "value")
        self._turned()

    def show(self, rows: Sequence[Row], *, busy: bool) -> None:
        """Show rows; `busy` tells whether they are still followed."""
        self._is_on = busy or bool(rows)
        ended = sum(row.done for row in rows)
        bad = sum(row.done and row.state in _BAD for row in rows)
        words = "progress_bad" if bad else "progress"
        counts = {"done": f"{ended - bad:,}", "total": f"{len(rows):,}", "bad": f"{bad:,}"}
        self._said = self._say(words, **counts) if rows else self._say("busy") if busy else ""
        self.heard.value = markup.heard(self._said)
        self.bar.max = max(len(rows), 1)
        self.bar.value = ended
        self.bar.bar_style = "danger" if any(row.state in _BAD for row in rows) else "" if busy else "success"
        self.bar.tooltip = self._said
        self.text.value = markup.block(self._counted(rows) + self._table(rows)) if rows else ""
        self._turned()

    def focus(self) -> None:
        """Take the keyboard's focus."""
        self.opener.focus()

    def _turned(self, _: dict[str, Any] | None = None) -> None:
        is_open = self.opener.value
        self.opener.description = f"{'▾' if is_open else '▸'} {self._said}"
        self.opener.layout.display = None if self._is_on else "none"
        for part in (self.bar, self.text):
            part.layout.display = None if self._is_on and is_open else "none"

    def _counted(self, rows: Sequence[Row]) -> str:
        if len(rows) <= _MOST_ROWS:
            return ""
        counts = Counter(self._words(row) for row in rows)
        return markup.note(" · ".join(f"{state} {count:,}" for state, count in counts.most_common()))

    def _table(self, rows: Sequence[Row]) -> str:
        """Return the rows as a table; of many those first that went wrong or are not at their end."""
        shown = sorted(rows, key=lambda row: (row.state not in _BAD, row.done)) if len(rows) > _MOST_ROWS else rows
        cells = [(markup.cell(row.name), self._state(row), f"{row.seconds:.0f} s") for row in shown[:_MOST_ROWS]]
        more = len(rows) - _MOST_ROWS
        rest = markup.note(self._say("more_rows", count=f"{more:,}")) if more > 0 else ""
        return markup.plain_table([self._say(f"row.{name}") for name in ("name", "state", "seconds")], cells) + rest

    def _state(self, row: Row) -> str:
        """Return a state with a sign, so that bad and good do not differ by colour alone."""
        sign = markup.WARNING if row.state in _BAD else "✓" if row.done else "…"
        return f"{sign} {markup.html(self._words(row))}"

    def _words(self, row: Row) -> str:
        return self._say.state(row.state)
