"""The bodies of the sibling calls (images, networks, block storage), which the guide refers to but does not describe.

They share prefix, token and envelope with the guide's calls; their fields are from the vendor's other v1.0 guides.
"""

from __future__ import annotations

from msgspec import Raw, field

from toastnb.wire import Answer, Body, Int


class ImageProperties(Body):
    """What is known of an image's operating system."""

    os_type: str | None = field(name="os_type", default=None)
    os_distro: str | None = field(name="os_distro", default=None)


class Image(Body):
    """An image: size in bytes, `min_disk` in GB, `min_ram` in MB."""

    id: str
    name: str | None = None
    status: str | None = None
    size: Int | None = None
    disk_format: str | None = None
    min_disk: Int | None = None
    min_ram: Int | None = None
    is_public: bool | None = None
    protected: bool | None = None
    properties: ImageProperties | None = None
    created_at: str | None = None
    updated_at: str | None = None


class ImagesAnswer(Answer):
    """One page of images."""

    images: list[Image]


class Network(Body):
    """A network; an external one is not for instances."""

    id: str
    name: str | None = None
    status: str | None = None
    admin_state_up: bool | None = None
    external: bool | None = field(name="router:external", default=None)
    subnets: list[str] | None = None


class NetworksAnswer(Answer):
    """All networks."""

    networks: list[Network]


class Subnet(Body):
    """A subnet of a network."""

    id: str
    name: str | None = None
    network_id: str | None = None
    cidr: str | None = None
    gateway_ip: str | None = None
    enable_dhcp: bool | None = None
    ip_version: Int | None = None


class SubnetsAnswer(Answer):
    """All subnets."""

    subnets: list[Subnet]


class SecurityGroupRule(Body):
    """What a security group lets through; an absent port, protocol or remote means any."""

    id: str
    security_group_id: str | None = None
    direction: str | None = None
    ethertype: str | None = None
    protocol: str | None = None
    port_range_min: Int | None = None
    port_range_max: Int | None = None
    remote_ip_prefix: str | None = None
    remote_group_id: str | None = None
    description: str | None = None


class SecurityGroup(Body):
    """A security group with its rules."""

    id: str
    name: str | None = None
    description: str | None = None
    security_group_rules: list[SecurityGroupRule] | None = None


class SecurityGroupsAnswer(Answer):
    """All security groups."""

    security_groups: list[SecurityGroup]


class Pool(Body):
    """A pool of floating IPs."""

    id: str | None = None
    name: str | None = None


class FloatingIp(Body):
    """A floating IP; `fixed_ip_address` is what it leads to."""

    id: str
    floating_ip_address: str | None = None
    fixed_ip_address: str | None = None
    pool: Pool | None = None
    status: str | None = None


class FloatingIpsAnswer(Answer):
    """All floating IPs; the guide writes the list's name in small letters."""

    floatingips: list[FloatingIp]


class VolumeAttachment(Body):
    """Where a volume is attached."""

    attachment_id: str | None = None
    instance_id: str | None = None
    device: str | None = None


class Volume(Body):
    """A block storage volume; size in GB."""

    id: str
    name: str | None = None
    description: str | None = None
    size: Int | None = None
    status: str | None = None
    availability_zone: str | None = None
    volume_type: str | None = None
    created_at: str | None = None
    attachments: list[VolumeAttachment] | None = None


class VolumesAnswer(Answer):
    """All volumes, not decoded yet: see `codec.Items`."""

    volumes: list[Raw]
