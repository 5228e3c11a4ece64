"""A program of a user's, in a process of its own, on an account that this process serves."""

from __future__ import annotations

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
