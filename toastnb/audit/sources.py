"""Files that users write for an audit: TOML, read whole or refused with what is wrong."""

from __future__ import annotations

import os
import tomllib
from typing import Any

from toastnb.errors import InvalidInput
from toastnb.files import read_text


def read_toml(path: str | os.PathLike[str], what: str) -> dict[str, Any]:
    """Return the content of a TOML file; `InvalidInput` when it is none."""
    text = read_text(path, what)
    try:
        return tomllib.loads(text)
    except ValueError as error:  # of a number with too many digits too
        problem = str(error)
    except RecursionError:
        problem = "it is nested too deeply"
    raise InvalidInput(f"{what}: {os.fspath(path)} is not valid TOML: {problem}")
