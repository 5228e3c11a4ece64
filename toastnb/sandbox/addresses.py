"""The private addresses of all instances: which are taken, and which comes next in a subnet."""

import ipaddress
from collections.abc import Iterable, Iterator

from toastnb.sandbox.models import Address, Subnet


class Addresses:
    """The addresses that are taken.

    Parameters
    ----------
    taken
        Those that are taken at first.
    """

    def __init__(self, taken: Iterable[Address]) -> None:
        self._taken: set[str] = set()
        self._ahead: dict[str, Iterator[str]] = {}
        self.hold(taken)

    def hold(self, addresses: Iterable[Address]) -> None:
        """Mark addresses as taken."""
        self._taken.update(address.ip_address for address in addresses)

    def release(self, addresses: Iterable[Address]) -> None:
        """Make addresses free again."""
        self._taken.difference_update(address.ip_address for address in addresses)

    def take(self, subnets: Iterable[Subnet]) -> Address | None:
        """Take the next free address in one of the subnets; None if there is none."""
        for subnet in subnets:
            ip_address = self._next_free(subnet)
            if ip_address is not None:
                self._taken.add(ip_address)
                return Address(mac_of(ip_address), ip_address)
        return None

    def _next_free(self, subnet: Subnet) -> str | None:
        """Go on where the last search ended, then once more from the start."""
        for _ in range(2):
            for candidate in self._ahead.setdefault(subnet.id, _pool_addresses(subnet)):
                if candidate not in self._taken:
                    return candidate
            del self._ahead[subnet.id]
        return None


def mac_of(ip_address: str) -> str:
    """Derive an interface's MAC address from its IP address: unique because that is.

    Examples
    --------
    >>> mac_of("10.0.0.4")
    'fa:16:0a:00:00:04'
    """
    return "fa:16:" + ":".join(f"{int(part):02x}" for part in ip_address.split("."))


def _pool_addresses(subnet: Subnet) -> Iterator[str]:
    for pool in subnet.allocation_pools:
        start, end = (int(ipaddress.IPv4Address(text)) for text in (pool.start, pool.end))
        yield from (str(ipaddress.IPv4Address(number)) for number in range(start, end + 1))
