"""Fields for whole numbers."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from toastnb.fields.base import Field

Bounds = tuple[int, int, int]


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
        with self.lock:
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


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _allowed(bounds: Bounds) -> range:
    least, most, step = bounds
    return range(least, most + 1, step)


def _nearest(allowed: range, value: int) -> int:
    steps = (value - allowed.start + allowed.step // 2) // allowed.step
    return allowed[min(max(steps, 0), len(allowed) - 1)]
