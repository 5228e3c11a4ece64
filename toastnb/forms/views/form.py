"""A form on the page: its fields, what will be sent, the button, how far it has come, and what became of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from toastnb.errors import ToastError
from toastnb.fields import Field
from toastnb.forms.entries import unexpected
from toastnb.forms.form import Form
from toastnb.forms.views import markup
from toastnb.forms.views.fields import FieldView, view_of
from toastnb.forms.views.foldable import Foldable
from toastnb.forms.views.layout import beside_labels, button_layout, take_away
from toastnb.forms.views.outcome import failure, success
from toastnb.forms.views.progress import ProgressView
from toastnb.forms.views.words import Say
from toastnb.forms.work import Worker

_MOST_REQUESTS = 10
_DOUBLE_CLICK_SECONDS = 0.5


class FormView(widgets.VBox):
    """A form. Closing the view closes the form.

    Parameters
    ----------
    form : Form
        What is shown.

    Attributes
    ----------
    form : Form
        The same: `form.log` has what was sent, `form.result` what became of the latest.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self._say = Say(form.lang)
        self._ends: list[Callable[[], None]] = []
        self._asked = False  # whether the button was clicked, so that what is missing is said
        self._started = -_DOUBLE_CLICK_SECONDS
        self._typed = form.confirm.value
        self._stale = True  # whether entries have changed since the request was shown
        self._drawing = threading.RLock()
        self._is_reading = False
        self._reading: Worker | None = None
        self.views = {name: self._view_of(field) for name, field in form.fields.items()}
        self._build()
        super().__init__(self._parts())
        self.add_class("toastnb-form")
        self.button.on_click(lambda _: self._clicked())
        self.again.on_click(lambda _: self._refresh())
        for exact in (self.request, self.code):
            exact.opener.observe(lambda _: self._show_request(), "value")
        self._ends += [field.watch(self._entered) for field in form.fields.values()]
        self._ends.append(form.watch(lambda _: self.show()))
        self.show()

    def show(self) -> None:
        """Show the form as it is now; called from any thread. What goes wrong in it is shown, too."""
        with self._drawing:
            try:
                self._show_all()
            except Exception as defect:
                self.outcome.value = failure(unexpected(defect), self._say)

    def close(self) -> None:
        """Stop what is under way, and take the form off the page."""
        for end in self._ends:
            end()
        self.form.close()
        if self._reading is not None:
            self._reading.stop()
        take_away(self)
        super().close()
        self.layout.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.form!r}>"

    # --- what it is made of --------------------------------------------------------------------------------------

    def _view_of(self, field: Field) -> FieldView:
        return view_of(field, self._say, self._say.hint(self.form.kind, field.name))

    def _build(self) -> None:
        say = self._say
        self.heading = widgets.HTML(
            markup.heading(self.form.title, say("form.read_only") if self.form.read_only else "")
        )
        self.preview = widgets.HTML()
        self.request, self.code = Foldable(say("request")), Foldable(say("python"))
        self.wanted = widgets.HTML(layout=beside_labels())
        self.confirm = view_of(self.form.confirm, say)
        self.confirming = widgets.VBox([self.wanted, self.confirm])
        self.button = widgets.Button(button_style="primary", layout=button_layout())
        self.again = widgets.Button(layout=button_layout())
        self.trouble = widgets.HTML()
        self.progress = ProgressView(say)
        self.outcome = widgets.HTML()

    def _parts(self) -> Sequence[widgets.Widget]:
        buttons = widgets.HBox([self.button, self.again], layout=beside_labels(flex_flow="row wrap"))
        return [
            self.heading,
            *self.views.values(),
            self.preview,
            self.request,
            self.code,
            self.confirming,
            buttons,
            self.trouble,
            self.progress,
            self.outcome,
        ]

    def _asked_of(self) -> Sequence[Any]:
        """Return what says what is missing in it, once that is asked for."""
        return [*self.views.values(), self.confirm]

    # --- what happens --------------------------------------------------------------------------------------------

    def _entered(self, _: Field) -> None:
        self._stale = True

    def _clicked(self) -> None:
        """Send it, or say what stands in the way; the second click of a double one says nothing."""
        if self.form.start():
            self._started = time.monotonic()
            self._ask(False)
        elif not self.form.busy and time.monotonic() - self._started > _DOUBLE_CLICK_SECONDS:
            self._ask(True)

    def _ask(self, asked: bool) -> None:
        """Say what is missing, or stop saying it."""
        self._asked = asked
        for view in self._asked_of():
            view.asked = asked
            view.show_remarks()
        self._show_trouble()

    def _refresh(self) -> None:
        """Read the choices again, off the kernel's main thread."""
        if not self._is_reading:
            self._is_reading = True
            self._show_trouble()
            self._reading = Worker(self._read_again, threading.Event())

    def _read_again(self) -> None:
        error: ToastError | None = None
        try:
            self.form.refresh()
        except ToastError as raised:
            error = raised
        except Exception as defect:
            error = unexpected(defect)
        self._is_reading = False
        self.show()
        if error is not None:
            self.outcome.value = failure(error, self._say)

    # --- showing -------------------------------------------------------------------------------------------------

    def _show_all(self) -> None:
        busy, typed = self.form.busy, self.form.confirm.value
        if self._stale or (not busy and typed == self._typed):
            self._show_preview()
            self._show_request()
        self._stale, self._typed = False, typed
        self.progress.show(self.form.rows, busy=busy)
        self._show_outcome()
        self._show_trouble()

    def _show_preview(self) -> None:
        """Show what would be different afterwards."""
        try:
            preview = self.form.preview()
        except ToastError:
            preview = None
        self.preview.value = "" if preview is None else markup.block(self._changes(preview))

    def _changes(self, preview: pd.DataFrame) -> str:
        named = preview.rename(index=lambda row: self._say(f"resource.{row}"))
        if "unknown" in named and not named["unknown"].any():
            named = named.drop(columns="unknown")
        return f"<h4>{markup.html(self._say('preview'))}</h4>{markup.table(named, self._say)}"

    def _show_request(self) -> None:
        """Show what will be sent, where somebody looks at it."""
        if not (self.request.opener.value or self.code.opener.value):
            return
        try:
            requests, code = self.form.request(), self.form.code()
        except ToastError:
            requests, code = [], ""
        unready = markup.block(markup.note(self._say("unready")))
        self.request.text.value = markup.code(self._written(requests)) if requests else unready
        self.code.text.value = markup.code(code) if code else unready

    def _written(self, requests: Sequence[dict[str, Any]]) -> str:
        texts = [f"{one['method']} {one['path']}{_body(one['body'])}" for one in requests[:_MOST_REQUESTS]]
        more = len(requests) - _MOST_REQUESTS
        return "\n\n".join([*texts, *([self._say("more_rows", count=f"{more:,}")] if more > 0 else [])])

    def _show_outcome(self) -> None:
        form = self.form
        parts = [failure(form.error, self._say)] if form.error is not None else []
        if form.result is not None:
            parts.append(success(form.result, {row.key: row.name for row in form.rows}, self._say))
        self.outcome.value = "" if form.busy else "".join(parts)

    def _show_trouble(self) -> None:
        """Show the button as it can be used, what is to be typed, and what stands in the way of sending."""
        form, say = self.form, self._say
        self.button.disabled = form.busy or form.read_only
        self.again.disabled = form.busy or self._is_reading
        self.again.description = say("refreshing" if self._is_reading else "refresh")
        self.button.description = say("busy") if form.busy else markup.shown(form.button, 60)
        wanted = form.confirmation
        self.wanted.value = markup.block(markup.note(say("form.confirm", wanted=wanted))) if wanted else ""
        self.confirming.layout.display = None if wanted else "none"
        problems = form.problems() if self._asked and not form.busy else {}
        lines = [self._line(name, text) for name, text in problems.items()]
        self.trouble.value = markup.trouble(say("in_the_way"), lines) if lines else ""

    def _line(self, name: str, text: str) -> str:
        return f"{self._say(f'field.{name}')}: {text}" if name else text


def _body(body: object) -> str:
    return "" if body is None else "\n" + json.dumps(body, indent=2, ensure_ascii=False)
