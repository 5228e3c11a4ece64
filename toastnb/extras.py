"""Packages that not everybody installs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from toastnb.errors import MissingExtra


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Turn a missing package into an error that says how to install it.

    Examples
    --------
    >>> from toastnb.extras import needs
    >>> with needs("report"):
    ...     import no_such_package
    Traceback (most recent call last):
    ...
    toastnb.errors.MissingExtra: the package no_such_package is not installed. Install it with: pip install ...
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("toastnb"):
            raise
        missing = error.name
    else:
        return
    raise MissingExtra(
        f"the package {missing} is not installed", hint=f"Install it with: pip install 'toastnb[{extra}]'"
    )
