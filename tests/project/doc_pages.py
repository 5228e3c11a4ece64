"""The code of a documentation page, block by block, with what the page says that it prints."""

from __future__ import annotations

import ast
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

from toastnb import ToastError

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_RUN = "no-run"  # "```python no-run": what needs an account of its own
_FENCE = re.compile(r"^(```+)([^\n`]*)\n(.*?)^\1[ ]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Fence:
    """A fenced block: its info string, such as "python no-run", and its text."""

    info: str
    text: str
    line: int
    follows: str  # what stands between it and the fence before


@dataclass(frozen=True)
class Block:
    """Code to run, and what it prints where the page says so."""

    code: str
    line: int
    printed: str | None


def fences(text: str) -> list[Fence]:
    """Return the fenced blocks of a page."""
    found, end = [], 0
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 2
        found.append(Fence(match[2].strip(), match[3], line, text[end : match.start()]))
        end = match.end()
    return found


def blocks(text: str) -> list[Block]:
    """Return the blocks to run; a text block right after one is what it prints."""
    found = []
    listed = fences(text)
    for fence, after in zip_longest(listed, listed[1:]):
        language, *marks = fence.info.split() or [""]
        if language != "python" or marks == [NOT_RUN]:
            continue
        assert not marks, f"line {fence.line}: unknown mark {marks}"
        is_output = after is not None and after.info == "text" and not after.follows.strip()
        found.append(Block(fence.text, fence.line, after.text if is_output else None))
    return found


def run(block: Block, page: str, names: dict[str, Any]) -> str:
    """Run a block; return what it printed, then its last value or the error that it ended with."""
    tree = ast.parse("\n" * (block.line - 1) + block.code, page)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = StringIO()
    with redirect_stdout(printed):
        try:
            exec(compile(tree, page, "exec"), names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), page, "eval"), names)
                if value is not None:
                    printed.write(f"{value!r}\n")
        except ToastError as error:
            if block.printed is None:
                raise
            printed.write(f"{type(error).__module__}.{type(error).__qualname__}: {error}\n")
    return printed.getvalue()
