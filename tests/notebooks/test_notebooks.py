"""The notebooks: run top to bottom in a real kernel, against a sandbox, with what they show looked at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import papermill
import pytest

import toastnb as tn
from toastnb.report.library import folder

NOTEBOOKS = sorted(folder().glob("*.ipynb"))
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _kernels_run_this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def texts(notebook: nbformat.NotebookNode) -> str:
    """Return all that the cells show as text."""
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            shown.append(str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", "")))
            shown.append(str(output.get("data", {}).get("text/html", "")))
            shown.append(str(output.get("data", {}).get("text/markdown", "")))
    return "\n".join(shown)


def execute(name: str, tmp_path: Path, **parameters: str) -> nbformat.NotebookNode:
    return papermill.execute_notebook(
        folder() / name, tmp_path / name, parameters=parameters, progress_bar=False, cwd=tmp_path, kernel_name="python3"
    )


def test_the_notebooks_are_there() -> None:
    assert [path.name for path in NOTEBOOKS] == [
        "01-inventory.ipynb",
        "02-capacity-report.ipynb",
        "03-disk-sizing.ipynb",
        "04-audit.ipynb",
        "05-console.ipynb",
        "06-history.ipynb",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_is_prose_and_small_cells_that_begin_with_a_title(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert all(len(cell.source.splitlines()) <= 15 for cell in cells if cell.cell_type == "code")
    assert any("parameters" in cell.metadata.get("tags", []) for cell in cells)


def test_the_inventory_notebook_shows_the_account_and_leaves_nothing(tmp_path: Path) -> None:
    notebook = execute("01-inventory.ipynb", tmp_path)
    shown = texts(notebook)
    assert "Total" in shown
    assert "250" in shown
    assert "metadata.team" in shown
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 1
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".zip"] == []


def test_the_report_notebook_reads_an_account_by_its_profile(tmp_path: Path, sandbox: tn.Sandbox) -> None:
    """A profile's name is all that a notebook is given; its secrets are nowhere in what is stored."""
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "toastnb" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        f'[profiles.mine]\nappkey = "{sandbox.appkey}"\nusername = "{sandbox.username}"\n'
        f'password = "{sandbox.password}"\nbase_url = "{sandbox.base_url}"\n'
    )
    notebook = execute("02-capacity-report.ipynb", tmp_path, profile="mine")
    assert "40 instances in 2 zones" in texts(notebook)
    stored = (tmp_path / "02-capacity-report.ipynb").read_text("utf-8") + json.dumps(notebook)
    for secret in (sandbox.appkey, sandbox.password):
        assert secret not in stored


def pictures(notebook: nbformat.NotebookNode) -> int:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_the_disk_notebook_answers_for_a_saved_account(tmp_path: Path, toast: tn.Toast) -> None:
    saved = toast.inventory().save(tmp_path / "account.zip")
    notebook = execute("03-disk-sizing.ipynb", tmp_path, inventory=str(saved))
    shown = texts(notebook)
    disks = tn.load_inventory(saved).disks
    assert f"{len(disks):,} disks of 40 instances" in shown
    assert f"{disks.size_gb.max():,}" in shown
    assert pictures(notebook) == 5


def test_the_audit_notebook_shows_what_the_audit_finds(tmp_path: Path, toast: tn.Toast) -> None:
    inventory = toast.inventory()
    saved = inventory.save(tmp_path / "account.zip")
    notebook = execute("04-audit.ipynb", tmp_path, inventory=str(saved))
    shown = texts(notebook)
    for name in tn.audit.run(inventory).query("severity == 'high'").name.head(3):
        assert name in shown
    assert "no rule given" in shown
    assert pictures(notebook) == 1


def test_the_history_notebook_answers_for_a_store_of_ones_own(tmp_path: Path) -> None:
    store = tmp_path / "history"
    with tn.Sandbox(instances=40, start="2026-01-01T00:00:00Z") as sandbox, tn.connect(sandbox) as toast:
        for _ in range(24):
            tn.history.record(toast.inventory(), store, at=sandbox.live(), project="shop")
        newest = toast.instances()
    notebook = execute("06-history.ipynb", tmp_path, store=str(store), project="shop")
    shown = texts(notebook)
    assert "24 snapshots of 1 project, 2026-01-02 00:00 to 2026-01-25 00:00 UTC" in shown
    assert f"{(newest.status == 'STOP').sum()} are stopped" in shown
    assert "not within the horizon" in shown
    assert pictures(notebook) == 5


def test_the_console_notebook_shows_forms_sends_nothing_and_keeps_no_secret(
    tmp_path: Path, sandbox: tn.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"APPKEY": sandbox.appkey, "USERNAME": sandbox.username, "PASSWORD": sandbox.password}
    for name, value in (given | {"BASE_URL": sandbox.base_url}).items():
        monkeypatch.setenv(f"TOASTNB_{name}", value)
    notebook = execute("05-console.ipynb", tmp_path, profile="")  # the environment tells
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in outputs) == 3
    assert {call.split()[0] for call in sandbox.calls if not call.endswith("tokens")} == {"GET"}
    stored = (tmp_path / "05-console.ipynb").read_text("utf-8")
    for secret in (sandbox.appkey, sandbox.password):
        assert secret not in stored
