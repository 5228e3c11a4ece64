"""Many commands, each in a process of its own, which is forked once the slow imports are done.

Run as a program with a JSON object {name: [arguments, ...]} on stdin: writes NAME.out and NAME.err into the folder
that it is given, and prints {name: exit code}.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pandas  # noqa: F401 - what the commands would import, once
import pyarrow.parquet  # noqa: F401
import xlsxwriter  # noqa: F401

import toastnb as tn
from toastnb.cli import main

_ = tn.audit, tn.capacity, tn.report, tn.connect


def run(arguments: list[str], out: Path, err: Path) -> int:
    """Run one command with its streams in files, and return its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), number)
        sys.argv = ["toastnb", *arguments]
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    into = Path(sys.argv[1])
    asked = json.loads(sys.stdin.read())
    codes = {name: run(given, into / f"{name}.out", into / f"{name}.err") for name, given in asked.items()}
    sys.stdout.write(json.dumps(codes))
