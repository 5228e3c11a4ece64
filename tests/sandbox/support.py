"""Calling a sandbox over a real socket, without any of toastnb's client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from toastnb.sandbox import Sandbox

Json = dict[str, Any]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Client:
    """A session that has signed in; every answer must come in the vendor's envelope."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Content-Type"] = "application/json;charset=UTF-8"

    def sign_in(self) -> str:
        auth = {"username": self.sandbox.username, "password": self.sandbox.password}
        token: str = self.ok("POST", "tokens", {"auth": auth})["access"]["token"]["id"]
        self.session.headers["X-Auth-Token"] = token
        return token

    def url(self, path: str) -> str:
        return f"{self.sandbox.base_url}/v1.0/appkeys/{self.sandbox.appkey}/{path}"

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.session.request(method, self.url(path), json=body, timeout=20, **options)

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> Json:
        response = self.send(method, path, body, params=params)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json;charset=UTF-8"
        answer: Json = response.json()
        header = answer["header"]
        assert set(header) == {"isSuccessful", "resultCode", "resultMessage"}
        assert header["isSuccessful"] is (header["resultCode"] == 0)
        assert header["resultCode"] != -2, header["resultMessage"]
        return answer

    def ok(self, method: str, path: str, body: Any = None, **params: Any) -> Json:
        answer = self.call(method, path, body, **params)
        assert answer["header"] == {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}
        return answer

    def refused(self, code: int, method: str, path: str, body: Any = None, **params: Any) -> str:
        answer = self.call(method, path, body, **params)
        assert answer["header"]["resultCode"] == code, answer
        assert set(answer) == {"header"}
        message: str = answer["header"]["resultMessage"]
        return message

    # What tests look up over and over

    def details(self, **wanted: Any) -> list[Json]:
        found: list[Json] = self.ok("GET", "instances-detail")["instances"]
        return [instance for instance in found if all(instance.get(key) == value for key, value in wanted.items())]

    def detail(self, identifier: str) -> Json:
        (instance,) = self.ok("GET", "instances-detail", id=identifier)["instances"]
        return dict(instance)

    def status(self, identifier: str) -> str:
        return str(self.detail(identifier)["status"])

    def flavor(self, name: str) -> str:
        return next(f["id"] for f in self.ok("GET", "flavors")["flavors"] if f["name"] == name)

    def image(self, name: str) -> Json:
        return next(i for i in self.ok("GET", "images", limit=1000)["images"] if i["name"] == name)

    def network(self, name: str) -> str:
        return next(n["id"] for n in self.ok("GET", "networks")["networks"] if n["name"] == name)

    def volume(self, identifier: str) -> Json:
        (volume,) = self.ok("GET", "volumes", id=identifier)["volumes"]
        return dict(volume)

    def free_volume(self, zone: str = "kr-pub-a") -> str:
        wanted = {"name": "spare", "size": 10, "availabilityZone": zone}
        return str(self.ok("POST", "volumes", {"volume": wanted})["volume"]["id"])

    def free_floating_ip(self) -> Json:
        return next(f for f in self.ok("GET", "floating-ips")["floatingips"] if f["status"] == "DOWN")

    def new_instance(self, **changes: Any) -> Json:
        """The body of a call that works; `changes` replace fields, None leaves them out."""
        fields = {
            "name": "test-01",
            "image": self.image("Debian 12")["id"],
            "flavor": self.flavor("m2.c2m4"),
            "networks": [{"id": self.network("Default Network")}],
            "availabilityZone": "kr-pub-a",
            "keyName": "ops-shared",
            "volume": {"size": 20},
            "securityGroups": [{"name": "default"}],
            **changes,
        }
        return {"instance": {key: value for key, value in fields.items() if value is not None}}

    def create(self, **changes: Any) -> str:
        return str(self.ok("POST", "instances", self.new_instance(**changes))["instance"]["id"])

    def create_in(self, status: str, **changes: Any) -> str:
        """A new instance that has come to rest in a status, in a sandbox whose transitions take time."""
        if status == "ERROR":
            self.sandbox.fault("POST instances", "build-error")
        identifier = self.create(**changes)
        self.sandbox.advance(60)
        if status == "STOP":
            self.act(identifier, "stop")
            self.sandbox.advance(60)
        assert self.status(identifier) == status
        return identifier

    def act(self, identifier: str, action: str, **parameters: Any) -> Json:
        return self.ok("POST", f"instances/{identifier}/action", action_body(action, parameters))

    def act_refused(self, code: int, identifier: str, action: str, **parameters: Any) -> str:
        return self.refused(code, "POST", f"instances/{identifier}/action", action_body(action, parameters))

    def attach(self, identifier: str, volume: str) -> Json:
        body = {"attachment": {"volumeId": volume}}
        return dict(self.ok("POST", f"instances/{identifier}/attachments", body)["attachment"])

    def attach_refused(self, code: int, identifier: str, volume: str) -> str:
        return self.refused(code, "POST", f"instances/{identifier}/attachments", {"attachment": {"volumeId": volume}})


def action_body(action: str, parameters: Json) -> Json:
    return {"action": action, "parameters": parameters} if parameters else {"action": action}


@contextmanager
def serving(**options: Any) -> Iterator[Client]:
    """A sandbox of one's own, with a client that has signed in."""
    with Sandbox(**options) as sandbox, signed_in(sandbox) as client:
        yield client


@contextmanager
def signed_in(sandbox: Sandbox) -> Iterator[Client]:
    client = Client(sandbox)
    with client.session:
        client.sign_in()
        yield client
