"""What `Projects` reads as one table: the methods of `Toast`, with a column `project` first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from toastnb.arrays import empty, stacked
from toastnb.gathering import Gathering
from toastnb.inventory import PROJECT
from toastnb.reads import now
from toastnb.toast import Toast


class TableReads(Gathering):
    """The part of `Projects` that reads a table."""

    def flavors(self) -> pd.DataFrame:
        """Return the flavors of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.flavors`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.flavors().columns.tolist()[:3]
        ['project', 'flavor_id', 'name']
        """
        return self._table("flavors", Toast.flavors)

    def availability_zones(self) -> pd.DataFrame:
        """Return the availability zones of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.availability_zones`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.availability_zones().values.tolist()[0]
        ['shop', 'kr-pub-a', True]
        """
        return self._table("availability_zones", Toast.availability_zones)

    def instances(self) -> pd.DataFrame:
        """Return the instances in brief of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.instances`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.instances().columns.tolist()
        ['project', 'instance_id', 'name', 'status']
        """
        return self._table("instances", Toast.instances)

    def instances_detail(self) -> pd.DataFrame:
        """Return the instances in full of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.instances_detail`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     tn.capacity.totals(projects.instances_detail(), by=["project", "zone"])["instances"].tolist()
        [179, 71, 250]
        """
        return self._table("instances_detail", Toast.instances_detail)

    def keypairs(self) -> pd.DataFrame:
        """Return the keypairs of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.keypairs`. They belong to the user: those of one user are there
            with each project.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.keypairs().columns.tolist()[:2]
        ['project', 'name']
        """
        return self._table("keypairs", Toast.keypairs)

    def images(self) -> pd.DataFrame:
        """Return the images of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.images`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.images().columns.tolist()[:2]
        ['project', 'image_id']
        """
        return self._table("images", Toast.images)

    def networks(self) -> pd.DataFrame:
        """Return the networks of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.networks`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.networks().project.unique().tolist()
        ['shop']
        """
        return self._table("networks", Toast.networks)

    def subnets(self) -> pd.DataFrame:
        """Return the subnets of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.subnets`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.subnets().ip_version.unique().tolist()
        [4]
        """
        return self._table("subnets", Toast.subnets)

    def security_groups(self) -> pd.DataFrame:
        """Return the security groups of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.security_groups`. A name is of its own project only.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     "default" in projects.security_groups().name.tolist()
        True
        """
        return self._table("security_groups", Toast.security_groups)

    def floating_ips(self) -> pd.DataFrame:
        """Return the floating IPs of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.floating_ips`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.floating_ips().columns.tolist()[:2]
        ['project', 'floating_ip_id']
        """
        return self._table("floating_ips", Toast.floating_ips)

    def volumes(self) -> pd.DataFrame:
        """Return the block storage volumes of all projects.

        Returns
        -------
        DataFrame
            project (str), then the columns of `Toast.volumes`.

        Examples
        --------
        >>> with tn.connect_many({"shop": sandbox}) as projects:
        ...     projects.volumes().columns.tolist()[:2]
        ['project', 'volume_id']
        """
        return self._table("volumes", Toast.volumes)

    def _table(self, name: str, read: Callable[[Toast], pd.DataFrame]) -> pd.DataFrame:
        fetched_at = now()
        found: dict[str, pd.DataFrame] = {}
        self._each(name, lambda toast, _: read(toast), found.__setitem__)
        self._tell(stacklevel=4)
        table = self._stacked(name, found)
        table.attrs["fetched_at"] = fetched_at
        return table

    def _stacked(self, name: str, found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """Return a table of all projects; its columns and dtypes are there also when no project is."""
        return stacked(
            PROJECT, {project: found[project] for project in self.names if project in found} or {"": empty(name)}
        )
