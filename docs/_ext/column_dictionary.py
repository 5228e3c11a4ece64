"""A directive that writes the column dictionary from the one in the code, so that they cannot differ."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from toastnb.columns import TABLES, Column


class ColumnDictionary(SphinxDirective):
    """All tables, a section each."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        text = "\n".join(_section(name, columns) for name, columns in TABLES.items())
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _section(name: str, columns: tuple[Column, ...]) -> str:
    rows = [f"| `{column.name}` | `{column.kind}` | {column.meaning} |" for column in columns]
    return "\n".join([f"## {name}", "", "| column | dtype | meaning |", "|---|---|---|", *rows, ""])


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("column-dictionary", ColumnDictionary)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
