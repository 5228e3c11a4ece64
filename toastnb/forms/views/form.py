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
from toastnb.fields.base import same
from toastnb.forms.entries import of_display
from toastnb.forms.form import Form
from toastnb.forms.views import markup
from toastnb.forms.views.fields import FieldView, view_of
from toastnb.forms.views.foldable import Foldable
from toastnb.forms.views.layout import beside_labels, button_layout, take_away
from toastnb.forms.views.opened import View, closed
from toastnb.forms.views.outcome import failure, former, latest
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
        The same, without widgets.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self._is_closed = False
        self._say = Say(form.lang)
        self._ends: list[Callable[[], None]] = []
        self._lock = form._following  # one for all that is entered, follows and is shown: nobody waits crosswise
        self._asked_at: int | None = None  # what was entered when the button was clicked and something was missing
        self._started = -_DOUBLE_CLICK_SECONDS
        self._typed = form.confirm.value
        self._stale = True  # whether entries have changed since the request was shown
        self._reading: Worker | None = None
        self._is_reading = False
        self._notices: dict[str, str] = {}
        self._sent: dict[str, Any] | None = None  # the entries of what is under way
        self._ended: tuple[object, object] = (None, None)  # error and result that are shown
        self._ended_at = 0  # what was entered by then
        self._stays = False  # whether the entries were still those that were sent
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

    @property
    def log(self) -> pd.DataFrame:
        """What was sent with the form: when, what, on_what, outcome, message."""
        return self.form.log

    @property
    def result(self) -> pd.DataFrame | None:
        """What became of the latest submit."""
        return self.form.result

    @property
    def followed(self) -> list[str]:
        """The names of what is under way."""
        return [row.name for row in self.form.rows if not row.done] if self.form.busy else []

    def take_over(self, _: Sequence[View], followed: Sequence[str]) -> None:
        """Say what the view in whose place this one comes was following."""
        if followed:
            self._tell("former", markup.note(self._say("former", names=markup.some(followed))))

    def show(self) -> None:
        """Show the form as it is now; called from any thread. What goes wrong in it is shown, too."""
        with self._lock:
            if self._is_closed:
                return
            try:
                self._show_all()
            except Exception as defect:
                self._tell("defect", failure(of_display(defect), self._say("not_shown"), self._say))
            else:
                self._tell("defect", "")

    def close(self) -> None:
        """Stop what is under way, and take the form off the page."""
        if self._is_closed:
            return
        self._is_closed = True
        closed(self)
        for end in self._ends:
            end()
        self.form.close()
        if self._reading is not None:
            self._reading.stop()
        with self._lock:
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
        self.preview = widgets.HTML(**beside_labels(wide=True))
        self.request, self.code = Foldable(say("request")), Foldable(say("python"))
        self.wanted = widgets.HTML(**beside_labels())
        self.confirm = view_of(self.form.confirm, say)
        self.confirming = widgets.VBox([self.wanted, self.confirm])
        self.caution = widgets.HTML(**beside_labels())
        self.button = widgets.Button(layout=button_layout())
        self.again = widgets.Button(layout=button_layout())
        self.notice = widgets.HTML(markup.region("", "alert"), **beside_labels())
        self.trouble = widgets.HTML(markup.region("", "alert"), **beside_labels())
        self.progress = ProgressView(say)
        self.outcome = widgets.HTML(markup.region("", "status"), **beside_labels(wide=True))

    def _parts(self) -> Sequence[widgets.Widget]:
        buttons = widgets.HBox([self.button, self.again], **beside_labels(flex_flow="row wrap"))
        return [
            self.heading,
            *self.views.values(),
            self.preview,
            self.request,
            self.code,
            self.caution,
            self.confirming,
            buttons,
            self.notice,
            self.trouble,
            self.progress,
            self.outcome,
        ]

    def _asked_of(self) -> Sequence[Any]:
        """Return what says what is missing in it, once that is asked for."""
        return [*self.views.values(), self.confirm]

    def _caution(self) -> str:
        """Return the key of the words of caution that what would be sent needs; "" for none."""
        return ""

    # --- what happens --------------------------------------------------------------------------------------------

    def _entered(self, _: Field) -> None:
        self._stale = True

    def _clicked(self) -> None:
        """Send it, or say what stands in the way; the second click of a double one says nothing."""
        if self.form.start():
            self._started = time.monotonic()
            self._ask(False)
            self.progress.focus()  # the button is off now, and the focus would be nowhere
        elif not self.form.busy and time.monotonic() - self._started > _DOUBLE_CLICK_SECONDS:
            self._ask(True)

    def _ask(self, asked: bool) -> None:
        """Say what is missing, or stop saying it."""
        with self._lock:
            self._asked_at = self._count(self.form.confirm) if asked else None
            for view in self._asked_of():
                view.asked = asked
                view.show_remarks()
            self._show_trouble()

    def _refresh(self) -> None:
        """Read the choices again, off the kernel's main thread."""
        if not self._is_reading:
            self._is_reading = True
            self._tell("reading", "")
            self._show_buttons()
            self._reading = Worker(self._read_again, threading.Event())

    def _read_again(self) -> None:
        said = ""
        try:
            self.form.refresh()
        except Exception as raised:
            error = raised if isinstance(raised, ToastError) else of_display(raised)
            said = failure(error, self._say("not_read"), self._say)
        self._is_reading = False
        self._tell("reading", said)
        self.show()

    def _entries(self) -> dict[str, Any]:
        return {**self.form.values(), "confirm": self.form.confirm.value}

    def _count(self, *more: Field) -> int:
        """Return how often something was entered: the same number means the same entries."""
        return sum(field.entered for field in (*self.form.fields.values(), *more))

    # --- showing -------------------------------------------------------------------------------------------------

    def _show_all(self) -> None:
        busy, typed = self.form.busy, self.form.confirm.value
        if self._stale or (not busy and typed == self._typed):
            self._show_preview()
            self._show_request()
        self._stale, self._typed = False, typed
        self._show_outcome()
        self._show_buttons()
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
        with self._lock:
            try:
                requests, code = self._written(self.form.request()), self.form.code()
            except ToastError:
                requests = code = ""
            for exact, text, call in ((self.request, requests, "form.request()"), (self.code, code, "form.code()")):
                cut = self._say("cut", count=f"{len(text):,}", call=call)
                exact.text.value = markup.code(text, cut) if text else markup.block(markup.note(self._say("unready")))

    def _written(self, requests: Sequence[dict[str, Any]]) -> str:
        texts = [f"{one['method']} {one['path']}{_body(one['body'])}" for one in requests[:_MOST_REQUESTS]]
        more = len(requests) - _MOST_REQUESTS
        return "\n\n".join([*texts, *([self._say("more_rows", count=f"{more:,}")] if more > 0 else [])])

    def _show_outcome(self) -> None:
        """Show how far it has come and what became of it; in short, once something else was entered."""
        form = self.form
        if form.busy:
            self._sent = self._sent or self._entries()
            self.progress.show(form.rows, busy=True)
            self.outcome.value = markup.region("", "status")
            return
        error, result = form.error, form.result
        if error is not self._ended[0] or result is not self._ended[1]:
            self._ended, self._ended_at = (error, result), self._count()
            self._stays = self._sent is not None and _are_same(self._sent, self._entries())
        self._sent = None
        if self._count() == self._ended_at:
            self.progress.show(form.rows, busy=False)
            names = {row.key: row.name for row in form.rows}
            content = latest(error, result, names, self._say, stays=self._stays)
            self.outcome.value = markup.region(content, "status" if error is None else "alert")
        else:
            self.progress.show((), busy=False)
            self.outcome.value = markup.region(former(error, result, self._latest(), self._say), "note")

    def _latest(self) -> str:
        """Return what was sent latest, in words."""
        log = self.form.log.tail(1)
        return " · ".join(
            f"{self._say.action(what)} · {on_what}" for what, on_what in zip(log.what, log.on_what, strict=True)
        )

    def _show_buttons(self) -> None:
        """Show the buttons as they can be used, what is to be typed, and what is to be borne in mind."""
        form, say = self.form, self._say
        caution = "" if form.busy else self._caution()
        self.button.disabled = form.busy or form.read_only
        self.again.disabled = form.busy
        self.again.description = say("refreshing" if self._is_reading else "refresh")
        self.button.description = say("busy") if form.busy else markup.shown(form.button, 60)
        self.button.button_style = "danger" if caution else "primary"
        self.caution.value = markup.block(markup.warning(say(caution))) if caution else ""
        self.caution.layout.display = None if caution else "none"
        wanted = form.confirmation
        self.wanted.value = markup.block(markup.note(say("form.confirm", wanted=wanted))) if wanted else ""
        self.confirming.layout.display = None if wanted else "none"

    def _show_trouble(self) -> None:
        """Show what stands in the way of sending, when that was asked for and as long as nothing else is entered."""
        is_asked = self._asked_at == self._count(self.form.confirm) and not self.form.busy
        lines = self._lines(self.form.problems()) if is_asked else []
        content = markup.trouble(self._say("in_the_way"), lines) if lines else ""
        self.trouble.value = markup.region(content, "alert")

    def _lines(self, problems: dict[str, str]) -> list[str]:
        """Return problems in words; of those that are said beside their fields only the names, in the fields' order."""
        there = [view for view in self._asked_of() if view.name in problems and view.problem == problems[view.name]]
        beside = {view.name for view in there}
        names = markup.some([view.label for view in there])
        rest = [
            f"{self._say(f'field.{name}')}: {text}" if name else text
            for name, text in problems.items()
            if name not in beside
        ]
        return [*([self._say("put_right", names=names)] if there else []), *rest]

    def _tell(self, about: str, content: str) -> None:
        """Show something that is neither what stands in the way nor what became of a submit, in a place of its own."""
        with self._lock:
            self._notices[about] = content
            self.notice.value = markup.region("".join(self._notices.values()), "alert")


def _body(body: object) -> str:
    return "" if body is None else "\n" + json.dumps(body, indent=2, ensure_ascii=False)


def _are_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
