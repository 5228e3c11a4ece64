"""What goes onto an instance and comes off again: floating IPs, security groups, volumes.

What is open in the guide: floating IPs and security groups change in any state but DELETING; volumes attach and
detach at once, on ACTIVE and STOP alone.
"""

import string

from msgspec import UNSET
from msgspec.structs import replace

from toastnb.sandbox import rules
from toastnb.sandbox.account import Account, find, first, new_id
from toastnb.sandbox.codes import Code, RefusedError
from toastnb.sandbox.instances import require_present, require_status, security_group
from toastnb.sandbox.models import AttachedVolume, FloatingIp, Instance, Named, Record, Volume, VolumeAttachment

DEVICES = [f"/dev/vd{letter}" for letter in string.ascii_lowercase]
_ROOT_DEVICE = DEVICES[0]


class Attachment(Record, frozen=True):
    """What attaching a volume answers."""

    device: str
    id: str
    volume_id: str


def add_floating_ip(account: Account, instance: Instance, public: str, private: str) -> None:
    """Put a floating IP on an address of an instance."""
    require_present(instance)
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
    require_present(instance)
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
    require_present(instance)
    group = Named(security_group(account, name).name)
    if group in instance.security_groups:
        raise RefusedError(Code.SECURITY_GROUP_STATE, f"instance {instance.id!r} has security group {name!r} already")
    account.change(instance, security_groups=(*instance.security_groups, group))


def remove_security_group(account: Account, instance: Instance, name: str) -> None:
    """Take a security group off an instance."""
    require_present(instance)
    group = Named(security_group(account, name).name)
    if group not in instance.security_groups:
        raise RefusedError(Code.SECURITY_GROUP_STATE, f"instance {instance.id!r} does not have security group {name!r}")
    account.change(instance, security_groups=tuple(g for g in instance.security_groups if g != group))


def attach_volume(account: Account, instance: Instance, volume_id: str) -> Attachment:
    """Attach an available volume of the same zone, on the next free device."""
    volume = find(account.volumes, volume_id, Code.NO_VOLUME, "volume")
    require_status(instance, "ACTIVE", "STOP")
    if volume.status != "available":
        raise RefusedError(Code.VOLUME_STATE, f"volume {volume_id!r} is {volume.status}, not available")
    if volume.availability_zone != instance.availability_zone:
        zones = f"{volume.availability_zone}, the instance in {instance.availability_zone}"
        raise RefusedError(Code.VOLUME_STATE, f"volume {volume_id!r} is in {zones}")
    attachment = VolumeAttachment(free_device(account, instance), instance.id, new_id())
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


def free_device(account: Account, instance: Instance) -> str:
    """Find the first device name that an instance has not in use, or refuse."""
    used = {_ROOT_DEVICE}
    for attached in instance.volumes.attachments:
        used.update(_devices(account.volumes[attached.id], instance))
    for device in DEVICES:
        if device not in used:
            return device
    raise RefusedError(Code.INSTANCE_STATE, f"instance {instance.id!r} has no device name left")
