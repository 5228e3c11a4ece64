"""The `toastnb` command run in this process: it ends as its own would, without the second that one takes to begin."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from toastnb.cli import main


def run_here(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments; what it printed and its exit code are as of a process."""
    command, out, err, code = ["toastnb", *map(str, arguments)], io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", command)
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())
