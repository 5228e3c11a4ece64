"""Writing the report: the notebook run by papermill, its page, the workbook beside it, and a PDF."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toastnb import audit
from toastnb.capacity.limits import limits_of
from toastnb.errors import InvalidInput, ToastError
from toastnb.extras import needs
from toastnb.files import SHARED, replace_file
from toastnb.inventory import Inventory, load_inventory
from toastnb.report.library import REPORT, folder
from toastnb.report.over_time import FIRST, OverTime, named, over_time
from toastnb.report.pages import report_page
from toastnb.report.pdf import find_chromium, print_page
from toastnb.report.sheets import sheets
from toastnb.report.workbook import write_workbook
from toastnb.temporary import private_folder

if TYPE_CHECKING:
    from toastnb.history import History

PAGE, WORKBOOK, PDF = "capacity-report.html", "capacity-report.xlsx", "capacity-report.pdf"
_ACTION = "Writing the report"
_Path = str | os.PathLike[str]


def write(
    inventory: Inventory | _Path,
    out: _Path = ".",
    *,
    limits: _Path | None = None,
    prices: _Path | None = None,
    rules: _Path | None = None,
    waivers: _Path | None = None,
    history: History | _Path | None = None,
    project: str = "",
    pdf: bool = False,
    tell: Callable[[str], object] = lambda step: None,
) -> list[Path]:
    """Write the capacity report of one inventory.

    Parameters
    ----------
    inventory : Inventory or path-like
        What to report on, or where it was saved.
    out : path-like
        The folder for the report; it is made when there is something to write, and an older report is replaced.
    limits : path-like, optional
        A CSV of limits, as in `capacity.headroom`: the report shows headroom and shortfalls then. It may have a column
        project: those of other projects are not used.
    prices : path-like, optional
        A CSV of prices, as in `capacity.cost`: the report shows what it costs a month then.
    rules, waivers : path-like, optional
        Files for the audit, as in `audit.run`.
    history : History, str or path-like, optional
        A history, or the folder or URL of its store: the report shows what changed since the newest snapshot before
        the inventory, growth, and with limits the time remaining. Audit and reclaimable use it too.
    project : str
        The account's name: the title has it, it is whose limits these are, and with a history whose snapshots, as in
        `over_time`.
    pdf : bool
        Whether to print the page as a PDF too, with a Chromium or Chrome that is on this machine.
    tell : callable
        What is called with each step that takes long as it begins, as "Running the notebook".

    Returns
    -------
    list of Path
        ``capacity-report.html``, one file that asks for nothing else, ``capacity-report.xlsx``, and with `pdf`
        ``capacity-report.pdf``.

    Raises
    ------
    InvalidInput
        When a file is not right, the folder cannot be written, there is no Chromium for a PDF, or the history does
        not tell which project is the account's.
    NotFound
        When there is no history.
    MissingExtra
        When the packages of ``toastnb[report]`` are not installed.

    Examples
    --------
    >>> import toastnb as tn
    >>> [path.name for path in tn.report.write(toast.inventory(), "report")]
    ['capacity-report.html', 'capacity-report.xlsx']
    """
    history = None if history is None else named(history)
    loaded = _loaded(inventory)
    target = folder_for(out)
    if pdf:
        find_chromium()  # before the work
    past = None if history is None else over_time(loaded, history, limits, project)
    name = project if past is None else "".join(past.history.projects[:1]) or project
    bounds = None if limits is None else limits_of(limits, name)
    findings = audit.run(loaded, rules=rules, waivers=waivers, history=None if past is None else past.history)
    workbook = sheets(loaded, bounds, prices, findings, past, name)
    files = {"limits": limits, "prices": prices, "rules": rules, "waivers": waivers}
    given = {name: str(Path(path).absolute()) for name, path in files.items() if path is not None}
    tell("Running the notebook")
    executed = _executed(loaded, given | {"project": name} | _of_history(past))
    page = report_page(executed, name, loaded.fetched_at).encode()
    _make(target)
    paths = [
        replace_file(target / PAGE, lambda file: file.write(page), mode=SHARED),
        write_workbook(target / WORKBOOK, workbook),
    ]
    if not pdf:
        return paths
    tell("Printing the PDF")
    return [*paths, print_page(target / PAGE, target / PDF)]


def _loaded(inventory: object) -> Inventory:
    if isinstance(inventory, Inventory):
        return inventory
    if isinstance(inventory, str | os.PathLike):
        return load_inventory(inventory)
    raise InvalidInput(
        f"inventory is {type(inventory).__name__}, but must be an Inventory, or the path of a saved one",
        action=_ACTION,
        hint="Give what toast.inventory() answers, or of a history open_store(store).at(when, project), without Dask.",
    )


def _of_history(past: OverTime | None) -> dict[str, str]:
    """Return what lets the notebook, which runs in another process, open the same snapshots."""
    if past is None:
        return {}
    at = past.history.snapshots()["at"]
    ends = (at.min().isoformat(), at.max().isoformat()) if len(at) else (FIRST, FIRST)
    return {"history": past.history._place.address, "since": ends[0], "until": ends[1]}


def folder_for(out: _Path) -> Path:
    """Return the folder for a report, not made yet; `InvalidInput` when it cannot be written."""
    target = Path(out).expanduser()
    there = next(path for path in (target, *target.absolute().parents) if os.path.lexists(path))
    if not there.is_dir():
        reason = os.strerror(errno.EEXIST if there == target else errno.ENOTDIR)
        raise InvalidInput(f"{target} is no folder that can be written ({reason})", action="Writing the report")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InvalidInput(f"{there} cannot be written", action="Writing the report")
    return target


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{folder} is no folder that can be written ({error.strerror})"
        raise InvalidInput(problem, action="Writing the report") from error


def _executed(inventory: Inventory, given: dict[str, str]) -> Any:
    """Run the notebook on the inventory, in a folder that nobody else can read and that is gone afterwards."""
    with needs("report"):
        import papermill
        from papermill.exceptions import PapermillExecutionError
        from traitlets.config import Config

        from toastnb.report.kernels import Quiet  # what it is made of comes with papermill
    with private_folder(_ACTION) as private:
        saved = inventory.save(Path(private) / "inventory.zip")
        try:
            return papermill.execute_notebook(
                folder() / REPORT,
                None,
                parameters={"inventory": str(saved), **given},
                kernel_name="python3",
                progress_bar={"desc": "Running the report", "leave": False} if sys.stderr.isatty() else False,
                cwd=private,
                config=Config({"KernelManager": {"transport_encryption": "auto"}}),
                kernel_manager_class=Quiet,
            )
        except PapermillExecutionError as error:
            problem = f"{error.ename}: {error.evalue}"
        except RuntimeError as error:  # the kernel did not start, or died
            problem = str(error)
        except OSError as error:
            problem = f"its kernel cannot start ({error}); it needs a home, or IPYTHONDIR, that can be written"
    raise ToastError(problem, action="Running the report's notebook")
