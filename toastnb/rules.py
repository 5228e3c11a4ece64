"""The guide's rules, as pure functions: names, sizes, counts, and which state allows what.

Values are checked before anything is sent; states never are, for only the service knows them. What the forms offer
and what `Toast` accepts both come from here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import SupportsIndex

from toastnb.errors import InvalidInput

STATES = (
    "BUILD",
    "POWERING_ON",
    "ACTIVE",
    "POWERING_OFF",
    "STOP",
    "REBOOTING",
    "RESIZING",
    "MIGRATING",
    "DELETING",
    "ERROR",
)
RUNNING = frozenset({"ACTIVE", "REBOOTING", "POWERING_ON", "POWERING_OFF", "MIGRATING"})
NOT_ALLOCATED = frozenset({"DELETING"})
REBOOT_TYPES = ("SOFT", "HARD")

MAX_COUNT = 10
MAX_ROOT_GB = 1000
ROOT_STEP_GB = 10
_READY = frozenset({"ACTIVE", "STOP"})
_PRESENT = frozenset(STATES) - {"DELETING"}
_STATES_FOR = {
    "start": frozenset({"STOP"}),
    "stop": frozenset({"ACTIVE", "ERROR"}),
    "reboot": frozenset({"ACTIVE", "STOP", "ERROR"}),
    "reboot SOFT": frozenset({"ACTIVE"}),
    "resize": frozenset({"STOP"}),
    "upload_image": frozenset({"STOP"}),
    "attach_volume": _READY,
    "detach_volume": _READY,
}
_NAME = re.compile(r"[A-Za-z0-9.-]+")
_LONGEST_NAME = {"windows": 12, "linux": 20}
_LEAST_ROOT_GB = {"windows": 50, "linux": 20}
_LEAST_RAM_MB = {"windows": 2048, "linux": 1024}
_LONGEST_FILE_NAME = 255  # bytes, on the file systems in use
_PUBLIC_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}( .*)?")


def states_for(action: str) -> frozenset[str]:
    """Return the states in which an action is offered; whether it is possible, the service decides.

    Actions are methods of `Toast`, and "reboot SOFT"; floating IPs and security groups change in any state, and so
    does what is to be deleted, unless it is being deleted.

    Examples
    --------
    >>> from toastnb.rules import states_for
    >>> sorted(states_for("stop"))
    ['ACTIVE', 'ERROR']
    """
    return _STATES_FOR.get(action, _PRESENT)


def longest_name(os_type: str | None) -> int:
    """Return how many characters an instance's name may have: 20, on Windows 12."""
    return _LONGEST_NAME.get((os_type or "").lower(), _LONGEST_NAME["linux"])


def check_instance_name(name: str, os_type: str | None = None) -> None:
    """Check an instance's name: ASCII letters, digits, ``-`` and ``.``; 20 characters, on Windows 12.

    An unknown operating system gets the laxer limit.

    Raises
    ------
    InvalidInput
        Saying which rule the name breaks.

    Examples
    --------
    >>> from toastnb.rules import check_instance_name
    >>> check_instance_name("web-01")
    >>> check_instance_name("web_01")
    Traceback (most recent call last):
    ...
    toastnb.errors.InvalidInput: the name 'web_01' may only have ASCII letters, digits, '-' and '.'.
    """
    longest = longest_name(os_type)
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"the name {name!r} may only have ASCII letters, digits, '-' and '.'")
    if len(name) > longest:
        system = f" on {os_type}" if os_type else ""
        raise InvalidInput(f"the name {name!r} has {len(name)} characters, but at most {longest} are allowed{system}")


def check_count(count: int) -> None:
    """Check how many instances to make at once: 1 to 10."""
    if not _is_whole(count) or not 1 <= count <= MAX_COUNT:
        raise InvalidInput(f"count is {count!r}, but must be a whole number from 1 to {MAX_COUNT}")


def root_sizes(min_disk_gb: int | None, max_volume_gb: int | None = None, os_type: str | None = None) -> range:
    """Return the root disk sizes in GB that are valid for a flavor with block storage, in steps of 10.

    Parameters
    ----------
    min_disk_gb : int or None
        The image's ``minDisk``; one that is no multiple of 10 rounds up to the next size.
    max_volume_gb : int or None
        The flavor's ``maxVolumeSize``.
    os_type : str or None
        "linux" or "windows"; an unknown one gets the laxer lower bound.

    Examples
    --------
    >>> from toastnb.rules import root_sizes
    >>> list(root_sizes(min_disk_gb=25, max_volume_gb=60))
    [30, 40, 50, 60]
    """
    least = max(min_disk_gb or 0, _LEAST_ROOT_GB.get((os_type or "").lower(), _LEAST_ROOT_GB["linux"]))
    first = -(-least // ROOT_STEP_GB) * ROOT_STEP_GB
    last = min(max_volume_gb or MAX_ROOT_GB, MAX_ROOT_GB)
    return range(first, last + 1, ROOT_STEP_GB)


def check_root_size(
    root_gb: int | None, sizes: Sequence[int] | None, fixed_gb: int | None = None, os_type: str | None = None
) -> None:
    """Check a root disk's size in GB.

    Parameters
    ----------
    root_gb : int or None
        What is asked for.
    sizes : sequence of int or None
        What is valid (see `root_sizes`), or None when image or flavor are not known.
    fixed_gb : int or None
        The size that comes with the flavor (``volumeSize``, u2): `root_gb` must then be left out.
    os_type : str or None
        "linux" or "windows": Windows does not run on flavors with a fixed disk.
    """
    if fixed_gb is not None:
        if (os_type or "").lower() == "windows":
            raise InvalidInput("Windows does not run on u2 flavors, whose disk is fixed")
        if root_gb is not None:
            raise InvalidInput(f"root_gb must be left out: the flavor comes with a disk of {fixed_gb} GB")
        return
    if root_gb is None:
        if sizes is not None:
            raise InvalidInput(f"root_gb is missing: this flavor needs one, {_described(sizes)}")
        return
    if not _is_whole(root_gb):
        raise InvalidInput(f"root_gb is {root_gb!r}, but must be a whole number of GB")
    allowed = sizes if sizes is not None else range(ROOT_STEP_GB, MAX_ROOT_GB + 1, ROOT_STEP_GB)
    if root_gb not in allowed:
        raise InvalidInput(f"root_gb is {root_gb}, but must be {_described(allowed)}")


def _is_whole(value: object) -> bool:
    """Tell whether a value is a whole number, numpy's included, and no flag."""
    return isinstance(value, SupportsIndex) and not isinstance(value, bool)


def _described(sizes: Sequence[int]) -> str:
    if not sizes:
        return "any size at all, and there is none: the image needs more than the flavor can have"
    return f"from {sizes[0]} to {sizes[-1]} GB in steps of {ROOT_STEP_GB}"


def os_type_of(os_type: str | None, os_distro: str | None, name: str | None) -> str | None:
    """Tell "linux" or "windows" from what is known of an image, or None: its type, then its distribution, its name.

    Examples
    --------
    >>> from toastnb.rules import os_type_of
    >>> os_type_of(None, None, "Windows Server 2022 STD")
    'windows'
    """
    for clue in (os_type, os_distro):
        if clue:
            return "windows" if "windows" in clue.lower() else "linux"
    return "windows" if name and "windows" in name.lower() else None


def check_ram(ram_mb: int | None, min_ram_mb: int | None, os_type: str | None = None) -> None:
    """Check that a flavor's RAM (MB) is enough for an image: its ``minRam``, 1 GB on Linux, 2 GB on Windows."""
    least = max(min_ram_mb or 0, _LEAST_RAM_MB.get((os_type or "").lower(), 0))
    if ram_mb is not None and ram_mb < least:
        raise InvalidInput(f"the flavor has {ram_mb} MB of RAM, but the image needs {least} MB")


def check_reboot_type(kind: str) -> None:
    """Check how to reboot: SOFT shuts down first, HARD does not."""
    if kind not in REBOOT_TYPES:
        raise InvalidInput(f"the reboot type is {kind!r}, but must be SOFT or HARD")


def check_text(value: object, what: str) -> str:
    """Check that a value is a text that can be sent, and return it."""
    if not isinstance(value, str):
        raise InvalidInput(f"{what} is {type(value).__name__}, but must be text")
    if not value.strip():
        raise InvalidInput(f"{what} is empty")
    if any(ord(char) < 32 or 0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise InvalidInput(f"{what} has characters that cannot be sent: {value!r}")
    return value


def check_file_name(name: str) -> str:
    """Check that a name can be a file's name, and return it."""
    if name in {".", ".."} or any(char in name for char in '/\\:*?"<>|'):
        raise InvalidInput(f"{name!r} cannot be the name of a file", hint="Give save_to as a whole path.")
    if len(name.encode(errors="replace")) > _LONGEST_FILE_NAME:
        raise InvalidInput(f"{name[:20]!r}... is too long for the name of a file", hint="Give save_to as a whole path.")
    return name


def check_public_key(text: object) -> str:
    """Check that a text looks like one public key in OpenSSH's form, and return it without the end of the line.

    A private key that is given by mistake is refused without being repeated.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"public_key is {type(text).__name__}, but must be text")
    if "PRIVATE KEY" in text:
        raise InvalidInput("public_key is a private key", hint="Nothing was sent. Give the content of the .pub file.")
    if not _PUBLIC_KEY.fullmatch(text.strip()):
        raise InvalidInput("public_key is not like 'ssh-ed25519 AAAA... comment'", hint="Give the .pub file's content.")
    return text.strip()
