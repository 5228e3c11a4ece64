"""How the report's kernel ends: asked to, and not interrupted, which it would report as an error."""

from __future__ import annotations

import signal

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from toastnb.report.kernels import Quiet


def signals_of(kind: type[AsyncKernelManager]) -> tuple[list[int], str]:
    """Run a notebook; return the signals that its kernel got, and what it printed."""
    got: list[int] = []

    class Watched(kind):  # type: ignore[misc, valid-type]
        async def _async_signal_kernel(self, signum: int) -> None:
            got.append(signum)
            await super()._async_signal_kernel(signum)

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])
    done = NotebookClient(notebook, kernel_manager_class=Watched, kernel_name="python3").execute()
    return got, done.cells[0].outputs[0].text


def test_a_kernel_is_not_interrupted_when_it_is_to_end(capfd: pytest.CaptureFixture[str]) -> None:
    got, printed = signals_of(Quiet)
    assert printed == "42\n"
    assert signal.SIGINT not in got
    assert "KeyboardInterrupt" not in capfd.readouterr().err
