"""From what a user says of a new instance to the request: names looked up, values checked by the guide's rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from toastnb import rules, wire
from toastnb.errors import InvalidInput
from toastnb.lookup import find
from toastnb.remarks import remark
from toastnb.wire_siblings import Image, Network


class Listings(Protocol):
    """What names are looked up in."""

    def flavors(self) -> Sequence[wire.Flavor]:
        """Return all flavors."""

    def images(self) -> Sequence[Image]:
        """Return all images."""

    def networks(self) -> Sequence[Network]:
        """Return all networks."""


def new_instance(
    listings: Listings,
    *,
    name: str,
    image: str,
    flavor: str,
    network: str,
    zone: str,
    keypair: str,
    security_groups: str | Sequence[str],
    root_gb: int | None,
    count: int,
) -> wire.NewInstance:
    """Return the request for new instances; but for `listings` the parameters are those of `Toast.create_instance`.

    Raises
    ------
    InvalidInput
        When a value breaks a rule, or a name is not found or stands for several things.
    """
    if not hasattr(security_groups, "__iter__"):
        raise InvalidInput(f"security_groups is {type(security_groups).__name__}, but must be names")
    groups = [security_groups] if isinstance(security_groups, str) else list(security_groups)
    if not groups:
        rules.check_text("", "security_groups")
    rules.check_count(count)
    rules.check_instance_name(rules.check_text(name, "name"))
    flavor_id, known_flavor = find(flavor, "flavor", listings.flavors)
    image_id, known_image = find(image, "image", listings.images)
    network_id, _ = find(network, "network", listings.networks)
    _check_against(known_flavor, known_image, name, root_gb)
    return wire.NewInstance(
        name=name,
        image=image_id,
        flavor=flavor_id,
        networks=[wire.NetworkId(id=network_id)],
        availability_zone=rules.check_text(zone, "zone"),
        key_name=rules.check_text(keypair, "keypair"),
        security_groups=[wire.SecurityGroupRef(name=rules.check_text(group, "security_groups")) for group in groups],
        count=int(count),
        volume=None if root_gb is None else wire.RootSize(size=int(root_gb)),
    )


def _check_against(flavor: wire.Flavor | None, image: Image | None, name: str, root_gb: int | None) -> None:
    """Check name and root disk against flavor and image, as far as these are known."""
    os_type = None
    if image is not None:
        properties = image.properties
        known = (properties.os_type, properties.os_distro) if properties else (None, None)
        os_type = rules.os_type_of(*known, image.name)
        if os_type is None:
            remark(f"{image.name}: its operating system is not known, so the laxer limits apply.", stacklevel=4)
        rules.check_instance_name(name, os_type)
    if flavor is None:
        rules.check_root_size(root_gb, None)
        return
    min_disk, min_ram = (image.min_disk, image.min_ram) if image else (None, None)
    rules.check_ram(flavor.ram, min_ram, os_type)
    rules.check_root_size(
        root_gb, rules.root_sizes(min_disk, flavor.max_volume_size, os_type), flavor.volume_size, os_type
    )
