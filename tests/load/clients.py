"""Clients that change an account at once. Each knows what it did and what was acknowledged.

What a client made is its own: nobody else touches it, so every answer about it is known beforehand. What is shared is a
`Switch`: two writes, of which the one undoes the other and neither works twice in a row; however many clients press it,
those that were acknowledged must add up.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.load.server import Json, Line, Server

SHARED = 6
WARM_UP = 0.4  # of the time
MADE = 0.05  # of the keypairs; the others are uploaded, for to make one takes the server long
UNKNOWN = -2
FULL = 20001


@dataclass
class Switch:
    """What clients share: `on` and `off` are writes, each given one of the instances that are shared."""

    name: str
    on: Callable[[Line, str], Json]
    off: Callable[[Line, str], Json]
    is_on: Callable[[Account], bool]
    was_on: bool = False


@dataclass
class Account:
    """All that is there at one moment."""

    instances: list[Json]
    volumes: list[Json]
    floating_ips: list[Json]
    keypairs: list[Json]
    calls: int

    @classmethod
    def read(cls, line: Line) -> Account:
        listings = [line.listing(path) for path in ("instances-detail", "volumes", "floating-ips", "keypairs")]
        return cls(*listings, calls=sum(line.control("calls").values()))

    def instance(self, id_: str) -> Json:
        return next(one for one in self.instances if one["id"] == id_)


@dataclass
class Ledger:
    """What all clients did together."""

    calls: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, other: Ledger) -> None:
        with self._lock:
            self.calls += other.calls
            self.acknowledged += other.acknowledged
            self.refused += other.refused
            self.wrong += other.wrong
            self.broken += other.broken


@dataclass(frozen=True)
class Figures:
    """How long a load was, and the MB of RAM that the server held after warm-up and at the end."""

    seconds: float
    warm_mb: float
    end_mb: float


def act(line: Line, instance: str, action: str, **parameters: str) -> Json:
    body = {"action": action, "parameters": parameters} if parameters else {"action": action}
    return line.call("POST", f"instances/{instance}/action", body)


class Load:
    """Many clients at one server.

    Parameters
    ----------
    server : Server
        The sandbox.
    clients : int
        How many, each with a thread and a connection of its own.
    """

    def __init__(self, server: Server, clients: int = 64) -> None:
        self._server = server
        self._main = Line(server)
        self._main.sign_in()
        self.before = Account.read(self._main)
        self.ledger = Ledger()
        self.shared = [one["id"] for one in self.before.instances if one["status"] == "ACTIVE"][:SHARED]
        self.zone = "kr-pub-a"
        self.flavors = {one["name"]: one["id"] for one in self._main.listing("flavors")}
        self.image = next(one["id"] for one in self._main.listing("images") if one["name"] == "Debian 12")
        self.networks = [
            one["id"] for one in self._main.listing("networks") if one["name"].startswith(("De", "de", "da"))
        ]
        self.pool = self._main.listing("floating-ip-pools")[0]["id"]
        self.public_key = self.before.keypairs[0]["publicKey"]
        self.switches = self._switches()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._client, args=(number,)) for number in range(clients)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> None:
        """Let it go on for a while."""
        self._over.wait(seconds)

    def run(self, seconds: float) -> Figures:
        """Let the clients work for a while."""
        start = time.monotonic()
        self.start()
        self.wait(seconds * WARM_UP)
        warm = self._server.memory_mb()
        self.wait(seconds * (1 - WARM_UP))
        self.end()
        return Figures(time.monotonic() - start, warm, self._server.memory_mb())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._main.close()

    def end(self) -> None:
        """Let each client end after the call that it is in."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def account(self) -> Account:
        return Account.read(self._main)

    @property
    def own_calls(self) -> int:
        """How many calls were made to prepare and to look."""
        return self._main.sent

    def _client(self, number: int) -> None:
        client = Client(self, number, Line(self._server))
        try:
            client.run(self._over)
        except (OSError, http.client.HTTPException) as error:
            client.ledger.broken[type(error).__name__] += 1
        except Exception as error:
            client.ledger.wrong.append(f"{type(error).__name__}: {error}")
        client.ledger.calls = client.line.sent
        client.line.close()
        self.ledger.add(client.ledger)

    def _switches(self) -> list[Switch]:
        running = [
            Switch(
                f"running {number}",
                lambda line, _, id_=id_: act(line, id_, "start"),
                lambda line, _, id_=id_: act(line, id_, "stop"),
                lambda account, id_=id_: account.instance(id_)["status"] == "ACTIVE",
                was_on=True,
            )
            for number, id_ in enumerate(self.shared)
        ]
        grouped = [
            Switch(
                f"group {number}",
                lambda line, _, id_=id_: act(line, id_, "addSecurityGroup", name="migration-2022"),
                lambda line, _, id_=id_: act(line, id_, "removeSecurityGroup", name="migration-2022"),
                lambda account, id_=id_: {"name": "migration-2022"} in account.instance(id_)["securityGroups"],
                was_on={"name": "migration-2022"} in self.before.instance(id_)["securityGroups"],
            )
            for number, id_ in enumerate(self.shared)
        ]
        named = [
            Switch(
                f"keypair {name}",
                lambda line, _, name=name: line.call(
                    "POST", "keypairs", {"keypair": {"name": name, "publicKey": self.public_key}}
                ),
                lambda line, _, name=name: line.call("DELETE", "keypairs", name=name),
                lambda account, name=name: name in {one["name"] for one in account.keypairs},
            )
            for name in ("shared-a", "shared-b")
        ]
        return [*running, *grouped, *named, *map(self._volume, range(3)), *map(self._floating_ip, range(3))]

    def _volume(self, number: int) -> Switch:
        """Attach a volume to whichever of two instances of its zone comes first."""
        zones = Counter(self.before.instance(id_)["availabilityZone"] for id_ in self.shared)
        zone = zones.most_common(1)[0][0]
        two = [id_ for id_ in self.shared if self.before.instance(id_)["availabilityZone"] == zone][:2]
        wanted = {"name": f"shared-{number}", "size": 10, "availabilityZone": zone}
        volume = self._main.call("POST", "volumes", {"volume": wanted})["volume"]["id"]
        body = {"attachment": {"volumeId": volume}}

        def path(chosen: str) -> str:
            return f"instances/{two[self.shared.index(chosen) % 2]}/attachments"

        return Switch(
            f"volume {number}",
            lambda line, chosen: line.call("POST", path(chosen), body),
            lambda line, chosen: line.call("DELETE", path(chosen), volumeId=volume),
            lambda account: bool(next(one for one in account.volumes if one["id"] == volume)["attachments"]),
        )

    def _floating_ip(self, number: int) -> Switch:
        """Lead a floating IP to whichever of the instances comes first."""
        made = self._main.call("POST", "floating-ips", {"pool": {"id": self.pool}})
        address = made["floatingip"]["floatingIpAddress"]
        private = {id_: self.before.instance(id_)["addresses"][0]["ipAddress"] for id_ in self.shared}
        return Switch(
            f"floating IP {number}",
            lambda line, chosen: act(line, chosen, "addFloatingIp", address=address, ipAddress=private[chosen]),
            lambda line, chosen: act(line, chosen, "removeFloatingIp", address=address),
            lambda account: any(
                one["floatingIpAddress"] == address and one["status"] == "ACTIVE" for one in account.floating_ips
            ),
        )


class Client:
    """One client: makes an instance, does all that can be done with it, deletes it, and begins again."""

    def __init__(self, load: Load, number: int, line: Line) -> None:
        self.load = load
        self.line = line
        self.ledger = Ledger()
        self._number = number
        self._random = random.Random(number)

    def run(self, over: threading.Event) -> None:
        self.line.sign_in()
        while True:
            for step in self._life():
                if over.is_set():
                    return
                step()
                self._read()
                self._press(self._random.choice(self.load.switches))

    def _expect(self, what: str, answer: Json, *codes: int) -> Json:
        """Note an answer about what is this client's own: the code is known beforehand."""
        code = answer["header"]["resultCode"]
        if code in (codes or (0,)):
            self.ledger.acknowledged[what] += code == 0
        else:
            self.ledger.wrong.append(f"{what} was answered with {code} ({answer['header']['resultMessage']})")
        return answer

    def _press(self, switch: Switch) -> None:
        """Press a switch that others press too: it works, or the state does not allow it."""
        side = self._random.choice(("on", "off"))
        answer = getattr(switch, side)(self.line, self._random.choice(self.load.shared))
        code = answer["header"]["resultCode"]
        if code == 0:
            self.ledger.acknowledged[f"{switch.name} {side}"] += 1
        elif code % 1000 in {404, 409}:
            self.ledger.refused[code] += 1
        else:
            self.ledger.wrong.append(f"{switch.name} {side} was answered with {code}")

    def _read(self) -> None:
        path = self._random.choice(("instances", "flavors", "volumes", "keypairs", "floating-ips", "security-groups"))
        self._expect("reading", self.line.call("GET", path))

    def _life(self) -> list[Callable[[], object]]:
        """Return the steps of an instance's life; each knows what must come of it."""
        line, load, own = self.line, self.load, {}
        name, flavor = f"load-{self._number}", self._random.choice(["m2.c2m4", "m2.c4m8"])
        body = {
            "name": name,
            "image": load.image,
            "flavor": load.flavors["m2.c1m2"],
            "networks": [{"id": self._random.choice(load.networks)}],
            "availabilityZone": load.zone,
            "keyName": load.before.keypairs[0]["name"],
            "volume": {"size": 20},
            "securityGroups": [{"name": "default"}],
        }

        def create() -> None:
            answer = self._expect("create instance", line.call("POST", "instances", {"instance": body}), 0, FULL)
            own["id"] = answer.get("instance", {}).get("id", "")

        def plain(action: str, *codes: int, **parameters: str) -> Callable[[], object]:
            return lambda: self._expect(action, act(line, own["id"], action, **parameters), *codes)

        def look(status: str, flavor_name: str) -> Callable[[], None]:
            def step() -> None:
                (seen,) = self._expect("looking", line.call("GET", "instances-detail", id=own["id"]))["instances"]
                found = (seen["status"], seen["flavor"]["name"], [one["name"] for one in seen["securityGroups"]])
                if found != (status, flavor_name, ["default"]):
                    self.ledger.wrong.append(f"{name} is {found}")

            return step

        def volume() -> None:
            wanted = {"name": name, "size": 10, "availabilityZone": load.zone}
            id_ = self._expect("create volume", line.call("POST", "volumes", {"volume": wanted}))["volume"]["id"]
            path, attachment = f"instances/{own['id']}/attachments", {"attachment": {"volumeId": id_}}
            self._expect("attach", line.call("POST", path, attachment))
            self._expect("attach again", line.call("POST", path, attachment), 40409)
            self._expect("delete volume in use", line.call("DELETE", "volumes", id=id_), 40409)
            self._expect("detach", line.call("DELETE", path, volumeId=id_))
            self._expect("delete volume", line.call("DELETE", "volumes", id=id_))

        def floating_ip() -> None:
            made = self._expect("create floating IP", line.call("POST", "floating-ips", {"pool": {"id": load.pool}}))[
                "floatingip"
            ]
            public = made["floatingIpAddress"]
            (seen,) = line.call("GET", "instances-detail", id=own["id"])["instances"]
            private = seen["addresses"][0]["ipAddress"]
            plain("addFloatingIp", address=public, ipAddress=private)()
            plain("removeFloatingIp", address=public)()
            self._expect("delete floating IP", line.call("DELETE", "floating-ips", id=made["id"]))

        def keypair() -> None:
            key = {} if self._random.random() < MADE else {"publicKey": load.public_key}
            sent = {"keypair": {"name": name, **key}}
            self._expect("create keypair", line.call("POST", "keypairs", sent))
            self._expect("create keypair again", line.call("POST", "keypairs", sent), 13409)
            self._expect("delete keypair", line.call("DELETE", "keypairs", name=name))

        def delete() -> None:
            self._expect("delete instance", line.call("DELETE", "instances", id=own["id"]))
            self._expect("delete instance again", line.call("DELETE", "instances", id=own["id"]), 10404)

        create()
        if not own["id"]:  # the network is full: the others must delete first
            return [keypair]
        return [
            look("ACTIVE", "m2.c1m2"),
            plain("stop"),
            plain("stop", 10409),
            plain("resize", flavor=load.flavors[flavor]),
            look("STOP", flavor),
            plain("start"),
            plain("addSecurityGroup", name="web"),
            plain("addSecurityGroup", 24409, name="web"),
            plain("removeSecurityGroup", name="web"),
            volume,
            floating_ip,
            keypair,
            look("ACTIVE", flavor),
            delete,
        ]
