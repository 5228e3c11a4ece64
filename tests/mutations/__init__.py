"""Mutations: each takes one protection out of a copy of the code, and names the test that fails without it.

They stand in the ``.toml`` files beside this, a file a subject; `python -m tests.mutations` carries them out.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
BEGIN, END = "<!-- mutations: begin -->", "<!-- mutations: end -->"


@dataclass(frozen=True)
class Edit:
    """A text that occurs once in a file, and what takes its place."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutation:
    """One protection, how it is taken out, and what then fails: a test's id, or ``path -k expression``.

    What stands in several places is taken out of all of them: `also` has the others.
    """

    subject: str
    protects: str
    file: str
    old: str
    new: str
    test: str
    also: Sequence[dict[str, str]] = ()

    @property
    def edits(self) -> list[Edit]:
        """All that is changed."""
        return [Edit(self.file, self.old, self.new), *(Edit(**edit) for edit in self.also)]

    @property
    def arguments(self) -> list[str]:
        """What pytest is given to run the test."""
        path, _, expression = self.test.partition(" -k ")
        return [path, "-k", expression] if expression else [path]

    def problem(self, root: Path = ROOT) -> str:
        """Say why it cannot be carried out on a tree, or nothing."""
        for edit in self.edits:
            file = root / edit.file
            if not file.is_file():
                return f"there is no file {edit.file}"
            times = file.read_text("utf-8").count(edit.old)
            if times != 1:
                return f"`old` occurs {times} times in {edit.file}"
            if edit.old == edit.new:
                return "`new` is `old`"
        path, *names = self.arguments[0].partition("[")[0].split("::")
        if not (root / path).exists():
            return f"there is no {path}"
        known = _functions(root / path) if names else set()
        return "" if not names or names[-1] in known else f"there is no test {names[-1]} in {path}"


def _functions(path: Path) -> set[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds)}


def all_mutations(folder: Path = FOLDER) -> list[Mutation]:
    """Return all mutations, by subject and in the order in which they were written."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        entries = tomllib.loads(path.read_text("utf-8"))["mutation"]
        found += [Mutation(subject=path.stem, **entry) for entry in entries]
    return found


def table(mutations: list[Mutation]) -> str:
    """Return the list of protections for the documentation."""
    rows = [f"| {entry.protects} | `{entry.file}` | `{entry.test}` |".replace("\n", " ") for entry in mutations]
    return "\n".join(["| Protection | Taken out of | Test that fails without it |", "|---|---|---|", *rows])


def with_table(page: str, mutations: list[Mutation]) -> str:
    """Return a page with the list of protections between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table(mutations)}\n\n{END}{after}"
