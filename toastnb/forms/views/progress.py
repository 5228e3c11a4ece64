"""How far a submit has come: a bar, and a state and seconds a row. Only traits are set, from whichever thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import ipywidgets as widgets

from toastnb.forms.views import markup
from toastnb.forms.views.layout import control_layout, label_style
from toastnb.forms.views.words import Say
from toastnb.forms.work import Row

_MOST_ROWS = 20
_BAD = frozenset({"ERROR", "failed", "unknown", "not_sent", "partly"})


class ProgressView(widgets.VBox):
    """The bar and the rows; nothing while there are no rows.

    Parameters
    ----------
    say : Say
        The words of the form's language.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self.bar = widgets.IntProgress(layout=control_layout())
        label_style(self.bar)
        self.text = widgets.HTML()
        super().__init__([self.bar, self.text], layout=widgets.Layout(display="none"))

    def show(self, rows: Sequence[Row], *, busy: bool) -> None:
        """Show rows; `busy` tells whether they are still followed."""
        self.layout.display = None if rows else "none"
        if not rows:
            return
        done = sum(row.done for row in rows)
        self.bar.max = len(rows)
        self.bar.value = done
        self.bar.description = self._say("progress", done=f"{done:,}", total=f"{len(rows):,}")
        self.bar.bar_style = "danger" if any(row.state in _BAD for row in rows) else "" if busy else "success"
        self.text.value = markup.block(self._counted(rows) + self._table(rows))

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
