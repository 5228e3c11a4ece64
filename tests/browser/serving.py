"""Servers of notebooks for the tests of forms: Voila and JupyterLab, each in a folder and with settings of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat

import toastnb as tn
from tests.support import eventually

ROOT = Path(__file__).parents[2]
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    nbformat.write(notebook, path)


def environment(home: Path, sandbox: tn.Sandbox, **more: str) -> dict[str, str]:
    """Return an environment in which `tn.connect()` finds the sandbox, and nothing of this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOASTNB_", "JUPYTER"))}
    for name in ("config", "data", "runtime"):
        kept[f"JUPYTER_{name.upper()}_DIR"] = str(home / name)
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONPATH": str(ROOT),
        "TOASTNB_BASE_URL": sandbox.base_url,
        "TOASTNB_APPKEY": sandbox.appkey,
        "TOASTNB_USERNAME": sandbox.username,
        "TOASTNB_PASSWORD": sandbox.password,
        "LANGUAGE": "en",
        **more,
    }


@contextmanager
def voila(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """Serve a folder's notebooks as pages; answers the address, to which a notebook's name is added."""
    options = ["--no-browser", "--Voila.ip=127.0.0.1", "--show_tracebacks=True"]
    with _served(folder, env, "voila", "--port", "/voila/static/voila.js", [*options, str(folder)]) as address:
        yield f"{address}/voila/render"


@contextmanager
def lab(folder: Path, env: dict[str, str]) -> Iterator[str]:
    """Serve JupyterLab in a folder, with the state of widgets saved; answers the address."""
    settings = Path(env["JUPYTER_CONFIG_DIR"]) / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(LAB_SETTINGS))
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token="]
    with _served(folder, env, "jupyterlab", "--port", "/api", [*options, f"--ServerApp.root_dir={folder}"]) as address:
        yield address


@contextmanager
def _served(
    folder: Path, env: dict[str, str], module: str, port_option: str, sign: str, options: list[str]
) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder.parent / f"{module}.log"
    command = [sys.executable, "-m", module, f"{port_option}={port}", *options]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, env=env, cwd=folder) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: _answers(f"{address}{sign}") or server.poll() is not None, seconds=60)
            assert server.poll() is None, log.read_text()
            yield address
        finally:
            server.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
