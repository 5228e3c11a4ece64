"""One search of everything: all that is public is called, every command run, and no file or stream has a secret.

The two files that are there to hold secrets, the config file and the private key, are found: the search works.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import toastnb as tn
from tests.redaction.canary import MARK, PASSWORD
from tests.redaction.everything import FAILING, MODULES
from tests.redaction.searching import places
from toastnb.cli import app

ROOT = Path(__file__).parents[2]
APPKEY = f"appkey-{MARK}-é+%&="  # without a slash, which the sandbox's routes do not take
COMMAND = [sys.executable, "-m", "toastnb.cli"]
EVERYTHING = [sys.executable, "-m", "tests.redaction.everything"]
TABLE = ["inventory", "--inventory", "account.zip", "--table", "metadata"]
AUDIT = ["audit", "--inventory", "account.zip", "--fail-on", "never"]
DIFF = ["diff", "account.zip", "account.zip"]
COMMANDS: dict[str, tuple[list[str], int]] = {
    "whoami": (["whoami"], 0),
    "whoami of a profile": (["whoami", "--profile", "lab"], 0),
    "inventory": (["inventory", "--table", "keypairs", "--save", "account.zip"], 0),
    **{f"inventory {kind}": ([*TABLE, "--format", kind], 0) for kind in ("table", "csv", "json")},
    **{f"inventory {kind}": ([*TABLE, "--format", kind, "--out", f"t.{kind}"], 0) for kind in ("parquet", "xlsx")},
    **{f"audit {kind}": ([*AUDIT, "--format", kind], 0) for kind in ("table", "json", "csv", "html", "sarif")},
    "snapshot": (["snapshot", "--store", "kept"], 0),
    "snapshot of a file": (["snapshot", "--store", "kept", "--inventory", "account.zip", "--project", "lab"], 0),
    "history": (["history", "kept"], 0),
    "report": (["report", "--inventory", "account.zip", "--out", "report", "--history", "kept", "--project", "lab"], 0),
    **{f"diff {kind}": ([*DIFF, "--format", kind], 0) for kind in ("table", "json", "csv", "html")},
    "growth of too little": (["growth", "kept"], 2),
    "forecast of too little": (["forecast", "kept", "--limits", "limits.csv"], 2),
    "compact": (["compact", "kept"], 0),
    "snapshot of nobody": (["snapshot", "--store", "kept", "--profile", "gone"], 2),
    "snapshot with keys": (["snapshot", "--store", f"s3://someone:{MARK}@bucket"], 2),
    "many projects": (["inventory", "--profile", "lab,sandbox", "--table", "keypairs", "--format", "csv"], 0),
    "template": (["template", "rules.toml"], 0),
    "notebooks": (["notebooks", "copies"], 0),
    "whoami of no profile": (["whoami", "--profile", "gone"], 2),
    "inventory of no table": (["inventory", "--table", "gone"], 2),
    "report on no file": (["report", "--inventory", "gone.zip"], 2),
    "audit of no check": ([*AUDIT, "--check", "gone"], 2),
    "a slip of the pen": (["whoami", "--gone"], 2),
}


OTHERS: dict[
    str, tuple[list[str], int]
] = {  # which are run by themselves: with an input, another environment, a signal
    "login": (["login"], 0),
    "login refused": (["login"], 2),
    "whoami refused": (["whoami"], 2),
    "report of nobody": (["report"], 2),
    "sandbox": (["sandbox"], 0),
}


@dataclass(frozen=True)
class Produced:
    """What the sweep left behind."""

    folder: Path
    home: Path
    secrets: list[str]
    codes: dict[str, int]


@pytest.fixture(scope="module")
def produced(tmp_path_factory: pytest.TempPathFactory) -> Produced:
    """Run everything with the canary's credentials in the environment, in a home, a folder and a TMPDIR of its own."""
    folder = tmp_path_factory.mktemp("everything")
    home, temporary, streams = (folder / name for name in ("home", "tmp", "streams"))
    for made in (home, temporary, streams):
        made.mkdir()
    codes = {}
    with tn.Sandbox(instances=40, instant=True, appkey=APPKEY, username="me@example.com", password=PASSWORD) as box:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("TOASTNB_", "XDG_"))}
        environment |= {
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "PYTHONPATH": str(ROOT),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "TOASTNB_APPKEY": APPKEY,
            "TOASTNB_USERNAME": "me@example.com",
            "TOASTNB_PASSWORD": PASSWORD,
            "TOASTNB_BASE_URL": box.base_url,
        }
        environment.setdefault("XDG_CACHE_HOME", os.environ["XDG_CACHE_HOME"])

        def run(commands: dict[str, list[str]], **more: str) -> None:
            done = subprocess.run(
                [sys.executable, "-m", "tests.redaction.commands", str(streams)],
                input=json.dumps(commands).encode(),
                capture_output=True,
                timeout=120,
                cwd=folder,
                env=environment | more,
            )
            (streams / f"commands-{len(codes)}.err").write_bytes(done.stderr)
            codes.update(json.loads(done.stdout))

        with (streams / "sweep.out").open("wb") as out, (streams / "sweep.err").open("wb") as err:
            sweep = subprocess.Popen(EVERYTHING, stdout=out, stderr=err, cwd=folder, env=environment)
        for name, url in (("login", box.base_url), ("login refused", "http://elsewhere/compute")):
            login = ["login", "--profile", "lab", "--username", "me@example.com", "--base-url", url]
            given = f"{APPKEY}\n{PASSWORD}\n".encode()
            done = subprocess.run([*COMMAND, *login], input=given, capture_output=True, cwd=folder, env=environment)
            (streams / f"{name}.out").write_bytes(done.stdout)
            (streams / f"{name}.err").write_bytes(done.stderr)
            codes[name] = done.returncode
        run({name: arguments for name, (arguments, _) in COMMANDS.items()})
        run({"whoami refused": OTHERS["whoami refused"][0]}, TOASTNB_PASSWORD=f"{PASSWORD}?")
        run({"report of nobody": OTHERS["report of nobody"][0]}, TOASTNB_BASE_URL="http://127.0.0.1:9/compute")
        codes["everything"] = sweep.wait(120)
        served = subprocess.Popen(
            [*COMMAND, "sandbox", "--port", "0", "--instances", "1", "--json"], stdout=subprocess.PIPE, env=environment
        )
        assert served.stdout is not None
        (streams / "sandbox.out").write_bytes(served.stdout.readline())
        served.send_signal(signal.SIGTERM)
        codes["sandbox"] = served.wait(10)
        served.stdout.close()
        box.save(folder / "state.json")
        tokens = list(box._service.tokens._issued)
    key = (folder / "ops.pem").read_text().splitlines()[1:-1]
    return Produced(folder, home, [MARK, *tokens, *key], codes)


def test_all_of_it_ran(produced: Produced) -> None:
    expected = {name: code for name, (_, code) in (COMMANDS | OTHERS).items()} | {"everything": 0}
    said = {name: (produced.folder / "streams" / f"{name}.err") for name in produced.codes}
    said["everything"] = produced.folder / "streams" / "sweep.err"
    wrong = {name: code for name, code in produced.codes.items() if code != expected[name]}
    assert wrong == {}, {name: said[name].read_text()[-2000:] for name in wrong}
    assert produced.codes.keys() == expected.keys()
    calls = sum(map(len, MODULES.values()))
    told = (produced.folder / "streams" / "sweep.out").read_text()
    assert told == f"{calls} calls\nnot as they should be: []\n"
    log = (produced.folder / "streams" / "sweep.err").read_text()
    assert "/appkeys/***/" in log  # the logs are there, at DEBUG
    assert "thread 0x" in (produced.folder / "faulthandler.txt").read_text()
    things = int((produced.folder / "reachable.txt").read_text(errors="replace").split()[0])
    assert things > 200
    assert all(int((produced.folder / f"states-{good}.txt").read_text().split()[0]) > 50 for good in (True, False))


def test_no_file_and_no_stream_has_a_secret_but_the_config_file_and_the_key(produced: Produced) -> None:
    config = produced.home / ".config" / "toastnb" / "config.toml"
    found = places(produced.folder, produced.secrets)
    assert found.keys() == {config, produced.folder / "ops.pem"}, found
    assert len(list(produced.folder.rglob("*"))) > 300


def test_what_holds_a_secret_is_its_owners_alone(produced: Produced) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in produced.folder.rglob("*") if path.exists()}
    config = produced.home / ".config" / "toastnb" / "config.toml"
    assert [oct(modes[path]) for path in (config, produced.folder / "ops.pem", produced.folder / "account.zip")] == [
        "0o600"
    ] * 3
    assert oct(modes[config.parent]) == "0o700"


def test_nothing_temporary_is_left(produced: Produced) -> None:
    left = [path.name for path in (produced.folder / "tmp").rglob("*")]
    assert [name for name in left if name.startswith(("toastnb", ".")) or name.endswith((".zip", ".part"))] == []


# --- nothing is left out, and the search finds what is there ---


def test_every_public_name_is_in_the_sweep() -> None:
    for module, calls in MODULES.items():
        public = {name for name in dir(module) if not name.startswith("_")}
        submodules = {name for name in public if type(getattr(module, name)) is type(sys)}
        swept = {name.partition(",")[0] for name in calls}
        assert swept == public - submodules, module
    assert {module.__name__ for module in MODULES if type(module) is type(sys)} == {
        "toastnb",
        *(f"toastnb.{name}" for name in dir(tn) if type(getattr(tn, name)) is type(sys)),
    }


def test_every_command_is_in_the_sweep() -> None:
    commands = {command.callback.__name__ for command in app.registered_commands}
    assert commands == {arguments[0] for arguments, _ in (COMMANDS | OTHERS).values()}


def test_the_page_tells_how_much_is_swept() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    calls, runs = sum(map(len, MODULES.values())), [*COMMANDS.values(), *OTHERS.values()]
    failing = sum(code != 0 for _, code in runs)
    assert f"| {calls} calls, {len(FAILING)} of which fail; a test fails" in page
    assert f"| {len(runs)} runs of all {len(app.registered_commands)} commands, {failing} of them failing" in page


def test_the_search_looks_into_everything(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [f"x{MARK}x"] * 3})
    frame.to_parquet(tmp_path / "column.parquet", compression="zstd")
    frame.to_pickle(tmp_path / "pickle")
    frame.to_csv(tmp_path / "csv.gz", index=False)
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "column.parquet", "inner.parquet")
    with zipfile.ZipFile(tmp_path / "member.zip", "w") as archive:
        archive.writestr(f"{MARK}.txt", "")
    encoded = b64encode(b"-" * 50 + MARK.encode() + b"-" * 50).decode()
    (tmp_path / "cells.ipynb").write_text(json.dumps({"image/png": encoded[:76] + "\n" + encoded[76:]}))
    (tmp_path / "page.html").write_text(f'<img src="data:image/png;base64,{encoded}">')
    (tmp_path / "wide.txt").write_text(MARK, "utf-16")
    (tmp_path / f"name-{MARK}").touch()
    (tmp_path / "clean").write_text("nothing")
    found = {path.name for path in places(tmp_path, [MARK])}
    assert found == {path.name for path in tmp_path.iterdir()} - {"home", "clean"}
