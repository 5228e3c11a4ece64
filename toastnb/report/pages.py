"""HTML pages that ask for nothing else, and hide nothing: the report's notebook, an audit, and what changed."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from toastnb import audit
from toastnb.audit.results import of_run
from toastnb.extras import needs
from toastnb.plain import cut, line, seen
from toastnb.plots.words import titled
from toastnb.report.shapes import moment_text
from toastnb.report.tables import table

_MOST_FINDINGS = 1000
_REPORT, _LONGEST_NAME = "Capacity report", 60


def report_page(notebook: Any, name: str, fetched_at: str) -> str:
    """Return the report's executed notebook as a page, without its code, headed with the account's name and the day."""
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
    notebook.cells = notebook.cells[1:]  # its heading, which knows no name
    body, _ = exporter.from_notebook_node(notebook)
    return headed(body, name, fetched_at)


def headed(body: str, name: str, fetched_at: str) -> str:
    """Return the report's page, headed with the account's name and the day."""
    whose, day = cut(line(name), _LONGEST_NAME), moment_text(fetched_at).partition(" ")[0]
    tab = " · ".join(filter(None, (whose, _REPORT, day)))  # the name first: tabs are narrow
    return _page(escape(tab), f"<h1>{escape(titled(_REPORT, whose, day))}</h1>\n{body}")


def audit_page(findings: pd.DataFrame) -> str:
    """Return an audit as a page: findings, checks, what is waived, and what cannot be known."""
    source = of_run(findings)["source"] or "not known"
    fetched = escape(moment_text(str(findings.attrs.get("fetched_at"))))
    parts = [
        "<h1>Audit</h1>",
        f"<p>Account: <code>{escape(source)}</code>. Data fetched at {fetched}.</p>",
        _section("Findings", findings),
        _section("Checks", audit.summary(findings)),
        _section("Waived", audit.waived(findings)),
        _section("Waivers", audit.waivers(findings)),
        _section("What this API cannot tell", audit.unknowable()),
    ]
    return _page("Audit", "\n".join(parts))


def changes_page(changes: pd.DataFrame, levels: pd.DataFrame, found: str = "") -> str:
    """Return what changed as a page: what was found, what is allocated step by step, changes, what was not compared."""
    from toastnb.history.differences import not_compared, of_diff  # an audit's page does not need it
    from toastnb.report.changes import counts

    noted = of_diff(changes)
    sides = [
        f"{moment_text(side['fetched_at'])} ({side['source'] or 'not known'})"
        for side in (noted["before"], noted["after"])
    ]
    parts = [
        "<h1>Changes</h1>",
        f"<p>From {escape(sides[0])} to {escape(sides[1])}: {escape(found or counts(changes))}</p>",
        _section("Allocated", levels),
        _section("Changes", changes),
        _section("Not compared", not_compared(changes)),
    ]
    return _page("Changes", "\n".join(parts))


def _section(title: str, rows: pd.DataFrame) -> str:
    content = table(rows, most=_MOST_FINDINGS).as_raw_html() if len(rows) else "<p>None.</p>"
    return f"<h2>{title}</h2>\n{content}"


def _page(title: str, body: str) -> str:
    template = Template((Path(__file__).parent / "page.html").read_text("utf-8"))
    return seen(template.substitute(title=title, body=body))


def _describe_plots(notebook: Any) -> None:
    """Give each picture the heading it stands under as its alternative text."""
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = next((line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")), heading)
        for output in cell.get("outputs", []):
            if "data" in output:
                said = str(output["data"].get("text/markdown", ""))
                heading = said.lstrip("# ") if said.startswith("#") else heading
                output.setdefault("metadata", {})["alt"] = f"Plot: {heading}"
