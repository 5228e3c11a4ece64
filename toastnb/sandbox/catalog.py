"""What every sandbox offers, whatever its size and seed: zones, flavors, images, networks, the pool.

Names and shapes are plausible, not quoted from the vendor. Identifiers are derived from the names, so that
they are the same in every sandbox.
"""

import ipaddress
import uuid

from msgspec import UNSET

from toastnb.sandbox.models import Flavor, FloatingIpPool, Image, Network, Pool, Subnet, Zone, ZoneState

_NAMESPACE = uuid.UUID("5f0c2a1e-7a0b-4a57-9d0e-1c5b8c3d2e10")
_BORN = "2019-03-04T01:00:00.000000"
LARGEST_VOLUME_GB = 1000
GIB = 1 << 30

FLOATING_RANGE = ipaddress.IPv4Network("198.18.0.0/15")
"""Set aside for benchmarks (RFC 2544), so nobody's address."""


def fixed_id(kind: str, name: str) -> str:
    """Make the identifier of a catalog entry from its kind and name.

    Examples
    --------
    >>> fixed_id("flavor", "m2.c2m4") == fixed_id("flavor", "m2.c2m4")
    True
    """
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}"))


ZONES = [
    Zone("kr-pub-a", ZoneState(available=True)),
    Zone("kr-pub-b", ZoneState(available=True)),
    Zone("kr-pub-c", ZoneState(available=False)),
]

# name, type, vCPUs, RAM GB, fixed root GB, largest root GB, disabled
_FLAVORS: list[tuple[str, str, int, float, int | None, int | None, bool]] = [
    ("t2.c1m1", "general", 1, 1, None, 100, False),
    ("m2.c1m2", "general", 1, 2, None, None, False),
    ("m2.c2m4", "general", 2, 4, None, None, False),
    ("m2.c4m8", "general", 4, 8, None, None, False),
    ("m2.c8m16", "general", 8, 16, None, None, False),
    ("c2.c2m2", "compute", 2, 2, None, None, False),
    ("c2.c4m4", "compute", 4, 4, None, None, False),
    ("c2.c8m8", "compute", 8, 8, None, None, False),
    ("r2.c2m8", "memory", 2, 8, None, None, False),
    ("r2.c4m16", "memory", 4, 16, None, None, False),
    ("r2.c8m64", "memory", 8, 64, None, None, False),
    ("x1.c16m128", "memory", 16, 128, None, None, False),
    ("m1.c2m4", "general", 2, 4, None, None, True),
    ("u2.c1m1", "general", 1, 1, 20, None, False),
    ("u2.c1m2", "general", 1, 2, 40, None, False),
    ("u2.c2m4", "general", 2, 4, 60, None, False),
    ("u2.c4m8", "general", 4, 8, 100, None, False),
]

FLAVORS = [
    Flavor(
        id=fixed_id("flavor", name),
        name=name,
        type=kind,
        vcpus=vcpus,
        ram=int(ram_gb * 1024),
        ephemeral=0,
        disabled=disabled,
        is_public=True,
        volume_size=root_gb or UNSET,
        max_volume_size=largest_gb or UNSET,
    )
    for name, kind, vcpus, ram_gb, root_gb, largest_gb, disabled in _FLAVORS
]

# name, status, minimal disk GB, minimal RAM MB, os_type, os_distro, os_version, login, the account's own
_IMAGES: list[tuple[str, str, int, int, str, str, str, str, bool]] = [
    ("CentOS 6.9", "deactivated", 20, 1024, "linux", "centos", "6.9", "centos", False),
    ("CentOS 7.9", "active", 20, 1024, "linux", "centos", "7.9", "centos", False),
    ("Ubuntu Server 20.04 LTS", "active", 20, 1024, "linux", "ubuntu", "20.04", "ubuntu", False),
    ("Ubuntu Server 22.04 LTS", "active", 20, 1024, "linux", "ubuntu", "22.04", "ubuntu", False),
    ("Rocky Linux 9.4", "active", 20, 1024, "linux", "rocky", "9.4", "rocky", False),
    ("Debian 12", "active", 20, 1024, "linux", "debian", "12", "debian", False),
    ("Windows 2019 STD (KO)", "active", 50, 2048, "windows", "windows", "2019", "Administrator", False),
    ("Windows 2022 STD (KO)", "active", 50, 2048, "windows", "windows", "2022", "Administrator", False),
    ("golden-web-2024", "active", 35, 2048, "linux", "ubuntu", "22.04", "ubuntu", True),
    ("배치 서버 기준 이미지", "active", 30, 1024, "linux", "centos", "7.9", "centos", True),
    # Enough of them for the list to need a second page.
    *(
        (f"api-release-{number:02d}", "active", 20, 1024, "linux", "ubuntu", "22.04", "ubuntu", True)
        for number in range(1, 21)
    ),
]

IMAGES = [
    Image(
        id=fixed_id("image", name),
        name=name,
        status=status,
        size=min_disk * GIB // 8,
        disk_format="qcow2",
        min_disk=min_disk,
        min_ram=min_ram,
        is_public=not own,
        protected=not own,
        properties={
            "os_type": os_type,
            "os_distro": distro,
            "os_version": version,
            "image_name": name,
            "login_username": login,
        },
        created_at=_BORN,
        updated_at=_BORN,
    )
    for name, status, min_disk, min_ram, os_type, distro, version, login, own in _IMAGES
]

POOL = FloatingIpPool(fixed_id("network", "Public Network"), "Public Network")

# name, cidr of its one subnet
_FIXED_NETWORKS = [("Default Network", "192.168.0.0/24"), ("lab-net", "172.16.250.0/29")]


def subnet(network_id: str, name: str, cidr: str) -> Subnet:
    """Make a subnet; the first four addresses of its range (.0 to .3) and the last are not for instances.

    Examples
    --------
    >>> subnet("n", "lab", "172.16.250.0/29").allocation_pools
    (Pool(start='172.16.250.4', end='172.16.250.6'),)
    """
    return Subnet(
        id=fixed_id("subnet", f"{network_id}/{name}"),
        name=name,
        network_id=network_id,
        cidr=cidr,
        gateway_ip=str(ipaddress.IPv4Network(cidr)[1]),
        enable_dhcp=True,
        ip_version=4,
        allocation_pools=(allocation_pool(cidr),),
    )


def allocation_pool(cidr: str) -> Pool:
    """Tell what a subnet hands out: all but its first four addresses and its last."""
    span = ipaddress.IPv4Network(cidr, strict=False)
    return Pool(str(span[4]), str(span[-2]))


def private_network(name: str, cidr: str) -> tuple[Network, Subnet]:
    """Make a network for instances with one subnet.

    Examples
    --------
    >>> network, subnet = private_network("prod-net", "10.0.0.0/24")
    >>> network.subnets == (subnet.id,)
    True
    """
    identifier = fixed_id("network", name)
    only = subnet(identifier, f"{name}-subnet", cidr)
    return Network(identifier, name, "ACTIVE", True, False, (only.id,)), only


PUBLIC_NETWORK = Network(POOL.id, POOL.name, "ACTIVE", True, True, ())
FIXED_NETWORKS = [private_network(name, cidr) for name, cidr in _FIXED_NETWORKS]
