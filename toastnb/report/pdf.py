"""A page as a PDF, printed by a Chromium that is on the machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from toastnb.errors import InvalidInput, ToastError
from toastnb.files import SHARED, replace_file
from toastnb.temporary import private_folder

_ACTION = "Writing a PDF"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
SECONDS = 120.0


def find_chromium() -> str:
    """Return where a Chromium is: the variable CHROMIUM, or what the path has.

    Raises
    ------
    InvalidInput
        When there is none.
    """
    named = os.environ.get("CHROMIUM")
    candidates = [named] if named else [*_NAMES, *_PLACES]
    found = next((path for name in candidates if (path := shutil.which(name))), None)
    if found:
        return found
    problem = f"CHROMIUM is {named!r}, which is no program" if named else "no Chromium was found"
    raise InvalidInput(problem, action=_ACTION, hint="Install Chromium or Chrome, or name it in CHROMIUM.")


def print_page(page: Path, target: Path) -> Path:
    """Print an HTML page on A4.

    Raises
    ------
    InvalidInput
        When there is no Chromium, or the file cannot be written.
    ToastError
        When Chromium fails.
    """
    browser = find_chromium()
    with private_folder(_ACTION) as private:
        made = Path(private) / "page.pdf"
        command = [
            *(browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", f"--user-data-dir={private}/profile"),
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),  # root has no user namespace
            *("--no-pdf-header-footer", f"--print-to-pdf={made}", page.absolute().as_uri()),
        ]
        problem = _failure(command)
        if not problem and made.exists():
            content = made.read_bytes()
            return replace_file(target, lambda file: file.write(content), mode=SHARED)
    raise ToastError(problem or "Chromium wrote no PDF", action=_ACTION, hint=f"The page is at {page}.")


def _failure(command: list[str]) -> str:
    """Run the browser, with all that it starts in a group of its own, so that nothing of it outlives the time."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a fixed command
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        return f"{command[0]} cannot be run ({error.strerror})"
    with process:
        try:
            _, complaint = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return f"Chromium took more than {SECONDS} s"
        finally:
            _end(process)
    last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
    return f"Chromium ended with {process.returncode} ({last[:200] or 'it said nothing'})" if process.returncode else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
