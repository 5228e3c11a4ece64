"""A whole account in one JSON file, and back.

The file holds no credentials, no tokens and no private keys.
"""

import os
import tempfile
from pathlib import Path

import msgspec

from toastnb.sandbox.models import State

_FORMAT = "toastnb-sandbox-state"
_VERSION = 1


class StateFileError(ValueError):
    """A file that does not hold the state of a sandbox."""


class _File(msgspec.Struct):
    format: str
    version: int
    state: msgspec.Raw


def encode(state: State) -> bytes:
    """Encode a state as a file has it."""
    return msgspec.json.encode(_File(_FORMAT, _VERSION, msgspec.Raw(msgspec.json.encode(state))))


def save(state: State, path: str | os.PathLike[str]) -> None:
    """Write a state, readable by its owner alone; the file is complete or not there, and an OSError says which."""
    target = Path(path).absolute()
    content = encode(state)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OSError(error.errno, f"{target} cannot be written ({error.strerror})") from None


def load(path: str | os.PathLike[str]) -> State:
    """Read a state that was saved."""
    try:
        file = msgspec.json.decode(Path(path).read_bytes(), type=_File)
        if (file.format, file.version) != (_FORMAT, _VERSION):
            raise StateFileError(f"{path}: not a {_FORMAT} file of version {_VERSION}")
        state = msgspec.json.decode(file.state, type=State)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StateFileError(f"{path}: not the state of a sandbox: {error}") from None
    _check_references(state, path)
    return state


def _check_references(state: State, path: str | os.PathLike[str]) -> None:
    """Refuse a state in which something names what is not there: files are edited by hand, too."""
    attached = {volume.id for instance in state.instances for volume in instance.volumes.attachments}
    lost = attached - {volume.id for volume in state.volumes}
    waiting = {transition.resource for transition in state.transitions}
    lost |= waiting - {instance.id for instance in state.instances} - {image.id for image in state.images}
    if lost:
        raise StateFileError(f"{path}: the state names {sorted(lost)[0]!r}, which is not in it")
