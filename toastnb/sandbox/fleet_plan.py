"""What the seeded fleet is made of: applications, environments, keypairs and security groups."""

import random
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from msgspec import Struct

from toastnb.sandbox import sshkeys
from toastnb.sandbox.catalog import fixed_id
from toastnb.sandbox.clock import stamp
from toastnb.sandbox.models import Keypair, SecurityGroup, SecurityGroupRule

LONG_STOPPED_DAYS = 90
ENVIRONMENTS = {"prod": 0.55, "stage": 0.2, "dev": 0.25}
_LINUX = ("CentOS 7.9", "Ubuntu Server 20.04 LTS", "Ubuntu Server 22.04 LTS", "Rocky Linux 9.4", "Debian 12")
_WINDOWS = ("Windows 2019 STD (KO)", "Windows 2022 STD (KO)")
_PUBLIC_EXPONENT = 65537


class App(Struct, frozen=True, kw_only=True):
    """An application and how its instances look.

    `volumes` weighs 0 to 4 attached volumes, `public` is the share with a floating IP, `second_address` whether
    some have one in the data network.
    """

    name: str
    team: str
    weight: int
    flavors: dict[str, int]
    keypair: str
    groups: tuple[str, ...]
    images: tuple[str, ...] = _LINUX
    volumes: tuple[int, int, int, int, int] = (8, 2, 0, 0, 0)
    public: float = 0.02
    single_zone: bool = False
    second_address: bool = False
    windows: bool = False


APPS = [
    App(
        name="web",
        team="front",
        weight=26,
        flavors={"m2.c2m4": 6, "m2.c4m8": 3, "c2.c4m4": 1, "u2.c2m4": 1},
        keypair="front-team",
        groups=("web",),
        images=("golden-web-2024", *_LINUX),
        public=0.3,
    ),
    App(
        name="api",
        team="platform",
        weight=22,
        flavors={"m2.c2m4": 4, "m2.c4m8": 4, "c2.c8m8": 1, "m2.c8m16": 1},
        keypair="deploy-2021",
        groups=("web", "internal"),
        public=0.05,
    ),
    App(
        name="db",
        team="data",
        weight=12,
        flavors={"r2.c2m8": 3, "r2.c4m16": 4, "r2.c8m64": 1, "x1.c16m128": 1},
        keypair="data-team",
        groups=("db",),
        volumes=(1, 4, 3, 1, 1),
        second_address=True,
    ),
    App(
        name="cache",
        team="platform",
        weight=8,
        flavors={"r2.c2m8": 3, "u2.c1m2": 1},
        keypair="deploy-2021",
        groups=("internal",),
        images=("CentOS 6.9", *_LINUX),
    ),
    App(
        name="batch",
        team="data",
        weight=12,
        flavors={"c2.c2m2": 2, "c2.c4m4": 3, "c2.c8m8": 3, "u2.c4m8": 1},
        keypair="data-team",
        groups=("internal",),
        images=("배치 서버 기준 이미지", *_LINUX),
        volumes=(4, 4, 2, 0, 0),
        single_zone=True,
    ),
    App(
        name="ci",
        team="platform",
        weight=6,
        flavors={"t2.c1m1": 3, "m2.c1m2": 3, "u2.c1m1": 2},
        keypair="jihoon.kim",
        groups=("ssh-anywhere",),
        public=0.1,
    ),
    App(
        name="bastion",
        team="ops",
        weight=2,
        flavors={"t2.c1m1": 1},
        keypair="ops-shared",
        groups=("ssh-office",),
        public=1.0,
    ),
    App(
        name="iis",
        team="backoffice",
        weight=7,
        flavors={"m2.c2m4": 3, "m2.c4m8": 2},
        keypair="win-admin",
        groups=("rdp-anywhere", "web"),
        images=_WINDOWS,
        public=0.2,
        windows=True,
    ),
    App(
        name="erp",
        team="backoffice",
        weight=5,
        flavors={"m2.c4m8": 2, "r2.c4m16": 2},
        keypair="win-admin",
        groups=("internal",),
        images=_WINDOWS,
        volumes=(2, 4, 2, 0, 0),
        single_zone=True,
        windows=True,
    ),
]

# name, kind; a second name for the same key is "= name". Those that no application names are unused.
_KEYPAIRS = [
    ("ops-shared", "ed25519"),
    ("deploy-2021", "rsa2048"),
    ("front-team", "ecdsa"),
    ("data-team", "ed25519"),
    ("win-admin", "rsa2048"),
    ("jihoon.kim", "ed25519"),
    ("jihoon.kim-laptop", "= jihoon.kim"),
    ("legacy-2016", "rsa1024"),
    ("former-contractor", "ecdsa"),
]

_ANYWHERE, _PRIVATE, _OFFICE = "0.0.0.0/0", "10.0.0.0/8", "203.0.113.0/24"

# name, description, and for each rule the port range and who may come in
_GROUPS: list[tuple[str, str, list[tuple[int, int, str]]]] = [
    ("web", "HTTP and HTTPS for all", [(80, 80, _ANYWHERE), (443, 443, _ANYWHERE)]),
    ("internal", "내부 서비스", [(1, 65535, _PRIVATE)]),
    ("db", "MySQL and PostgreSQL", [(3306, 3306, _PRIVATE), (5432, 5432, _PRIVATE)]),
    ("ssh-office", "SSH from the office", [(22, 22, _OFFICE)]),
    ("ssh-anywhere", "임시", [(22, 22, _ANYWHERE)]),
    ("rdp-anywhere", "RDP for all", [(3389, 3389, _ANYWHERE)]),
    ("migration-2022", "", [(1, 65535, _ANYWHERE)]),
]


def security_groups() -> list[SecurityGroup]:
    """All security groups; `default` lets its own members in, and everybody out."""
    default = fixed_id("security-group", "default")
    rules = [
        _rule("default", 0, "egress", None, None, None, None),
        _rule("default", 1, "ingress", None, None, None, default),
    ]
    made = [SecurityGroup(default, "default", "Default security group", tuple(rules))]
    for name, description, openings in _GROUPS:
        egress = _rule(name, 0, "egress", None, None, None, None)
        ingress = [
            _rule(name, number, "ingress", low, high, remote, None)
            for number, (low, high, remote) in enumerate(openings, start=1)
        ]
        made.append(SecurityGroup(fixed_id("security-group", name), name, description, (egress, *ingress)))
    return made


def _rule(
    group: str,
    number: int,
    direction: str,
    low: int | None,
    high: int | None,
    remote: str | None,
    remote_group: str | None,
) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=fixed_id("security-group-rule", f"{group}/{number}"),
        direction=direction,
        ethertype="IPv4",
        protocol="tcp" if low else None,
        port_range_min=low,
        port_range_max=high,
        remote_ip_prefix=remote,
        remote_group_id=remote_group,
        security_group_id=fixed_id("security-group", group),
        description="",
    )


def keypairs(draw: random.Random, start: datetime) -> list[Keypair]:
    """All keypairs; the same random numbers give the same keys."""
    made: dict[str, Keypair] = {}
    for name, kind in _KEYPAIRS:
        twin = made.get(kind.removeprefix("= "))
        public_key = twin.public_key if twin else sshkeys.openssh(drawn_key(kind, draw), name)
        created = stamp(start - timedelta(days=draw.uniform(30, 3000)))
        made[name] = Keypair(name, public_key, sshkeys.fingerprint(public_key), created)
    return list(made.values())


def drawn_key(kind: str, draw: random.Random) -> sshkeys.PublicKey:
    """Draw a public key of a kind: ed25519, ecdsa, rsa2048 and the like."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(draw.randbytes(32)).public_key()
    if kind == "ecdsa":
        return ec.derive_private_key(draw.getrandbits(255) | 1, ec.SECP256R1()).public_key()
    # A modulus whose factors nobody knows: a public key like any other, to which no private key can be had.
    bits = int(kind.removeprefix("rsa"))
    modulus = draw.getrandbits(bits) | 1 << (bits - 1) | 1
    return rsa.RSAPublicNumbers(_PUBLIC_EXPONENT, modulus).public_key()
