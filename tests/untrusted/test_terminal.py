"""What the command and the errors write: no terminal obeys a name, and tables stay tables."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner
from wcwidth import wcswidth

import toastnb as tn
from tests.transport.hostile import APPKEY, Hostile, enveloped, http, nothing, refusal
from tests.untrusted.names import HARMFUL, TEXTS
from toastnb.cli import app
from toastnb.remarks import heard, remark
from toastnb.report import exports

ROOT = Path(__file__).parents[2]
# What terminals and Unicode's tables do not agree on how wide it is.
NO_WIDTH = re.compile("[\u0300-\u036f\u0378\ufe0f\U0001ffff\ue000\U0010fffd\U0001f1e6-\U0001f1ff\u0600-\u06ff]")


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "ignore", "-m", "toastnb.cli", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | env
    return subprocess.run(command, capture_output=True, timeout=120, env=environment)


def calm(written: str, beside: str, *, tabs: bool = False) -> str:
    """Return what was written, checked: nothing in it does anything to a terminal."""
    for text in (written, beside):
        assert set(HARMFUL.findall(text)) <= ({"\t"} if tabs else set())
    assert "Traceback" not in beside
    return written


# --- tables ---


def test_a_table_of_text_has_a_line_a_row_of_the_same_width(texts: list[str]) -> None:
    frame = pd.DataFrame({"text": pd.Series(texts, dtype="str"), "number": range(len(texts))})
    lines = exports.as_text(frame).splitlines()
    assert len(lines) == len(texts) + 1
    widths = {wcswidth(line) for line in lines if not NO_WIDTH.search(line)}
    assert len(widths) == 1
    assert max(map(len, lines)) < 2100


def test_heads_are_calm_too(texts: list[str]) -> None:
    for text in texts:
        assert not HARMFUL.search(exports.as_text(pd.DataFrame({text: [1]})))


def test_tables_of_the_account_are_calm(account: tn.Inventory) -> None:
    for table in (account.instances, account.volume_attachments, account.networks):
        assert not HARMFUL.search(exports.as_text(table))
        assert not HARMFUL.search(exports.as_json(table))
        assert not HARMFUL.search(exports.as_csv(table).replace("\t", ""))


def test_json_loses_nothing(texts: list[str]) -> None:
    frame = pd.DataFrame({"text": pd.Series(texts, dtype="str")})
    assert [row["text"] for row in json.loads(exports.as_json(frame))] == texts


# --- the command ---


@pytest.mark.parametrize("kind", ["table", "json", "csv"])
def test_the_inventory_command(kind: str, saved: Path, texts: list[str]) -> None:
    answer = CliRunner().invoke(app, ["inventory", "--inventory", str(saved), "--table", "networks", "--format", kind])
    assert answer.exit_code == 0
    written = calm(answer.stdout, answer.stderr, tabs=kind == "csv")
    if kind == "json":
        assert [row["name"] for row in json.loads(written)] == texts
    if kind == "csv":
        assert len(list(csv.reader(io.StringIO(written, newline="")))) == len(texts) + 1


@pytest.mark.parametrize("kind", ["table", "json", "csv", "html", "sarif"])
def test_the_audit_command(kind: str, saved: Path) -> None:
    answer = CliRunner().invoke(
        app, ["audit", "--inventory", str(saved), "--check", "image-inactive", "--format", kind, "--fail-on", "never"]
    )
    assert answer.exit_code == 0
    written = calm(answer.stdout, answer.stderr, tabs=kind in ("csv", "html"))
    assert len(written) > 10_000
    if kind in ("json", "sarif"):
        json.loads(written)


def test_names_that_the_terminals_encoding_lacks_do_not_end_the_command(saved: Path) -> None:
    arguments = ("inventory", "--inventory", str(saved), "--table", "networks")
    answer = run(*arguments, PYTHONUTF8="0", PYTHONIOENCODING="cp949")
    assert answer.returncode == 0
    assert "한국 웹 서버" in answer.stdout.decode("cp949")
    assert answer.stdout.count(b"\n") == len(TEXTS) + 1


def test_whoami_and_what_is_absent(tmp_path: Path) -> None:
    hostile_text = f"{TEXTS['control: title']}{TEXTS['direction: override']}\r"
    with Hostile() as hostile:
        token = {"id": "t", "issued_at": "2026-05-16T02:17:50", "expires": "2099-05-16T02:17:50"}
        access = {"token": token, "user": {"id": hostile_text, "roles": [{"name": hostile_text}]}}
        hostile.on("POST tokens", http(enveloped(access=access)))
        hostile.on("GET tokens", http(enveloped(access=access)))
        hostile.on("*", refusal(-4, hostile_text))
        env = {
            "TOASTNB_APPKEY": APPKEY,
            "TOASTNB_USERNAME": "me",
            "TOASTNB_PASSWORD": "the-password",
            "TOASTNB_BASE_URL": hostile.base_url,
        }
        answer, refused = run("whoami", **env), run("inventory", **env)
    assert "taken" in calm(answer.stdout.decode(), answer.stderr.decode())
    assert refused.returncode == 2
    assert "taken" in calm(refused.stderr.decode(), refused.stdout.decode())


# --- remarks ---


def test_remarks_are_said_without_harm_and_with_an_end(texts: list[str]) -> None:
    for text in texts:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            remark(f"{text}: its operating system is not known", stacklevel=1)
        heard_too: list[str] = []
        with heard(heard_too):
            remark(f"{text}: its operating system is not known", stacklevel=1)
        (said,) = {str(told[0].message), *heard_too}
        assert not HARMFUL.search(said.replace("\t", ""))
        assert len(said) <= 2000


def test_a_warning_about_an_image_obeys_no_name_of_it(hostile: Hostile) -> None:
    """What a program of a user's writes on a terminal: the warning that an image's system is not known."""
    name = TEXTS["control: title"] + TEXTS["direction: override"]
    image = {"id": "im-1", "name": name, "status": "active", "minDisk": 20, "minRam": 0}
    hostile.on("*", nothing(images=[image]))
    hostile.on("GET flavors", nothing(flavors=[{"id": "fl-1", "name": "m2.c2m4", "vcpus": 2, "ram": 4096}]))
    hostile.on("GET networks", nothing(networks=[{"id": "n-1", "name": "n"}]))
    code = (
        "import sys, toastnb as tn\n"
        f"with tn.connect(appkey='{APPKEY}', username='u', password='the-password', base_url=sys.argv[1]) as toast:\n"
        "    try:\n"
        "        toast.create_instance(name='b', image='im-1', flavor='fl-1', network='n', zone='z', keypair='k',"
        " security_groups='s', root_gb=50)\n"
        "    except tn.ToastError:\n"
        "        pass\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, hostile.base_url], capture_output=True, timeout=60, env=environment
    )
    assert "its operating system is not known" in calm(done.stderr.decode(), done.stdout.decode())


# --- errors ---


def test_refusals_are_said_without_harm_and_with_an_end(hostile: Hostile) -> None:
    given = {"base_url": hostile.base_url, "appkey": APPKEY, "username": "me", "password": "the-password"}
    with tn.connect(**given) as toast, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The answer has text that is not valid Unicode")
        for text in TEXTS.values():
            hostile.on("GET flavors", refusal(-4, text))
            with pytest.raises(tn.InvalidInput) as caught:
                toast.flavors()
            check(caught.value)
            check(pickle.loads(pickle.dumps(caught.value)))


@pytest.mark.parametrize("place", ["said", "action", "hint", "check"])
def test_names_in_errors_are_said_without_harm(place: str) -> None:
    for text in TEXTS.values():
        given = {"said": "no", "may_have_happened": True, place: f"there is no {text}, sorry"}
        check(tn.NotFound(**given))


def check(error: Exception) -> None:
    assert not HARMFUL.search(str(error).replace("\t", ""))
    assert len(str(error)) < 9000
    str(error).encode()
