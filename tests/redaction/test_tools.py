"""Tools that print variables, as people run them: `pytest -l`, IPython's Verbose mode in a kernel, rich; and Ctrl-C.

The user's programs find their credentials in the environment, and have them in no variable of their own.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel
from jupyter_core.utils import ensure_event_loop

from tests.redaction.canary import APPKEY, ECHO, MARK, PASSWORD, PRIVATE_KEY, TOKEN
from tests.redaction.public_calls import CALLS
from tests.transport.hostile import SUCCESS, Hostile, Received, Step, answer, http, refusal, silence, token

ROOT = Path(__file__).parents[2]
TEST = """
import pytest
import toastnb as tn
from tests.redaction.public_calls import CALLS

@pytest.fixture
def toast():
    with tn.connect(timeout=20) as toast:
        yield toast

@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("time", range(TIMES))
def test_it(toast, tmp_path, call, time):
    CALLS[call](toast, tmp_path)
    assert toast is tmp_path, "it did not fail"
"""
FAULTS: list[Step] = [
    refusal(-4, ECHO),
    http(ECHO, 404, "text/html"),
    http(json.dumps({"header": SUCCESS, "text": ECHO})[:-5]),
    answer(keypair={"name": 5, "privateKey": PRIVATE_KEY}, instances=ECHO, flavors=ECHO),
]


def in_turn(*steps: Step) -> Step:
    """Take another step with each request."""
    turns = itertools.cycle(steps)
    return lambda connection, request: next(turns)(connection, request)


def environment(service: Hostile, folder: Path) -> dict[str, str]:
    account = {"APPKEY": APPKEY, "USERNAME": "me@example.com", "PASSWORD": PASSWORD, "BASE_URL": service.base_url}
    given = {f"TOASTNB_{name}": value for name, value in account.items()}
    return dict(os.environ) | given | {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")}


def pytest_command(folder: Path, times: int, *options: str) -> list[str]:
    (folder / "test_user.py").write_text(TEST.replace("TIMES", str(times)))
    options = ("-l", "--tb=long", "-p", "no:cacheprovider", "--log-level=DEBUG", "--basetemp", "given", *options)
    return [sys.executable, "-m", "pytest", *options, "test_user.py"]


def test_pytest_that_prints_variables_shows_no_secret(hostile: Hostile, tmp_path: Path) -> None:
    hostile.on("*", in_turn(*FAULTS))
    done = subprocess.run(
        pytest_command(tmp_path, len(FAULTS), "-vv"),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(hostile, tmp_path),
        timeout=120,
    )
    assert f"{len(CALLS) * len(FAULTS)} failed" in done.stdout, done.stdout[-500:] + done.stderr
    assert "toast      = <Toast at" in done.stdout  # variables are there,
    assert "work = <function" in done.stdout  # those of our own frames too,
    assert "appkeys/***/" in done.stdout  # and the logs
    assert MARK not in done.stdout + done.stderr


def interrupting(interrupt: Callable[[], object]) -> Step:
    """Interrupt the user's process while it waits for an answer that never comes."""

    def step(connection: socket.socket, request: Received) -> bool:
        interrupt()
        return silence(connection, request)

    return step


@pytest.mark.parametrize("call", ["POST tokens", "GET flavors"])
def test_pytest_that_is_interrupted_in_a_request_shows_no_secret(hostile: Hostile, tmp_path: Path, call: str) -> None:
    started: list[subprocess.Popen[str]] = []
    hostile.on(call, interrupting(lambda: started[0].send_signal(signal.SIGINT)))
    started.append(
        subprocess.Popen(
            pytest_command(tmp_path, 1, "--full-trace", "-k", "flavors"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env=environment(hostile, tmp_path),
        )
    )
    said, _ = started[0].communicate(timeout=60)
    assert "redaction.py" in said  # it came from within a call
    assert "KeyboardInterrupt" in said
    assert MARK not in said


EVERY_CALL = """
for call in CALLS:
    try:
        CALLS[call](toast, HERE)
    except tn.ToastError:
        get_ipython().showtraceback()
"""


class Cells:
    """A kernel in IPython's Verbose mode, and all that it sends to the page."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.manager, self.client = start_new_kernel(env=environment, cwd=str(folder), startup_timeout=60)
        self.sent: list[str] = []

    def run(self, code: str) -> str:
        """Run a cell and return the traceback that it shows, if any."""
        shown: list[str] = []

        def keep(message: dict[str, Any]) -> None:
            self.sent.append(repr(message["content"]) + repr(message["buffers"]))
            if message["msg_type"] == "error":
                shown.extend(message["content"]["traceback"])

        self.client.execute_interactive(code, output_hook=keep, timeout=120)
        return "\n".join(shown)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        ensure_event_loop().close()  # that of jupyter_client, which leaves it to the garbage collector


def test_a_kernel_that_prints_variables_shows_no_secret(hostile: Hostile, tmp_path: Path) -> None:
    hostile.on("POST tokens", token(TOKEN))
    cells = Cells(environment(hostile, tmp_path), tmp_path)
    try:
        look_at(cells, hostile)
    finally:
        cells.close()
    where = [text[max(0, text.index(MARK) - 300) : text.index(MARK) + 100] for text in cells.sent if MARK in text]
    assert where == []
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(MARK.encode() in content for content in stored)  # IPython's history, too


def look_at(cells: Cells, hostile: Hostile) -> None:
    """Let all go wrong in a kernel: every call, Ctrl-C in a request, and a form that signs in."""
    cells.run("%xmode Verbose\nimport logging, toastnb as tn\nfrom pathlib import Path\nHERE = Path('.')")
    cells.run("logging.basicConfig(level=logging.DEBUG)\nfrom tests.redaction.public_calls import CALLS")
    cells.run("toast = tn.connect(timeout=20)\nplanted = ['in', 'view']")
    assert "planted" in cells.run("planted.index('out')")  # the mode is on
    for fault in (FAULTS[0], FAULTS[1]):
        hostile.on("*", fault)
        said = cells.run(f"{EVERY_CALL}\n%tb Verbose")
        assert said.count("Traceback (most recent call last)") == len(CALLS) + 1
        assert MARK not in said
    for call in ("POST tokens", "GET flavors"):
        hostile.on("POST tokens", token(TOKEN))
        hostile.on(call, interrupting(lambda: os.kill(cells.manager.provisioner.pid, signal.SIGINT)))
        said = cells.run("with tn.connect(timeout=20) as another:\n    another.flavors()")
        assert "KeyboardInterrupt" in said
        assert MARK not in said
    hostile.on("POST tokens", refusal(-4, ECHO))
    cells.run("view = tn.forms.login(); view.form.set(base_url=toast.account().base_url, username='me')")
    cells.run("import os\nview.secrets['appkey'].control.set_state({'value': os.environ['TOASTNB_APPKEY']})")
    cells.run("view.secrets['password'].control.set_state({'value': os.environ['TOASTNB_PASSWORD']})")
    assert "CredentialsError" in cells.run("view.form.submit()")
    cells.run("view")
    cells.run("from ipywidgets.widgets.widget import _instances")
    states = cells.run("raise ValueError([widget.get_state() for widget in _instances.values()])")
    assert "Password" in states


def test_a_program_that_rich_prints_shows_no_secret(hostile: Hostile, tmp_path: Path) -> None:
    hostile.on("*", FAULTS[0])
    code = (
        "from rich.traceback import install\n"
        "install(show_locals=True, locals_max_length=None, locals_max_string=None, max_frames=0, width=500)\n"
        "import toastnb as tn\ntoast = tn.connect(timeout=20)\ntoast.instances()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(hostile, tmp_path), timeout=60
    )
    assert "InvalidInput" in done.stderr
    assert " locals " in done.stderr
    assert "<Toast at" in done.stderr
    assert MARK not in done.stderr + done.stdout
