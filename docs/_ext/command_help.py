"""A directive that writes what `toastnb COMMAND --help` says, so that the page cannot differ from it."""

from __future__ import annotations

import typer.main
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from toastnb.cli import app as cli

WIDTH = 76


class CommandHelp(SphinxDirective):
    """The help of every command, a section each."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        group = typer.main.get_command(cli)
        with group.make_context("toastnb", [], resilient_parsing=True) as top:
            names = group.list_commands(top)
            text = "\n".join(_section(group.get_command(top, name), name, top) for name in names)
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _section(command, name: str, top) -> str:
    with command.make_context(name, [], parent=top, resilient_parsing=True, terminal_width=WIDTH) as context:
        return f"## toastnb {name}\n\n```text\n{command.get_help(context)}\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
