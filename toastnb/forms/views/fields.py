"""A control for each field of a form, bound both ways, with what is to be said of the field under it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from toastnb.fields import Choice, Field, FilePath, Integer, Option, Several, Text
from toastnb.forms.entries import unexpected
from toastnb.forms.views import markup
from toastnb.forms.views.layout import beside_labels, control_layout, keep_room, label_style
from toastnb.forms.views.words import Say

_MOST_LINES = 8


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
    _on_leaving = False  # whether the value comes when the control is left, perhaps by pressing the button's mouse key

    def __init__(self, field: Field, say: Say, hint: str = "") -> None:
        self.field = field
        self.label = say(f"field.{field.name}")
        self.asked = False  # whether what is merely missing is said, too
        self._say = say
        self._refused = ""
        self._shown_by: int | None = None
        self.control = self._control()
        self.control.description = self.label
        self.control.tooltip = hint or self.label
        if self.control.has_trait("placeholder"):
            self.control.placeholder = hint
        label_style(self.control)
        self.remark = widgets.HTML(layout=beside_labels())
        super().__init__([self.control, self.remark])
        self._unwatch = field.watch(self.show)
        self.control.observe(self._entered, self._bound)
        self.show()

    def show(self, _: Field | None = None) -> None:
        """Show the field as it is now."""
        self._shown_by = threading.get_ident()
        try:
            self._put()
        finally:
            self._shown_by = None
        self.layout.display = None if self.field.visible else "none"
        self.show_remarks()

    def show_remarks(self) -> None:
        """Show what is to be said of the field; what is merely missing only when it is asked for."""
        problem = self.field.problem() if self.asked or not self.field.is_empty else ""
        parts = [
            markup.warning(self._refused) if self._refused else "",
            self._hint(),
            markup.note(self.field.note) if self.field.note else "",
            markup.warning(f"{self.label}: {problem}") if problem else "",
        ]
        self.remark.value = markup.block("".join(parts), role="status")
        keep_room(self.remark, bool(any(parts)), always=self._on_leaving)

    def close(self) -> None:
        """End the binding."""
        self._unwatch()
        self.control.unobserve_all()
        super().close()

    def _entered(self, change: dict[str, Any]) -> None:
        if self._shown_by == threading.get_ident():
            return  # it was the field that changed
        self._refused = ""
        try:
            self._take(change["new"])
        except Exception as defect:  # it would be seen nowhere else
            self._refused = str(unexpected(defect))
        self.asked = self.asked or not self._refused
        self.show()

    def _hint(self) -> str:
        return ""

    def _control(self) -> Any:
        raise NotImplementedError

    def _put(self) -> None:
        """Put the field's value into the control."""
        raise NotImplementedError

    def _take(self, value: Any) -> None:
        """Put the control's value into the field."""
        self.field.set(value)


class TextView(FieldView):
    """A text in one line or several; also a file's path."""

    field: Text | FilePath

    def _control(self) -> Any:
        lines = getattr(self.field, "lines", 1)
        return (
            widgets.Text(layout=control_layout())
            if lines == 1
            else widgets.Textarea(rows=lines, layout=control_layout())
        )

    def _put(self) -> None:
        self.control.value = str(self.field.value)


class IntegerView(FieldView):
    """A whole number that is needed; the control keeps it within its bounds."""

    field: Integer
    _on_leaving = True

    def _control(self) -> Any:
        return widgets.BoundedIntText(layout=control_layout())

    def _put(self) -> None:
        least, most, step = self.field.bounds
        value = self.field.value
        with self.control.hold_trait_notifications():
            self.control.min, self.control.max, self.control.step = least, max(least, most), step
            self.control.value = value if isinstance(value, int) else least
        self.control.disabled = most < least


class OptionalIntegerView(FieldView):
    """A whole number that may be left out, so that its control can be empty."""

    field: Integer

    def _control(self) -> Any:
        return widgets.Text(layout=control_layout())

    def _put(self) -> None:
        self.control.value = "" if self.field.value is None else str(self.field.value)

    def _take(self, value: str) -> None:
        text = value.strip()
        self.field.set(int(text) if text.isdecimal() else text or None)


class _OptionsView(FieldView):
    """What is chosen from options: those that cannot be chosen come last, are marked, and are put back when chosen."""

    field: Choice | Several
    _bound = "index"

    def _ordered(self) -> list[Option]:
        return sorted(self.field.options, key=lambda option: bool(option.why_not))

    def _offer(self, labels: Sequence[str], index: Any) -> None:
        with self.control.hold_sync():
            if list(self.control._options_labels) != labels:
                self.control.options = [(label, place) for place, label in enumerate(labels)]
            self.control.index = index

    def _label(self, option: Option) -> str:
        label = markup.shown(option.label)
        return f"\N{CIRCLED DIVISION SLASH} {label} — {option.why_not}" if option.why_not else label

    def _refuse(self, options: Sequence[Option]) -> None:
        said = [self._say("sentence.not_choosable", label=one.label, why=one.why_not) for one in options]
        self._refused = "; ".join(said)


class ChoiceView(_OptionsView):
    """One of several options."""

    field: Choice

    def _control(self) -> Any:
        return widgets.Dropdown(layout=control_layout())

    def _put(self) -> None:
        ordered = self._ordered()
        values = [option.value for option in ordered]
        nothing = self._say("choose" if self.field.required else "nothing")
        place = values.index(self.field.value) + 1 if self.field.value in values else 0
        self._offer([nothing, *map(self._label, ordered)], place)

    def _take(self, index: int | None) -> None:
        option = self._ordered()[index - 1] if index else None
        if option is not None and option.why_not:
            self._refuse([option])
        else:
            self.field.set(option.value if option else None)


class SeveralView(_OptionsView):
    """Any number of options."""

    field: Several

    def _control(self) -> Any:
        return widgets.SelectMultiple(layout=control_layout())

    def _hint(self) -> str:
        return markup.note(self._say("several")) if len(self.field.options) > 1 else ""

    def _put(self) -> None:
        ordered = self._ordered()
        self.control.rows = min(max(len(ordered), 2), _MOST_LINES)
        chosen = set(self.field.value)
        places = tuple(place for place, option in enumerate(ordered) if option.value in chosen)
        self._offer([*map(self._label, ordered)], places)

    def _take(self, index: tuple[int, ...]) -> None:
        picked = [self._ordered()[place] for place in index]
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
    if isinstance(field, Integer) and not field.required:
        return OptionalIntegerView(field, say, hint)
    return next(_VIEWS[kind] for kind in type(field).__mro__ if kind in _VIEWS)(field, say, hint)
