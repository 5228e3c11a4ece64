"""Names go for ids where they are unambiguous, and what cannot be looked up is sent as it is."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import toastnb as tn
from tests.support import NO_SUCH_ID

CREATE = "POST instances"


def create(toast: tn.Toast, **changes: Any) -> pd.DataFrame:
    values = {
        "name": "made-by-test",
        "image": "Debian 12",
        "flavor": "m2.c2m4",
        "network": "Default Network",
        "zone": "kr-pub-a",
        "keypair": "ops-shared",
        "security_groups": "default",
        "root_gb": 50,
    }
    return toast.create_instance(**{**values, **changes})


def detail(toast: tn.Toast, made: pd.DataFrame) -> pd.Series:
    return toast.instances_detail(made.instance_id.item()).iloc[0]


def test_names_and_ids_mean_the_same(toast: tn.Toast) -> None:
    image = toast.images().set_index("name").image_id["Debian 12"]
    flavor = toast.flavors().set_index("name").flavor_id["m2.c2m4"]
    network = toast.networks().set_index("name").network_id["Default Network"]
    by_name = detail(toast, create(toast))
    by_id = detail(toast, create(toast, name="other", image=image, flavor=flavor, network=network))
    for row in (by_name, by_id):
        assert (row.image_id, row.flavor_id) == (image, flavor)
        assert row.ip_address.startswith("192.168.0.")


@pytest.mark.parametrize(
    ("what", "wrong", "suggestion"),
    [
        ("flavor", "m2.c2m5", "m2.c2m4"),
        ("image", "Debian 11", "Debian 12"),
        ("network", "Default Netwrok", "Default Network"),
        ("flavor", "zzzzzz", "c2.c2m2"),
    ],
)
def test_an_unknown_name_is_refused_with_suggestions(
    toast: tn.Toast, sandbox: tn.Sandbox, what: str, wrong: str, suggestion: str
) -> None:
    with pytest.raises(tn.InvalidInput, match=f"there is no {what} '{wrong}'.*{suggestion}"):
        create(toast, **{what: wrong})
    assert sandbox.calls[CREATE] == 0


def test_an_ambiguous_name_is_refused_with_the_ids(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    stopped = toast.instances().query("status == 'STOP'").instance_id.iloc[0]
    twins = [toast.upload_image(stopped, "golden").image_id.item() for _ in range(2)]
    with pytest.raises(tn.InvalidInput, match="2 images are named 'golden'") as caught:
        create(toast, image="golden")
    assert all(id_ in str(caught.value) for id_ in twins)
    assert sandbox.calls[CREATE] == 0
    assert len(create(toast, image=twins[1])) == 1


@pytest.mark.parametrize("code", [-7, 10403, -5])
@pytest.mark.parametrize(
    ("path", "what", "frame", "column"),
    [
        ("images", "image", "images", "image_id"),
        ("networks", "network", "networks", "network_id"),
        ("flavors", "flavor", "flavors", "flavor_id"),
    ],
)
def test_a_look_up_that_is_not_served_is_no_obstacle(
    toast: tn.Toast, sandbox: tn.Sandbox, path: str, what: str, frame: str, column: str, code: int
) -> None:
    names = {"image": "Debian 12", "network": "Default Network", "flavor": "m2.c2m4"}
    id_ = getattr(toast, frame)().set_index("name")[column][names[what]]
    sandbox.fault(f"GET {path}", "code", code=code, message="not for you", times=None)
    assert len(create(toast, **{what: id_})) == 1
    with pytest.raises(tn.NotFound):
        create(toast)  # a name goes as it is, and the service does not know it
    assert sandbox.calls[CREATE] == 2


def test_an_id_that_is_not_listed_is_sent_as_it_is(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    with pytest.raises(tn.NotFound) as caught:
        create(toast, flavor=NO_SUCH_ID)
    assert caught.value.code == 11404
    assert sandbox.calls[CREATE] == 1


@pytest.mark.usefixtures("no_backoff")
def test_a_network_that_breaks_in_a_look_up_sends_nothing(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    toast.token_info()
    sandbox.fault("GET images", "reset", times=None)
    with pytest.raises(tn.NetworkFailure):
        create(toast)
    assert sandbox.calls[CREATE] == 0


def test_resize_takes_a_flavor_by_name_or_id(toast: tn.Toast, sandbox: tn.Sandbox) -> None:
    detail_ = toast.instances_detail().query("status == 'STOP' and flavor_name.str.startswith('m2')")
    stopped = detail_.instance_id.iloc[0]
    toast.resize(stopped, "r2.c4m16")
    assert toast.instances_detail(stopped).flavor_name.item() == "r2.c4m16"
    toast.resize(stopped, toast.flavors().set_index("name").flavor_id["r2.c2m8"])
    assert toast.instances_detail(stopped).flavor_name.item() == "r2.c2m8"
    with pytest.raises(tn.InvalidInput, match="there is no flavor"):
        toast.resize([stopped], "r2.nothing")
    assert sandbox.calls["POST instances/*/action"] == 2
