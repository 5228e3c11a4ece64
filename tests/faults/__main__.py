"""Make the table of outcomes anew and write it into docs/reliability.md: `python -m tests.faults`."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults import matrix

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- outcomes: begin -->", "<!-- outcomes: end -->"


def written(page: str) -> str:
    """Return the table that stands in the page."""
    return page.split(BEGIN)[1].split(END)[0].strip()


def rewritten(page: str, table: str) -> str:
    """Return the page with another table."""
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n\n{table}\n\n{END}", page, flags=re.DOTALL)


def shown(cells: list[matrix.Cell]) -> str:
    """Return what stands between the marks: how much was measured, and the table."""
    calls = {cell.call: cell.write for cell in cells}
    writes, faults = sum(calls.values()), len({cell.fault for cell in cells})
    kinds = f"{len(calls) - writes} reads, {writes} writes"
    said = f"{len(calls)} calls ({kinds}) under {faults} faults: {len(cells):,} cells."
    return f"{said}\n\n{matrix.table(cells)}"


def main() -> None:
    """Measure and write."""
    with matrix.bench() as bench:
        cells = matrix.run(bench)
    PAGE.write_text(rewritten(PAGE.read_text("utf-8"), shown(cells)), "utf-8")


if __name__ == "__main__":
    main()
