"""Choosing instances among any number of them: by search, by filters, row by row or all that match."""

from __future__ import annotations

import threading
from typing import Any

import ipywidgets as widgets
import pandas as pd

from toastnb.forms.acting import ActionForm
from toastnb.forms.choosing import matching
from toastnb.forms.views import markup
from toastnb.forms.views.controls import DropDown, Line, Marking
from toastnb.forms.views.fields import OptionsView
from toastnb.forms.views.layout import beside_labels, button_layout, control_layout, label_style
from toastnb.forms.views.words import Say

MOST_SHOWN = 200
_ROWS = 8
_NAMED = 5
_FILTERS = {"status": "status", "zone": "zone", "flavor": "flavor_name"}
_IN_A_ROW = ["name", "status", "zone", "flavor_name", "ip_address"]


class Picker(OptionsView):
    """The instances that a form acts on: a search, filters, the first rows that match, and how many there are.

    Parameters
    ----------
    form : ActionForm
        Has the instances and the field that holds those chosen.
    say : Say
        The words of the form's language.
    """

    _kind = Marking

    def __init__(self, form: ActionForm, say: Say) -> None:
        self._form = form
        self._frame: pd.DataFrame | None = None
        self._matching = pd.DataFrame()
        self.search = Line(description=say("search"), placeholder=say("search_hint"), layout=control_layout())
        self.filters = {name: DropDown(description=say(f"filter.{name}"), layout=control_layout()) for name in _FILTERS}
        self.all = widgets.Button(layout=button_layout())
        self.clear = widgets.Button(description=say("clear"), layout=button_layout())
        super().__init__(form.fields["instances"], say)
        seekers = (self.search, *self.filters.values())
        for seeker in seekers:
            label_style(seeker)
            seeker.lock = self.field.lock
            seeker.observe(self._sought, "value")
        self.all.on_click(lambda _: self._choose_all())
        self.clear.on_click(lambda _: self.field.set(()))
        buttons = widgets.HBox([self.all, self.clear], **beside_labels(flex_flow="row wrap"))
        self.children = (*seekers, self.control, buttons, self.remark)

    @property
    def is_outdated(self) -> bool:
        """Whether the instances were read again since they were shown."""
        return self._frame is not self._form.instances

    def _put(self) -> None:
        if self.is_outdated:
            self._frame = self._form.instances
            self._offer_filters(self._frame)
        wanted = {name: control.value for name, control in self.filters.items()}
        self._matching = matching(self._form.instances, self.search.value, **wanted)
        shown = self._matching.head(MOST_SHOWN)
        rows = shown[_IN_A_ROW].itertuples(index=False, name=None)
        labels = [" · ".join(markup.shown(part, 30) for part in row if isinstance(part, str) and part) for row in rows]
        ids = shown["instance_id"].tolist()
        if (labels, ids) != (list(self.control._options_labels), list(self.control.offered)):
            self._replace(self._list(labels, ids, rows=_ROWS))
        chosen = set(self.field.value)
        self.control.index = tuple(place for place, id_ in enumerate(ids) if id_ in chosen)
        self.all.description = self._say("choose_all", count=f"{len(self._matching):,}")

    def _offer_filters(self, frame: pd.DataFrame) -> None:
        for name, column in _FILTERS.items():
            counts, control = frame[column].value_counts().sort_index(), self.filters[name]
            before = control.value
            control.options = [
                (self._say("any"), None),
                *((f"{markup.shown(value, 60)} ({count:,})", value) for value, count in counts.items()),
            ]
            control.index = 1 + counts.index.tolist().index(before) if before in counts.index else 0

    def _advice(self) -> str:
        shown, matching, total = len(self.control.offered), len(self._matching), len(self._form.instances)
        counted = self._say("counted", shown=f"{shown:,}", matching=f"{matching:,}", total=f"{total:,}")
        chosen = self._form.chosen
        names = chosen["name"].fillna(chosen["instance_id"]).head(_NAMED)
        named = ", ".join(markup.shown(name, 30) for name in names) + (", …" if len(chosen) > _NAMED else "")
        said = self._say("chosen", count=f"{len(chosen):,}") + (f": {named}" if named else "")
        return markup.note(counted) + markup.note(said)

    def _take(self, control: Any) -> None:
        """Choose the rows that are marked; what is chosen and not on show stays chosen."""
        offered = set(control.offered)
        elsewhere = [id_ for id_ in self.field.value if id_ not in offered]
        self.field.set([*elsewhere, *(control.offered[place] for place in control.index)])

    def _choose_all(self) -> None:
        self.field.set(dict.fromkeys([*self.field.value, *self._matching["instance_id"]]))

    def _sought(self, _: dict[str, Any]) -> None:
        if self._shown_by != threading.get_ident():
            self.show()
