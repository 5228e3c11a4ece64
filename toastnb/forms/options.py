"""What an account has, as options: labels as people think of it, and why something cannot be chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from toastnb import rules, wire
from toastnb.fields import Option, refusal
from toastnb.wire_siblings import FloatingIp, Image, Network, SecurityGroup

Say = Callable[..., str]


def system_of(image: Image) -> str | None:
    """Return "linux" or "windows", or None where an image does not tell."""
    properties = image.properties
    known = (properties.os_type, properties.os_distro) if properties else (None, None)
    return rules.os_type_of(*known, image.name)


def sizes_of(flavor: wire.Flavor | None, image: Image | None) -> range:
    """Return the root disk sizes in GB that are valid, as far as flavor and image are known."""
    most = flavor.max_volume_size if flavor else None
    return rules.root_sizes(image.min_disk if image else None, most, system_of(image) if image else None)


def of_images(images: Iterable[Image], say: Say) -> list[Option]:
    """Return images, those that are not active marked."""
    return [
        Option(image.id, _image_label(image, say), _not(image.status, "active", say), image.name or "")
        for image in images
    ]


def _image_label(image: Image, say: Say) -> str:
    name = image.name or image.id
    return name if image.min_disk is None else say("image.label", name=name, disk_gb=image.min_disk)


def of_flavors(flavors: Iterable[wire.Flavor], image: Image | None, say: Say) -> list[Option]:
    """Return flavors, those marked that are disabled or do not fit an image."""
    return [
        Option(flavor.id, flavor_label(flavor, say), _unfit(flavor, image, say), flavor.name or "")
        for flavor in flavors
    ]


def flavor_label(flavor: wire.Flavor, say: Say) -> str:
    """Return a flavor as people think of it: name, vCPUs, RAM, and the disk that comes with it."""
    name = flavor.name or flavor.id
    if flavor.vcpus is None or flavor.ram is None:
        return name
    size = {"name": name, "vcpus": flavor.vcpus, "ram_gb": f"{flavor.ram / 1024:g}"}
    if flavor.volume_size is None:
        return say("flavor.label", **size)
    return say("flavor.label_disk", **size, disk_gb=flavor.volume_size)


def _unfit(flavor: wire.Flavor, image: Image | None, say: Say) -> str:
    if flavor.disabled:
        return say("why.disabled")
    if image is None:
        return ""
    system, name = system_of(image), image.name or image.id
    if lacks_ram(flavor, image):
        return say("why.ram", image=name)
    if flavor.volume_size is None:
        return "" if sizes_of(flavor, image) else say("why.no_size", image=name)
    if refusal(lambda: rules.check_root_size(None, None, flavor.volume_size, system)):
        return say("why.windows_disk")
    return say("why.small_disk", image=name) if flavor.volume_size < (image.min_disk or 0) else ""


def lacks_ram(flavor: wire.Flavor, image: Image) -> bool:
    """Tell whether an image needs more RAM than a flavor has."""
    return bool(refusal(lambda: rules.check_ram(flavor.ram, image.min_ram, system_of(image))))


def of_networks(networks: Iterable[Network], say: Say) -> list[Option]:
    """Return networks, those marked that are not for instances."""

    def why_not(network: Network) -> str:
        if network.external:
            return say("why.external")
        return say("why.down") if network.admin_state_up is False else ""

    return [Option(one.id, one.name or one.id, why_not(one), one.name or "") for one in networks]


def of_zones(zones: Iterable[wire.Zone], say: Say) -> list[Option]:
    """Return zones, those marked that are not available."""

    def why_not(zone: wire.Zone) -> str:
        return say("why.zone") if zone.zone_state and zone.zone_state.available is False else ""

    return [Option(zone.zone_name, zone.zone_name, why_not(zone)) for zone in zones]


def of_keypairs(keypairs: Iterable[wire.Keypair]) -> list[Option]:
    """Return keypairs."""
    return [Option(keypair.name, keypair.name) for keypair in keypairs]


def of_security_groups(groups: Iterable[SecurityGroup]) -> list[Option]:
    """Return security groups, each name once."""
    return of_texts(dict.fromkeys(group.name for group in groups if group.name))


def of_texts(texts: Iterable[str], why_not: str = "") -> list[Option]:
    """Return texts that stand for themselves."""
    return [Option(text, text, why_not) for text in texts]


def of_free_addresses(floating_ips: Iterable[FloatingIp]) -> list[Option]:
    """Return the floating IPs that lead nowhere."""
    free = (one for one in floating_ips if not one.fixed_ip_address and one.status not in {"ACTIVE", "ERROR"})
    return of_texts(one.floating_ip_address for one in free if one.floating_ip_address)


def of_own_addresses(addresses: pd.DataFrame, say: Say) -> list[Option]:
    """Return an instance's addresses, those marked that a floating IP leads to already."""
    known = addresses.dropna(subset="ip_address")
    has = known["floating_ip"].fillna("")
    return [
        Option(own, own, say("why.has_floating_ip", address=floating) if floating else "")
        for own, floating in zip(known["ip_address"], has, strict=True)
    ]


def of_volumes(volumes: Iterable[tuple[str, str | None, int | None, str]], say: Say) -> list[Option]:
    """Return volumes, given as id, name, size in GB and why not."""
    return [
        Option(id_, _volume_label(name or id_, size, say), why_not, name or "") for id_, name, size, why_not in volumes
    ]


def _volume_label(name: str, size: int | None, say: Say) -> str:
    return name if size is None else say("volume.label", name=name, size_gb=size)


def only(options: Sequence[Option]) -> object:
    """Return the value of the one option that can be chosen; None where there are none or several."""
    choosable = [option.value for option in options if not option.why_not]
    return choosable[0] if len(choosable) == 1 else None


def _not(status: str | None, wanted: str, say: Say) -> str:
    return say("why.status", status=status) if status and status.lower() != wanted else ""
