"""A hostile service and a connection to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import toastnb as tn
from tests.transport.hostile import APPKEY, Hostile
from toastnb.api import Api
from toastnb.config import Profile
from toastnb.redaction import Secret
from toastnb.transport import Transport

Connect = Callable[..., Api]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect to a service; the connection ends with the test."""
    with ExitStack() as stack:

        def connected(base_url: str, *, timeout: float = 20.0, **more: Any) -> Api:
            secrets = {"appkey": Secret(APPKEY), "password": Secret("the-password")}
            transport = Transport(
                Profile(name="", base_url=base_url, username="me@example.com", timeout=timeout, **secrets, **more)
            )
            stack.callback(transport.close)
            return Api(transport)

        yield connected


@pytest.fixture
def client(hostile: Hostile, connect: Connect) -> Api:
    return connect(hostile.base_url)


@pytest.fixture
def fails() -> Callable[..., tn.ToastError]:
    """Call something that must fail with exactly one kind of error, and return the error."""

    def failing(call: Callable[[], object], kind: type[tn.ToastError]) -> tn.ToastError:
        with pytest.raises(tn.ToastError) as caught:
            call()
        assert type(caught.value) is kind, repr(caught.value)
        return caught.value

    return failing
