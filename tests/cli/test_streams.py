"""What a command does when nobody reads what it writes: it ends, and never with 1, which means a finding."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import toastnb as tn
from tests.cli.test_command import COMMAND, run

COMMANDS = {
    "a long table": ["inventory", "--table", "instances_detail"],
    "a summary": ["inventory"],
    "findings": ["audit"],
    "help": ["--help"],
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with tn.connect("sandbox") as toast:
        return toast.inventory().save(tmp_path_factory.mktemp("account") / "account.zip")


def arguments(name: str, saved: Path) -> list[str]:
    return COMMANDS[name] + (["--inventory", str(saved)] if name != "help" else [])


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("streams", ["stdout", "both"])
def test_a_reader_that_is_gone_is_no_finding(saved: Path, name: str, streams: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        stderr = writer if streams == "both" else subprocess.PIPE
        done = subprocess.run([*COMMAND, *arguments(name, saved)], stdout=writer, stderr=stderr, timeout=60)
    finally:
        os.close(writer)
    assert done.returncode == 141
    assert b"Traceback" not in (done.stderr or b"")
    assert b"Exception ignored" not in (done.stderr or b"")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_closed_output_is_said(saved: Path, name: str) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *arguments(name, saved)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    said = "toastnb: there is nowhere to write to: standard output is closed\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_an_error_that_nobody_reads_is_no_finding(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        wrong = [*COMMAND, "inventory", "--inventory", str(tmp_path / "nowhere.zip")]
        done = subprocess.run(wrong, stdout=writer, stderr=writer, timeout=60)
    finally:
        os.close(writer)
    assert done.returncode in {2, 141}


def test_findings_that_are_read_are_still_told_by_the_code(saved: Path) -> None:
    assert run("audit", "--inventory", str(saved)).returncode == 1
