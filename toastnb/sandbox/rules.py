"""The rules on what is sent, apart from any account: each check passes in silence or refuses with -4.

What is open in the guide: the limit on an instance's name holds for the name as sent, so that `-1` to `-10`
may go beyond it; a keypair's name is 1 to 255 printable characters of any script without blanks at its ends;
an image of unknown system falls under the laxer limits of Linux.
"""

import re

from msgspec import UNSET

from toastnb.sandbox.codes import Code, RefusedError
from toastnb.sandbox.models import Flavor, Image

LARGEST_ROOT_GB = 1000
_NAME = re.compile(r"[A-Za-z0-9.-]+")


def invalid(detail: str) -> RefusedError:
    """Make a refusal with -4.

    Examples
    --------
    >>> invalid("instance.name is empty").message
    'Invalid parameters: instance.name is empty'
    """
    return RefusedError(Code.INVALID, detail)


def is_windows(image: Image) -> bool:
    """Whether an image holds Windows: by its os_type, else its os_distro, else its name."""
    told = image.properties.get("os_type") or image.properties.get("os_distro") or image.name
    return "windows" in told.lower()


def has_fixed_disk(flavor: Flavor) -> bool:
    """Whether a flavor's root disk is local and of a fixed size, as u2's are."""
    return flavor.volume_size is not UNSET


def check_instance_name(name: str, image: Image) -> None:
    """ASCII letters, digits, `-` and `.`; at most 20 characters, on Windows 12."""
    if not _NAME.fullmatch(name):
        raise invalid("instance.name may hold ASCII letters, digits, '-' and '.' only")
    system, longest = ("Windows", 12) if is_windows(image) else ("Linux", 20)
    if len(name) > longest:
        raise invalid(f"instance.name has {len(name)} characters; {system} allows {longest}")


def check_keypair_name(name: str) -> None:
    """Printable, and no blanks at the ends."""
    if not name.isprintable() or name != name.strip():
        raise invalid("keypair.name must be printable, without blanks at its ends")


def check_fit(flavor: Flavor, image: Image) -> None:
    """Refuse a flavor with less RAM than the image needs, and a fixed disk for Windows."""
    windows = is_windows(image)
    if windows and has_fixed_disk(flavor):
        raise invalid(f"instance.flavor: Windows cannot use {flavor.name}")
    needed = max(image.min_ram, 2048 if windows else 1024)
    if flavor.ram < needed:
        raise invalid(f"instance.flavor: {flavor.name} has {flavor.ram} MB of RAM, the image needs {needed}")


def smallest_root(image: Image) -> int:
    """Tell the smallest root disk in GB: the image's minDisk or the system's limit, rounded up to tens."""
    least = max(image.min_disk, 50 if is_windows(image) else 20)
    return -(-least // 10) * 10


def root_size(flavor: Flavor, image: Image, asked: int | None) -> int:
    """Decide the size of the root disk in GB.

    A flavor with `volumeSize` decides alone. Otherwise the size asked for must lie between what the image needs
    and 1000 or the flavor's `maxVolumeSize`, in steps of 10.
    """
    if flavor.volume_size is not UNSET:
        if asked is not None:
            raise invalid(f"instance.volume.size must be left out with {flavor.name}")
        if flavor.volume_size < image.min_disk:
            raise invalid(f"instance.flavor: the disk of {flavor.name} is smaller than the image's minDisk")
        return flavor.volume_size
    if asked is None:
        raise invalid(f"instance.volume.size is required with {flavor.name}")
    least, most = smallest_root(image), LARGEST_ROOT_GB
    if flavor.max_volume_size is not UNSET:
        most = min(most, flavor.max_volume_size)
    if not least <= asked <= most or asked % 10:
        raise invalid(f"instance.volume.size must be {least} to {most} in steps of 10, not {asked}")
    return asked
