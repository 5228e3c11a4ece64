"""An account from a saved inventory."""

import os
from datetime import datetime
from toastnb.sandbox.models import State


class BadInventoryFile(ValueError):
    """A file that does not hold an inventory."""


def load(path: str | os.PathLike[str], start: datetime) -> State:
    raise BadInventoryFile(f"{path}: not yet")
