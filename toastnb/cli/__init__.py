"""The `toastnb` command. Everything heavy is imported by the command that needs it, so that --help comes at once."""

import sys
import traceback
from typing import Annotated

import typer

from toastnb import __version__
from toastnb.cli import account, differences, history, reports, serve, tables
from toastnb.cli.common import app, fail
from toastnb.errors import ToastError
from toastnb.redaction import redact

__all__ = ["app", "main"]

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
    history.compact,
    tables.notebooks,
    serve.sandbox,
)
for command in _COMMANDS:
    app.command()(command)


def main() -> None:
    """Run the command; errors become a message and exit code 2, Ctrl-C exit code 130."""
    try:
        app()
    except ToastError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # a defect; 1 would mean that an audit found something
        fail(f"this is a defect, please report it.\n{redact(traceback.format_exc())}")


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit
