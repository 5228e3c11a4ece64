"""Files that users write for an audit: TOML, read whole or refused with what is wrong."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from toastnb.errors import InvalidInput


def read_text(path: str | os.PathLike[str], what: str) -> str:
    """Return the text of a file; `InvalidInput` when it cannot be read."""
    try:
        return Path(path).expanduser().read_text("utf-8-sig")
    except (OSError, RuntimeError) as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    except ValueError as error:  # a zero in the name
        problem = f"cannot be read ({error})"
    raise InvalidInput(f"{what}: {os.fspath(path)} {problem}")


def read_toml(path: str | os.PathLike[str], what: str) -> dict[str, Any]:
    """Return the content of a TOML file; `InvalidInput` when it is none."""
    try:
        return tomllib.loads(read_text(path, what))
    except tomllib.TOMLDecodeError as error:
        problem = str(error)
    raise InvalidInput(f"{what}: {os.fspath(path)} is not valid TOML: {problem}")
