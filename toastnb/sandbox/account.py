"""The account: everything it holds, looked up by id, and what becomes of it as the clock goes on.

Transitions are held in a queue by due time, and `settle` carries out those that are due. That is done before
each call, so that the state at a time does not depend on who looked, or how often.
"""

import heapq
import itertools
import random
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from msgspec import UnsetType
from msgspec.structs import replace

from toastnb.sandbox.addresses import Addresses
from toastnb.sandbox.clock import Clock, stamp
from toastnb.sandbox.codes import Code, RefusedError
from toastnb.sandbox.models import (
    Address,
    FlavorSummary,
    Image,
    Instance,
    Record,
    State,
    Transition,
    VolumeAttachment,
)

GONE = "GONE"
T = TypeVar("T", bound=Record)

# How long each transition takes, in seconds: at least, at most.
_SECONDS = {
    "BUILD": (4.0, 9.0),
    "POWERING_ON": (2.0, 4.0),
    "POWERING_OFF": (2.0, 5.0),
    "REBOOTING": (3.0, 6.0),
    "RESIZING": (4.0, 8.0),
    "DELETING": (1.0, 3.0),
    "queued": (1.0, 2.0),
    "saving": (3.0, 8.0),
}


def new_id() -> str:
    """Make an identifier that no other resource has.

    Examples
    --------
    >>> len(new_id())
    36
    """
    return str(uuid.uuid4())


class Account:
    """One account.

    Parameters
    ----------
    state
        What it holds at first. It is not changed.
    clock
        What transitions are measured on.
    instant
        Every transition is over at once.
    seed
        For how long each transition takes.
    """

    def __init__(self, state: State, clock: Clock, *, instant: bool = False, seed: int = 0) -> None:
        self._clock = clock
        self._instant = instant
        self._random = random.Random(seed)  # noqa: S311 - durations, nothing secret
        self.user_id = state.user_id
        self.not_served = frozenset(state.not_served)
        self.days_lived = state.days_lived
        self.zones = {zone.zone_name: zone for zone in state.zones}
        self.flavors = {flavor.id: flavor for flavor in state.flavors}
        self.images = {image.id: image for image in state.images}
        self.networks = {network.id: network for network in state.networks}
        self.subnets = {subnet.id: subnet for subnet in state.subnets}
        self.security_groups = {group.id: group for group in state.security_groups}
        self.pools = {pool.id: pool for pool in state.pools}
        self.floating_ips = {floating_ip.id: floating_ip for floating_ip in state.floating_ips}
        self.volumes = {volume.id: volume for volume in state.volumes}
        self.keypairs = {keypair.name: keypair for keypair in state.keypairs}
        self.instances = {instance.id: instance for instance in state.instances}
        self._pending: dict[str, Transition] = {}
        self._queue: list[tuple[datetime, int, Transition]] = []
        self._sequence = itertools.count()
        self.addresses = Addresses(address for i in state.instances for address in i.addresses)
        for transition in state.transitions:
            self.addresses.hold(transition.addresses)
            self._push(transition)

    def state(self) -> State:
        """All it holds now. Lists of immutable records: safe to keep while the account goes on."""
        pending = sorted(self._pending.values(), key=lambda transition: transition.due)
        return State(
            time=self.now(),
            user_id=self.user_id,
            zones=list(self.zones.values()),
            flavors=list(self.flavors.values()),
            images=list(self.images.values()),
            networks=list(self.networks.values()),
            subnets=list(self.subnets.values()),
            security_groups=list(self.security_groups.values()),
            pools=list(self.pools.values()),
            floating_ips=list(self.floating_ips.values()),
            volumes=list(self.volumes.values()),
            keypairs=list(self.keypairs.values()),
            instances=list(self.instances.values()),
            transitions=pending,
            not_served=sorted(self.not_served),
            days_lived=self.days_lived,
        )

    def now(self) -> datetime:
        """Tell the time on the account's clock."""
        return self._clock.now()

    # Looking up and changing

    def instance(self, identifier: str) -> Instance:
        """Find the instance of that id, or refuse with 10404."""
        return find(self.instances, identifier, Code.NO_INSTANCE, "instance")

    def change(self, instance: Instance, **changes: object) -> Instance:
        """Put a changed instance in the place of the old one; `updated_at` becomes now."""
        fields: dict[str, Any] = {"updated_at": stamp(self.now()), **changes}
        changed = replace(instance, **fields)
        self.instances[instance.id] = changed
        return changed

    # Transitions

    def begin(
        self,
        status: str,
        resource: Instance | Image,
        becomes: str,
        *,
        addresses: tuple[Address, ...] = (),
        flavor: FlavorSummary | None = None,
    ) -> None:
        """Put an instance or image into a passing status, to be followed by a lasting one."""
        self._set_status(resource.id, status, stamp(self.now()))
        self._cancel(resource.id)
        wait = 0.0 if self._instant else self._random.uniform(*_SECONDS[status])
        due = self.now() + timedelta(seconds=wait)
        self._push(Transition(resource.id, due, becomes, addresses, flavor))
        if self._instant:
            self._settle_until(due)

    def settle(self) -> None:
        """Carry out all transitions that are due by now."""
        if self._queue:
            self._settle_until(self.now())

    def forget(self, identifier: str) -> None:
        """Drop what was to become of a resource that is gone."""
        self._cancel(identifier)

    def _cancel(self, identifier: str) -> None:
        cancelled = self._pending.pop(identifier, None)
        if cancelled is not None:
            self.addresses.release(cancelled.addresses)

    def _push(self, transition: Transition) -> None:
        self._pending[transition.resource] = transition
        heapq.heappush(self._queue, (transition.due, next(self._sequence), transition))

    def _settle_until(self, moment: datetime) -> None:
        while self._queue and self._queue[0][0] <= moment:
            _, _, transition = heapq.heappop(self._queue)
            # A later action on the same resource has taken the place of this transition.
            if self._pending.get(transition.resource) is not transition:
                continue
            del self._pending[transition.resource]
            self._finish(transition)

    def _finish(self, transition: Transition) -> None:
        when = stamp(transition.due)
        if transition.becomes == GONE:
            self.remove(self.instances[transition.resource])
            return
        if transition.becomes == "saving":
            self._set_status(transition.resource, "saving", when)
            wait = 0.0 if self._instant else self._random.uniform(*_SECONDS["saving"])
            self._push(Transition(transition.resource, transition.due + timedelta(seconds=wait), "active"))
            return
        self._set_status(transition.resource, transition.becomes, when)
        changes: dict[str, Any] = {}
        if transition.becomes == "ACTIVE":
            changes["launched_at"] = when
        if transition.addresses:
            changes["addresses"] = transition.addresses
        if transition.flavor is not None:
            changes["flavor"] = transition.flavor
        if changes:
            instance = self.instances[transition.resource]
            self.instances[instance.id] = replace(instance, **changes)

    def _set_status(self, identifier: str, status: str, when: str) -> None:
        if identifier in self.instances:
            instance = self.instances[identifier]
            self.instances[identifier] = replace(instance, status=status, updated_at=when)
        else:
            image = self.images[identifier]
            self.images[identifier] = replace(image, status=status, updated_at=when)

    def remove(self, instance: Instance) -> None:
        """Take an instance away: what it used is free again, its volumes stay."""
        for attached in instance.volumes.attachments:
            self.detach(attached.id, instance.id)
        for address in instance.addresses:
            if not isinstance(address.floating_ip_address, UnsetType):
                self.disassociate(address.floating_ip_address)
        self.addresses.release(instance.addresses)
        del self.instances[instance.id]

    def detach(self, volume_id: str, instance_id: str) -> None:
        """Take an instance off a volume; with none left the volume is available."""
        volume = self.volumes[volume_id]
        left = tuple(a for a in volume.attachments if a.instance_id != instance_id)
        status = "in-use" if left else "available"
        self.volumes[volume_id] = replace(volume, attachments=left, status=status)

    def attach(self, volume_id: str, attachment: VolumeAttachment) -> None:
        """Put a volume on an instance."""
        volume = self.volumes[volume_id]
        self.volumes[volume_id] = replace(volume, status="in-use", attachments=(*volume.attachments, attachment))

    def disassociate(self, floating_ip_address: str) -> None:
        """Make a floating IP free; of an address that is not the account's nothing is left to do."""
        for floating_ip in self.floating_ips.values():
            if floating_ip.floating_ip_address == floating_ip_address:
                free = replace(floating_ip, status="DOWN", fixed_ip_address=None, port_id=None)
                self.floating_ips[floating_ip.id] = free
                return


def find(records: dict[str, T], identifier: str, code: Code, what: str) -> T:
    """Look something up, or refuse."""
    try:
        return records[identifier]
    except KeyError:
        raise RefusedError(code, f"{what} {identifier!r}") from None


def first(records: Iterable[T], matches: Callable[[T], bool], code: Code, what: str) -> T:
    """Find the first record that matches, or refuse."""
    for record in records:
        if matches(record):
            return record
    raise RefusedError(code, what)
