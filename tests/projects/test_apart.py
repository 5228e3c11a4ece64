"""What is one project's stays with its host; and Ctrl-C ends all of them."""

from __future__ import annotations

import signal
import threading
import time

import pytest

import toastnb as tn
from tests.projects.conftest import Profiles
from tests.support import eventually
from tests.transport.hostile import Hostile, nothing, silence, token
from tests.transport.test_interrupts import pulling, waits_end  # noqa: F401 - a fixture


def all_of(hostile: Hostile) -> str:
    """Return everything that arrived, as one text."""
    return "\n".join(f"{one.method} {one.target} {one.headers} {one.body!r}" for one in hostile.received)


def test_one_projects_credentials_never_reach_anothers_host(
    profiles: Profiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOASTNB_APPKEY", "env-appkey")
    monkeypatch.setenv("TOASTNB_USERNAME", "env@example.com")
    monkeypatch.setenv("TOASTNB_PASSWORD", "env-password")
    with Hostile() as a, Hostile() as b, Hostile() as c:
        for name, host in {"alpha": a, "beta": b, "gamma": c}.items():
            host.on("*", nothing())
            host.on("POST tokens", token(f"{name}-token"))
        monkeypatch.setenv("TOASTNB_BASE_URL", c.base_url)
        profiles(
            alpha={"base_url": a.base_url},
            beta={"base_url": b.base_url},
            gamma={"base_url": c.base_url, "password": None},
        )
        with tn.connect_many(["alpha", "beta", "gamma"]) as projects:
            with pytest.warns(UserWarning, match="1 of 3 projects did not answer in full: gamma"):
                projects.inventory()
            assert "environment" not in projects.failures.message[0]
            with pytest.warns(UserWarning, match="gamma"):
                projects.instances_detail()
    for own, other, host in (("alpha", "beta", a), ("beta", "alpha", b)):
        arrived = all_of(host)
        assert all(f"{own}{secret}" in arrived for secret in ("-appkey", "@example.com", "-password", "-token"))
        assert other not in arrived
        assert "env" not in arrived
    assert c.received == []


def test_no_secret_is_in_what_is_shown(profiles: Profiles) -> None:
    with Hostile() as a:
        profiles(alpha={"base_url": a.base_url}, beta={"password": None})
        with tn.connect_many(["alpha", "beta"]) as projects:
            shown = repr(projects) + repr(vars(projects)) + str(projects.names)
    assert "-password" not in shown
    assert "-appkey" not in shown


@pytest.mark.usefixtures("waits_end")
@pytest.mark.parametrize("read", ["instances_detail", "inventory", "audit"])
def test_an_interrupt_ends_all_and_leaves_no_thread(read: str, hostile: Hostile, profiles: Profiles) -> None:
    hostile.on("*", silence)
    names = [f"p{number}" for number in range(20)]
    profiles(**{name: {"base_url": hostile.base_url} for name in names})

    def interrupt() -> None:
        eventually(lambda: len(hostile.received) >= 8)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    start = time.monotonic()
    with tn.connect_many(names, at_once=4) as projects:
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            getattr(projects, read)()
        interrupter.join()
        eventually(lambda: not pulling())
    assert time.monotonic() - start < 60  # the timeout of a call is 300
    assert len({one.target.split("/")[4] for one in hostile.received}) <= 4  # the others were never begun


def test_a_store_that_cannot_be_written_ends_it(hostile: Hostile, shop: tn.Sandbox, tmp_path: object) -> None:
    hostile.on("*", silence)
    (tmp_path / "file").write_text("no folder")
    hanging = tn.connect(appkey="k", username="u", password="a-password", base_url=hostile.base_url)
    with hanging, tn.connect_many({"shop": shop, "hangs": hanging}) as projects:
        with pytest.raises(tn.InvalidInput):
            projects.record(tmp_path / "file")
        eventually(lambda: not pulling())
