"""What can be done with an instance: create, delete, disks, and the nine actions.

Every function checks all that it needs before it changes anything: a refused call has changed nothing.

What is open in the guide: of several instances made at once the answer tells the first; a failed build has no
addresses; a hard reboot also works on STOP and ERROR; volumes attach and detach at once, on ACTIVE and STOP
alone; nothing can be done with an instance that is being deleted.
"""

import string
from collections.abc import Sequence

from msgspec import UNSET
from msgspec.structs import replace

from toastnb.sandbox import rules
from toastnb.sandbox.account import GONE, Account, find, first, new_id
from toastnb.sandbox.bodies import NewInstance
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.codes import Code, RefusedError
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
    Record,
    RootDisk,
    SecurityGroup,
    Subnet,
    Volume,
    VolumeAttachment,
)

_REBOOTABLE = {"SOFT": ("ACTIVE",), "HARD": ("ACTIVE", "STOP", "ERROR")}
_DEVICES = [f"/dev/vd{letter}" for letter in string.ascii_lowercase]
_ROOT_DEVICE = _DEVICES[0]


class CreatedImage(Record, frozen=True):
    """What `uploadImage` answers."""

    id: str
    name: str


class Attachment(Record, frozen=True):
    """What attaching a volume answers."""

    device: str
    id: str
    volume_id: str


def require_status(instance: Instance, *allowed: str) -> None:
    """Refuse with 10409 unless the instance is in one of these states."""
    if instance.status not in allowed:
        wanted = " or ".join(allowed)
        raise RefusedError(Code.INSTANCE_STATE, f"instance {instance.id!r} is {instance.status}; this needs {wanted}")


def _require_present(instance: Instance) -> None:
    if instance.status == "DELETING":
        raise RefusedError(Code.INSTANCE_STATE, f"instance {instance.id!r} is being deleted")


# Creating and deleting


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
    groups = [_group(account, group.name) for group in wanted.security_groups]
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
    _require_present(instance)
    account.begin("DELETING", instance, GONE)


def usable_flavor(account: Account, identifier: str) -> Flavor:
    """The flavor of that id, unless it is disabled."""
    flavor = find(account.flavors, identifier, Code.NO_FLAVOR, "flavor")
    if flavor.disabled:
        raise RefusedError(Code.FLAVOR_DISABLED, f"flavor {flavor.name} is disabled")
    return flavor


def check_zone(account: Account, name: str) -> None:
    """The zone must exist and be available."""
    zone = find(account.zones, name, Code.NO_ZONE, "availabilityZone")
    if not zone.zone_state.available:
        raise RefusedError(Code.ZONE_UNAVAILABLE, f"availabilityZone {name!r} is unavailable")


def _summary(flavor: Flavor) -> FlavorSummary:
    return FlavorSummary(flavor.id, flavor.name, flavor.vcpus, flavor.ram)


def _group(account: Account, name: str) -> SecurityGroup:
    groups = account.security_groups.values()
    return first(groups, lambda group: group.name == name, Code.NO_SECURITY_GROUP, f"security group {name!r}")


def _usable_subnets(account: Account, network_id: str) -> list[Subnet]:
    network = account.networks.get(network_id)
    if network is None or network.external:
        why = "is external" if network else "does not exist"
        raise RefusedError(Code.NETWORK_INACCESSIBLE, f"instance.networks: {network_id!r} {why}")
    return [subnet for subnet in account.subnets.values() if subnet.network_id == network_id]


def _take_addresses(account: Account, networks: Sequence[Sequence[Subnet]], count: int) -> list[tuple[Address, ...]]:
    """One address in each network for each instance; all of them or none."""
    taken: list[Address] = []
    for subnets in networks * count:
        address = account.take_address(subnets)
        if address is None:
            account.release(taken)
            raise RefusedError(Code.NO_FREE_ADDRESS, f"instance.networks: fewer than {count} free addresses")
        taken.append(address)
    width = len(networks)
    return [tuple(taken[start : start + width]) for start in range(0, len(taken), width)]


# Power, size, image


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
    if rules.has_fixed_disk(flavor) or rules.has_fixed_disk(account.flavors.get(instance.flavor.id, instance.flavor)):
        raise rules.invalid("parameters.flavor: a flavor with a fixed root disk cannot be changed or chosen")
    image = account.images.get(instance.image)
    if image is not None:
        rules.check_fit(flavor, image)
    account.begin("RESIZING", instance, "STOP", flavor=_summary(flavor))


def upload_image(account: Account, instance: Instance, name: str) -> CreatedImage:
    """Make an image of a stopped instance."""
    require_status(instance, "STOP")
    source = account.images.get(instance.image)
    root_gb = instance.volumes.root.size or 0
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


# Floating IPs and security groups: in any state but DELETING


def add_floating_ip(account: Account, instance: Instance, public: str, private: str) -> None:
    """Put a floating IP on an address of an instance."""
    _require_present(instance)
    floating_ip = _floating_ip(account, public)
    address = next((a for a in instance.addresses if a.ip_address == private), None)
    if address is None:
        raise rules.invalid(f"parameters.ipAddress: {private!r} is no address of instance {instance.id!r}")
    if floating_ip.status != "DOWN":
        raise RefusedError(Code.FLOATING_IP_STATE, f"floating IP {public!r} is {floating_ip.status}")
    if address.floating_ip_address is not UNSET:
        raise RefusedError(Code.FLOATING_IP_STATE, f"address {private!r} has {address.floating_ip_address} already")
    account.floating_ips[floating_ip.id] = replace(
        floating_ip, status="ACTIVE", fixed_ip_address=private, port_id=new_id()
    )
    changed = replace(address, floating_ip_address=public)
    account.change(instance, addresses=tuple(changed if a is address else a for a in instance.addresses))


def remove_floating_ip(account: Account, instance: Instance, public: str) -> None:
    """Take a floating IP off an instance."""
    _require_present(instance)
    floating_ip = _floating_ip(account, public)
    address = next((a for a in instance.addresses if a.floating_ip_address == public), None)
    if address is None:
        raise RefusedError(Code.FLOATING_IP_STATE, f"floating IP {public!r} is not on instance {instance.id!r}")
    account.disassociate(floating_ip.floating_ip_address)
    changed = replace(address, floating_ip_address=UNSET)
    account.change(instance, addresses=tuple(changed if a is address else a for a in instance.addresses))


def _floating_ip(account: Account, address: str) -> FloatingIp:
    return first(
        account.floating_ips.values(),
        lambda floating_ip: floating_ip.floating_ip_address == address,
        Code.NO_FLOATING_IP,
        f"floating IP {address!r}",
    )


def add_security_group(account: Account, instance: Instance, name: str) -> None:
    """Give an instance one more security group."""
    _require_present(instance)
    group = Named(_group(account, name).name)
    if group in instance.security_groups:
        raise RefusedError(Code.SECURITY_GROUP_STATE, f"instance {instance.id!r} has security group {name!r} already")
    account.change(instance, security_groups=(*instance.security_groups, group))


def remove_security_group(account: Account, instance: Instance, name: str) -> None:
    """Take a security group off an instance."""
    _require_present(instance)
    group = Named(_group(account, name).name)
    if group not in instance.security_groups:
        raise RefusedError(Code.SECURITY_GROUP_STATE, f"instance {instance.id!r} does not have security group {name!r}")
    account.change(instance, security_groups=tuple(g for g in instance.security_groups if g != group))


# Volumes


def attach_volume(account: Account, instance: Instance, volume_id: str) -> Attachment:
    """Attach an available volume of the same zone, on the next free device."""
    volume = find(account.volumes, volume_id, Code.NO_VOLUME, "volume")
    require_status(instance, "ACTIVE", "STOP")
    if volume.status != "available":
        raise RefusedError(Code.VOLUME_STATE, f"volume {volume_id!r} is {volume.status}, not available")
    if volume.availability_zone != instance.availability_zone:
        zones = f"{volume.availability_zone}, the instance in {instance.availability_zone}"
        raise RefusedError(Code.VOLUME_STATE, f"volume {volume_id!r} is in {zones}")
    attachment = VolumeAttachment(_free_device(account, instance), instance.id, new_id())
    account.attach(volume_id, attachment)
    attached = AttachedVolume(volume.id, volume.name, volume.size)
    _set_attachments(account, instance, (*instance.volumes.attachments, attached))
    return Attachment(attachment.device, attachment.attachment_id, volume_id)


def detach_volume(account: Account, instance: Instance, volume_id: str) -> None:
    """Detach a volume; the root disk cannot be."""
    volume = find(account.volumes, volume_id, Code.NO_VOLUME, "volume")
    device = _devices(volume, instance)
    if not device:
        raise RefusedError(Code.NO_VOLUME, f"volume {volume_id!r} on instance {instance.id!r}")
    if _ROOT_DEVICE in device:
        raise RefusedError(Code.VOLUME_STATE, f"volume {volume_id!r} is the root disk of instance {instance.id!r}")
    require_status(instance, "ACTIVE", "STOP")
    account.detach(volume_id, instance.id)
    _set_attachments(account, instance, tuple(a for a in instance.volumes.attachments if a.id != volume_id))


def _set_attachments(account: Account, instance: Instance, attachments: tuple[AttachedVolume, ...]) -> None:
    account.change(instance, volumes=replace(instance.volumes, attachments=attachments))


def _devices(volume: Volume, instance: Instance) -> list[str]:
    return [a.device for a in volume.attachments if a.instance_id == instance.id]


def _free_device(account: Account, instance: Instance) -> str:
    used = {_ROOT_DEVICE}
    for attached in instance.volumes.attachments:
        used.update(_devices(account.volumes[attached.id], instance))
    for device in _DEVICES:
        if device not in used:
            return device
    raise RefusedError(Code.INSTANCE_STATE, f"instance {instance.id!r} has no device name left")
