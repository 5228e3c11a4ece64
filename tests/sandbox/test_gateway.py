"""The way in: prefix, appkey, token, JSON, and the envelope of every answer."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.support import UNKNOWN, Client, serving

CALLS = [
    ("GET", "availability-zones"),
    ("GET", "instances"),
    ("GET", "instances-detail"),
    ("POST", "instances"),
    ("DELETE", "instances"),
    ("POST", f"instances/{UNKNOWN}/attachments"),
    ("DELETE", f"instances/{UNKNOWN}/attachments"),
    ("POST", f"instances/{UNKNOWN}/action"),
    ("GET", "flavors"),
    ("GET", "keypairs"),
    ("POST", "keypairs"),
    ("DELETE", "keypairs"),
    ("GET", "images"),
    ("DELETE", "images"),
    ("GET", "networks"),
    ("GET", "subnets"),
    ("GET", "security-groups"),
    ("GET", "floating-ip-pools"),
    ("GET", "floating-ips"),
    ("POST", "floating-ips"),
    ("DELETE", "floating-ips"),
    ("GET", "volumes"),
    ("POST", "volumes"),
    ("DELETE", "volumes"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_call_but_the_token_calls_needs_a_token(instant: Client, method: str, path: str) -> None:
    del instant.session.headers["X-Auth-Token"]
    assert "token" in instant.refused(-3, method, path, {})
    instant.session.headers["X-Auth-Token"] = UNKNOWN
    assert "token" in instant.refused(-3, method, path, {})


@pytest.mark.parametrize(("method", "path"), [*CALLS, ("POST", "tokens"), ("GET", "tokens")])
def test_a_wrong_appkey_is_refused(instant: Client, method: str, path: str) -> None:
    url = instant.url(path).replace(instant.sandbox.appkey, "another")
    answer = instant.session.request(method, url, json={}, timeout=20)
    assert (answer.status_code, answer.json()["header"]["resultCode"]) == (200, -3)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "nothing"),
        ("GET", ""),
        ("GET", "flavors/"),
        ("PUT", "instances"),
        ("PATCH", "instances"),
        ("OPTIONS", "instances"),
        ("BREW", "instances"),
        ("POST", "flavors"),
        ("DELETE", "tokens"),
        ("GET", f"instances/{UNKNOWN}"),
        ("GET", f"instances/{UNKNOWN}/action"),
        ("POST", f"instances/{UNKNOWN}/action/more"),
        ("POST", f"volumes/{UNKNOWN}/action"),
    ],
)
def test_an_unknown_path_or_method_is_not_supported(instant: Client, method: str, path: str) -> None:
    assert f"{method} " in instant.refused(-7, method, path)


@pytest.mark.parametrize("path", ["/", "/compute", "/compute/v1.0/appkeys", "/compute/v2/x", "/_sandbox/nothing"])
def test_outside_the_prefix_a_gateway_answers(instant: Client, path: str) -> None:
    root = instant.sandbox.base_url.removesuffix("/compute")
    answer = requests.get(root + path, timeout=20)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_the_token_calls_answer_what_the_guide_shows(instant: Client) -> None:
    auth = {"username": instant.sandbox.username, "password": instant.sandbox.password}
    issued = instant.ok("POST", "tokens", {"auth": auth})["access"]
    assert issued["token"].keys() == {"id", "issued_at", "expires"}
    assert issued["token"]["issued_at"].startswith("2026-01-01T00:00:0")
    assert issued["token"]["expires"].startswith("2026-01-01T01:00:0")
    assert issued["token"]["expires"].endswith("Z")
    assert issued["user"]["roles"] == [{"name": "ADMIN"}]
    assert instant.ok("GET", "tokens", id=issued["token"]["id"])["access"] == issued


def test_asking_for_a_token_by_id_needs_a_known_id(instant: Client) -> None:
    instant.refused(50404, "GET", "tokens", id=UNKNOWN)
    instant.refused(-4, "GET", "tokens")


@pytest.mark.parametrize("wrong", [{"username": "somebody"}, {"password": "guess"}, {"password": ""}])
def test_wrong_credentials_fail(instant: Client, wrong: dict[str, str]) -> None:
    auth = {"username": instant.sandbox.username, "password": instant.sandbox.password, **wrong}
    message = instant.refused(-1, "POST", "tokens", {"auth": auth})
    assert "wrong username or API password" in message
    assert instant.sandbox.password not in message


@pytest.mark.parametrize("body", [{}, {"auth": {}}, {"auth": {"username": "a"}}, {"auth": {"username": 1}}, [], "x"])
def test_credentials_must_be_complete(instant: Client, body: object) -> None:
    instant.refused(-4, "POST", "tokens", body)


def test_a_token_expires_on_the_clock(instant: Client) -> None:
    instant.sandbox.advance(3590)
    instant.ok("GET", "flavors")
    instant.sandbox.advance(10)
    instant.refused(-3, "GET", "flavors")
    instant.refused(50404, "GET", "tokens", id=instant.session.headers["X-Auth-Token"])
    instant.sign_in()
    instant.ok("GET", "flavors")


def test_the_lifetime_of_tokens_can_be_chosen() -> None:
    with serving(instances=0, token_lifetime=60) as client:
        client.sandbox.advance(60)
        client.refused(-3, "GET", "flavors")


def test_several_tokens_are_valid_at_a_time(instant: Client) -> None:
    earlier = instant.session.headers["X-Auth-Token"]
    assert instant.sign_in() != earlier
    instant.session.headers["X-Auth-Token"] = earlier
    instant.ok("GET", "flavors")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"not json", b'{"keypair": {"name": "\\ud800"}}', b'{"keypair": {"name": "\xff"}}']
)
def test_what_is_not_json_is_told_apart(instant: Client, data: bytes) -> None:
    answer = instant.session.post(instant.url("keypairs"), data=data, timeout=20)
    assert (answer.status_code, answer.json()["header"]["resultCode"]) == (200, -8)


@pytest.mark.parametrize("path", ["instances", "keypairs", f"instances/{UNKNOWN}/action", "volumes", "floating-ips"])
@pytest.mark.parametrize("body", [{}, [], "text", 5, {"instance": 5, "keypair": [], "action": {}, "volume": "x"}])
def test_json_of_the_wrong_shape_is_an_invalid_parameter(instant: Client, path: str, body: object) -> None:
    instant.refused(-4, "POST", path, body)


def test_extra_fields_are_ignored(instant: Client) -> None:
    body = instant.new_instance(surprise=1)
    body["instance"]["networks"][0]["subnetId"] = None
    instant.ok("POST", "instances", {**body, "more": []})


def test_query_parameters_are_decoded(instant: Client) -> None:
    key = instant.ok("GET", "keypairs", name="ops-shared")["keypairs"][0]["publicKey"]
    for name in ("a b", "r&d=1", "열쇠 100%", "plus+"):
        instant.ok("POST", "keypairs", {"keypair": {"name": name, "publicKey": key}})
        assert instant.ok("GET", "keypairs", name=name)["keypairs"][0]["name"] == name
        instant.ok("DELETE", "keypairs", name=name)


def test_the_wire_carries_numbers_booleans_and_the_guides_times(instant: Client) -> None:
    flavor = instant.ok("GET", "flavors")["flavors"][0]
    assert {key: type(flavor[key]) for key in ("vcpus", "ram", "ephemeral", "disabled", "isPublic")} == {
        "vcpus": int,
        "ram": int,
        "ephemeral": int,
        "disabled": bool,
        "isPublic": bool,
    }
    zone = instant.ok("GET", "availability-zones")["zones"][0]
    assert zone == {"zoneName": "kr-pub-a", "zoneState": {"available": True}}
    detail = instant.detail(instant.create())
    assert detail["addresses"][0]["version"] == 4
    for key in ("launchedAt", "createdAt", "updatedAt"):
        assert len(detail[key]) == len("2017-05-16T02:17:50.166563")
        assert "Z" not in detail[key]


def test_optional_fields_of_flavors_are_there_only_where_they_mean_something(instant: Client) -> None:
    flavors = {flavor["name"]: flavor for flavor in instant.ok("GET", "flavors")["flavors"]}
    assert {name for name in flavors if "volumeSize" in flavors[name]} == {f for f in flavors if f.startswith("u2.")}
    assert [name for name in flavors if "maxVolumeSize" in flavors[name]] == ["t2.c1m1"]


def test_unknown_ids_are_refused(instant: Client) -> None:
    instant.refused(10404, "GET", "instances", id=UNKNOWN)
    instant.refused(10404, "GET", "instances-detail", id=UNKNOWN)
    instant.refused(10404, "DELETE", "instances", id=UNKNOWN)
    instant.refused(13404, "GET", "keypairs", name="nobody")
    instant.refused(-4, "GET", "instances", id="")
    instant.refused(-4, "DELETE", "instances")
    instant.refused(-4, "DELETE", "instances", id="")


def test_the_short_list_agrees_with_the_long_one(instant: Client) -> None:
    short = instant.ok("GET", "instances")["instances"]
    assert short == [{key: i[key] for key in ("id", "name", "status")} for i in instant.details()]
    assert instant.ok("GET", "instances", id=short[3]["id"])["instances"] == [short[3]]
