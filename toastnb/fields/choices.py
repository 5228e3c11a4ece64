"""Fields for what is chosen from options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any

from toastnb.fields.base import Field, Option

_SHOWN = 3
_LOOKED_THROUGH = 1000
_PLAIN = (str, int, type(None))


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
        with self.lock:
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


def several(given: Any, value_of: Callable[[Any], Any] = lambda value: value) -> tuple[Any, ...]:
    """Return what was given as a tuple, each value once; one text is one value."""
    if given is None:
        return ()
    values = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    return tuple(dict.fromkeys(value_of(value) if isinstance(value, str) else repr(value) for value in values))


def _index(options: Iterable[Option]) -> dict[Any, Option]:
    return {(type(option.value), option.value): option for option in options}


def _of(by_value: Mapping[Any, Option], value: Any) -> Option | None:
    return by_value.get((type(value), value)) if isinstance(value, _PLAIN) else None
