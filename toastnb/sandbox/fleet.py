"""The seeded account: a fleet such as a company of some size runs, to the byte the same for a seed and start.

Nothing in it is in transition, so that it does not change by itself. Whatever the size, there are things to try
every call with: available volumes in each available zone, free floating IPs, an unused keypair, and so on.
"""

import ipaddress
import math
import random
from datetime import datetime, timedelta

from msgspec import UNSET, UnsetType

from toastnb.sandbox import catalog
from toastnb.sandbox.addresses import mac_of
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.drawing import drawn_id, drawn_size
from toastnb.sandbox.fleet_plan import APPS, ENVIRONMENTS, LONG_STOPPED_DAYS, App, keypairs, security_groups
from toastnb.sandbox.models import (
    Address,
    AttachedVolume,
    Disks,
    Flavor,
    FlavorSummary,
    FloatingIp,
    Image,
    Instance,
    Named,
    Network,
    RootDisk,
    State,
    Subnet,
    Volume,
    VolumeAttachment,
)
from toastnb.sandbox.rules import LARGEST_ROOT_GB, smallest_root

LARGEST_FLEET = 2_000_000
_MOST_FLOATING_IPS_IN_USE = 100_000
_ZONES, _ZONE_WEIGHTS = ["kr-pub-a", "kr-pub-b"], [64, 100]  # cumulated: uneven on purpose
_STATUSES, _STATUS_WEIGHTS = ["ACTIVE", "STOP", "ERROR"], [855, 985, 1000]
_FLAVORS = {flavor.name: flavor for flavor in catalog.FLAVORS}
_SUMMARIES = {f.name: FlavorSummary(f.id, f.name, f.vcpus, f.ram) for f in catalog.FLAVORS}
_IMAGES = {image.name: image for image in catalog.IMAGES}
_ENVIRONMENTS, _SHARES = list(ENVIRONMENTS), list(ENVIRONMENTS.values())
_GROUPS = {app.name: tuple(Named(group) for group in ("default", *app.groups)) for app in APPS}
_SECOND_NETWORK = "data-net"
_OLDEST_DAYS = 4 * 365
_DAY = 86_400.0


def seeded(instances: int, seed: int, start: datetime) -> State:
    """Make the account of that size, seed and time.

    Examples
    --------
    >>> from toastnb.sandbox.clock import parse_start
    >>> [i.status for i in seeded(3, 7, parse_start("2026-01-01")).instances]
    ['ACTIVE', 'ACTIVE', 'ACTIVE']
    """
    if not 0 <= instances <= LARGEST_FLEET:
        raise ValueError(f"instances must be 0 to {LARGEST_FLEET:,}, not {instances}")
    return _Builder(instances, seed, start).build()


class _Builder:
    """Makes one account. The order of the random draws is what a seed stands for."""

    def __init__(self, size: int, seed: int, start: datetime) -> None:
        self._size = size
        self._start = start
        self._random = random.Random(f"toastnb sandbox {seed}")  # noqa: S311 - made-up data
        self._instances: list[Instance] = []
        self._volumes: list[Volume] = []
        self._floating_ips: list[FloatingIp] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._metadata: dict[tuple[str, ...], dict[str, str]] = {}
        self._networks: list[tuple[Network, Subnet]] = [*catalog.FIXED_NETWORKS, *_private_networks(size)]
        self._next_address = {
            network.name: int(ipaddress.IPv4Address(subnet.allocation_pools[0].start))
            for network, subnet in self._networks
        }
        self._next_floating = int(catalog.FLOATING_RANGE[1])

    def build(self) -> State:
        user_id = self._id()
        names, weights = list(APPS), [app.weight for app in APPS]
        for app in self._random.choices(names, weights, k=self._size):
            self._add_instance(app)
        self._add_unattached_volumes()
        for _ in range(max(3, self._size // 50)):
            self._add_floating_ip(None)
        return State(
            time=self._start,
            user_id=user_id,
            zones=catalog.ZONES,
            flavors=catalog.FLAVORS,
            images=catalog.IMAGES,
            networks=[catalog.PUBLIC_NETWORK, *(network for network, _ in self._networks)],
            subnets=[subnet for _, subnet in self._networks],
            security_groups=security_groups(),
            pools=[catalog.POOL],
            floating_ips=self._floating_ips,
            volumes=self._volumes,
            keypairs=keypairs(self._random, self._start),
            instances=self._instances,
        )

    def _add_instance(self, app: App) -> None:
        draw = self._random
        identifier = self._id()
        environment = draw.choices(_ENVIRONMENTS, _SHARES)[0]
        name = self._name(app, environment)
        zone = _ZONES[0] if app.single_zone else draw.choices(_ZONES, cum_weights=_ZONE_WEIGHTS)[0]
        image = _IMAGES[draw.choice(app.images)]
        flavor = _FLAVORS[draw.choices(list(app.flavors), list(app.flavors.values()))[0]]
        if flavor.ram < image.min_ram:
            image = _IMAGES["Debian 12"]
        status = draw.choices(_STATUSES, cum_weights=_STATUS_WEIGHTS)[0]
        never_booted = status == "ERROR" and draw.random() < 0.5
        created, launched, updated = self._times(status)
        self._instances.append(
            Instance(
                id=identifier,
                name=name,
                status=status,
                availability_zone=zone,
                image=image.id,
                flavor=_SUMMARIES[flavor.name],
                volumes=Disks(
                    RootDisk(self._root_size(flavor, image)),
                    () if never_booted else self._attached_volumes(app, identifier, name, zone, created),
                ),
                created_at=stamp(created),
                updated_at=stamp(updated),
                key_name=app.keypair if draw.random() < 0.7 else "ops-shared",
                launched_at=UNSET if never_booted else stamp(launched),
                metadata=self._metadata_of(app, environment, image),
                addresses=() if never_booted else self._addresses(app, environment),
                security_groups=_GROUPS[app.name],
            )
        )

    def _name(self, app: App, environment: str) -> str:
        """`web-prod-03`; on Windows, where names are shorter, `iis-p-03`."""
        shown = environment[0] if app.windows else environment
        number = self._numbers[app.name, environment] = self._numbers.get((app.name, environment), 0) + 1
        return f"{app.name}-{shown}-{number:02d}"

    def _times(self, status: str) -> tuple[datetime, datetime, datetime]:
        """Draw when it was created, booted last, changed last: in this order, and all before the start."""
        draw = self._random
        age = draw.uniform(0.1, _OLDEST_DAYS)
        idle = draw.uniform(0.01, age)
        if status == "STOP" and draw.random() < 0.5:
            age = draw.uniform(LONG_STOPPED_DAYS + 30, _OLDEST_DAYS)
            idle = draw.uniform(LONG_STOPPED_DAYS + 1, age)
        booted = draw.uniform(idle, age)
        created, launched, updated = (self._start - timedelta(days=days) for days in (age, booted, idle))
        return created, launched, updated

    def _root_size(self, flavor: Flavor, image: Image) -> int:
        if not isinstance(flavor.volume_size, UnsetType):
            return flavor.volume_size
        most = LARGEST_ROOT_GB if isinstance(flavor.max_volume_size, UnsetType) else flavor.max_volume_size
        return min(most, max(smallest_root(image), self._disk_size()))

    def _disk_size(self) -> int:
        return drawn_size(self._random)

    def _attached_volumes(
        self, app: App, instance_id: str, name: str, zone: str, created: datetime
    ) -> tuple[AttachedVolume, ...]:
        attached = []
        for number in range(self._random.choices(range(5), app.volumes)[0]):
            attachment = VolumeAttachment(f"/dev/vd{'bcde'[number]}", instance_id, self._id())
            volume = self._add_volume(f"{name}-data{number + 1}", zone, created, attachment)
            attached.append(AttachedVolume(volume.id, volume.name, volume.size))
        return tuple(attached)

    def _add_unattached_volumes(self) -> None:
        """Add what nobody uses, some of it for years."""
        for number in range(max(4, self._size // 25)):
            name = self._random.choice(["old-db-backup", "restore-test", "tmp-export", "build-cache"])
            created = self._start - timedelta(days=self._random.uniform(1, _OLDEST_DAYS))
            self._add_volume(f"{name}-{number + 1:02d}", _ZONES[number % len(_ZONES)], created, None)

    def _add_volume(self, name: str, zone: str, created: datetime, attachment: VolumeAttachment | None) -> Volume:
        volume = Volume(
            id=self._id(),
            name=name,
            description="",
            size=self._disk_size(),
            status="in-use" if attachment else "available",
            availability_zone=zone,
            volume_type="General SSD" if self._random.random() < 0.3 else "General HDD",
            metadata={},
            created_at=stamp(created),
            attachments=(attachment,) if attachment else (),
        )
        self._volumes.append(volume)
        return volume

    def _addresses(self, app: App, environment: str) -> tuple[Address, ...]:
        own = self._address(f"{environment}-net")
        public = self._random.random() < app.public and len(self._floating_ips) < _MOST_FLOATING_IPS_IN_USE
        floating = self._add_floating_ip(own) if public else UNSET
        first = Address(mac_of(own), own, floating_ip_address=floating)
        if app.second_address and self._random.random() < 0.5:
            second = self._address(_SECOND_NETWORK)
            return first, Address(mac_of(second), second)
        return (first,)

    def _address(self, network: str) -> str:
        number = self._next_address[network]
        self._next_address[network] = number + 1
        return str(ipaddress.IPv4Address(number))

    def _add_floating_ip(self, fixed: str | None) -> str:
        address = str(ipaddress.IPv4Address(self._next_floating))
        self._next_floating += 1
        status, port = ("ACTIVE", self._id()) if fixed else ("DOWN", None)
        self._floating_ips.append(FloatingIp(self._id(), address, catalog.POOL, status, fixed, port))
        return address

    def _metadata_of(self, app: App, environment: str, image: Image) -> dict[str, str]:
        """Merge the image's keys and the user's, of which some are missing; equal ones are one object."""
        draw = self._random
        own = {"team": app.team, "service": app.name, "env": environment}
        kept = {key: value for key, value in own.items() if draw.random() < 0.9}
        if draw.random() < 0.05:
            kept["용도"] = "임시 점검용"
        return self._metadata.setdefault((image.id, *kept, *kept.values()), {**image.properties, **kept})

    def _id(self) -> str:
        return drawn_id(self._random)


def _private_networks(size: int) -> list[tuple[Network, Subnet]]:
    """One network for each environment and one for data, each large enough for its share with room to grow."""
    blocks = ipaddress.IPv4Network("10.0.0.0/8").subnets(new_prefix=11)
    shares = {**{f"{name}-net": share for name, share in ENVIRONMENTS.items()}, _SECOND_NETWORK: 0.2}
    made = []
    for (name, share), block in zip(shares.items(), blocks, strict=False):
        needed = size * share * 1.25 + 80
        prefix = min(24, 32 - math.ceil(math.log2(needed)))
        made.append(catalog.private_network(name, f"{block.network_address}/{prefix}"))
    return made
