"""Where a store is: a folder of this machine, or any place that fsspec reaches, as object storage.

A file is whole or not there: object storage shows an object when it is complete, and all others get it under another
name first. Whether something is tried again is left to the library of the object storage.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from toastnb.errors import InvalidInput, MissingExtra, PermissionDenied, ServiceFailure, ToastError
from toastnb.extras import needs
from toastnb.files import place_of, replace_file, sync_folder

with needs("history"):
    import fsspec

T = TypeVar("T")
Store = str | os.PathLike[str]
AT_ONCE = 16
UNFINISHED = ".part"  # how a file ends that has not been put in its place yet
_LOCAL = ("file", "local")
_OBJECTS = {"abfs", "abfss", "az", "gcs", "gs", "oci", "oss", "s3", "s3a", "tos"}  # show an object when it is complete
_USERS = ("abfs", "abfss", "ftp", "sftp", "ssh")  # where a name before an @ is part of the address, and no key
_SCHEME = re.compile(r"([a-z][\w+.-]+):", re.I)  # one letter is a drive
_SECRET = re.compile(r"(?<=://)[^/\s@]*@|(?<=[?&])[\w-]*(?:signature|credential|token|sig|key\w*)=[^&\s'\"]*", re.I)


class Address(os.PathLike[str]):
    """Where a store is, as it may be shown: one that has keys in it is refused when it is used, and not kept.

    Parameters
    ----------
    store : str or path-like
        A folder, or a URL as ``s3://bucket/prefix``.
    """

    def __init__(self, store: Store) -> None:
        self._problem, self._text = _problem_of(store), ""
        if not self._problem:
            self._text = os.fspath(store)

    def __repr__(self) -> str:
        return f"<Address {self._text}>"

    def __fspath__(self) -> str:
        if self._problem:
            said, hint = self._problem
            raise InvalidInput(said, hint=hint)
        return self._text


def address_of(store: Store) -> Address:
    """Return where a store is; it takes the place of the argument, which a traceback would show with the keys in it."""
    return store if isinstance(store, Address) else Address(store)


def _problem_of(store: Store) -> tuple[str, str] | None:
    """Return what is wrong with an address, and what to do."""
    try:
        name = os.fspath(store)
    except TypeError:
        name = ""
    if not isinstance(name, str) or not name.strip():
        return "store is no folder and no URL", 'Give a folder, or a URL as "s3://bucket/prefix".'
    scheme, found, rest = name.partition("://")
    if not found and (one := _SCHEME.match(name)) and one[1].lower() in fsspec.available_protocols():
        said = "store begins like a URL, but not with two slashes"
        return said, 'Write it as "s3://bucket/prefix", as text: a Path has one slash fewer. Or a folder as "./s3:".'
    before, at, _ = rest.rpartition("@")  # a key may have a slash in it
    has_key = at and (":" in before or ("/" not in before and scheme not in _USERS))
    if found and (has_key or "?" in rest):
        said = "store is a URL with a user, a key or a query in it, which every message would show"
        return said, "Leave it out: the library of the object storage takes keys from its environment or its files."
    return None


class Place:
    """A store's files, named by their paths within it.

    Parameters
    ----------
    store : str or path-like
        As for `Address`.
    """

    name = ""  # what a traceback shows of one whose address was refused

    def __init__(self, store: Store) -> None:
        self.name = os.fspath(address_of(store))
        scheme, found, rest = self.name.partition("://")
        self._local = not found or scheme in _LOCAL
        self._shows_whole_files = scheme in _OBJECTS
        if self._local:
            files: Any = fsspec.filesystem("file")
            self.root = place_of(rest if found else self.name, "Opening a history").as_posix()
        else:
            files, root = self.attempt("opened", lambda: fsspec.core.url_to_fs(self.name, use_listings_cache=False))
            self.root = root.rstrip("/")
            if hasattr(files, "retries"):
                files.retries = 1  # s3fs repeats what botocore has repeated: a server that hangs, for 7 minutes
        self._opened: Callable[[], Any] = lambda: files  # nothing shows it: there may be keys in it

    @property
    def files(self) -> Any:
        """The file system, as fsspec has it."""
        return self._opened()

    def __repr__(self) -> str:
        return f"<Place {self.name}>"

    def __reduce__(self) -> tuple[type[Place], tuple[str]]:
        return Place, (self.address,)  # it is opened anew where it arrives, with the keys that are there

    @property
    def address(self) -> str:
        """The same for each way to write where it is."""
        return self.root if self._local else self.name.rstrip("/")

    def path(self, name: str) -> str:
        """Return a file's path as the file system knows it."""
        return f"{self.root}/{name}"

    def names(self, folder: str, ending: str = ".parquet") -> list[str]:
        """Return the names of the files under a folder of the store, in order; none where it is not there.

        What cannot be listed is an error: what is not seen would pass for what is not there.
        """
        find = _files_under if self._local else self.files.find
        found = self.attempt("listed", lambda: find(self.path(folder)))
        prefix = len(self.root) + 1
        return sorted(str(path)[prefix:] for path in found if str(path).endswith(ending))

    def read(self, name: str) -> bytes | None:
        """Return a file's content, or None where it is gone."""

        def content() -> bytes | None:
            try:
                return bytes(self.files.cat_file(self.path(name)))
            except FileNotFoundError:
                return None

        return self.attempt("read", content)

    def write(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        """Write a file, whole or not at all; the folders above it are made."""
        if self._local:
            self._make_folders(Path(self.path(name)).parent)
            replace_file(self.path(name), write)
            return
        buffer = BytesIO()
        write(buffer)
        put = self.files.pipe_file if self._shows_whole_files else self._put_whole
        self.attempt("written", lambda: put(self.path(name), buffer.getvalue()))

    def _put_whole(self, path: str, content: bytes) -> None:
        """Write a file beside its place, then put it there."""
        temporary = f"{path}.{secrets.token_hex(4)}{UNFINISHED}"
        self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            self.files.pipe_file(temporary, content)
            self.files.mv(temporary, path)
        except BaseException:
            with suppress(Exception):  # what stays is removed by compact
                self.files.rm_file(temporary)
            raise

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; one that is gone already is no obstacle."""

        def remove(name: str) -> None:
            with suppress(FileNotFoundError):
                self.files.rm_file(self.path(name))

        with ThreadPoolExecutor(1 if self._local else AT_ONCE) as pool:
            list(pool.map(lambda name: self.attempt("changed", lambda: remove(name)), names))

    def age(self, name: str, now: datetime) -> float:
        """Return how many seconds ago a file was written; less than none for one that is gone."""

        def modified() -> datetime:
            try:
                time: datetime = self.files.modified(self.path(name))
            except FileNotFoundError:
                return datetime.max.replace(tzinfo=UTC)
            return time if time.tzinfo else time.replace(tzinfo=UTC)

        return (now - self.attempt("read", modified)).total_seconds()

    def _make_folders(self, folder: Path) -> None:
        try:
            for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
                missing.mkdir(mode=0o700, exist_ok=True)  # with parents=True, those above would get the umask's rights
                sync_folder(missing.parent)
            return
        except OSError as error:
            problem = f"{folder} cannot be made ({error.strerror or type(error).__name__})"
        raise InvalidInput(problem, action=f"Writing to the history {self.name}")

    def attempt(self, done: str, work: Callable[[], T]) -> T:
        """Do something with the files; whatever a file system raises becomes an error of ours, without secrets."""
        action = f"Using the history {self.name}"
        try:
            return work()
        except ToastError:
            raise
        except ImportError as error:
            problem: ToastError = MissingExtra(_words(error), action=action, hint="Install the package with pip.")
        except (FileNotFoundError, NotADirectoryError) as error:
            problem = InvalidInput(f"it cannot be {done}: {_words(error)}", action=action, hint="Look at the address.")
        except PermissionError as error:
            problem = PermissionDenied(
                f"it cannot be {done}: {_words(error)}", action=action, hint="Check the rights, and the keys for it."
            )
        except ValueError as error:
            problem = InvalidInput(f"it cannot be {done}: {_words(error)}", action=action)
        except Exception as error:  # each file system has exceptions of its own
            problem = ServiceFailure(
                f"it cannot be {done}: {_words(error)}",
                action=action,
                hint="Check the address, the rights and the network.",
            )
        raise problem


def _files_under(folder: str) -> list[str]:
    """Return the files under a folder of this machine."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    return [f"{Path(above).as_posix()}/{name}" for above, _, names in os.walk(folder, onerror=refuse) for name in names]


def _words(error: Exception) -> str:
    return _SECRET.sub("***", str(error)) or type(error).__name__
