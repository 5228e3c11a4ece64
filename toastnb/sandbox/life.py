"""The life of an account, day by day: growth, churn, a migration, and what is stopped and forgotten.

Running instances are copied, more of them on weekdays, and deleted: those of development sooner than those of
production, and some leave their volumes behind. Some are resized, get a volume, or fail. Some are stopped; what is
not started again within days is never touched again. Once, after seven to ten weeks, the largest application moves to
flavors for compute with twice its vCPUs. Every month or so somebody leaves a keypair.

A day depends on the account, the seed, and how many days were lived before it. It keeps the rules that calls keep:
no disabled flavor, no address twice, nothing in a zone that is unavailable. Where a network has no address left,
nothing more is made in it. What users have done meanwhile lives on like the rest; of what is in a passing state, the
day keeps its hands off.
"""

import ipaddress
import random
import re
from datetime import datetime, timedelta
from functools import cached_property

from msgspec import UnsetType
from msgspec.structs import replace

from toastnb.sandbox import life_plan as plan
from toastnb.sandbox import rules, siblings, sshkeys
from toastnb.sandbox.account import Account
from toastnb.sandbox.attachments import DEVICES, free_device
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.codes import RefusedError
from toastnb.sandbox.drawing import drawn_id, drawn_size
from toastnb.sandbox.fleet_plan import drawn_key
from toastnb.sandbox.models import (
    Address,
    AttachedVolume,
    Flavor,
    FlavorSummary,
    Image,
    Instance,
    Keypair,
    Subnet,
    Volume,
    VolumeAttachment,
)

DAY = 86_400.0
_SATURDAY = 5
_BOOT_SECONDS = 10.0
_NUMBERED = re.compile(r"(.*?)-?([0-9]{1,9})")


def live_a_day(account: Account, seed: int, begin: datetime) -> None:
    """Let an account live through one day."""
    _Day(account, seed, begin).run()
    account.days_lived += 1


class _Day:
    """One day. The order of the random draws is what a seed stands for."""

    def __init__(self, account: Account, seed: int, begin: datetime) -> None:
        self._account = account
        self._begin = begin
        self._random = random.Random(f"toastnb sandbox life {seed} {account.days_lived}")  # noqa: S311 - made-up data
        self._migration = plan.MIGRATION.get(plan.day_of_migration(seed, account.days_lived), 0.0)
        self._made = plan.WEEKDAY if begin.weekday() < _SATURDAY else plan.WEEKEND

    def run(self) -> None:
        for instance in list(self._account.instances.values()):
            if instance.status == "ACTIVE":
                self._running(instance)
            elif instance.status == "STOP" and self._is_recent(instance) and self._happens(plan.RESTARTED):
                self._change(instance, boots=True, status="ACTIVE")
            elif instance.status == "ERROR" and self._happens(plan.REPAIRED):
                self._delete(instance)
        if self._migration:
            self._migrate()
        if self._happens(plan.NEW_KEYPAIR):
            self._add_keypair()

    def _running(self, instance: Instance) -> None:
        """One thing at most happens to an instance on a day, besides being copied."""
        chances = plan.chances(instance)
        if self._happens(chances.copied * self._made):
            self._copy(instance)
        chance = self._random.random()
        for likely, act in (
            (chances.deleted, self._delete),
            (chances.stopped, self._stop),
            (plan.RESIZED, self._resize),
            (plan.ATTACHED, self._attach),
            (plan.FAILED, self._fail),
        ):
            if chance < likely:
                act(instance)
                return
            chance -= likely

    # What happens to an instance

    def _delete(self, instance: Instance) -> None:
        self._account.remove(instance)
        for attached in instance.volumes.attachments:
            if not self._account.volumes[attached.id].attachments and not self._happens(plan.LEFT_BEHIND):
                del self._account.volumes[attached.id]

    def _stop(self, instance: Instance) -> None:
        self._change(instance, status="STOP")

    def _fail(self, instance: Instance) -> None:
        self._change(instance, status="ERROR")

    def _attach(self, instance: Instance) -> None:
        number = len(instance.volumes.attachments)
        if number >= plan.MOST_VOLUMES or isinstance(instance.availability_zone, UnsetType):
            return
        attachment = VolumeAttachment(free_device(self._account, instance), instance.id, self._id())
        name, size = f"{instance.name}-data{number + 1}", drawn_size(self._random)
        moment = self._moment_after(instance)
        volume = self._add_volume(name, size, instance.availability_zone, moment, attachment)
        attached = (*instance.volumes.attachments, AttachedVolume(volume.id, volume.name, volume.size))
        self._account.change(instance, updated_at=moment, volumes=replace(instance.volumes, attachments=attached))

    def _resize(self, instance: Instance) -> None:
        """Give it twice the vCPUs, or sometimes half of them, of the same type."""
        current = self._flavor_of(instance)
        if current is not None:
            times = 2.0 if self._happens(0.7) else 0.5
            self._move(instance, self._resized(instance, current, current.type, times))

    def _migrate(self) -> None:
        """Move the largest application from flavors for all uses to those for compute."""
        movable: dict[str, list[tuple[Instance, Flavor]]] = {}
        sizes: dict[str, int] = {}
        for instance in self._account.instances.values():
            current = self._flavor_of(instance)
            if instance.status != "ACTIVE" or current is None:
                continue
            app = plan.application(instance)
            sizes[app] = sizes.get(app, 0) + current.vcpus
            target = self._resized(instance, current, "compute", 2.0) if current.type == "general" else None
            if target is not None:
                movable.setdefault(app, []).append((instance, target))
        moves = movable[max(movable, key=lambda app: sizes[app])] if movable else []
        for instance, target in self._random.sample(moves, round(len(moves) * self._migration)):
            self._move(instance, target)

    def _move(self, instance: Instance, flavor: Flavor | None) -> None:
        """Stop, resize and start it."""
        if flavor is not None:
            summary = FlavorSummary(flavor.id, flavor.name, flavor.vcpus, flavor.ram)
            self._change(instance, boots=True, flavor=summary)

    def _resized(self, instance: Instance, current: Flavor, kind: str, times: float) -> Flavor | None:
        """Find the smallest flavor of a type with so many times the vCPUs that the instance may have."""
        if rules.has_fixed_disk(current):
            return None
        fitting = (
            flavor
            for flavor in self._account.flavors.values()
            if (flavor.type, flavor.vcpus) == (kind, current.vcpus * times)
            and not (flavor.disabled or rules.has_fixed_disk(flavor))
            and self._fits(flavor, self._image_of(instance))
        )
        return min(fitting, key=lambda flavor: flavor.ram, default=None)

    # What is new

    def _copy(self, like: Instance) -> None:
        """Make an instance like one that there is: an account goes on to look as it does."""
        zone, flavor, image = like.availability_zone, self._flavor_of(like), self._image_of(like)
        name = self._next_name(like.name)
        if flavor is None or isinstance(zone, UnsetType) or not self._may_be_made(name, zone, flavor, image):
            return
        addresses = self._addresses_like(like.addresses)
        if addresses is None:
            return
        identifier, moment = self._id(), self._moment()
        booted = stamp(datetime.fromisoformat(moment) + timedelta(seconds=self._random.uniform(4, _BOOT_SECONDS)))
        volumes = self._volumes_like(like, identifier, name, zone, moment)
        self._account.instances[identifier] = replace(
            like,
            id=identifier,
            name=name,
            volumes=replace(like.volumes, attachments=volumes),
            addresses=addresses,
            created_at=moment,
            launched_at=booted,
            updated_at=booted,
        )

    def _may_be_made(self, name: str, zone: str, flavor: Flavor, image: Image | None) -> bool:
        known = self._account.zones.get(zone)
        if flavor.disabled or known is None or not known.zone_state.available:
            return False
        if image is None:
            return True
        try:
            rules.check_instance_name(name, image)
        except RefusedError:
            return False
        return image.status == "active" and self._fits(flavor, image)

    def _volumes_like(
        self, like: Instance, instance_id: str, name: str, zone: str, moment: str
    ) -> tuple[AttachedVolume, ...]:
        made = []
        for number, attached in enumerate(like.volumes.attachments, start=1):
            attachment = VolumeAttachment(DEVICES[number], instance_id, self._id())
            size = drawn_size(self._random) if isinstance(attached.size, UnsetType) else attached.size
            volume = self._add_volume(f"{name}-data{number}", size, zone, moment, attachment)
            made.append(AttachedVolume(volume.id, volume.name, volume.size, attached.type))
        return tuple(made)

    def _add_volume(self, name: str, size: int, zone: str, moment: str, attachment: VolumeAttachment) -> Volume:
        volume = Volume(
            id=self._id(),
            name=name,
            description="",
            size=size,
            status="in-use",
            availability_zone=zone,
            volume_type="General SSD" if self._happens(0.3) else "General HDD",
            metadata={},
            created_at=moment,
            attachments=(attachment,),
        )
        self._account.volumes[volume.id] = volume
        return volume

    def _add_keypair(self) -> None:
        name = f"{self._random.choice(plan.PEOPLE)}-{self._begin:%Y%m%d}"
        public_key = sshkeys.openssh(drawn_key("ed25519", self._random), name)
        if name not in self._account.keypairs:
            keypair = Keypair(name, public_key, sshkeys.fingerprint(public_key), self._moment())
            self._account.keypairs[name] = keypair

    # Addresses

    def _addresses_like(self, addresses: tuple[Address, ...]) -> tuple[Address, ...] | None:
        """Take addresses in the same subnets: all of them or none."""
        taken: list[Address] = []
        for like in addresses:
            address = self._account.addresses.take(self._subnets_like(like.ip_address))
            if address is None:
                self._account.addresses.release(taken)
                return None
            taken.append(address)
        return tuple(self._with_floating_ip(own, like) for own, like in zip(taken, addresses, strict=True))

    def _subnets_like(self, ip_address: str) -> list[Subnet]:
        """Find the subnets that an address is in; of an account whose subnets are not known it is in none of them."""
        every = [one for _, one in self._subnets]
        try:
            number = ipaddress.ip_address(ip_address)
        except ValueError:
            return every
        return [one for span, one in self._subnets if number in span] or every

    @cached_property
    def _subnets(self) -> list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, Subnet]]:
        return [(ipaddress.ip_network(one.cidr, strict=False), one) for one in self._account.subnets.values()]

    def _with_floating_ip(self, address: Address, like: Address) -> Address:
        """Put a floating IP on an address where the other has one: a free one as long as there are some to spare."""
        if isinstance(like.floating_ip_address, UnsetType):
            return address
        every = self._account.floating_ips
        free = [one for one in every.values() if one.status == "DOWN"]
        if len(free) > plan.SPARE_FLOATING_IPS:
            floating_ip = free[0]
        else:
            pool = next(iter(self._account.pools), "")
            try:
                floating_ip = siblings.create_floating_ip(self._account, pool, self._id)
            except RefusedError:
                return address
        own = address.ip_address
        every[floating_ip.id] = replace(floating_ip, status="ACTIVE", fixed_ip_address=own, port_id=self._id())
        return replace(address, floating_ip_address=floating_ip.floating_ip_address)

    # Looking up and drawing

    def _flavor_of(self, instance: Instance) -> Flavor | None:
        identifier = instance.flavor.id
        return None if isinstance(identifier, UnsetType) else self._account.flavors.get(identifier)

    def _image_of(self, instance: Instance) -> Image | None:
        return None if isinstance(instance.image, UnsetType) else self._account.images.get(instance.image)

    def _fits(self, flavor: Flavor, image: Image | None) -> bool:
        if image is None:
            return True
        try:
            rules.check_fit(flavor, image)
        except RefusedError:
            return False
        return True

    def _next_name(self, like: str) -> str:
        """`web-prod-03` where the last one is `web-prod-02`."""
        numbered = _NUMBERED.fullmatch(like)
        prefix = numbered[1] if numbered else like
        number = self._last_numbers[prefix] = self._last_numbers.get(prefix, 1) + 1
        return f"{prefix}-{number:02d}"

    @cached_property
    def _last_numbers(self) -> dict[str, int]:
        last: dict[str, int] = {}
        for instance in self._account.instances.values():
            if numbered := _NUMBERED.fullmatch(instance.name):
                last[numbered[1]] = max(last.get(numbered[1], 0), int(numbered[2]))
        return last

    def _change(self, instance: Instance, *, boots: bool = False, **changes: object) -> None:
        """Put a changed instance in the place of the old one."""
        moment = self._moment_after(instance)
        booted = {"launched_at": moment} if boots else {}
        self._account.change(instance, updated_at=moment, **booted, **changes)

    def _is_recent(self, instance: Instance) -> bool:
        since = stamp(self._begin - timedelta(days=plan.RESTARTED_WITHIN_DAYS))
        return not isinstance(instance.updated_at, UnsetType) and instance.updated_at >= since

    def _happens(self, chance: float) -> bool:
        return self._random.random() < chance

    def _moment(self) -> str:
        """Draw a moment of the day, with time to boot before it ends."""
        return stamp(self._begin + timedelta(seconds=self._random.uniform(0, DAY - _BOOT_SECONDS)))

    def _moment_after(self, instance: Instance) -> str:
        """Draw a moment of the day; nothing happens to an instance before what happened to it last."""
        before = instance.updated_at
        return self._moment() if isinstance(before, UnsetType) else max(self._moment(), before)

    def _id(self) -> str:
        return drawn_id(self._random)
