"""The command `sandbox`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from toastnb.cli.common import fail


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8801,
    seed: Annotated[int, typer.Option(help="The same seed and start give the same account.")] = 7,
    instances: Annotated[int, typer.Option(min=0, help="How many instances.")] = 250,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    instant: Annotated[bool, typer.Option("--instant", help="Every transition is over when the call answers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what it accepts as one line of JSON.")] = False,
    start: Annotated[str | None, typer.Option(help="The clock's start, ISO 8601; now by default.")] = None,
    appkey: Annotated[str | None, typer.Option(help="What it accepts as appkey.")] = None,
    username: Annotated[str | None, typer.Option(help="What it accepts as user name.")] = None,
    password: Annotated[str | None, typer.Option(help="What it accepts as password.")] = None,
    state: Annotated[Path | None, typer.Option(help="Start from a state that was saved.")] = None,
    from_inventory: Annotated[Path | None, typer.Option("--inventory", help="Start from a saved inventory.")] = None,
) -> None:
    """Serve an account that needs no cloud, until SIGTERM or Ctrl-C. Its credentials are no secret."""
    from toastnb.embedded import Sandbox

    given: dict[str, Any] = {"appkey": appkey, "username": username, "password": password}
    try:
        service = Sandbox(
            port=port,
            host=host,
            seed=seed,
            instances=instances,
            instant=instant,
            start=start,
            state=state,
            inventory=from_inventory,
            **{name: value for name, value in given.items() if value is not None},
        )
        service.start()
    except (OSError, ValueError) as error:
        fail(str(error))
    accepts = {name: getattr(service, name) for name in ("base_url", "appkey", "username", "password", "port")}
    lines = [json.dumps(accepts)] if as_json else [f"{name + ':':<10} {value}" for name, value in accepts.items()]
    service.serve_forever(lambda: print("\n".join(lines), flush=True))  # from then on whoever reads it may end it
