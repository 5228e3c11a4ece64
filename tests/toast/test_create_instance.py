"""Making instances: what is checked before sending, and which ones were made when the answer names only one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.toast.test_lookup import create, detail
from tests.transport.hostile import Hostile, Step, answer, html, refusal

CREATE = "POST instances"
COLUMNS = ["instance_id", "name", "status"]


def test_one_instance(toast: tn.Toast) -> None:
    made = create(toast, security_groups=["default", "web"], zone="kr-pub-b", root_gb=30)
    assert made.columns.tolist() == COLUMNS
    assert made[["name", "status"]].values.tolist() == [["made-by-test", "ACTIVE"]]
    row = detail(toast, made)
    assert (row.zone, row.keypair, row.root_gb, row.security_groups) == (
        "kr-pub-b",
        "ops-shared",
        30,
        "default,web",
    )


@pytest.mark.parametrize("form", [tuple, pd.Series, pd.Index, iter], ids=["tuple", "series", "index", "iterator"])
def test_names_of_security_groups_come_in_many_forms(toast: tn.Toast, form: Callable[[list[str]], Any]) -> None:
    row = detail(toast, create(toast, security_groups=form(["web", "default"])))
    assert row.security_groups == "default,web"


def test_a_fixed_disk_comes_with_the_flavor(toast: tn.Toast) -> None:
    assert detail(toast, create(toast, flavor="u2.c2m4", root_gb=None)).root_gb == 60


def test_several_instances_are_told_apart(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    made = create(toast, name="batch", count=10)
    assert made.columns.tolist() == COLUMNS
    assert made.dtypes.astype(str).tolist() == ["str"] * 3
    assert made.name.tolist() == [f"batch-{number}" for number in range(1, 11)]
    named = toast.instances().set_index("instance_id").name
    assert named[made.instance_id].tolist() == made.name.tolist()
    assert set(made.status) == {"ACTIVE"}
    assert sandbox.calls[CREATE] == 1


def test_older_instances_of_the_same_name_are_not_taken_for_new(toast: tn.Toast) -> None:
    older = create(toast, name="batch", count=3)
    newer = create(toast, name="batch", count=3)
    assert newer.name.tolist() == older.name.tolist()
    assert not set(newer.instance_id) & set(older.instance_id)


def test_two_instances_may_have_the_same_name(toast: tn.Toast) -> None:
    ids = {create(toast, name="twin").instance_id.item() for _ in range(2)}
    assert len(ids) == 2


# --- which one the answer names is open; others may make instances at the same time ----------


@pytest.fixture
def service() -> Iterator[Hostile]:
    with Hostile() as service:
        for path, name in (("flavors", "flavors"), ("images", "images"), ("networks", "networks")):
            service.on(f"GET {path}", answer(**{name: []}))
            service.on(f"GET {path}", refusal(-7))
        yield service


@pytest.fixture
def scripted(service: Hostile) -> Iterator[tn.Toast]:
    account = {"appkey": "an-appkey", "username": "me@example.com", "password": "a-password"}
    with tn.connect(**account, base_url=service.base_url, timeout=20) as toast:
        yield toast


def listing(**named: str) -> Step:
    return answer(instances=[{"id": id_, "name": name.replace("_", "-")} for id_, name in named.items()])


def made(id_: str, name: str) -> Step:
    return answer(instance={"id": id_, "name": name, "status": "BUILD"})


def ids(frame: pd.DataFrame) -> list[str | None]:
    return [None if pd.isna(id_) else id_ for id_ in frame.instance_id]


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (("b", "web-2"), ["a", "b", "c"]),
        (("c", "web-3"), ["a", "b", "c"]),
        (("a", "web"), ["a", "b", "c"]),
    ],
)
def test_the_answer_may_name_any_of_them(
    service: Hostile, scripted: tn.Toast, answered: tuple[str, str], expected: list[str]
) -> None:
    service.on("GET instances", listing(o="web_1"), listing(o="web_1", c="web_3", a="web_1", b="web_2"))
    service.on(CREATE, made(*answered))
    assert ids(create(scripted, name="web", count=3)) == expected


def test_what_cannot_be_told_apart_is_reported_and_not_guessed(service: Hostile, scripted: tn.Toast) -> None:
    others = listing(a="web_1", b="web_2", x="web_2", c="web_3")
    service.on("GET instances", listing(), others)
    service.on(CREATE, made("a", "web-1"))
    with pytest.warns(UserWarning, match=r"web-2: made, but .*at the same time"):
        frame = create(scripted, name="web", count=3)
    assert ids(frame) == ["a", None, "c"]
    assert frame.name.tolist() == ["web-1", "web-2", "web-3"]
    assert len(service.calls(CREATE)) == 1


def test_what_is_not_listed_yet_is_reported(service: Hostile, scripted: tn.Toast) -> None:
    service.on("GET instances", listing(), listing(a="web_1"))
    service.on(CREATE, made("a", "web-1"))
    with pytest.warns(UserWarning, match=r"web-2, web-3: made"):
        assert ids(create(scripted, name="web", count=3)) == ["a", None, None]


@pytest.mark.filterwarnings("error")
def test_what_was_made_is_told_where_warnings_are_errors(
    service: Hostile, scripted: tn.Toast, caplog: pytest.LogCaptureFixture
) -> None:
    """As with ``python -W error``: the remark would come in place of the answer."""
    service.on("GET instances", listing(), listing(a="web_1"))
    service.on(CREATE, made("a", "web-1"))
    assert ids(create(scripted, name="web", count=3)) == ["a", None, None]
    assert "web-2, web-3: made, but the listing does not tell them apart" in caplog.text


@pytest.mark.usefixtures("no_backoff")
def test_a_listing_that_fails_afterwards_does_not_hide_that_they_were_made(
    service: Hostile, scripted: tn.Toast
) -> None:
    service.on("GET instances", listing(), html(503))
    service.on(CREATE, made("b", "web-2"))
    with pytest.warns(UserWarning, match=r"web-1, web-3: made, but listing them failed"):
        assert ids(create(scripted, name="web", count=3)) == [None, "b", None]
    assert len(service.calls(CREATE)) == 1


@pytest.mark.usefixtures("no_backoff")
def test_a_listing_that_fails_before_sends_nothing(service: Hostile, scripted: tn.Toast) -> None:
    service.on("GET instances", html(503))
    with pytest.raises(tn.ServiceFailure):
        create(scripted, name="web", count=3)
    assert service.calls(CREATE) == []


def test_a_creation_of_several_that_fails_says_so(service: Hostile, scripted: tn.Toast) -> None:
    service.on("GET instances", listing())
    service.on(CREATE, html(502))
    with pytest.raises(tn.ServiceFailure) as caught:
        create(scripted, name="web", count=3)
    assert caught.value.may_have_happened
    assert len(service.calls(CREATE)) == 1


# --- checked before sending ----------


WINDOWS = {"image": "Windows 2019 STD (KO)", "name": "win-1", "flavor": "m2.c2m4", "root_gb": 50}


@pytest.mark.parametrize(
    "allowed",
    [
        {"name": "a" * 20},
        {"name": "A.b-9"},
        {"root_gb": 20},
        {"root_gb": 1000},
        {"flavor": "t2.c1m1", "root_gb": 100},
        {"image": "golden-web-2024", "root_gb": 40},
        {"count": 1},
        WINDOWS,
        {**WINDOWS, "name": "a" * 12},
    ],
    ids=str,
)
def test_what_is_allowed_is_made(toast: tn.Toast, allowed: dict[str, Any]) -> None:
    assert create(toast, **allowed).status.item() == "ACTIVE"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a" * 21},
        {"name": "under_score"},
        {"name": "한글"},
        {"name": ""},
        {"name": "a b"},
        {"name": "line\n"},
        {"name": None},
        {"count": 0},
        {"count": 11},
        {"count": 1.0},
        {"count": True},
        {"count": "2"},
        {"root_gb": None},
        {"root_gb": 10},
        {"root_gb": 25},
        {"root_gb": 1010},
        {"root_gb": "50"},
        {"root_gb": 50.0},
        {"root_gb": True},
        {"flavor": "t2.c1m1", "root_gb": 110},
        {"flavor": "u2.c2m4"},
        {"image": "golden-web-2024", "root_gb": 30},
        {"image": "golden-web-2024", "flavor": "t2.c1m1"},
        {"security_groups": []},
        {"security_groups": [""]},
        {"security_groups": [None]},
        {"security_groups": 5},
        {"zone": ""},
        {"zone": None},
        {"keypair": ""},
        {"image": None},
        {"flavor": ""},
        {"network": pd.NA},
        {**WINDOWS, "name": "a" * 13},
        {**WINDOWS, "root_gb": 40},
        {**WINDOWS, "flavor": "t2.c1m1"},
        {**WINDOWS, "flavor": "u2.c2m4", "root_gb": None},
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused_before_it_is_sent(
    toast: tn.Toast, sandbox: tn.Sandbox, wrong: dict[str, Any]
) -> None:
    with pytest.raises(tn.InvalidInput) as caught:
        create(toast, **wrong)
    assert isinstance(caught.value, ValueError)
    assert caught.value.code is None
    assert sandbox.calls[CREATE] == 0


def test_arguments_go_by_name_only(toast: tn.Toast) -> None:
    with pytest.raises(TypeError):
        toast.create_instance("name", "Debian 12", "m2.c2m4", "Default Network", "kr-pub-a", "ops-shared", "default")
