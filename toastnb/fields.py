"""Validated fields of forms, with no widget in them: text, whole numbers, one choice, several, a file's path.

A field keeps what was entered even where it is wrong, and `problem` says what is wrong with it. Whoever shows a field
watches it: bounds, options, notes and visibility change while other fields are filled in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import Any, TypeVar

from toastnb.errors import InvalidInput

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

_SHOWN = 3
_LOOKED_THROUGH = 1000
_PLAIN = (str, int, type(None))
F = TypeVar("F", bound="Field")
Bounds = tuple[int, int, int]


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
    """

    sentences: Mapping[str, str] = SENTENCES
    _empty: Any = None

    def __init__(self, name: str, *, required: bool = True) -> None:
        self.name = name
        self.required = required
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
        return _same(self._value, self._empty)

    def set(self, value: Any) -> None:
        """Enter a value; a wrong one is kept, and `problem` says what is wrong."""
        value = self._read(value)
        if not _same(value, self._value):
            self.entered += 1
            self._is_own = True
            self._change(_value=value, _note="")

    def suggest(self, value: Any) -> None:
        """Fill in a value, unless somebody entered one."""
        if not self._is_own:
            self._change(_value=self._read(value))

    def clear(self) -> None:
        """Let go of the value, as if nobody had entered one."""
        self._is_own = False
        self._change(_value=self._empty, _note="")

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
        changed = {name: value for name, value in attributes.items() if not _same(getattr(self, name), value)}
        for name, value in changed.items():
            setattr(self, name, value)
        if changed:
            self._watchers.tell(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class Text(Field):
    """A text.

    Parameters
    ----------
    name : str
        As in `Form.set`.
    check : callable, optional
        Takes the text, and raises InvalidInput when it is not allowed, as the checks of `rules` do.
    longest : int, optional
        How many characters it may have.
    lines : int
        How many lines are shown.
    required : bool
        Whether it has to be filled in.

    Examples
    --------
    >>> from toastnb.fields import Text
    >>> from toastnb.rules import check_instance_name
    >>> name = Text("name", check=check_instance_name, longest=20)
    >>> name.set("web_01")
    >>> name.problem()
    "the name 'web_01' may only have ASCII letters, digits, '-' and '.'"
    """

    _empty = ""

    def __init__(
        self,
        name: str,
        check: Callable[[str], object] | None = None,
        longest: int | None = None,
        lines: int = 1,
        *,
        required: bool = True,
    ) -> None:
        super().__init__(name, required=required)
        self.lines = lines
        self._check = check
        self._longest = longest

    @property
    def longest(self) -> int | None:
        """How many characters it may have; None is any number."""
        return self._longest

    @longest.setter
    def longest(self, longest: int | None) -> None:
        self._change(_longest=longest)

    def _read(self, value: Any) -> Any:
        return "" if value is None else value

    def _wrong(self) -> str:
        value, check = self._value, self._check
        if not isinstance(value, str):
            return self._say("not_text", kind=type(value).__name__)
        if self._longest is not None and len(value) > self._longest:
            return self._say("too_long", count=len(value), longest=self._longest)
        return refusal(lambda: check(value)) if check else ""


class Integer(Field):
    """A whole number in a range, in steps.

    Parameters
    ----------
    name : str
        As in `Form.set`.
    least, most, step : int
        The range, its ends included, and the step from its beginning. With `most` below `least` nothing is allowed.
    required : bool
        Whether it has to be filled in.

    Examples
    --------
    >>> from toastnb.fields import Integer
    >>> size = Integer("root_gb", 20, 1000, 10)
    >>> size.set(30)
    >>> size.bounds = (50, 1000, 10)
    >>> size.value, size.note
    (50, '30 is not possible any more')
    """

    def __init__(self, name: str, least: int, most: int, step: int = 1, *, required: bool = True) -> None:
        super().__init__(name, required=required)
        self._bounds: Bounds = (least, most, step)

    @property
    def bounds(self) -> Bounds:
        """Least, most and step. With other bounds a value that is not valid any more becomes the nearest that is."""
        return self._bounds

    @bounds.setter
    def bounds(self, bounds: Bounds) -> None:
        if bounds == self._bounds:
            return
        allowed, value = _allowed(bounds), self._value
        if not _is_whole(value) or value in allowed or not allowed:
            self._change(_bounds=bounds)
            return
        note = self._say("moved", value=value) if self._is_own else self._note
        self._change(_bounds=bounds, _value=_nearest(allowed, value), _note=note)

    def _read(self, value: Any) -> Any:
        return int(value) if _is_whole(value) else value

    def _wrong(self) -> str:
        value, allowed = self._value, _allowed(self._bounds)
        if not _is_whole(value):
            return self._say("not_whole", value=value)
        if value in allowed:
            return ""
        if not allowed:
            return self._say("no_number")
        key = "outside_steps" if allowed.step > 1 else "outside"
        return self._say(key, value=value, least=allowed[0], most=allowed[-1], step=allowed.step)


class _WithOptions(Field):
    """What has options; they can change at any time."""

    def __init__(self, name: str, options: Iterable[Option] = (), *, required: bool = True) -> None:
        super().__init__(name, required=required)
        self._options = tuple(options)
        self._by_value = _index(self._options)

    @property
    def options(self) -> tuple[Option, ...]:
        """What there is to choose from; what cannot be chosen any more is let go, with a note."""
        return self._options

    @options.setter
    def options(self, options: Iterable[Option]) -> None:
        given = tuple(options)
        if given == self._options:
            return
        before, self._by_value = self._by_value, _index(given)
        kept, lost = self._still_there()
        notes = {"_note": "; ".join(self._why_lost(value, before) for value in lost)} if lost else {}
        self._change(_options=given, _value=kept, **notes)

    def _still_there(self) -> tuple[Any, list[Any]]:
        """Return the value as it is possible with the options, and what of it is not."""
        raise NotImplementedError

    def _can_be(self, value: Any) -> bool:
        option = _of(self._by_value, value)
        return option is not None and not option.why_not

    def _why_lost(self, value: Any, before: Mapping[Any, Option]) -> str:
        option = _of(self._by_value, value)
        known = option or _of(before, value)
        why = option.why_not if option else self._say("gone")
        return self._say("not_any_more", label=known.label if known else value, why=why)

    def _value_of(self, given: Any) -> Any:
        """Return the value of the one option that goes by this name or label, else what was given."""
        if not isinstance(given, str) or _of(self._by_value, given) is not None:
            return given
        named = [option.value for option in self._options if given in (option.name, option.label)]
        return named[0] if len(named) == 1 else given

    def _why_not(self, value: Any) -> str:
        option = _of(self._by_value, value)
        if option is not None:
            return self._say("not_choosable", label=option.label, why=option.why_not) if option.why_not else ""
        known = [option.name or option.label for option in islice(self._options, _LOOKED_THROUGH)]
        times = known.count(value) if isinstance(value, str) else 0
        if times > 1:
            return self._say("several", value=value, count=times)
        meant = get_close_matches(str(value), known, n=_SHOWN) or known[:_SHOWN]
        more = ", ..." if len(known) > len(meant) else ""
        return self._say("unknown_among" if meant else "unknown", value=value, known=", ".join(meant) + more)


class Choice(_WithOptions):
    """One of several options, or none.

    Parameters
    ----------
    name : str
        As in `Form.set`.
    options : iterable of Option
        What there is to choose from; it can be changed.
    required : bool
        Whether one has to be chosen.

    Examples
    --------
    >>> from toastnb.fields import Choice, Option
    >>> zone = Choice("zone", [Option("kr-pub-a", "kr-pub-a"), Option("kr-pub-c", "kr-pub-c", "not available")])
    >>> zone.set("kr-pub-c")
    >>> zone.problem()
    'kr-pub-c cannot be chosen: not available'
    """

    @property
    def option(self) -> Option | None:
        """The option that is chosen."""
        return _of(self._by_value, self._value)

    @property
    def called(self) -> Any:
        """What people call the chosen one where that is unambiguous, else its value."""
        name = self.option.name if self.option else ""
        return name if name and self._value_of(name) == self._value else self._value

    def _read(self, value: Any) -> Any:
        return None if isinstance(value, str) and not value else self._value_of(value)

    def _missing(self) -> str:
        return self._say("choose" if any(not option.why_not for option in self._options) else "nothing_choosable")

    def _wrong(self) -> str:
        return self._why_not(self._value)

    def _still_there(self) -> tuple[Any, list[Any]]:
        if self._value is None or self._can_be(self._value):
            return self._value, []
        return None, [self._value]


class Several(_WithOptions):
    """Any number of options; the value is a tuple, in the order of choosing.

    Parameters
    ----------
    name : str
        As in `Form.set`.
    options : iterable of Option
        What there is to choose from; it can be changed.
    required : bool
        Whether at least one has to be chosen.

    Examples
    --------
    >>> from toastnb.fields import Option, Several
    >>> groups = Several("security_groups", [Option("default", "default"), Option("web", "web")])
    >>> groups.set(["web"])
    >>> groups.value
    ('web',)
    """

    _empty = ()

    def _read(self, value: Any) -> Any:
        return several(value, self._value_of)

    def _missing(self) -> str:
        return self._say("at_least_one")

    def _wrong(self) -> str:
        refused = (value for value in self._value if not self._can_be(value))
        return "; ".join(map(self._why_not, islice(refused, _SHOWN)))

    def _still_there(self) -> tuple[Any, list[Any]]:
        lost = [value for value in self._value if not self._can_be(value)]
        return tuple(value for value in self._value if self._can_be(value)), lost[:_SHOWN]


class FilePath(Field):
    """A place in the file system.

    Parameters
    ----------
    name : str
        As in `Form.set`.
    must_exist : bool
        Whether it is a file to read, rather than one to make.
    folder : bool
        Whether a folder that exists is fine too.
    required : bool
        Whether it has to be filled in.

    Examples
    --------
    >>> from toastnb.fields import FilePath
    >>> key = FilePath("path", must_exist=True)
    >>> key.set("no-such-key.pub")
    >>> key.problem()
    'there is no file no-such-key.pub'
    """

    _empty = ""

    def __init__(self, name: str, must_exist: bool = False, *, folder: bool = False, required: bool = True) -> None:
        super().__init__(name, required=required)
        self.must_exist = must_exist
        self.folder = folder

    def _read(self, value: Any) -> Any:
        if value is None:
            return ""
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    def _wrong(self) -> str:
        if not isinstance(self._value, str):
            return self._say("not_text", kind=type(self._value).__name__)
        try:
            return self._misplaced(Path(self._value).expanduser())
        except (OSError, ValueError, RuntimeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            return self._say("no_place", path=self._value, why=why)

    def _misplaced(self, path: Path) -> str:
        if "\0" in str(path):
            raise ValueError("a zero in the name")
        if path.is_dir():
            return "" if self.folder else self._say("is_folder", path=self._value)
        if self.must_exist:
            return "" if path.exists() else self._say("no_file", path=self._value)
        if path.exists() or path.is_symlink():
            return self._say("file_exists", path=self._value)
        return "" if path.absolute().parent.is_dir() else self._say("no_folder", path=path.parent)


def refusal(check: Callable[[], object]) -> str:
    """Run a check and return why it refuses; "" when it does not."""
    try:
        check()
    except InvalidInput as error:
        return f"{error.said}. {error.hint}" if error.hint else error.said
    return ""


def several(given: Any, value_of: Callable[[Any], Any] = lambda value: value) -> tuple[Any, ...]:
    """Return what was given as a tuple, each value once; one text is one value."""
    if given is None:
        return ()
    values = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    return tuple(dict.fromkeys(value_of(value) if isinstance(value, str) else repr(value) for value in values))


def _same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same: what was entered may be anything, also what cannot be compared."""
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) if isinstance(one, (*_PLAIN, Option)) else one is other


def _index(options: Iterable[Option]) -> dict[Any, Option]:
    return {(type(option.value), option.value): option for option in options}


def _of(by_value: Mapping[Any, Option], value: Any) -> Option | None:
    return by_value.get((type(value), value)) if isinstance(value, _PLAIN) else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _allowed(bounds: Bounds) -> range:
    least, most, step = bounds
    return range(least, most + 1, step)


def _nearest(allowed: range, value: int) -> int:
    steps = (value - allowed.start + allowed.step // 2) // allowed.step
    return allowed[min(max(steps, 0), len(allowed) - 1)]
