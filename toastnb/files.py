"""Files: read with a clear error; written whole or not at all, and private from the moment they exist."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from toastnb.errors import InvalidInput

PRIVATE, SHARED = 0o600, 0o666
_SPACE_FOR_KEY = 16 * 1024


def place_of(path: str | os.PathLike[str], action: str) -> Path:
    """Return where a file goes, absolute and with the home filled in; `InvalidInput` when it cannot be there."""
    try:
        place = Path(path).expanduser().absolute()
        if "\0" not in str(place):
            os.fspath(place).encode()  # no table could hold it otherwise
            place.exists()  # it may be too long
            return place
        reason = "a zero in the name"
    except UnicodeEncodeError:
        reason = "broken Unicode in the name"
    except (OSError, RuntimeError, TypeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    raise InvalidInput(f"{path!r} cannot be written ({reason})", action=action, hint="Give another path.")


def read_text(path: str | os.PathLike[str], what: str) -> str:
    """Return the text of a file that a user wrote; `InvalidInput` when it cannot be read or is not UTF-8."""
    try:
        return Path(path).expanduser().read_text("utf-8-sig")
    except (OSError, RuntimeError) as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    except ValueError as error:  # a zero in the name
        problem = f"cannot be read ({error})"
    raise InvalidInput(f"{what}: {os.fspath(path)} {problem}")


def replace_file(path: str | os.PathLike[str], write: Callable[[BinaryIO], object], *, mode: int = PRIVATE) -> Path:
    """Write a file beside its place, then put it there: a reader sees the old one or the new one, never a part.

    Parameters
    ----------
    path : path-like
        Where it goes; what is there is replaced.
    write : callable
        Writes the content to an open binary file.
    mode : int
        The file's permissions, from the moment it exists; `SHARED` leaves them to the user's umask.

    Raises
    ------
    InvalidInput
        When it cannot be written, as with a full disk, or is a device or pipe; what was there stays.
    """
    target = place_of(path, "Writing a file")
    if _is_special(target):
        hint = "Give a file, or none to have it printed."
        raise InvalidInput(f"{target} is a device or pipe, and no file", action="Writing a file", hint=hint)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        problem = f"{target} cannot be written ({error.strerror or type(error).__name__})"
    else:
        return target
    finally:
        with suppress(OSError):  # it is in its place, or never was
            temporary.unlink()
    raise InvalidInput(
        problem, action="Writing a file", hint="What was there before is unchanged: make room, or give another path."
    )


def _is_special(target: Path) -> bool:
    """Tell whether a file would take the place of a device or pipe; /dev/stdout may lead to a file."""
    return target.parent == Path("/dev") or (target.exists() and not target.is_file() and not target.is_dir())


def sync_folder(folder: Path) -> None:
    """Wait until a folder's new names are on disk: after a power cut none is there without those before it.

    May raise `OSError`.
    """
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that has no such thing
            raise
    finally:
        os.close(descriptor)


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner can enter (0700), and those above it that are missing; may raise `OSError`."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


class KeyFile:
    """A new file for a private key, with its space taken before the key exists.

    The key is shown once: what can be wrong with the file has to go wrong before it is asked for. So the file is
    made (a name that exists is refused, a symbolic link too) and filled, and the key is written over the filling.

    Parameters
    ----------
    path : path-like
        Where the key goes: a file that does not exist yet.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = place_of(path, "Saving a private key")
        self._descriptor = -1
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
            self._descriptor = os.open(self.path, flags, PRIVATE)
            self._reserve()
        except FileExistsError:
            problem = f"{self.path} exists already and is not overwritten"
        except OSError as error:
            self.discard()
            problem = f"{self.path} cannot be written ({error.strerror})"
        except BaseException:  # Ctrl-C
            self.discard()
            raise
        else:
            return
        raise InvalidInput(problem, action="Saving a private key", hint="Nothing was sent; give another save_to.")

    def _reserve(self) -> None:
        space = b"\n" * _SPACE_FOR_KEY
        while space:  # what fits on a disk that is nearly full is written without an error
            space = space[os.write(self._descriptor, space) :]
        os.fsync(self._descriptor)

    def write(self, key: str) -> None:
        """Write the key and close the file. Only call it sealed: `key` is plain.

        When that fails (`OSError`) or is broken off, no part of the key stays.
        """
        content = key.encode()
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            while content:
                content = content[os.write(self._descriptor, content) :]
            os.ftruncate(self._descriptor, os.lseek(self._descriptor, 0, os.SEEK_CUR))
            os.fsync(self._descriptor)
        except BaseException:
            self.discard()
            raise
        self._close()

    def discard(self) -> None:
        """Remove the file again, unless the key is in it."""
        if self._descriptor >= 0:
            try:
                if self._is_there():
                    self.path.unlink(missing_ok=True)
            finally:
                self._close()

    def _is_there(self) -> bool:
        """Tell whether the file is where it was made: what another program has put there since then stays."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.lstat(self.path))
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)
