"""Instances through their life: create, delete, start, stop, reboot, resize, make an image.

Every function checks all that it needs before it changes anything: a refused call has changed nothing.

What is open in the guide: of several instances made at once the answer tells the first; a failed build has no
addresses; a hard reboot also works on STOP and ERROR; nothing can be done with an instance that is being deleted.
"""

from msgspec import UnsetType

from toastnb.sandbox import rules
from toastnb.sandbox.account import GONE, Account, T, find, first, new_id
from toastnb.sandbox.bodies import NewInstance
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.codes import Code, RefusedError
from toastnb.sandbox.models import (
    Address,
    Disks,
    Flavor,
    FlavorSummary,
    Image,
    Instance,
    Named,
    Optional,
    Record,
    RootDisk,
    SecurityGroup,
    Subnet,
)

_REBOOTABLE = {"SOFT": ("ACTIVE",), "HARD": ("ACTIVE", "STOP", "ERROR")}


class CreatedImage(Record, frozen=True):
    """What `uploadImage` answers."""

    id: str
    name: str


def require_status(instance: Instance, *allowed: str) -> None:
    """Refuse with 10409 unless the instance is in one of these states."""
    if instance.status not in allowed:
        wanted = " or ".join(allowed)
        raise RefusedError(Code.INSTANCE_STATE, f"instance {instance.id!r} is {instance.status}; this needs {wanted}")


def require_present(instance: Instance) -> None:
    """Refuse with 10409 if the instance is being deleted."""
    if instance.status == "DELETING":
        raise RefusedError(Code.INSTANCE_STATE, f"instance {instance.id!r} is being deleted")


def create(account: Account, wanted: NewInstance, *, fails: bool = False) -> Instance:
    """Create one instance or several, and answer the first."""
    image = find(account.images, wanted.image, Code.NO_IMAGE, "instance.image")
    flavor = usable_flavor(account, wanted.flavor)
    rules.check_instance_name(wanted.name, image)
    rules.check_fit(flavor, image)
    size = rules.root_size(flavor, image, wanted.volume.size if wanted.volume else None)
    if image.status != "active":
        raise RefusedError(Code.IMAGE_STATE, f"instance.image {image.id!r} is {image.status}")
    check_zone(account, wanted.availability_zone)
    find(account.keypairs, wanted.key_name, Code.NO_KEYPAIR, "instance.keyName")
    groups = [security_group(account, group.name) for group in wanted.security_groups]
    if len(set(groups)) < len(groups):
        raise rules.invalid("instance.securityGroups names a group twice")
    networks = [_usable_subnets(account, network.id) for network in wanted.networks]

    count = wanted.count or 1
    names = [wanted.name] if count == 1 else [f"{wanted.name}-{number}" for number in range(1, count + 1)]
    addresses = [()] * count if fails else _take_addresses(account, networks, count)
    now = stamp(account.now())
    made = []
    for name, own_addresses in zip(names, addresses, strict=True):
        instance = Instance(
            id=new_id(),
            name=name,
            status="BUILD",
            availability_zone=wanted.availability_zone,
            image=image.id,
            flavor=_summary(flavor),
            volumes=Disks(RootDisk(size)),
            created_at=now,
            updated_at=now,
            key_name=wanted.key_name,
            metadata=image.properties,
            security_groups=tuple(Named(group.name) for group in groups),
        )
        account.instances[instance.id] = instance
        account.begin("BUILD", instance, "ERROR" if fails else "ACTIVE", addresses=own_addresses)
        made.append(instance.id)
    return account.instances[made[0]]


def delete(account: Account, identifier: str) -> None:
    """Delete an instance, whatever its state; its volumes become available when it is gone."""
    instance = account.instance(identifier)
    require_present(instance)
    account.begin("DELETING", instance, GONE)


def usable_flavor(account: Account, identifier: str) -> Flavor:
    """Find the flavor of that id, unless it is disabled."""
    flavor = find(account.flavors, identifier, Code.NO_FLAVOR, "flavor")
    if flavor.disabled:
        raise RefusedError(Code.FLAVOR_DISABLED, f"flavor {flavor.name} is disabled")
    return flavor


def check_zone(account: Account, name: str) -> None:
    """Refuse a zone that does not exist or is unavailable."""
    zone = find(account.zones, name, Code.NO_ZONE, "availabilityZone")
    if not zone.zone_state.available:
        raise RefusedError(Code.ZONE_UNAVAILABLE, f"availabilityZone {name!r} is unavailable")


def _summary(flavor: Flavor) -> FlavorSummary:
    return FlavorSummary(flavor.id, flavor.name, flavor.vcpus, flavor.ram)


def security_group(account: Account, name: str) -> SecurityGroup:
    """Find the security group of that name."""
    groups = account.security_groups.values()
    return first(groups, lambda group: group.name == name, Code.NO_SECURITY_GROUP, f"security group {name!r}")


def _usable_subnets(account: Account, network_id: str) -> list[Subnet]:
    network = account.networks.get(network_id)
    if network is None or network.external:
        why = "is external" if network else "does not exist"
        raise RefusedError(Code.NETWORK_INACCESSIBLE, f"instance.networks: {network_id!r} {why}")
    return [subnet for subnet in account.subnets.values() if subnet.network_id == network_id]


def _take_addresses(account: Account, networks: list[list[Subnet]], count: int) -> list[tuple[Address, ...]]:
    """One address in each network for each instance; all of them or none."""
    taken: list[Address] = []
    for subnets in networks * count:
        address = account.addresses.take(subnets)
        if address is None:
            account.addresses.release(taken)
            raise RefusedError(Code.NO_FREE_ADDRESS, f"instance.networks: fewer than {count} free addresses")
        taken.append(address)
    width = len(networks)
    return [tuple(taken[start : start + width]) for start in range(0, len(taken), width)]


def start(account: Account, instance: Instance) -> None:
    """Start a stopped instance."""
    require_status(instance, "STOP")
    account.begin("POWERING_ON", instance, "ACTIVE")


def stop(account: Account, instance: Instance) -> None:
    """Stop a running or failed instance."""
    require_status(instance, "ACTIVE", "ERROR")
    account.begin("POWERING_OFF", instance, "STOP")


def reboot(account: Account, instance: Instance, kind: str) -> None:
    """Reboot an instance."""
    if kind not in _REBOOTABLE:
        raise rules.invalid(f"parameters.type must be SOFT or HARD, not {kind!r}")
    require_status(instance, *_REBOOTABLE[kind])
    account.begin("REBOOTING", instance, "ACTIVE")


def resize(account: Account, instance: Instance, flavor_id: str) -> None:
    """Give a stopped instance another flavor; it stays stopped and keeps its root disk."""
    require_status(instance, "STOP")
    flavor = usable_flavor(account, flavor_id)
    if flavor.id == instance.flavor.id:
        raise rules.invalid(f"parameters.flavor: the instance is {flavor.name} already")
    current = _known(account.flavors, instance.flavor.id)
    if rules.has_fixed_disk(flavor) or (current is not None and rules.has_fixed_disk(current)):
        raise rules.invalid("parameters.flavor: a flavor with a fixed root disk cannot be changed or chosen")
    image = _known(account.images, instance.image)
    if image is not None:
        rules.check_fit(flavor, image)
    account.begin("RESIZING", instance, "STOP", flavor=_summary(flavor))


def upload_image(account: Account, instance: Instance, name: str) -> CreatedImage:
    """Make an image of a stopped instance."""
    require_status(instance, "STOP")
    source = _known(account.images, instance.image)
    root_gb = 0 if isinstance(instance.volumes.root.size, UnsetType) else instance.volumes.root.size
    now = stamp(account.now())
    image = Image(
        id=new_id(),
        name=name,
        status="queued",
        size=root_gb << 27,
        disk_format=source.disk_format if source else "qcow2",
        min_disk=root_gb,
        min_ram=source.min_ram if source else 1024,
        is_public=False,
        protected=False,
        properties=source.properties if source else {},
        created_at=now,
        updated_at=now,
    )
    account.images[image.id] = image
    account.begin("queued", image, "saving")
    return CreatedImage(image.id, image.name)


def _known(records: dict[str, T], identifier: str | Optional) -> T | None:
    """Find what an instance names, if that is still there."""
    return None if isinstance(identifier, UnsetType) else records.get(identifier)
