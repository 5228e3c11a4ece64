"""Progress bars: in a notebook and on a terminal, and nothing where nobody looks."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any

from tqdm.auto import tqdm
from tqdm.notebook import tqdm_notebook

from toastnb.remarks import listener

# Made now: a Ctrl-C while it is being made leaves it locked, and every bar after that waits for ever.
tqdm.get_lock()  # type: ignore[no-untyped-call]


class _Nothing:
    def update(self) -> None:
        """Show nothing."""


def bar(total: int, description: str, unit: str) -> Any:
    """Return a bar for `total` steps, a context manager; ``update()`` takes it one on. It goes when it is done."""
    # A notebook's stderr is never a terminal, so it is told apart. A bar that is only disabled takes tqdm's lock too.
    seen = issubclass(tqdm, tqdm_notebook) or (sys.stderr is not None and sys.stderr.isatty())
    if not seen or listener() is not None:
        return nullcontext(_Nothing())
    return tqdm(total=total, desc=description, unit=f" {unit}", leave=False)
