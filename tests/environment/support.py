"""A program of a user's, in a process of its own, on an account that this process serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import toastnb as tn

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "toastnb.cli"]


def environment_of(account: tn.Sandbox | None, folder: Path, **more: str | None) -> dict[str, str]:
    """Return an environment with an account's credentials; a variable that is None is not in it."""
    given: dict[str, str | None] = dict(os.environ) | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    if account is not None:
        given |= {
            "TOASTNB_APPKEY": account.appkey,
            "TOASTNB_USERNAME": account.username,
            "TOASTNB_PASSWORD": account.password,
            "TOASTNB_BASE_URL": account.base_url,
        }
    return {name: value for name, value in (given | more).items() if value is not None}


# Processes of their own, forked when what is slow to import is there, and nothing of ours.
FORKING = """
import json, os, sys, warnings
warnings.filterwarnings("ignore", ".* use of fork", DeprecationWarning)  # beside threads of pyarrow: they are at rest
import pandas, pyarrow, requests, typer
arguments, places = json.load(sys.stdin)
codes = {}
for name, (environment, folder) in places.items():
    child = os.fork()
    if child:
        codes[name] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        continue
    code = 70
    try:
        for number, end in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{name}.{end}", os.O_WRONLY | os.O_CREAT), number)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.argv = ["toastnb", *arguments]
        from toastnb.cli import main
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        os._exit(code)
print(json.dumps(codes))
"""


def commands(
    arguments: list[str], places: dict[str, tuple[dict[str, str], Path]], folder: Path
) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run a command of toastnb once for each environment and folder."""
    given = json.dumps([arguments, {name: (env, str(where)) for name, (env, where) in places.items()}])
    done = subprocess.run(
        [sys.executable, "-c", FORKING],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {
        name: subprocess.CompletedProcess(
            arguments, code, (folder / f"{name}.out").read_text("utf-8"), (folder / f"{name}.err").read_text("utf-8")
        )
        for name, code in json.loads(done.stdout).items()
    }


def program(code: str, environment: dict[str, str], folder: Path) -> str:
    """Run a program that must succeed in silence, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env=environment, cwd=folder
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def command(
    arguments: list[str], environment: dict[str, str], folder: Path, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command of toastnb."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=given,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        env=environment,
        cwd=folder,
    )
