"""Starting, serving and stopping."""

from __future__ import annotations

import gc
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref

import pytest
import requests

from tests.sandbox.support import Client, serving, signed_in
from toastnb.sandbox import Sandbox


def server_threads() -> int:
    return sum(thread.name == "toastnb-sandbox" for thread in threading.enumerate())


def test_what_a_user_sees_of_it() -> None:
    sandbox = Sandbox(instances=3)
    assert repr(sandbox) == "<Sandbox not started, 3 instances>"
    with sandbox:
        assert sandbox.base_url == f"http://127.0.0.1:{sandbox.port}/compute"
        assert repr(sandbox) == f"<Sandbox at {sandbox.base_url}, 3 instances>"
        for secret in (sandbox.appkey, sandbox.password):
            assert secret not in repr(sandbox)
    with pytest.raises(RuntimeError, match="start"):
        _ = sandbox.base_url


def test_own_credentials() -> None:
    with Sandbox(instances=0, appkey="mine", username="me@example.com", password="my own") as sandbox:
        assert "/appkeys/mine/" in Client(sandbox).url("")
        with signed_in(sandbox) as client:
            client.ok("GET", "instances")


def test_a_taken_port_is_told_in_the_callers_thread() -> None:
    with Sandbox(instances=0) as first, pytest.raises(OSError, match=rf"{first.port}.*port=0") as caught:
        Sandbox(instances=0, port=first.port).start()
    assert caught.value.errno


@pytest.mark.parametrize("wrong", [{"port": -1}, {"port": 65_536}, {"token_lifetime": 0}, {"token_lifetime": 1e12}])
def test_settings_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Sandbox(instances=0, **wrong)


def test_a_host_that_is_not_ours() -> None:
    with pytest.raises(OSError, match=r"192\.0\.2\.1"):
        Sandbox(instances=0, host="192.0.2.1").start()


def test_the_port_can_be_chosen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with Sandbox(instances=0, port=port) as sandbox:
        assert sandbox.port == port


def test_it_is_started_once_stopped_often_and_started_again() -> None:
    sandbox = Sandbox(instances=2)
    sandbox.stop()
    assert sandbox.start() is sandbox
    with pytest.raises(RuntimeError, match="already"):
        sandbox.start()
    with signed_in(sandbox) as client:
        identifier = client.create()
    sandbox.stop()
    sandbox.stop()
    with sandbox, signed_in(sandbox) as client:
        assert len(client.details()) == 3
        assert client.detail(identifier)


def test_nothing_is_left_after_a_stop() -> None:
    before = server_threads()
    with serving(instances=0) as client:
        url = client.url("flavors")
        assert server_threads() == before + 1
    assert server_threads() == before
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_stopping_does_not_wait_for_calls_under_way() -> None:
    with serving(instances=0) as client:
        client.sandbox.fault("GET flavors", "delay", seconds=600)
        outcome: list[object] = []

        def call() -> None:
            try:
                outcome.append(client.send("GET", "flavors"))
            except requests.ConnectionError as error:
                outcome.append(error)

        waiting = threading.Thread(target=call)
        waiting.start()
        while not client.sandbox.calls["GET flavors"]:
            time.sleep(0.001)
        half = socket.create_connection(("127.0.0.1", client.sandbox.port))
        half.sendall(b"POST /compute/v1.0/appkeys/x/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        began = time.monotonic()
        client.sandbox.stop()
        assert time.monotonic() - began < 10
        waiting.join(5)
        half.close()
    assert isinstance(outcome[0], requests.ConnectionError)


def test_stopping_in_the_middle_of_a_long_answer() -> None:
    with serving(instances=5000) as client:
        answer = client.session.get(client.url("instances-detail"), stream=True, timeout=20)
        began = time.monotonic()
        client.sandbox.stop()
        assert time.monotonic() - began < 10
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            _ = answer.content


def test_a_sandbox_that_is_dropped_stops_serving() -> None:
    before = server_threads()
    sandbox = Sandbox(instances=0).start()
    gone = weakref.ref(sandbox)
    del sandbox
    gc.collect()
    assert gone() is None
    assert server_threads() == before


def test_it_logs_nothing_and_leaves_logging_alone(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    loggers = ("", "uvicorn", "uvicorn.error", "uvicorn.access")
    before = [(logging.getLogger(name).level, list(logging.getLogger(name).handlers)) for name in loggers]
    caplog.set_level(logging.INFO)
    with serving(instances=1) as client:
        client.sandbox.fault("GET flavors", "reset")
        with pytest.raises(requests.ConnectionError):
            client.send("GET", "flavors")
        with socket.create_connection(("127.0.0.1", client.sandbox.port)) as raw:
            raw.sendall(b"nonsense\r\n\r\n")
            assert raw.recv(100).startswith(b"HTTP/1.1 400")
    assert [record for record in caplog.records if record.name.startswith(("uvicorn", "toastnb", "asyncio"))] == []
    assert capfd.readouterr() == ("", "")
    caplog.set_level(logging.NOTSET)
    after = [(logging.getLogger(name).level, list(logging.getLogger(name).handlers)) for name in loggers[1:]]
    assert after == before[1:]


def test_connections_are_kept(instant: Client) -> None:
    ports = set()
    for _ in range(5):
        answer = instant.session.get(instant.url("flavors"), stream=True, timeout=20)
        ports.add(answer.raw._connection.sock.getsockname()[1])
        assert answer.json()["flavors"]
    assert len(ports) == 1


SERVE = """
import sys
from toastnb.sandbox import Sandbox
sandbox = Sandbox(instances=1).start()
def tell():
    print(sandbox.base_url, flush=True)
if "forever" in sys.argv:
    sandbox.serve_forever(tell)
else:
    tell()
print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_forever_ends_cleanly(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE, "forever"], stdout=-1, stderr=-1, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert requests.get(url.removesuffix("/compute") + "/_sandbox/clock", timeout=20).ok
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "stopped\n", "")


def test_a_program_that_forgets_to_stop_ends_all_the_same() -> None:
    ended = subprocess.run([sys.executable, "-c", SERVE], capture_output=True, text=True, timeout=20, check=True)
    assert ended.stdout.endswith("stopped\n")
    assert ended.stderr == ""


def test_what_it_imports() -> None:
    program = """
import json, sys
from toastnb.sandbox import Sandbox
Sandbox(instances=1).start().stop()
own = [name for name in sys.modules if name.startswith("toastnb.") and not name.startswith("toastnb.sandbox")]
print(json.dumps([own, "pandas" in sys.modules, "pyarrow" in sys.modules]))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(ended.stdout) == [[], False, False]
