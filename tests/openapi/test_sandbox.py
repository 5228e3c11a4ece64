"""The sandbox over a real socket, held against the description: generated calls, alone and in sequences.

schemathesis makes the calls: values that fit the description, values at its limits and values that break it. They are
the same each time, unless `FUZZ_EXAMPLES` says how many are to be tried for each operation, as `make fuzz` does.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import toastnb as tn
from tests.openapi import description
from tests.openapi.description import Json
from tests.support import raw_call

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SAME_EACH_TIME = "FUZZ_EXAMPLES" not in os.environ
CONFIG = schemathesis.Config.from_dict(
    {
        **({"seed": 7} if SAME_EACH_TIME else {}),
        "generation": {"max-examples": EXAMPLES, "deterministic": SAME_EACH_TIME, "with-security-parameters": False},
        "phases": {"coverage": {"unexpected-methods": []}},
    }
)
SCHEMA = schemathesis.openapi.from_path(description.FILE, config=CONFIG)
WITHOUT_TOKEN = {o.name for o in description.operations() if not o.needs_token}


class Serving:
    """A sandbox, a session that has signed in, and the ids that a new instance needs."""

    def __init__(self, sandbox: tn.Sandbox) -> None:
        self.sandbox = sandbox
        self.base_url = f"{sandbox.base_url}/v1.0/appkeys/{sandbox.appkey}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.credentials = {"username": sandbox.username, "password": sandbox.password}
        answer = self.session.post(f"{self.base_url}/tokens", json={"auth": self.credentials}, timeout=20).json()
        self.token = answer["access"]["token"]["id"]
        self.codes: dict[str, Counter[int]] = defaultdict(Counter)

    def call(self, case: schemathesis.Case) -> Json:
        """Make a call, check all that holds for any, and return the header of the answer."""
        headers = {} if case.operation.definition.raw["operationId"] in WITHOUT_TOKEN else {"X-Auth-Token": self.token}
        response = case.call(base_url=self.base_url, session=self.session, headers=headers, timeout=20)
        return self.checked(case, response)

    def checked(self, case: schemathesis.Case, response: Any) -> Json:
        case.validate_response(response, checks=CHECKS)
        assert response.status_code == 200
        assert response.headers["content-type"] == ["application/json;charset=UTF-8"]
        header: Json = response.json()["header"]
        assert header["resultCode"] != -2, header["resultMessage"]
        self.codes[case.operation.definition.raw["operationId"]][header["resultCode"]] += 1
        return header

    def new_instance(self) -> Json:
        """Return the body of a call that works."""
        return {
            "name": "test-01",
            "image": self.found("images", "images", name="Debian 12"),
            "flavor": self.found("flavors", "flavors", name="m2.c2m4"),
            "networks": [{"id": self.found("networks", "networks", name="Default Network")}],
            "availabilityZone": "kr-pub-a",
            "keyName": "ops-shared",
            "volume": {"size": 20},
            "securityGroups": [{"name": "default"}],
        }

    def found(self, path: str, part: str, **having: str) -> str:
        things = raw_call(self.sandbox, "GET", path)[part]
        return next(str(thing["id"]) for thing in things if all(thing[key] == value for key, value in having.items()))


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    with tn.Sandbox(instances=30, instant=True, start="2026-01-01T00:00:00Z") as sandbox:
        serving = Serving(sandbox)
        with serving.session:
            yield serving


@SCHEMA.parametrize()
def test_an_answer_fits_and_what_breaks_the_description_is_refused(case: schemathesis.Case, serving: Serving) -> None:
    header = serving.call(case)
    if is_broken(case):
        assert header["isSuccessful"] is False, f"accepted: {case.as_curl_command()}"


def is_broken(case: schemathesis.Case) -> bool:
    """Whether what is sent breaks the description, as an independent reader of the description sees it."""
    raw = case.operation.definition.raw
    operation = next(o for o in description.operations() if o.name == raw["operationId"])
    sent = {"path": case.path_parameters, "query": case.query}
    for one in operation.parameters:
        values = sent[one["in"]] or {}
        if one.get("required") and one["name"] not in values:
            return True
    if operation.request is None:
        return False
    try:
        return not description.validator(operation.request).is_valid(without_nulls(case.body))
    except (TypeError, ValueError):  # nothing was sent, or bytes that are no JSON
        return True


def without_nulls(value: Any) -> Any:
    """Leave out what is null: whether null in an optional field is refused or counts as absent is open."""
    match value:
        case dict():
            return {key: without_nulls(part) for key, part in value.items() if part is not None}
        case list():
            return [without_nulls(part) for part in value]
        case _:
            return value


@pytest.mark.parametrize("name", sorted({o.name for o in description.operations()} - WITHOUT_TOKEN))
@pytest.mark.parametrize("token", [None, "", "00000000-0000-4000-8000-000000000000"])
def test_no_operation_is_carried_out_without_a_token(serving: Serving, name: str, token: str | None) -> None:
    operation = next(o for o in description.operations() if o.name == name)
    url = serving.base_url + operation.path.replace("{instanceId}", "an-id")
    headers = {} if token is None else {"X-Auth-Token": token}
    response = requests.request(operation.method, url, headers=headers, json={}, timeout=20)
    description.validator(operation.answer).validate(response.json())
    assert response.json()["header"]["resultCode"] == -3


@pytest.mark.parametrize("tail", ["\n", "\r\n", "\nb", " ", "\x00", "/"], ids=repr)
def test_an_id_in_the_path_is_answered_in_the_envelope_and_taken_whole(serving: Serving, tail: str) -> None:
    running = serving.found("instances", "instances", status="ACTIVE")
    for path in (
        f"instances/{quote(running + tail, safe='')}/action",
        f"instances/{running}/action{quote(tail, safe='')}",
    ):
        answer = raw_call(serving.sandbox, "POST", path, {"action": "reboot", "parameters": {"type": "SOFT"}})
        assert answer["header"]["resultCode"] in {10404, -7}, path


def test_every_listing_fits_item_for_item_with_no_field_beyond(serving: Serving) -> None:
    for operation in description.operations():
        if operation.method == "GET" and operation.needs_token:
            answer = raw_call(serving.sandbox, "GET", operation.path.removeprefix("/"))
            description.validator(operation.answer, closed=True).validate(answer)
            (part,) = answer.keys() - {"header"}
            assert answer[part], operation.name


def test_sequences_of_calls_fit(serving: Serving) -> None:
    """Sign in and read the token; create, look, act and delete; keypairs: along the links of the description."""
    serving.sandbox.reset()
    fresh = Serving(serving.sandbox)
    new = fresh.new_instance()
    public_key = raw_call(serving.sandbox, "GET", "keypairs")["keypairs"][0]["publicKey"]

    class Calls(SCHEMA.exclude(tag="siblings").as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: schemathesis.Case) -> None:
            name = case.operation.definition.raw["operationId"]
            if name == "createToken":
                case.body = {"auth": fresh.credentials}
            elif name == "createInstance" and isinstance(case.body, dict):
                given = case.body["instance"] if isinstance(case.body.get("instance"), dict) else {}
                case.body = {"instance": {**new, **{key: given[key] for key in ("name", "count") if key in given}}}
            elif name == "createKeypair" and isinstance(case.body, dict) and "publicKey" in str(case.body):
                case.body = {"keypair": {"name": f"made-{len(fresh.codes)}", "publicKey": public_key}}

        def call(self, case: schemathesis.Case, **_: Any) -> Any:
            name = case.operation.definition.raw["operationId"]
            headers = {} if name in WITHOUT_TOKEN else {"X-Auth-Token": fresh.token}
            return case.call(base_url=fresh.base_url, session=fresh.session, headers=headers, timeout=20)

        def validate_response(self, response: Any, case: schemathesis.Case, **_: Any) -> None:
            fresh.checked(case, response)

        def teardown(self) -> None:
            fresh.sandbox.reset()
            fresh.token = Serving(fresh.sandbox).token

    with fresh.session:
        machine: type[APIStateMachine] = Calls
        machine.run(
            settings=settings(
                max_examples=3 * EXAMPLES,
                stateful_step_count=8,
                deadline=None,
                derandomize=SAME_EACH_TIME,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
        )
    carried_out = {name for name, codes in fresh.codes.items() if 0 in codes}
    assert carried_out >= {
        "createToken",
        "getToken",
        "createInstance",
        "createKeypair",
        "listKeypairs",
        "deleteKeypair",
    }
    assert carried_out & {"listInstances", "listInstancesInDetail", "actOnInstance", "deleteInstance"}
