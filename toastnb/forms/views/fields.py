"""A control for each field of a form, bound both ways, with what is to be said of the field under it."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from toastnb.fields import Choice, Field, FilePath, Integer, Option, Several, Text
from toastnb.fields.base import same
from toastnb.forms.entries import unexpected
from toastnb.forms.views import markup
from toastnb.forms.views.controls import DropDown, Line, Lines, Marking
from toastnb.forms.views.layout import beside_labels, control_layout, end, exchange, label_style
from toastnb.forms.views.words import Say

_MOST_LINES = 8
_WHOLE = re.compile(r"[+-]?\d{1,18}")


class FieldView(widgets.VBox):
    """A field: its control, and under it its note and what is wrong with it.

    Parameters
    ----------
    field : Field
        What is shown.
    say : Say
        The words of the form's language.
    hint : str
        What there is to say of it beyond its label.
    """

    _bound = "value"

    def __init__(self, field: Field, say: Say, hint: str = "") -> None:
        self.field = field
        self.label = say(f"field.{field.name}")
        self.asked = False  # whether what is merely missing is said, too
        self._say = say
        self._refused = ""
        self._shown_by: int | None = None
        self._hint = hint
        self.control = self._bind(self._control())
        self.remark = widgets.HTML(**beside_labels())
        super().__init__([self.control, self.remark])
        self._unwatch = field.watch(self.show)
        self.show()

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    @property
    def problem(self) -> str:
        """What is said of it to be wrong; what is merely missing only when it is asked for."""
        return self.field.problem() if self.asked or not self.field.is_empty else ""

    def show(self, _: Field | None = None) -> None:
        """Show the field as it is now; called from any thread."""
        with self.field.lock:
            before, self._shown_by = self._shown_by, threading.get_ident()
            try:
                self._put()
            finally:
                self._shown_by = before
            self.layout.display = None if self.field.visible else "none"
            self.show_remarks()

    def show_remarks(self) -> None:
        """Show what is to be said of the field."""
        problem = self.problem
        parts = [
            markup.warning(self._refused) if self._refused else "",
            self._advice(),
            markup.note(self.field.note) if self.field.note else "",
            markup.warning(f"{self.label}: {problem}") if problem else "",
        ]
        self.remark.value = markup.block("".join(parts), role="status")
        self.remark.layout.display = None if any(parts) else "none"

    def close(self) -> None:
        """End the binding."""
        self._unwatch()
        self.control.unobserve_all()
        super().close()

    def _entered(self, change: dict[str, Any]) -> None:
        if self._shown_by == threading.get_ident():
            return  # it was the field that changed
        with self.field.lock:
            self._refused = ""
            try:
                self._take(change["owner"])
            except Exception as defect:  # it would be seen nowhere else
                self._refused = str(unexpected(defect))
            self.asked = self.asked or not self._refused
            self.show()

    def _bind(self, control: Any) -> Any:
        """Give a control its label, and listen to it."""
        control.description = self.label
        control.lock = self.field.lock
        control.tooltip = self._hint or self.label
        if control.has_trait("placeholder"):
            control.placeholder = self._hint
        label_style(control)
        control.observe(self._entered, self._bound)
        return control

    def _advice(self) -> str:
        """Return as HTML what is always said of the field."""
        return ""

    def _control(self) -> Any:
        raise NotImplementedError

    def _put(self) -> None:
        """Put the field's value into the control."""
        raise NotImplementedError

    def _take(self, control: Any) -> None:
        """Put the control's value into the field."""
        self.field.set(control.value)


class TextView(FieldView):
    """A text in one line or several; also a file's path."""

    field: Text | FilePath

    def _control(self) -> Any:
        lines = getattr(self.field, "lines", 1)
        return Line(layout=control_layout()) if lines == 1 else Lines(rows=lines, layout=control_layout())

    def _put(self) -> None:
        self.control.value = str(self.field.value)


class IntegerView(FieldView):
    """A whole number. What is typed stays as it is, right or wrong: a control of numbers would change it."""

    field: Integer

    def _control(self) -> Any:
        return Line(layout=control_layout())

    def _put(self) -> None:
        least, most, _ = self.field.bounds
        value = self.field.value
        if not same(_entry(self.control.value), value):
            self.control.value = "" if value is None else str(value)
        self.control.disabled = most < least

    def _take(self, control: Any) -> None:
        self.field.set(_entry(control.value))


def _entry(text: str) -> int | str | None:
    """Return what was typed as a whole number where it is one; None where nothing was."""
    text = text.strip()
    return int(text) if _WHOLE.fullmatch(text) else text or None


class OptionsView(FieldView):
    """What is chosen from options: those that cannot be chosen come last, are marked, and are put back when chosen.

    A page tells a place in a list, not what stands there. So each list has a control of its own, and the former one
    is still listened to: what is chosen on the page from a list that has just been replaced is neither lost nor
    taken for something else.
    """

    field: Choice | Several
    _bound = "index"
    _kind: type[widgets.Widget]
    _former: Any = None

    def close(self) -> None:
        """End the binding, also of the list that was replaced."""
        self._end_former()
        super().close()

    def _control(self) -> Any:
        return self._list([], ())

    def _list(self, labels: Sequence[str], offered: Sequence[Any], **traits: Any) -> Any:
        """Return a control for a list; it keeps what stands at each place."""
        options = [(label, place) for place, label in enumerate(labels)]
        control = self._kind(options=options, layout=control_layout(), **traits)
        control.offered = offered
        return control

    def _replace(self, control: Any) -> None:
        """Put a control for another list in the place of the present one."""
        self._end_former()
        self._former, self.control = self.control, self._bind(control)
        exchange(self, self._former, control)

    def _end_former(self) -> None:
        if self._former is not None:
            self._former.unobserve_all()
            end(self._former)

    def _put(self) -> None:
        ordered = tuple(sorted(self.field.options, key=lambda option: bool(option.why_not)))
        if ordered != self.control.offered or not self.control.options:
            self._replace(self._list(self._labels(ordered), ordered, **self._traits_for(ordered)))
        self.control.index = self._places(ordered)

    def _traits_for(self, ordered: Sequence[Option]) -> dict[str, Any]:
        return {}

    def _labels(self, ordered: Sequence[Option]) -> list[str]:
        return [self._label(option) for option in ordered]

    def _places(self, ordered: Sequence[Option]) -> Any:
        """Return the index at which the field's value stands."""
        raise NotImplementedError

    def _label(self, option: Option) -> str:
        label = markup.shown(option.label)
        return f"\N{CIRCLED DIVISION SLASH} {label} — {markup.shown(option.why_not)}" if option.why_not else label

    def _refuse(self, options: Sequence[Option]) -> None:
        shown = [{"label": markup.shown(one.label), "why": markup.shown(one.why_not)} for one in options]
        said = [self._say("sentence.not_choosable", **parts) for parts in shown]
        self._refused = "; ".join(said)


class ChoiceView(OptionsView):
    """One of several options."""

    field: Choice
    _kind = DropDown

    def _labels(self, ordered: Sequence[Option]) -> list[str]:
        return [self._say("choose" if self.field.required else "nothing"), *super()._labels(ordered)]

    def _places(self, ordered: Sequence[Option]) -> int:
        values = [option.value for option in ordered]
        return values.index(self.field.value) + 1 if self.field.value in values else 0

    def _take(self, control: Any) -> None:
        option = control.offered[control.index - 1] if control.index else None
        if option is not None and option.why_not:
            self._refuse([option])
        else:
            self.field.set(option.value if option else None)


class SeveralView(OptionsView):
    """Any number of options."""

    field: Several
    _kind = Marking

    def _advice(self) -> str:
        return markup.note(self._say("several")) if len(self.field.options) > 1 else ""

    def _traits_for(self, ordered: Sequence[Option]) -> dict[str, Any]:
        return {"rows": min(max(len(ordered), 2), _MOST_LINES)}

    def _places(self, ordered: Sequence[Option]) -> tuple[int, ...]:
        chosen = set(self.field.value)
        return tuple(place for place, option in enumerate(ordered) if option.value in chosen)

    def _take(self, control: Any) -> None:
        picked = [control.offered[place] for place in control.index]
        self._refuse([option for option in picked if option.why_not])
        self.field.set([option.value for option in picked if not option.why_not])


_VIEWS: dict[type[Field], type[FieldView]] = {
    Text: TextView,
    FilePath: TextView,
    Integer: IntegerView,
    Choice: ChoiceView,
    Several: SeveralView,
}


def view_of(field: Field, say: Say, hint: str = "") -> FieldView:
    """Return the view of a field."""
    return next(_VIEWS[kind] for kind in type(field).__mro__ if kind in _VIEWS)(field, say, hint)
