"""The `toastnb` command. Everything heavy is imported by the command that needs it, so that --help comes at once."""

import errno
import sys
import traceback
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer

from toastnb import __version__
from toastnb.cli import account, differences, growing, history, reports, serve, tables
from toastnb.cli.common import app, fail, write_nowhere
from toastnb.errors import ToastError
from toastnb.redaction import redact

__all__ = ["app", "main"]

_UNREAD = 128 + 13  # SIGPIPE
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # a file has said so as a ToastError already

_COMMANDS = (  # in the order of --help
    account.login,
    account.whoami,
    tables.inventory,
    reports.report,
    reports.audit,
    reports.template,
    history.snapshot,
    history.history,
    differences.diff,
    growing.growth,
    growing.forecast,
    history.compact,
    tables.notebooks,
    serve.sandbox,
)
for command in _COMMANDS:
    app.command()(command)


def main() -> None:
    """Run the command; errors become a message and exit code 2, Ctrl-C exit code 130, a reader that is gone 141."""
    if sys.stdout is None:
        fail("there is nowhere to write to: standard output is closed")
    for stream in (sys.stdout, sys.stderr):  # a name may have what the terminal's encoding lacks: \ud55c
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except ToastError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer says 1 then, which would mean a finding
            _end_unread()
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            _fail_without_output(error)
        fail(f"this is a defect, please report it.\n{redact(traceback.format_exc())}")  # 1 would mean a finding
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _end_unread()
        except OSError as error:
            _fail_without_output(error)


def _end_unread() -> NoReturn:
    """End as a program that the signal of a broken pipe has ended: who reads, as in ``| head``, has enough."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            write_nowhere(stream)
    sys.exit(_UNREAD)


def _fail_without_output(error: OSError) -> NoReturn:
    write_nowhere(sys.stdout)
    fail(f"the output cannot be written ({error.strerror}): make room, or write to another place")


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit
