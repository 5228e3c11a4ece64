"""Choosing among instances, any number of them: the field that holds the choice, and the search."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from toastnb.capacity.selection import require_columns
from toastnb.errors import InvalidInput
from toastnb.fields import Several, several
from toastnb.forms.options import Say
from toastnb.rules import STATES

_SEARCHED = ("name", "instance_id", "ip_address", "floating_ip")
_SHOWN = 3
_LONGEST_TYPED = 64
_MOST_KNOWN = 20
Filter = str | Sequence[str] | None


def matching(
    instances: pd.DataFrame,
    text: str = "",
    *,
    name: str = "",
    status: Filter = None,
    zone: Filter = None,
    flavor: Filter = None,
) -> pd.DataFrame:
    """Return the instances that match all that is given.

    Parameters
    ----------
    instances : DataFrame
        As `Toast.instances_detail` answers.
    text : str
        Part of the name, the id, an address or a floating IP; capitals do not matter.
    name : str
        Part of the name.
    status, zone, flavor : str or list of str, optional
        States, zones, names of flavors.

    Examples
    --------
    >>> from toastnb.forms.choosing import matching
    >>> set(matching(toast.instances_detail(), "WEB", status="ACTIVE").status)
    {'ACTIVE'}
    """
    for what, part in (("text", text), ("name", name)):
        if not isinstance(part, str):
            raise InvalidInput(f"{what} is {type(part).__name__}, but must be text")
    kept = np.ones(len(instances), dtype=bool)
    for column, wanted in (("status", status), ("zone", zone), ("flavor_name", flavor)):
        if wanted:
            kept &= instances[column].isin(as_values(wanted)).to_numpy()
    if name:
        kept &= _with_text(instances, ["name"], name)
    if text.strip():
        kept &= _with_text(instances, [column for column in _SEARCHED if column in instances], text.strip())
    return instances[kept]


def as_values(wanted: Filter) -> list[str]:
    """Return what a filter lets through."""
    return [wanted] if isinstance(wanted, str) else list(wanted or ())


def check_known(column: pd.Series, what: str, wanted: Filter) -> None:
    """Check that a filter is no slip of the pen: that some instance has each of its values, or that it is a state."""
    there = set(column.dropna())
    known = there | set(STATES) if what == "status" else there
    unknown = [value for value in as_values(wanted) if value not in known]
    if unknown and there:
        said = f"no instance has the {what} {unknown[0]!r}"
        raise InvalidInput(said, hint=f"There are: {', '.join(sorted(there)[:_MOST_KNOWN])}.")


def _with_text(instances: pd.DataFrame, columns: Sequence[str], text: str) -> Any:
    found = np.zeros(len(instances), dtype=bool)
    for column in columns:
        lowered = instances[column].str.lower()
        found |= lowered.str.contains(text.lower(), regex=False).fillna(False).to_numpy(dtype=bool)
    return found


def names_of(chosen: pd.DataFrame) -> list[str]:
    """Return the names of instances; the id where there is none."""
    return list(chosen["name"].fillna(chosen["instance_id"]))


def described(chosen: pd.DataFrame, say: Say) -> str:
    """Return in a few words which instances these are."""
    names = names_of(chosen)
    if len(names) == 1:
        return f"{names[0]} ({chosen['instance_id'].iloc[0]})"
    more = [say("more", count=len(names) - _SHOWN)] if len(names) > _SHOWN else []
    return say("instances", count=len(names), names=", ".join([*names[:_SHOWN], *more]))


def typed(name: str, otherwise: str) -> str:
    """Return what is typed to confirm one thing: its name, or something else where nobody can type the name."""
    plain = name.isprintable() and name == " ".join(name.split()) and name == unicodedata.normalize("NFC", name)
    return name if plain and 0 < len(name) <= _LONGEST_TYPED else otherwise


class Instances(Several):
    """The instances that a form acts on; the value is a tuple of ids.

    It has no options, for there may be ten thousand: see `ActionForm.search`.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._known = _Known(pd.DataFrame(columns=["instance_id", "name", "status"], dtype="str"))

    def offer(self, instances: pd.DataFrame) -> None:
        """Let these be chosen from; what is chosen and not among them is let go, with a note."""
        if instances is self._known.frame:
            return
        with self.lock:
            self._offer(instances)

    def _offer(self, instances: pd.DataFrame) -> None:
        before, self._known = self._known, _Known(instances)  # at once: another thread may be looking
        known = self._known
        gone = [id_ for id_ in self._value if id_ not in known.places]
        if gone:
            kept = tuple(id_ for id_ in self._value if id_ in known.places)
            names, why = [before.name_of(id_) for id_ in gone[:_SHOWN]], self._say("gone")
            self._change(_value=kept, _note="; ".join(self._say("not_any_more", label=one, why=why) for one in names))

    def chosen(self) -> pd.DataFrame:
        """Return the rows of those that are chosen, in the order of choosing."""
        known = self._known
        return known.frame.iloc[[known.places[id_] for id_ in self._value if id_ in known.places]]

    def _read(self, value: Any) -> Any:
        if isinstance(value, pd.DataFrame):
            require_columns(value, ["instance_id"], self.name)
            value = value["instance_id"]
        elif isinstance(value, pd.Series) and "instance_id" in value.index:  # a row of a frame
            value = value["instance_id"]
        return several(value, self._value_of)

    def _value_of(self, given: Any) -> Any:
        """Return the id of the one instance of this name, else what was given."""
        known = self._known
        named = [] if given in known.places else known.by_name.get(given, [])
        return named[0] if len(named) == 1 else given

    def _can_be(self, value: Any) -> bool:
        return value in self._known.places

    def _wrong(self) -> str:
        lacking = (value for value in self._value if not self._can_be(value))
        return "; ".join(self._why_unknown(value) for value in islice(lacking, _SHOWN))

    def _why_unknown(self, value: str) -> str:
        count = len(self._known.by_name.get(value, []))
        return self._say("several", value=value, count=count) if count > 1 else self._say("unknown", value=value)


class _Known:
    """Instances, and where each id and name is."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.places = {id_: place for place, id_ in enumerate(frame["instance_id"].tolist())}
        self.by_name: dict[str, list[str]] = {}
        for name, id_ in zip(frame["name"].fillna(""), frame["instance_id"], strict=True):
            self.by_name.setdefault(name, []).append(id_)

    def name_of(self, id_: str) -> str:
        """Return an instance's name, or its id where it has none."""
        place = self.places.get(id_)
        return id_ if place is None else names_of(self.frame.iloc[[place]])[0]
