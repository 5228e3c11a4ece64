"""Writing the report: the notebook run by papermill, its page by nbconvert, the workbook beside it."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from toastnb import capacity
from toastnb.errors import InvalidInput, ToastError
from toastnb.extras import needs
from toastnb.files import SHARED, replace_file
from toastnb.inventory import Inventory, load_inventory
from toastnb.report.library import REPORT, folder
from toastnb.report.workbook import write_workbook

PAGE, WORKBOOK = "capacity-report.html", "capacity-report.xlsx"


def write(inventory: Inventory | str | os.PathLike[str], out: str | os.PathLike[str] = ".") -> list[Path]:
    """Write the capacity report of one inventory.

    Parameters
    ----------
    inventory : Inventory or path-like
        What to report on, or where it was saved.
    out : path-like
        The folder for the report; it is made if need be, and an older report in it is replaced.

    Returns
    -------
    list of Path
        ``capacity-report.html``, one file that asks for nothing else, and ``capacity-report.xlsx``.

    Raises
    ------
    InvalidInput
        When the folder cannot be written.
    MissingExtra
        When the packages of ``toastnb[report]`` are not installed.

    Examples
    --------
    >>> import toastnb as tn
    >>> [path.name for path in tn.report.write(toast.inventory(), "report")]
    ['capacity-report.html', 'capacity-report.xlsx']
    """
    loaded = inventory if isinstance(inventory, Inventory) else load_inventory(inventory)
    target = folder_for(out)
    page = _page(_executed(loaded)).encode()
    return [
        replace_file(target / PAGE, lambda file: file.write(page), mode=SHARED),
        write_workbook(target / WORKBOOK, _sheets(loaded)),
    ]


def folder_for(out: str | os.PathLike[str]) -> Path:
    """Return the folder for a report, made if need be; `InvalidInput` when it cannot be written."""
    target = Path(out).expanduser()
    try:
        target.mkdir(parents=True, exist_ok=True)
        if os.access(target, os.W_OK):
            return target
        problem = f"{target} cannot be written"
    except OSError as error:
        problem = f"{target} is no folder that can be written ({error.strerror})"
    raise InvalidInput(problem, action="Writing the report")


def _executed(inventory: Inventory) -> Any:
    """Run the notebook on the inventory, in a folder that nobody else can read and that is gone afterwards."""
    with needs("report"):
        import papermill
        from papermill.exceptions import PapermillExecutionError
        from traitlets.config import Config
    with tempfile.TemporaryDirectory(prefix="toastnb-") as private:
        saved = inventory.save(Path(private) / "inventory.zip")
        try:
            return papermill.execute_notebook(
                folder() / REPORT,
                None,
                parameters={"inventory": str(saved)},
                kernel_name="python3",
                progress_bar={"desc": "Running the report", "leave": False} if sys.stderr.isatty() else False,
                cwd=private,
                config=Config({"KernelManager": {"transport_encryption": "auto"}}),
            )
        except PapermillExecutionError as error:
            problem = f"{error.ename}: {error.evalue}"
        except RuntimeError as error:  # the kernel did not start, or died
            problem = str(error)
    raise ToastError(problem, action="Running the report's notebook")


def _page(notebook: Any) -> str:
    with needs("report"):
        from nbconvert import HTMLExporter
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    _describe_plots(notebook)
    body, _ = exporter.from_notebook_node(notebook)
    template = Template((Path(__file__).parent / "page.html").read_text("utf-8"))
    return template.substitute(body=body)


def _describe_plots(notebook: Any) -> None:
    """Give each picture the heading it stands under as its alternative text."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = next((line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")), heading)
        for output in cell.get("outputs", []):
            if "data" in output:
                output.setdefault("metadata", {})["alt"] = f"Plot: {heading}"


def _sheets(inventory: Inventory) -> dict[str, pd.DataFrame]:
    vms = inventory.instances_detail
    about = {
        "account": inventory.source or "not known",
        "data fetched at": inventory.fetched_at,
        "figures": "allocated, never used: every instance but those being deleted",
        "times": "UTC",
        **{f"absent: {name}": why for name, why in inventory.absent.items()},
    }
    return {
        "About": pd.DataFrame({"what": list(about), "value": list(about.values())}, dtype="str"),
        "Totals by zone": capacity.totals(vms, by="zone"),
        "Totals by state": capacity.totals(vms, by="status"),
        "Totals by flavor": capacity.totals(vms, by="flavor_name"),
        "Zone balance": capacity.zone_balance(vms),
        "Disk sizes": capacity.disk_sizing(inventory.disks, vms),
        "Instances": vms,
        "Disks": inventory.disks,
        "Flavors": inventory.flavors,
    }
