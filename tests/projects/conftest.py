"""Projects of different kinds, and profiles in a config file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import toastnb as tn
from toastnb import config

Profiles = Callable[..., None]
KOREAN = "개발 서버"


@pytest.fixture(scope="module")
def shop() -> Iterator[tn.Sandbox]:
    with tn.Sandbox(instances=40, seed=7, instant=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def lab() -> Iterator[tn.Sandbox]:
    with tn.Sandbox(instances=23, seed=8, instant=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def nobody() -> Iterator[tn.Sandbox]:
    """An account without instances."""
    with tn.Sandbox(instances=0, instant=True) as sandbox:
        yield sandbox


@pytest.fixture
def profiles() -> Profiles:
    """Write profiles into the config file: their keys by their names, on top of credentials that all have."""

    def write(**sections: dict[str, object]) -> None:
        lines = []
        for name, section in sections.items():
            own = {"appkey": f"{name}-appkey", "username": f"{name}@example.com", "password": f"{name}-password"}
            lines += [f'[profiles."{name}"]']
            lines += [f"{key} = {value!r}" for key, value in (own | section).items() if value is not None]
        config.config_path().parent.mkdir(parents=True, exist_ok=True)
        config.config_path().write_text("\n".join(lines), "utf-8")

    return write


def keys_of(sandbox: tn.Sandbox) -> dict[str, object]:
    """Return a profile's keys for a sandbox."""
    return {name: getattr(sandbox, name) for name in ("appkey", "username", "password", "base_url")}
