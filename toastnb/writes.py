"""What `Toast` gives to instances and takes from them: security groups, floating IPs, block storage."""

from __future__ import annotations

import pandas as pd

from toastnb import rules
from toastnb.acting import Acting
from toastnb.arrays import texts
from toastnb.outcomes import Ids


class Writes(Acting):
    """The part of `Toast` for what instances use."""

    def add_security_group(self, id: Ids, name: str) -> pd.DataFrame:
        """Add a security group, by name (guide: security group registration). Takes effect at once.

        `id` and the answer are those of `start`.

        Examples
        --------
        >>> vm = toast.instances_detail().query("not security_groups.str.contains('web')").iloc[0]
        >>> toast.add_security_group(vm.instance_id, "web").outcome.item()
        'done'
        """
        rules.check_text(name, "name")
        return self._act("add_security_group", id, lambda id_: self._api.add_security_group(id_, name))

    def remove_security_group(self, id: Ids, name: str) -> pd.DataFrame:
        """Take a security group off, by name (guide: security group removal). Takes effect at once.

        `id` and the answer are those of `start`.

        Examples
        --------
        >>> vm = toast.instances_detail().query("security_groups.str.contains('default')").iloc[0]
        >>> toast.remove_security_group(vm.instance_id, "default").outcome.item()
        'done'
        """
        rules.check_text(name, "name")
        return self._act("remove_security_group", id, lambda id_: self._api.remove_security_group(id_, name))

    def add_floating_ip(self, id: str, address: str, ip_address: str) -> pd.DataFrame:
        """Lead a floating IP to one of an instance's addresses (guide: floating IP connection).

        Parameters
        ----------
        id : str
            The instance.
        address : str
            The floating IP.
        ip_address : str
            The instance's own address that it is to lead to.

        Returns
        -------
        DataFrame
            One row, as `start` answers.

        Examples
        --------
        >>> free = toast.floating_ips().query("fixed_ip.isna()").floating_ip.iloc[0]
        >>> vm = toast.instances_detail().query("floating_ip.isna() and status == 'ACTIVE'").iloc[0]
        >>> toast.add_floating_ip(vm.instance_id, free, vm.ip_address).outcome.item()
        'done'
        """
        rules.check_text(address, "address")
        rules.check_text(ip_address, "ip_address")
        rules.check_text(id, "id")
        return self._act(
            "add_floating_ip",
            id,
            lambda id_: self._api.add_floating_ip(id_, address, ip_address),
        )

    def remove_floating_ip(self, id: str, address: str) -> pd.DataFrame:
        """Take a floating IP off an instance (guide: floating IP disconnection); the address stays the account's.

        Examples
        --------
        >>> vm = toast.instances_detail().query("floating_ip.notna()").iloc[0]
        >>> toast.remove_floating_ip(vm.instance_id, vm.floating_ip).outcome.item()
        'done'
        """
        rules.check_text(address, "address")
        rules.check_text(id, "id")
        return self._act("remove_floating_ip", id, lambda id_: self._api.remove_floating_ip(id_, address))

    def attach_volume(self, id: str, volume_id: str) -> pd.DataFrame:
        """Attach a block storage volume of the same zone (guide: block storage attachment).

        Returns
        -------
        DataFrame
            One row: volume_id, instance_id, attachment_id, device (str), as in `volume_attachments`.

        Examples
        --------
        >>> volume = toast.volumes().query("status == 'available'").iloc[0]
        >>> vm = toast.instances_detail().query("status == 'ACTIVE'").set_index("zone").loc[volume.zone].iloc[0]
        >>> toast.attach_volume(vm.instance_id, volume.volume_id).device.str.startswith("/dev/vd").item()
        True
        """
        rules.check_text(id, "id")
        rules.check_text(volume_id, "volume_id")
        self._refuse_if_read_only(f"Attaching volume {volume_id}")
        made = self._once("attach_volume", id, lambda: self._api.attach_volume(id, volume_id))
        return texts(
            volume_id=[made.volume_id or volume_id],
            instance_id=[id],
            attachment_id=[made.id],
            device=[made.device],
        )

    def detach_volume(self, id: str, volume_id: str) -> pd.DataFrame:
        """Detach a block storage volume, by the volume's id (guide: block storage detachment).

        Returns
        -------
        DataFrame
            One row, as `start` answers.

        Examples
        --------
        >>> disk = toast.inventory().disks.query("role == 'attached'").iloc[0]
        >>> toast.detach_volume(disk.instance_id, disk.volume_id).outcome.item()
        'done'
        """
        rules.check_text(volume_id, "volume_id")
        return self._act(
            "detach_volume", rules.check_text(id, "id"), lambda id_: self._api.detach_volume(id_, volume_id)
        )
