"""What all fields are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

SENTENCES = {
    "missing": "is missing",
    "not_text": "is {kind}, but must be text",
    "too_long": "has {count} characters, but at most {longest} are allowed",
    "not_whole": "is {value!r}, but must be a whole number",
    "no_number": "cannot be any number",
    "outside": "is {value}, but must be from {least} to {most}",
    "outside_steps": "is {value}, but must be from {least} to {most} in steps of {step}",
    "moved": "{value} is not possible any more",
    "choose": "is to be chosen",
    "nothing_choosable": "has nothing that can be chosen",
    "at_least_one": "needs at least one",
    "not_choosable": "{label} cannot be chosen: {why}",
    "not_any_more": "{label} cannot be chosen any more: {why}",
    "gone": "it is gone",
    "several": "{value!r} is the name of {count} of them: give the id of one",
    "unknown": "there is no {value!r}",
    "unknown_among": "there is no {value!r}; there are: {known}",
    "no_place": "{path!r} is no place for a file ({why})",
    "is_folder": "{path} is a folder",
    "no_file": "there is no file {path}",
    "file_exists": "{path} exists already and is not overwritten",
    "no_folder": "there is no folder {path}",
}
"""What fields say, in English; a form in another language puts its own sentences in their place."""

F = TypeVar("F", bound="Field")


@dataclass(frozen=True)
class Option:
    """One thing that can be chosen.

    Attributes
    ----------
    value : str or bool
        What it stands for, as an id.
    label : str
        What people read.
    why_not : str
        Why it cannot be chosen; "" when it can.
    name : str
        What people also call it: `Choice.set` takes it where only one option has it.
    """

    value: Any
    label: str
    why_not: str = ""
    name: str = ""


class Watchers:
    """Functions that are called when something changes, in the order in which they came."""

    def __init__(self) -> None:
        self._functions: dict[object, Callable[..., object]] = {}

    def add(self, function: Callable[..., object]) -> Callable[[], None]:
        """Let a function be called; what comes back ends that."""
        key = object()
        self._functions[key] = function

        def remove() -> None:
            self._functions.pop(key, None)

        return remove

    def clear(self) -> None:
        """Let none be called any more."""
        self._functions.clear()

    def tell(self, *what: object) -> None:
        """Call all of them."""
        for function in list(self._functions.values()):
            function(*what)


class Field:
    """What all fields are: a value, whether it is shown, a remark beside it, and who watches.

    Parameters
    ----------
    name : str
        As in `Form.set`.
    required : bool
        Whether it has to be filled in.

    Attributes
    ----------
    lock : RLock
        Held while it changes, and not while those who watch are told. Fields that follow from one another have one
        in common.
    """

    sentences: Mapping[str, str] = SENTENCES
    _empty: Any = None

    def __init__(self, name: str, *, required: bool = True) -> None:
        self.name = name
        self.required = required
        self.lock = threading.RLock()
        self.entered = 0  # how often somebody entered something else
        self._is_own = False  # whether what is there now was entered, and not suggested
        self._value = self._empty
        self._visible = True
        self._note = ""
        self._watchers = Watchers()

    @property
    def value(self) -> Any:
        """What was entered."""
        return self._value

    @property
    def visible(self) -> bool:
        """Whether it is asked for; a hidden field has no problem."""
        return self._visible

    @visible.setter
    def visible(self, visible: bool) -> None:
        self._change(_visible=visible)

    @property
    def note(self) -> str:
        """A remark on what was entered; "" when there is none."""
        return self._note

    @note.setter
    def note(self, note: str) -> None:
        self._change(_note=note)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was entered."""
        return same(self._value, self._empty)

    @property
    def is_own(self) -> bool:
        """Whether the value was entered, and not suggested."""
        return self._is_own and not self.is_empty

    def set(self, value: Any) -> None:
        """Enter a value; a wrong one is kept, and `problem` says what is wrong."""
        with self.lock:
            value = self._read(value)
            if same(value, self._value):
                return
            self.entered += 1
            self._is_own = True
            self._alter(_value=value, _note="")
        self._watchers.tell(self)

    def suggest(self, value: Any) -> None:
        """Fill in a value, unless somebody entered one."""
        with self.lock:
            altered = not self._is_own and self._alter(_value=self._read(value))
        if altered:
            self._watchers.tell(self)

    def clear(self) -> None:
        """Let go of the value, as if nobody had entered one."""
        with self.lock:
            self._is_own = False
            altered = self._alter(_value=self._empty, _note="")
        if altered:
            self._watchers.tell(self)

    def problem(self) -> str:
        """Say what is wrong; "" when nothing is."""
        if not self._visible:
            return ""
        if self.is_empty:
            return self._missing() if self.required else ""
        return self._wrong()

    def watch(self: F, watcher: Callable[[F], object]) -> Callable[[], None]:
        """Let a function be called with the field after each change; what comes back ends that."""
        return self._watchers.add(watcher)

    def _read(self, value: Any) -> Any:
        """Return a value in the form in which it is kept."""
        return value

    def _missing(self) -> str:
        return self._say("missing")

    def _wrong(self) -> str:
        """Say what is wrong with a value that is there."""
        return ""

    def _say(self, key: str, **parts: object) -> str:
        return self.sentences[key].format(**parts)

    def _change(self, **attributes: Any) -> None:
        """Set attributes, and tell those who watch if any is another than before."""
        with self.lock:
            altered = self._alter(**attributes)
        if altered:
            self._watchers.tell(self)

    def _alter(self, **attributes: Any) -> bool:
        """Set attributes, and return whether any is another than before; only called with the lock held."""
        changed = {name: value for name, value in attributes.items() if not same(getattr(self, name), value)}
        for name, value in changed.items():
            setattr(self, name, value)
        return bool(changed)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same: what was entered may be anything, also what cannot be compared."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) if isinstance(one, (str, int, type(None), Option)) else one is other
