"""Progress bars: in a notebook and on a terminal, and nothing where nobody looks."""

from __future__ import annotations

from typing import Any

from tqdm.auto import tqdm
from tqdm.notebook import tqdm_notebook


def bar(total: int, description: str, unit: str) -> Any:
    """Return a bar for `total` steps, a context manager; ``update()`` takes it one on. It goes when it is done."""
    # With disable=None tqdm is silent unless stderr is a terminal; a notebook's never is, so it is told apart.
    disable = False if issubclass(tqdm, tqdm_notebook) else None
    return tqdm(total=total, desc=description, unit=f" {unit}", leave=False, disable=disable)
