"""What is entered in a form: its fields, how they depend on one another, and who watches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Self

from toastnb.errors import InvalidInput, ToastError
from toastnb.fields import Field, Text, Watchers
from toastnb.fields.base import same
from toastnb.forms.words import label, language, sentences


class Entries:
    """A set of fields.

    Parameters
    ----------
    fields : iterable of Field
        In the order in which they are filled in: each may depend on those before it.
    lang : str, optional
        "en" or "ko"; by default the environment's.

    Attributes
    ----------
    kind : str
        Which form it is; its title is ``title.KIND`` in `words`.
    lang : str
        The language of what it says.
    fields : dict of str to Field
        By name.
    confirm : Text
        What is typed before sending, where the form asks for it.
    error : ToastError or None
        What went wrong.
    """

    kind = ""

    def __init__(self, fields: Iterable[Field], *, lang: str | None = None) -> None:
        self.lang = language(lang)
        self.fields = {field.name: field for field in fields}
        self.confirm = Text("confirm", required=False)
        self.error: ToastError | None = None
        self._defect: ToastError | None = None  # of somebody who watches
        self._watchers = Watchers()
        self._renewed = 0  # how often entries were made or renewed other than in a field
        self._following = threading.RLock()
        self._depth = 0
        self._confirmed: dict[str, Any] = {}  # the entries for which `confirm` was typed
        for field in (*self.fields.values(), self.confirm):
            field.sentences = sentences(self.lang)
            field.lock = self._following
            field.watch(lambda _: self._changed())

    def set(self, **values: Any) -> Self:
        """Fill in fields; in which order they are named does not matter.

        Raises
        ------
        InvalidInput
            When there is no such field. A wrong value is kept: see `problems`.
        """
        known = [*self.fields, "confirm"]
        unknown = [name for name in values if name not in known]
        if unknown:
            raise InvalidInput(f"there is no field {unknown[0]!r}", hint=f"There are: {', '.join(known)}.")
        for name in known:
            if name in values:
                (self.confirm if name == "confirm" else self.fields[name]).set(values[name])
        return self

    def values(self) -> dict[str, Any]:
        """Return what is entered in the fields that are asked for."""
        return {name: field.value for name, field in self.fields.items() if field.visible}

    @property
    def title(self) -> str:
        """The form's heading."""
        return self._say(f"title.{self.kind}")

    def watch(self, watcher: Callable[[Self], object]) -> Callable[[], None]:
        """Let a function be called with the form when a field, busy, rows, result, error or log change.

        It is called in the thread in which that happens; what it raises becomes `error`, and it is not called again.
        What comes back ends it.
        """

        def told(form: Self) -> None:
            try:
                watcher(form)
            except Exception as defect:
                unwatch()
                self._defect = self.error = of_display(defect)

        unwatch = self._watchers.add(told)
        return unwatch

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(self.fields)}>"

    def _follow(self) -> None:
        """Let fields follow from others; called after each change."""

    def _changed(self) -> None:
        with self._following:
            if self._depth:  # what follows from a change is no change of its own
                return
            self._depth = 1
            try:
                self._follow()
                self._confirm_anew()
            finally:
                self._depth = 0
        self._watchers.tell(self)

    def _listed_anew(self) -> None:
        """Let fields follow from lists that were read again, by whichever form; a defect in it stays with this one."""
        try:
            self._changed()
        except Exception as defect:
            self._defect = self.error = of_display(defect)

    def _confirm_anew(self) -> None:
        """Let go of what was typed to confirm, where it was typed for other entries."""
        entries = self.values()
        if entries.keys() != self._confirmed.keys() or any(
            not same(value, self._confirmed[name]) for name, value in entries.items()
        ):
            self._confirmed = entries
            self.confirm.clear()

    def _count(self) -> int:
        """Return how often entries were changed: the same number means that they are the same."""
        return self._renewed + sum(field.entered for field in self.fields.values())

    def _say(self, key: str, **parts: object) -> str:
        return label(key, self.lang, **parts)


def unexpected(error: BaseException) -> ToastError:
    """Return what nobody expected as an error of ours: nothing is known of what was sent."""
    if isinstance(error, KeyboardInterrupt):
        return ToastError("it was interrupted", may_have_happened=True)
    return ToastError(f"something unexpected went wrong: {type(error).__name__}: {error}", may_have_happened=True)


def of_display(defect: Exception) -> ToastError:
    """Return a defect of what shows a form as an error of ours: it says nothing of what was sent."""
    return ToastError(f"something went wrong in showing it: {type(defect).__name__}: {defect}")
