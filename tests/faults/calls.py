"""Every call of the API, as something that can be carried out against a sandbox again and again.

The numbers are those of the guide's 23 calls; the reads of the sibling guides follow. Each write has an instance, a
volume or an address of its own, so that all can be carried out at once, and is made ready first: without the fault it
would be carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import toastnb as tn
from toastnb import wire
from toastnb.api import Api
from toastnb.redaction import Secret

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJkNcX0ghbaGMnLS1sjyxTWOmVNs5CWGrl+/9OwMdN2k someone"
ZONE = "kr-pub-a"


@dataclass(frozen=True)
class ApiCall:
    """A call: made ready over a connection without faults, then carried out over one with them."""

    name: str
    write: bool
    do: Callable[[Api, Any], object]
    ready: Callable[[], Any] = lambda: None


class Account:
    """What the calls are about: things of a sandbox, each handed out once.

    Parameters
    ----------
    api : Api
        A connection without faults.
    sandbox : Sandbox
        Where it leads; every transition must be over at once.
    """

    def __init__(self, api: Api, sandbox: tn.Sandbox) -> None:
        self.api = api
        self.sandbox = sandbox
        self.numbers = count(1)
        self.flavors = [flavor.id for flavor in api.flavors() if flavor.name in {"m2.c2m4", "m2.c4m8"}]
        self.new = wire.NewInstance(
            name="of-the-matrix",
            image=next(image.id for image in api.images() if image.name == "Debian 12"),
            flavor=self.flavors[0],
            networks=[wire.NetworkId(id=next(n.id for n in api.networks() if n.name == "Default Network"))],
            availability_zone=ZONE,
            key_name=api.keypairs()[0].name,
            security_groups=[wire.SecurityGroupName(name="default")],
            volume=wire.RootSize(size=20),
        )
        self._volumes = iter([v.id for v in api.volumes() if v.status == "available" and v.availability_zone == ZONE])
        self._addresses = iter([ip.floating_ip_address for ip in api.floating_ips() if not ip.fixed_ip_address])

    def instance(self) -> str:
        """Return a new instance."""
        return self.api.create_instance(self.new).id

    def volume(self) -> str:
        """Return a volume that nobody else uses."""
        return next(self._volumes)

    def floating_ip(self) -> str:
        """Return a floating IP that nobody else uses."""
        return str(next(self._addresses))

    def own_address(self, id_: str) -> str:
        """Return the address of an instance."""
        (detail,) = self.api.instances_detail(id_)
        return str((detail.addresses or [])[0].ip_address)

    def name(self) -> str:
        """Return a name that was not used yet."""
        return f"key-{next(self.numbers)}"

    def first(self, *steps: Callable[[], object]) -> None:
        """Do what brings things into the state that a call needs; they may be in it."""
        for step in steps:
            with suppress(tn.Conflict, tn.NotFound):
                step()


def calls(account: Account) -> list[ApiCall]:
    """Return all calls."""
    return [*reads(account), *writes(account)]


def reads(account: Account) -> Iterator[ApiCall]:
    api, sandbox = account.api, account.sandbox
    some = account.instance()
    own = Secret(api.create_token(sandbox.username, Secret(sandbox.password)).token.id.reveal())
    password = Secret(sandbox.password)
    made: dict[str, Callable[[Api], object]] = {
        "1 tokens, create": lambda api: api.create_token(sandbox.username, password),
        "2 tokens": lambda api: api.token(own),
        "3 availability-zones": Api.availability_zones,
        "4 instances": Api.instances,
        "4 instances, one": lambda api: api.instances(some),
        "5 instances-detail": lambda api: list(api.instances_detail()),
        "5 instances-detail, one": lambda api: list(api.instances_detail(some)),
        "19 flavors": Api.flavors,
        "20 keypairs": Api.keypairs,
        "20 keypairs, one": lambda api: api.keypairs(account.new.key_name),
        "images": Api.images,
        "networks": Api.networks,
        "subnets": Api.subnets,
        "security-groups": Api.security_groups,
        "floating-ips": Api.floating_ips,
        "volumes": lambda api: list(api.volumes()),
    }
    for name, do in made.items():
        yield ApiCall(name, False, lambda api, _, do=do: do(api))


def writes(account: Account) -> Iterator[ApiCall]:
    api, first = account.api, account.first

    def imported() -> str:
        return str(api.import_keypair(account.name(), KEY).name)

    yield ApiCall("6 create", True, lambda api, _: api.create_instance(account.new))
    yield ApiCall("7 delete", True, lambda api, id_: api.delete_instance(id_), account.instance)

    one, volume = account.instance(), account.volume()
    yield ApiCall(
        "8 attach",
        True,
        lambda api, _: api.attach_volume(one, volume),
        lambda: first(lambda: api.detach_volume(one, volume)),
    )
    two, other_volume = account.instance(), account.volume()
    yield ApiCall(
        "9 detach",
        True,
        lambda api, _: api.detach_volume(two, other_volume),
        lambda: first(lambda: api.attach_volume(two, other_volume)),
    )
    yield from _actions(account)
    yield ApiCall("21 create keypair", True, lambda api, name: api.create_keypair(name), account.name)
    yield ApiCall("22 import keypair", True, lambda api, name: api.import_keypair(name, KEY), account.name)
    yield ApiCall("23 delete keypair", True, lambda api, name: api.delete_keypair(name), imported)


def _actions(account: Account) -> Iterator[ApiCall]:
    """Yield the actions of the guide's additional functions, each on an instance of its own."""
    api, first = account.api, account.first
    ids = {name: account.instance() for name in ("10", "11", "12", "13", "14", "15", "16", "17", "18")}
    turn = count(1)

    def another_flavor() -> str:
        first(lambda: api.stop(ids["13"]))
        return account.flavors[next(turn) % 2]

    free, led = account.floating_ip(), account.floating_ip()
    free_to, led_to = account.own_address(ids["15"]), account.own_address(ids["16"])
    made: dict[str, tuple[Callable[[Api, Any], object], Callable[[], Any]]] = {
        "10 start": (lambda api, _: api.start(ids["10"]), lambda: first(lambda: api.stop(ids["10"]))),
        "11 stop": (lambda api, _: api.stop(ids["11"]), lambda: first(lambda: api.start(ids["11"]))),
        "12 reboot": (lambda api, _: api.reboot(ids["12"], "HARD"), lambda: None),
        "13 resize": (lambda api, flavor: api.resize(ids["13"], flavor), another_flavor),
        "14 make image": (
            lambda api, _: api.upload_image(ids["14"], "golden"),
            lambda: first(lambda: api.stop(ids["14"])),
        ),
        "15 add floating IP": (
            lambda api, _: api.add_floating_ip(ids["15"], free, free_to),
            lambda: first(lambda: api.remove_floating_ip(ids["15"], free)),
        ),
        "16 remove floating IP": (
            lambda api, _: api.remove_floating_ip(ids["16"], led),
            lambda: first(lambda: api.add_floating_ip(ids["16"], led, led_to)),
        ),
        "17 add security group": (
            lambda api, _: api.add_security_group(ids["17"], "web"),
            lambda: first(lambda: api.remove_security_group(ids["17"], "web")),
        ),
        "18 remove security group": (
            lambda api, _: api.remove_security_group(ids["18"], "web"),
            lambda: first(lambda: api.add_security_group(ids["18"], "web")),
        ),
    }
    for name, (do, ready) in made.items():
        yield ApiCall(name, True, do, ready)
