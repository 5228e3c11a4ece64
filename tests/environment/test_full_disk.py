"""A disk that is full at any point of a write: the old file or none, no remains, no noise, and an error with a remedy.

The disk is full by RLIMIT_FSIZE, which needs no privileges: a file may not grow beyond a size, as on a disk that has no
more room (EFBIG for ENOSPC). Each program below writes under many such sizes, in a process of its own; /dev/full is
the disk of what is printed.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

import toastnb as tn
from tests.environment.support import COMMAND, environment_of, program

SIZES = 25
UNDER_EVERY_SIZE = """
import json, resource, signal, warnings
from pathlib import Path
warnings.simplefilter("error")
warnings.simplefilter("ignore", ResourceWarning)  # Python's own default
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import toastnb as tn
from toastnb import login
from toastnb.redaction import Secret
from toastnb.report import exports, workbook

toast, here, numbers = tn.connect(), Path("here"), iter(range(1000))
inventory, box = toast.inventory(), tn.Sandbox(instances=5)
table = inventory.flavors
WRITES = {
    "account.zip": inventory.save,
    "t.xlsx": lambda path: workbook.write_workbook(path, {"a": table, "b": inventory.instances_detail}),
    "t.csv": lambda path: exports.export(table, path, "csv"),
    "t.json": lambda path: exports.export(table, path, "json"),
    "t.parquet": lambda path: exports.export(table, path, "parquet"),
    "t.txt": lambda path: exports.write_text(table, path),
    "toastnb/config.toml": lambda _: login.store(
        "lab", appkey=Secret("a" * 500), username="me", password=Secret("p" * 500)
    ),
    "state.json": box.save,
    "ops.pem": lambda path: toast.create_keypair(f"key-{next(numbers)}", path),
}

def outcome(write, path, limit):
    before = {p: p.read_bytes() for p in here.rglob("*") if p.is_file()}
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        write(path)
        return "written"
    except (tn.ToastError, OSError) as error:
        said = f"{type(error).__name__}: {error}"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    after = {p: p.read_bytes() for p in here.rglob("*") if p.is_file()}
    return said if after == before else f"{said} BUT LEFT {after.keys() ^ before.keys() or 'another content'}"

def outcomes(name, write):
    path, seen = here / name, {}
    write(path)
    size = path.stat().st_size
    for old in (None, b"# old\\n") if name != "ops.pem" else (None,):  # in TOML a remark, which stays
        for limit in sorted({0, 1, size - 1, *range(0, size, max(1, size // SIZES))}):
            path.unlink(missing_ok=True)
            if old is not None:
                path.write_bytes(old)
            said = outcome(write, path, limit)
            seen[said] = seen.get(said, 0) + 1
    path.unlink(missing_ok=True)
    return seen

print(json.dumps({name: outcomes(name, write) for name, write in WRITES.items()}))
"""
FILES = ["account.zip", "t.xlsx", "t.csv", "t.json", "t.parquet", "t.txt", "toastnb/config.toml"]


@dataclass(frozen=True)
class Ended:
    """What became of each write under each size, what arrived at the service, and the folder."""

    outcomes: dict[str, dict[str, int]]
    sent: Counter[str]
    here: Path


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("full")
    here, temporary = folder / "here", folder / "tmp"
    here.mkdir()
    temporary.mkdir()
    with tn.Sandbox(instances=40, instant=True) as sandbox:
        environment = environment_of(sandbox, temporary, XDG_CONFIG_HOME=str(here))
        said = json.loads(program(UNDER_EVERY_SIZE.replace("SIZES", str(SIZES)), environment, folder))
        assert list(temporary.iterdir()) == []
        return Ended(said, sandbox.calls, here)


@pytest.mark.parametrize("name", FILES)
def test_what_is_written_is_whole_or_not_there(ended: Ended, name: str) -> None:
    said = ended.outcomes[name]
    expected = (
        f"InvalidInput: Writing a file: {ended.here / name} cannot be written (File too large)."
        " What was there before is unchanged: make room, or give another path."
    )
    assert said.pop("written", 0) <= 2, said  # a size may not be the same twice
    assert list(said) == [expected]
    assert said[expected] > SIZES


def test_a_sandboxs_state_is_whole_or_not_there(ended: Ended) -> None:
    expected = f"OSError: [Errno 27] {ended.here / 'state.json'} cannot be written (File too large)"
    assert list(ended.outcomes["state.json"]) == [expected]  # the sandbox knows no ToastError


def test_a_key_for_which_there_is_no_room_is_not_asked_for(ended: Ended) -> None:
    expected = (
        f"InvalidInput: Saving a private key: {ended.here / 'ops.pem'} cannot be written (File too large)."
        " Nothing was sent; give another save_to."
    )
    assert list(ended.outcomes["ops.pem"]) == [expected]
    assert ended.outcomes["ops.pem"][expected] > SIZES
    assert ended.sent["POST keypairs"] == 1  # the first, which had room


REPORT = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import toastnb as tn
from toastnb.report import writer
from pathlib import Path
writer._executed = lambda *_: {"cells": []}  # the notebook's run takes seconds, and writes nothing there
writer.report_page = lambda *_: "page " * 5000
inventory = tn.load_inventory(sys.argv[1])
for limit in (100, 20_000, 30_000, 40_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        print("written", writer.write(inventory, "report"))
    except tn.ToastError as error:
        print(error)
    print(sorted(path.name for path in Path("report").iterdir()), sorted(path.name for path in Path("tmp").iterdir()))
"""


def test_a_report_is_whole_files_or_none(toast: tn.Toast, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    saved = toast.inventory().save(tmp_path / "account.zip")
    code = REPORT.replace("sys.argv[1]", repr(str(saved)))
    environment = environment_of(None, tmp_path / "tmp")
    lines = program(code, environment, tmp_path).splitlines()
    assert lines[1] == lines[3] == "[] []"
    assert "capacity-report.html cannot be written (File too large)" in lines[0]
    assert "capacity-report.xlsx cannot be written (File too large)" in lines[4]
    assert lines[5] == "['capacity-report.html'] []"
    assert lines[-1].endswith(" []")


HISTORY = """
import resource, signal, tempfile
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import toastnb as tn

inventory = tn.load_inventory(SAVED)
for day in ("2025-03-01", "2025-03-02"):
    tn.history.record(inventory, "store", at=day, project="shop")
history = tn.history.open_store("store")
history.sql("SELECT 1")
WORKS = {
    "record": lambda: tn.history.record(inventory, "store", at="2025-03-03", project="shop"),
    "compact": lambda: tn.history.compact("store", grace=0),
    "sql": lambda: history.sql("SELECT 1"),
}
for name, work in WORKS.items():
    tempfile.tempdir = None  # the folder is looked for anew
    for limit in (0,) if name == "sql" else range(0, 4000, 250):
        before = {path: path.read_bytes() for path in Path("store").rglob("*.parquet")}
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            work()
            said = "done"
        except tn.ToastError as error:
            said = f"{type(error).__name__}: {error}"
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        lost = [path for path, content in before.items() if not path.exists() or path.read_bytes() != content]
        print(name, limit, lost, list(Path("store").rglob("*.part")), list(Path("tmp").iterdir()), said, sep="|")
    assert len(tn.history.open_store("store")) == 2
"""


def test_a_history_is_as_it_was(toast: tn.Toast, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    saved = toast.inventory().save(tmp_path / "account.zip")
    code = HISTORY.replace("SAVED", repr(str(saved)))
    lines = [line.split("|") for line in program(code, environment_of(None, tmp_path / "tmp"), tmp_path).splitlines()]
    assert len(lines) == 33
    for name, limit, *left, said in lines:
        assert left == ["[]"] * 3, (name, limit)
        assert said.startswith("InvalidInput: "), (name, limit)
        if name in ("record", "compact"):
            assert "cannot be written (File too large)." in said
    assert "there is no folder for temporary files" in lines[-1][-1]


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["inventory"], ["audit", "-f", "sarif"]],
    ids=" ".join,
)
def test_what_is_printed_has_no_room(toast: tn.Toast, tmp_path: Path, arguments: list[str]) -> None:
    if arguments[0] in {"inventory", "audit"}:
        arguments = [*arguments, "--inventory", str(toast.inventory().save(tmp_path / "account.zip"))]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env=environment_of(None, tmp_path),
        )
    assert done.returncode == 2
    said = "toastnb: the output cannot be written (No space left on device): make room, or write to another place\n"
    assert done.stderr.endswith(said)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
