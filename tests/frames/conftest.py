"""A service whose answers are scripted, and a `Toast` that reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import tenacity

import toastnb as tn
from tests.transport.hostile import SUCCESS, Hostile, http

LISTS = {
    "availability-zones": "zones",
    "instances": "instances",
    "instances-detail": "instances",
    "flavors": "flavors",
    "keypairs": "keypairs",
    "images": "images",
    "networks": "networks",
    "subnets": "subnets",
    "security-groups": "securityGroups",
    "floating-ips": "floatingips",
    "volumes": "volumes",
}


@contextmanager
def scripted_service() -> Iterator[tuple[Hostile, tn.Toast]]:
    """Serve answers that are scripted, to a `Toast` that does not wait before it tries again."""
    account = {"appkey": "an-appkey", "username": "me@example.com", "password": "a-password"}
    with (
        pytest.MonkeyPatch.context() as patch,
        Hostile() as service,
        tn.connect(**account, base_url=service.base_url) as toast,
    ):
        patch.setattr("toastnb.transport.BACKOFF", tenacity.wait_none())
        yield service, toast


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[Hostile, tn.Toast]]:
    with scripted_service() as served:
        yield served


Serve = Callable[..., tn.Toast]


@pytest.fixture(scope="module")
def serve(scripted: tuple[Hostile, tn.Toast]) -> Serve:
    """Let the service answer with certain items; what is not named is empty. Bytes are sent as they are."""
    service, toast = scripted

    def serving(raw: bytes = b"", **lists: list[Any]) -> tn.Toast:
        for path, name in LISTS.items():
            body = raw or json.dumps({"header": SUCCESS, name: lists.get(name, [])}).encode()
            service.on(f"GET {path}", http(body))
        return toast

    return serving
