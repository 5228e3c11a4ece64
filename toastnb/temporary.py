"""The folder for temporary files: what is put there is this user's alone."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toastnb.errors import InvalidInput


@contextmanager
def private_folder(action: str) -> Iterator[str]:
    """Make a folder that nobody else can read, and that is gone afterwards.

    Raises
    ------
    InvalidInput
        When there is no place for one.
    """
    try:
        private = tempfile.TemporaryDirectory(prefix="toastnb-")
    except OSError as error:
        problem = f"there is no folder for temporary files ({error.strerror})"
    else:
        with private as path:
            yield path
        return
    raise InvalidInput(problem, action=action, hint="Name one that you can write in TMPDIR.")


def users_folder() -> Path:
    """Return a folder of this user's (0700) that stays, made if need be; may raise `OSError`.

    Others may write where it is: one that is not this user's, or a link, is refused.
    """
    user = os.getuid() if hasattr(os, "getuid") else ""
    folder = Path(tempfile.gettempdir()) / f"toastnb-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or (user != "" and (found.st_uid != user or found.st_mode & 0o077)):
        raise PermissionError(0, "it is not this user's alone")
    return folder
