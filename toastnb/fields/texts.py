"""Fields for texts, and for places in the file system."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toastnb.errors import InvalidInput
from toastnb.fields.base import Field


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
