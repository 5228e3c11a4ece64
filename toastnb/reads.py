"""What `Toast` reads: a method a table, and `inventory` for all of them at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pandas as pd

from toastnb import frames, rules
from toastnb.connected import Connected
from toastnb.connection import give_up_when, reasons_to_give_up
from toastnb.errors import NOT_SERVED
from toastnb.inventory import Inventory
from toastnb.progress import bar
from toastnb.threads import as_they_end

Tables = dict[str, pd.DataFrame]


class Reads(Connected):
    """The part of `Toast` that reads."""

    def flavors(self) -> pd.DataFrame:
        """Return the flavors (guide: flavor API).

        Returns
        -------
        DataFrame
            A row a flavor: flavor_id, name, type (str), vcpus, ram_mb, ephemeral_gb, volume_gb, max_volume_gb
            (Int64; MB and GB), disabled, is_public (boolean). Only u2 flavors have a volume_gb.

        Examples
        --------
        >>> flavors = toast.flavors()
        >>> flavors.loc[flavors.name == "m2.c4m8", ["vcpus", "ram_mb"]].values.tolist()
        [[4, 8192]]
        """
        return _stamped(lambda: frames.flavors(self._api.flavors()))

    def availability_zones(self) -> pd.DataFrame:
        """Return the availability zones (guide: availability zone API).

        Returns
        -------
        DataFrame
            A row a zone: zone (str), available (boolean).

        Examples
        --------
        >>> toast.availability_zones().zone.tolist()[:2]
        ['kr-pub-a', 'kr-pub-b']
        """
        return _stamped(lambda: frames.availability_zones(self._api.availability_zones()))

    def instances(self, id: str | None = None) -> pd.DataFrame:
        """Return instances in brief (guide: instance API, brief listing).

        Parameters
        ----------
        id : str, optional
            One instance; all by default.

        Returns
        -------
        DataFrame
            A row an instance: instance_id, name, status (str). An id that does not exist raises NotFound, or gives
            an empty frame, as the service answers.

        Examples
        --------
        >>> toast.instances().columns.tolist()
        ['instance_id', 'name', 'status']
        """
        given = _given_id(id)
        return _stamped(lambda: frames.instances(self._api.instances(given)))

    def instances_detail(self, id: str | None = None) -> pd.DataFrame:
        """Return instances in full (guide: instance API, detailed listing).

        Parameters
        ----------
        id : str, optional
            One instance; all by default.

        Returns
        -------
        DataFrame
            A row an instance. Text (str): instance_id, name, status, zone, flavor_id, flavor_name, image_id, keypair,
            ip_address, floating_ip, security_groups (sorted, comma-joined). Integers (Int64): vcpus, ram_mb, root_gb,
            attached_gb, attached_count, disk_gb. Times (datetime64[us, UTC]): launched_at (the latest boot),
            created_at, updated_at. What the service does not tell is missing.

        Examples
        --------
        >>> vms = toast.instances_detail()
        >>> bool((vms.disk_gb == vms.root_gb + vms.attached_gb).all())
        True
        """
        given = _given_id(id)
        return _stamped(lambda: frames.instances_detail(self._api.instances_detail(given)))

    def keypairs(self, name: str | None = None) -> pd.DataFrame:
        """Return keypairs (guide: keypair API). They belong to the user, not the project.

        Parameters
        ----------
        name : str, optional
            One keypair; all by default.

        Returns
        -------
        DataFrame
            A row a keypair: name, fingerprint, public_key (str), created_at (datetime64[us, UTC]; only there when
            one was asked for by name).

        Examples
        --------
        >>> toast.keypairs().created_at.isna().all()
        np.True_
        """
        given = None if name is None else rules.check_text(name, "name")
        return _stamped(lambda: frames.keypairs(self._api.keypairs(given)))

    def images(self) -> pd.DataFrame:
        """Return the images (vendor's image guide), all pages.

        Returns
        -------
        DataFrame
            A row an image: image_id, name, status, os_type, disk_format (str), size_bytes, min_disk_gb, min_ram_mb
            (Int64), is_public, protected (boolean), created_at, updated_at (datetime64[us, UTC]).

        Examples
        --------
        >>> sorted(toast.images().os_type.dropna().unique())
        ['linux', 'windows']
        """
        return _stamped(lambda: frames.images(self._api.images()))

    def networks(self) -> pd.DataFrame:
        """Return the networks (vendor's network guide).

        Returns
        -------
        DataFrame
            A row a network: network_id, name, status (str), admin_up, external (boolean).

        Examples
        --------
        >>> "Default Network" in toast.networks().name.tolist()
        True
        """
        return _stamped(lambda: frames.networks(self._api.networks()))

    def subnets(self) -> pd.DataFrame:
        """Return the subnets (vendor's network guide).

        Returns
        -------
        DataFrame
            A row a subnet: subnet_id, name, network_id, cidr, gateway_ip (str), dhcp (boolean), ip_version (Int64).

        Examples
        --------
        >>> toast.subnets().ip_version.unique().tolist()
        [4]
        """
        return _stamped(lambda: frames.subnets(self._api.subnets()))

    def security_groups(self) -> pd.DataFrame:
        """Return the security groups (vendor's network guide); `inventory` has their rules too.

        Returns
        -------
        DataFrame
            A row a group: security_group_id, name, description (str).

        Examples
        --------
        >>> "default" in toast.security_groups().name.tolist()
        True
        """
        return _stamped(lambda: frames.security_groups(self._api.security_groups()))

    def floating_ips(self) -> pd.DataFrame:
        """Return the floating IPs (vendor's network guide).

        Returns
        -------
        DataFrame
            A row an address: floating_ip_id, floating_ip, fixed_ip (missing when it is free), pool_id, pool,
            status (str).

        Examples
        --------
        >>> bool(toast.floating_ips().fixed_ip.isna().any())
        True
        """
        return _stamped(lambda: frames.floating_ips(self._api.floating_ips()))

    def volumes(self) -> pd.DataFrame:
        """Return the block storage volumes (vendor's block storage guide).

        Returns
        -------
        DataFrame
            A row a volume: volume_id, name, description, status, zone, type (str), size_gb (Int64),
            created_at (datetime64[us, UTC]).

        Examples
        --------
        >>> bool((toast.volumes().status == "available").any())
        True
        """
        return _stamped(lambda: frames.volume_tables(self._api.volumes())["volumes"])

    def token_info(self) -> pd.DataFrame:
        """Return what the service knows of the connection's token (guide: token API), but not the token.

        Returns
        -------
        DataFrame
            One row: user_id, roles (sorted, comma-joined; str), issued_at, expires (datetime64[us, UTC]).

        Examples
        --------
        >>> len(toast.token_info())
        1
        """
        return _stamped(lambda: frames.token_info(self._api.token()))

    def inventory(self) -> Inventory:
        """Return every table as of one moment, pulled side by side.

        A call that this account is not served leaves its tables out: `Inventory.absent` says which, and why. The
        guide's own calls (flavors, zones, instances, keypairs) must answer.

        Returns
        -------
        Inventory
            An attribute a table; see the column dictionary.

        Examples
        --------
        >>> inventory = toast.inventory()
        >>> sorted(inventory.disks.role.unique())
        ['attached', 'root']
        """
        with bar(INVENTORY_CALLS, "Reading the account", "tables") as progress:
            return self._inventory(progress.update)

    def _inventory(self, step: Callable[[], object]) -> Inventory:
        """Return every table; `step` is told of each call that is over."""
        api = self._api
        pulls: dict[str, Callable[[], Tables]] = {
            "instances_detail": lambda: frames.instance_tables(api.instances_detail()),
            "flavors": lambda: {"flavors": frames.flavors(api.flavors())},
            "availability_zones": lambda: {"availability_zones": frames.availability_zones(api.availability_zones())},
            "keypairs": lambda: {"keypairs": frames.keypairs(api.keypairs())},
            **self._sibling_pulls(),
        }
        fetched_at = now()
        tables, absent = _pulled(pulls, step)
        tables["instances"] = tables["instances_detail"][["instance_id", "name", "status"]].copy()
        return Inventory(tables, absent, fetched_at, self._source())

    def _sibling_pulls(self) -> dict[str, Callable[[], Tables]]:
        api = self._api

        def security_groups() -> Tables:
            groups = api.security_groups()
            return {
                "security_groups": frames.security_groups(groups),
                "security_group_rules": frames.security_group_rules(groups),
            }

        return {
            "images": lambda: {"images": frames.images(api.images())},
            "networks": lambda: {"networks": frames.networks(api.networks())},
            "subnets": lambda: {"subnets": frames.subnets(api.subnets())},
            "security_groups": security_groups,
            "floating_ips": lambda: {"floating_ips": frames.floating_ips(api.floating_ips())},
            "volumes": lambda: frames.volume_tables(api.volumes()),
        }


_COMES_WITH = {"security_groups": ["security_group_rules"], "volumes": ["volume_attachments"]}
_GUIDE_CALLS = frozenset({"instances_detail", "flavors", "availability_zones", "keypairs"})
INVENTORY_CALLS = 10


def _pulled(pulls: dict[str, Callable[[], Tables]], step: Callable[[], object]) -> tuple[Tables, dict[str, str]]:
    """Run all pulls at once; return their tables, and for each table that is not served why."""
    tables: Tables = {}
    absent: dict[str, str] = {}
    over = threading.Event()
    reasons = (over, *reasons_to_give_up())
    pool = ThreadPoolExecutor(len(pulls), "toastnb-pull", initializer=give_up_when, initargs=reasons)
    try:
        futures: dict[Future[Tables], str] = {pool.submit(pull): name for name, pull in pulls.items()}
        for future in as_they_end(futures):
            name = futures[future]
            try:
                tables |= future.result()
            except NOT_SERVED as error:
                if name in _GUIDE_CALLS:
                    raise
                absent |= dict.fromkeys([name, *_COMES_WITH.get(name, [])], str(error))
            step()
    finally:
        over.set()  # after an error or Ctrl-C nobody waits for the rest
        pool.shutdown(wait=False, cancel_futures=True)
    return tables, absent


def _given_id(value: str | None) -> str | None:
    return None if value is None else rules.check_text(value, "id")


def now() -> str:
    """Return the time as it stands in attrs: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _stamped(read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Read a table and note in its attrs when that was."""
    fetched_at = now()
    table = read()
    table.attrs["fetched_at"] = fetched_at
    return table
