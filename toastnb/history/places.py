"""Where a store is: a folder of this machine, or any place that fsspec reaches, as object storage.

A file is whole or not there: a folder gets it under another name first, and object storage shows an object when it is
complete.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from toastnb.errors import InvalidInput, ServiceFailure, ToastError
from toastnb.extras import needs
from toastnb.files import place_of, replace_file

with needs("history"):
    import fsspec

T = TypeVar("T")
Store = str | os.PathLike[str]


class Place:
    """A store's files, named by their paths within it.

    Parameters
    ----------
    store : str or path-like
        A folder, or a URL as ``s3://bucket/prefix``.
    """

    def __init__(self, store: Store) -> None:
        self.name = os.fspath(store)
        self._local = "://" not in self.name or self.name.startswith("file://")
        if self._local:
            path = place_of(self.name.removeprefix("file://"), "Opening a history")
            self.files: Any = fsspec.filesystem("file")
            self.root = path.as_posix()
        else:
            self.files, self.root = self._try(
                "opened", lambda: fsspec.core.url_to_fs(self.name, use_listings_cache=False)
            )
            self.root = self.root.rstrip("/")

    def __repr__(self) -> str:
        return f"<Place {self.name}>"

    def path(self, name: str) -> str:
        """Return a file's path as the file system knows it."""
        return f"{self.root}/{name}"

    def names(self, folder: str) -> list[str]:
        """Return the names of the Parquet files under a folder of the store, in order; none where it is not there."""
        found = self._try("listed", lambda: self.files.find(self.path(folder)))
        prefix = len(self.root) + 1
        return sorted(str(path)[prefix:] for path in found if str(path).endswith(".parquet"))

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        content: bytes = self._try("read", lambda: self.files.cat_file(self.path(name)))
        return content

    def write(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Write a file, whole or not at all; the folders above it are made."""
        if self._local:
            self._make_folders(Path(self.path(name)).parent)
            replace_file(self.path(name), write)
            return
        buffer = BytesIO()
        write(buffer)
        self._try("written", lambda: self.files.pipe_file(self.path(name), buffer.getvalue()))

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; one that is gone already is no obstacle."""
        for path in map(self.path, names):
            if self._try("changed", partial(self.files.exists, path)):
                self._try("changed", partial(self.files.rm_file, path))

    def age(self, name: str, now: datetime) -> float:
        """Return how many seconds ago a file was written."""
        modified: datetime = self._try("read", lambda: self.files.modified(self.path(name)))
        return (now - (modified if modified.tzinfo else modified.replace(tzinfo=UTC))).total_seconds()

    def _make_folders(self, folder: Path) -> None:
        try:
            for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
                missing.mkdir(mode=0o700, exist_ok=True)  # with parents=True, those above would get the umask's rights
            return
        except OSError as error:
            problem = f"{folder} cannot be made ({error.strerror or type(error).__name__})"
        raise InvalidInput(problem, action=f"Writing to the history {self.name}")

    def _try(self, done: str, work: Callable[[], T]) -> T:
        """Do something with the files; whatever a file system raises becomes an error of ours."""
        action = f"Using the history {self.name}"
        try:
            return work()
        except ToastError:
            raise
        except ModuleNotFoundError as error:
            problem: ToastError = InvalidInput(
                f"this kind of address needs the package {error.name}", action=action, hint="Install it with pip."
            )
        except ImportError as error:
            problem = InvalidInput(str(error), action=action)
        except FileNotFoundError as error:
            problem = InvalidInput(f"it cannot be {done}: {_words(error)} is not there", action=action)
        except ValueError as error:
            problem = InvalidInput(f"it cannot be {done}: {error}", action=action)
        except Exception as error:  # each file system has exceptions of its own
            problem = ServiceFailure(
                f"it cannot be {done}: {_words(error)}",
                action=action,
                hint="Check the address, the rights and the network.",
            )
        raise problem


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
