"""What must hold at the end of a load, whatever happened in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.load.clients import Load


def violations(load: Load) -> list[str]:
    """Return in words what does not hold; nothing when all does."""
    return [*load.ledger.wrong[:10], *_counts(load), *_switches(load), *_attachments(load), *_addresses(load)]


def _counts(load: Load) -> Iterator[str]:
    """What was made and not deleted is there, and every call has come in once."""
    done, before, after = load.ledger.acknowledged, load.before, load.account()
    made = {
        "instances": done["create instance"] - done["delete instance"],
        "volumes": done["create volume"] - done["delete volume"] + 3,
        "floating_ips": done["create floating IP"] - done["delete floating IP"] + 3,
        "keypairs": done["create keypair"]
        - done["delete keypair"]
        + sum(done[f"{one.name} on"] - done[f"{one.name} off"] for one in load.switches if "keypair" in one.name),
    }
    for name, more in made.items():
        held, expected = len(getattr(after, name)), len(getattr(before, name)) + more
        if held != expected:
            yield f"{held} {name}, but {expected} were expected"
    if after.calls != load.ledger.calls + load.own_calls:
        yield f"{load.ledger.calls + load.own_calls} calls were made, and {after.calls} came in"


def _switches(load: Load) -> Iterator[str]:
    """Of two writes that exclude each other exactly one was acknowledged."""
    account = load.account()
    for switch in load.switches:
        on, off = (load.ledger.acknowledged[f"{switch.name} {side}"] for side in ("on", "off"))
        now = switch.is_on(account)
        if switch.was_on + on - off != now:
            yield f"{switch.name}: {on} times on and {off} times off, and now {'on' if now else 'off'}"


def _attachments(load: Load) -> Iterator[str]:
    """Each attached volume is on one instance, and both say so."""
    account = load.account()
    by_volume = {(volume["id"], one["instanceId"]) for volume in account.volumes for one in volume["attachments"]}
    by_instance = {(one["id"], vm["id"]) for vm in account.instances for one in vm["volumes"]["attachments"]}
    yield from (f"volume {id_} is on several instances" for id_ in _twice(id_ for id_, _ in by_instance))
    if by_volume != by_instance:
        yield f"volumes and instances disagree about {len(by_volume ^ by_instance)} attachments"
    for volume in account.volumes:
        if (volume["status"] == "in-use") != bool(volume["attachments"]):
            yield f"volume {volume['id']} is {volume['status']} with {len(volume['attachments'])} attachments"


def _addresses(load: Load) -> Iterator[str]:
    """Addresses are given out once, and a floating IP that is in use is on one instance."""
    account = load.account()
    held = [one for vm in account.instances for one in vm.get("addresses", [])]
    used = [one["floatingIpAddress"] for one in held if "floatingIpAddress" in one]
    listed = [one["floatingIpAddress"] for one in account.floating_ips]
    for what, addresses in {"fixed": [one["ipAddress"] for one in held], "in use": used, "floating": listed}.items():
        yield from (f"the {what} address {address} is there twice" for address in _twice(addresses))
    active = {one["floatingIpAddress"] for one in account.floating_ips if one["status"] == "ACTIVE"}
    if active != set(used):
        yield f"floating IPs and instances disagree about {sorted(active ^ set(used))}"


def _twice(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]
