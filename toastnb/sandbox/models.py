"""What the account holds, as immutable records in the very shape in which the API sends them.

A change replaces a record instead of editing it. So a list of records taken at one moment stays a picture
of that moment while it is being sent, and the answer to a call is the encoded record itself. The order of
the fields is the order on the wire.

What is open in the guide: a value that an object does not have (no floating IP, never booted) is left out.
Fields of later revisions (a disk's `type`) are sent only if the saved account had them.
"""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType, field

Optional = UnsetType
"""The type of a field that may be absent on the wire."""


class Record(Struct, frozen=True, rename="camel", gc=False):
    """Base of all records: immutable, camelCase on the wire, and never part of a reference cycle."""


class Named(Record, frozen=True):
    """Something known by its name."""

    name: str


class ZoneState(Record, frozen=True):
    """Whether a zone can be used."""

    available: bool


class Zone(Record, frozen=True):
    """An availability zone."""

    zone_name: str
    zone_state: ZoneState


class Flavor(Record, frozen=True):
    """A size of instance; `volume_size` only where the root disk is of a fixed size."""

    id: str
    name: str
    type: str
    vcpus: int
    ram: int
    ephemeral: int
    disabled: bool
    is_public: bool
    volume_size: int | Optional = UNSET
    max_volume_size: int | Optional = UNSET


class Address(Record, frozen=True):
    """An address of an instance, and the floating IP on it if there is one."""

    mac_address: str
    ip_address: str
    version: int = 4
    floating_ip_address: str | Optional = UNSET


class FlavorSummary(Record, frozen=True):
    """A flavor as instances-detail shows it."""

    id: str | Optional
    name: str | Optional
    cpu: int | Optional
    ram: int | Optional


class RootDisk(Record, frozen=True):
    """The disk that an instance boots from."""

    size: int | Optional = UNSET
    type: str | Optional = UNSET


class AttachedVolume(Record, frozen=True):
    """A volume as instances-detail shows it."""

    id: str
    name: str
    size: int | Optional
    type: str | Optional = UNSET


class Disks(Record, frozen=True):
    """All disks of an instance."""

    root: RootDisk
    attachments: tuple[AttachedVolume, ...] = ()


class InstanceSummary(Record, frozen=True):
    """An instance as the short call shows it."""

    id: str
    name: str
    status: str


class Instance(Record, frozen=True):
    """An instance."""

    id: str
    name: str
    status: str
    availability_zone: str | Optional
    image: str | Optional
    flavor: FlavorSummary
    volumes: Disks
    created_at: str | Optional
    updated_at: str | Optional
    key_name: str | Optional = UNSET
    launched_at: str | Optional = UNSET
    metadata: dict[str, str] = field(default_factory=dict)
    addresses: tuple[Address, ...] = ()
    security_groups: tuple[Named, ...] = ()

    def summary(self) -> InstanceSummary:
        """Shorten it."""
        return InstanceSummary(self.id, self.name, self.status)


class Keypair(Record, frozen=True):
    """A keypair; when it was made is told only to who asks for it by name."""

    name: str
    public_key: str
    fingerprint: str
    created_at: str | Optional = UNSET


class Image(Record, frozen=True):
    """An image."""

    id: str
    name: str
    status: str
    size: int
    disk_format: str
    min_disk: int
    min_ram: int
    is_public: bool
    protected: bool
    properties: dict[str, str]
    created_at: str
    updated_at: str


class Network(Record, frozen=True):
    """A network; an external one is not for instances."""

    id: str
    name: str
    status: str
    admin_state_up: bool
    external: bool = field(name="router:external")
    subnets: tuple[str, ...]


class Pool(Record, frozen=True):
    """The first and last address that a subnet hands out."""

    start: str
    end: str


class Subnet(Record, frozen=True):
    """A subnet."""

    id: str
    name: str
    network_id: str
    cidr: str
    gateway_ip: str | None
    enable_dhcp: bool
    ip_version: int
    allocation_pools: tuple[Pool, ...]
    host_routes: tuple[dict[str, str], ...] = ()


class SecurityGroupRule(Record, frozen=True):
    """One permission of a security group; None means any."""

    id: str
    direction: str
    ethertype: str
    protocol: str | None
    port_range_min: int | None
    port_range_max: int | None
    remote_ip_prefix: str | None
    remote_group_id: str | None
    security_group_id: str
    description: str


class SecurityGroup(Record, frozen=True):
    """A security group."""

    id: str
    name: str
    description: str
    security_group_rules: tuple[SecurityGroupRule, ...]


class FloatingIpPool(Record, frozen=True):
    """Where floating IPs come from."""

    id: str
    name: str


class FloatingIp(Record, frozen=True):
    """A floating IP: ACTIVE with a fixed address behind it, or DOWN."""

    id: str
    floating_ip_address: str
    pool: FloatingIpPool
    status: str
    fixed_ip_address: str | None = None
    port_id: str | None = None
    router_id: str | None = None


class VolumeAttachment(Record, frozen=True):
    """Where a volume is attached."""

    device: str
    instance_id: str
    attachment_id: str


class Volume(Record, frozen=True):
    """A block storage volume. Root disks are not among them [open], unless a saved account had them there."""

    id: str
    name: str
    description: str | None
    size: int
    status: str
    availability_zone: str
    volume_type: str | None
    metadata: dict[str, str]
    created_at: str
    attachments: tuple[VolumeAttachment, ...] = ()


class Transition(Record, frozen=True):
    """What will become of an instance or image, and when."""

    resource: str
    due: datetime
    becomes: str
    addresses: tuple[Address, ...] = ()
    flavor: FlavorSummary | None = None


class State(Struct, frozen=True, kw_only=True):
    """A whole account at one moment."""

    time: datetime
    user_id: str
    zones: list[Zone]
    flavors: list[Flavor]
    images: list[Image]
    networks: list[Network]
    subnets: list[Subnet]
    security_groups: list[SecurityGroup]
    pools: list[FloatingIpPool]
    floating_ips: list[FloatingIp]
    volumes: list[Volume]
    keypairs: list[Keypair]
    instances: list[Instance]
    transitions: list[Transition] = []
    not_served: list[str] = []
    """Paths of reads that are answered with "Not supported"."""
    days_lived: int = 0
    """How many days of its life it has behind it, see the module `life`."""
