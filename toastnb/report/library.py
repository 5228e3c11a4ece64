"""The notebooks that come with the package."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import BinaryIO

from toastnb.errors import InvalidInput
from toastnb.files import SHARED, place_of, replace_file

REPORT = "02-capacity-report.ipynb"


def folder() -> Path:
    """Return the folder of the notebooks: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"


def copy_notebooks(to: str | os.PathLike[str]) -> list[Path]:
    """Copy the notebooks to where you work.

    Parameters
    ----------
    to : path-like
        A folder; it is made if need be.

    Returns
    -------
    list of Path
        The copies.

    Raises
    ------
    InvalidInput
        When one of them is there already: what you changed in it is not overwritten.

    Examples
    --------
    >>> import toastnb as tn
    >>> [path.name for path in tn.report.copy_notebooks("my-notebooks")][:2]
    ['01-inventory.ipynb', '02-capacity-report.ipynb']
    """
    target = place_of(to, "Copying notebooks")
    sources = sorted(folder().glob("*.ipynb"))
    there = [source.name for source in sources if os.path.lexists(target / source.name)]
    if there:
        raise InvalidInput(
            f"{', '.join(there)} in {target} would be overwritten",
            action="Copying notebooks",
            hint="Give a new folder.",
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{target} cannot be written ({error.strerror})"
    else:
        return _copied(sources, target)
    raise InvalidInput(problem, action="Copying notebooks")


def _copied(sources: list[Path], target: Path) -> list[Path]:
    """Copy all files into a folder, or none."""
    copied: list[Path] = []
    try:
        for source in sources:
            copied.append(replace_file(target / source.name, partial(_write, source), mode=SHARED))
    except BaseException:
        for path in copied:
            path.unlink(missing_ok=True)
        raise
    return copied


def _write(source: Path, file: BinaryIO) -> None:
    file.write(source.read_bytes())
