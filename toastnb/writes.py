"""What `Toast` changes: lifecycle verbs for one or many instances, and what is theirs to add and remove."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from toastnb import rules, waiting
from toastnb.arrays import texts
from toastnb.connected import Connected
from toastnb.errors import DeadlineExceeded, ToastError
from toastnb.lookup import find
from toastnb.outcomes import Bulk, Ids, Outcome, as_list, of_error, outcome_frame

_WAIT_SECONDS = 600.0


class Writes(Connected):
    """The part of `Toast` that acts on instances.

    Attributes
    ----------
    last_outcome : DataFrame or None
        The outcomes of the latest action, also when it was interrupted.
    """

    last_outcome: pd.DataFrame | None = None

    def start(self, id: Ids, *, wait: bool = False, timeout: float = _WAIT_SECONDS) -> pd.DataFrame:
        """Start stopped instances (guide: instance start; needs STOP).

        Parameters
        ----------
        id : str, or a list, Series or index of str
            The instances. With one id a failure raises; with several it is a row, and stops nothing.
        wait : bool
            Whether to wait until they are ACTIVE.
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        DataFrame
            A row an instance: instance_id, action, outcome (done, failed, unknown, not_sent), message (str),
            code (Int64, the service's).

        Examples
        --------
        >>> stopped = toast.instances().query("status == 'STOP'")
        >>> toast.start(stopped.instance_id[:2]).outcome.tolist()
        ['done', 'done']
        """
        return self._lifecycle("start", "ACTIVE", id, self._api.start, wait=wait, timeout=timeout)

    def stop(self, id: Ids, *, wait: bool = False, timeout: float = _WAIT_SECONDS) -> pd.DataFrame:
        """Stop instances (guide: instance stop; needs ACTIVE or ERROR).

        Parameters and answer are those of `start`; it waits for STOP.

        Examples
        --------
        >>> active = toast.instances().query("status == 'ACTIVE'")
        >>> toast.stop(active.instance_id.iloc[0]).outcome.item()
        'done'
        """
        return self._lifecycle("stop", "STOP", id, self._api.stop, wait=wait, timeout=timeout)

    def reboot(
        self,
        id: Ids,
        type: str = "SOFT",
        *,
        wait: bool = False,
        timeout: float = _WAIT_SECONDS,
    ) -> pd.DataFrame:
        """Reboot instances (guide: instance reboot).

        Parameters and answer are those of `start`; it waits for ACTIVE.

        Parameters
        ----------
        type : {"SOFT", "HARD"}
            SOFT shuts down first, HARD does not.

        Examples
        --------
        >>> active = toast.instances().query("status == 'ACTIVE'")
        >>> toast.reboot(active.instance_id.iloc[1], "HARD").outcome.item()
        'done'
        """
        rules.check_reboot_type(type)
        return self._lifecycle(
            "reboot", "ACTIVE", id, lambda id_: self._api.reboot(id_, type), wait=wait, timeout=timeout
        )

    def resize(
        self,
        id: Ids,
        flavor: str,
        *,
        wait: bool = False,
        timeout: float = _WAIT_SECONDS,
    ) -> pd.DataFrame:
        """Change the flavor of stopped instances (guide: change of flavor).

        Parameters and answer are those of `start`; it waits for STOP. The root disk keeps its size, and u2 flavors
        neither change nor are changed to.

        Parameters
        ----------
        flavor : str
            Id or unambiguous name of the new flavor.

        Examples
        --------
        >>> stopped = toast.instances_detail().query("status == 'STOP' and flavor_name.str.startswith('m2')")
        >>> toast.resize(stopped.instance_id.iloc[0], "r2.c4m16").outcome.item()
        'done'
        """
        ids = as_list(id)
        self._refuse_if_read_only("Resizing instances")
        flavor_id, _ = find(flavor, "flavor", self._api.flavors)
        return self._lifecycle(
            "resize",
            "STOP",
            id if isinstance(id, str) else ids,
            lambda id_: self._api.resize(id_, flavor_id),
            wait=wait,
            timeout=timeout,
        )

    def delete_instance(self, id: Ids, *, wait: bool = False, timeout: float = _WAIT_SECONDS) -> pd.DataFrame:
        """Delete instances (guide: instance delete). Their attached volumes stay.

        Parameters and answer are those of `start`; it waits until they are gone.

        Examples
        --------
        >>> broken = toast.instances().query("status == 'ERROR'")
        >>> toast.delete_instance(broken.instance_id[:1], wait=True).outcome.tolist()
        ['done']
        """
        return self._lifecycle("delete", waiting.GONE, id, self._api.delete_instance, wait=wait, timeout=timeout)

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
        return self._act_on_one("add_floating_ip", id, lambda id_: self._api.add_floating_ip(id_, address, ip_address))

    def remove_floating_ip(self, id: str, address: str) -> pd.DataFrame:
        """Take a floating IP off an instance (guide: floating IP disconnection); the address stays the account's.

        Examples
        --------
        >>> vm = toast.instances_detail().query("floating_ip.notna()").iloc[0]
        >>> toast.remove_floating_ip(vm.instance_id, vm.floating_ip).outcome.item()
        'done'
        """
        rules.check_text(address, "address")
        return self._act_on_one("remove_floating_ip", id, lambda id_: self._api.remove_floating_ip(id_, address))

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
        made = self._api.attach_volume(id, volume_id)
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
        return self._act_on_one("detach_volume", id, lambda id_: self._api.detach_volume(id_, volume_id))

    def wait(self, ids: Ids, status: str, timeout: float = _WAIT_SECONDS) -> pd.DataFrame:
        """Wait until instances are in a state.

        Parameters
        ----------
        ids : str, or a list, Series or index of str
            The instances.
        status : str
            A state of the guide, as "ACTIVE", or "GONE".
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        DataFrame
            A row an instance, as `start` answers, with the action "wait". With one id a failure raises.

        Raises
        ------
        DeadlineExceeded
            When the time is over.
        ServiceFailure
            When the instance falls into ERROR; one that was in ERROR from the start is waited for.
        NotFound
            When it does not exist, or not any more.

        Examples
        --------
        >>> active = toast.instances().query("status == 'ACTIVE'").instance_id
        >>> toast.wait(active[:3], "ACTIVE", timeout=5).outcome.tolist()
        ['done', 'done', 'done']
        """
        listed = as_list(ids)
        outcomes = dict.fromkeys(listed, Outcome("done"))
        self._watch(outcomes, status, timeout, None, raise_failure=isinstance(ids, str))
        return outcome_frame("wait", outcomes)

    # --- how actions are carried out ----------------------------------------------------------------------------------

    def _lifecycle(
        self, action: str, target: str, ids: Ids, send: Callable[[str], object], *, wait: bool, timeout: float
    ) -> pd.DataFrame:
        listed = as_list(ids)
        self._refuse_if_read_only(f"The action {action}")
        if wait:
            waiting.check_timeout(timeout)
        before = waiting.look(self._api, listed) if wait else None
        outcomes = self._carried_out(action, ids, send)
        self._kept(action, outcomes)
        if wait:
            self._watch(outcomes, target, timeout, before, raise_failure=isinstance(ids, str))
        return self._kept(action, outcomes)

    def _act(self, action: str, ids: Ids, send: Callable[[str], object]) -> pd.DataFrame:
        return self._kept(action, self._carried_out(action, ids, send))

    def _act_on_one(self, action: str, id_: str, send: Callable[[str], object]) -> pd.DataFrame:
        return self._act(action, rules.check_text(id_, "id"), send)

    def _carried_out(self, action: str, ids: Ids, send: Callable[[str], object]) -> dict[str, Outcome]:
        """Carry out an action: for one id its failure raises, for several it is an outcome."""
        listed = as_list(ids)
        self._refuse_if_read_only(f"The action {action}")
        self.last_outcome = None
        if isinstance(ids, str):
            return {ids: self._one(action, ids, send)}
        bulk = Bulk(action, listed, send)
        try:
            bulk.run()
        finally:
            self._kept(action, bulk.outcomes)
        return bulk.outcomes

    def _one(self, action: str, id_: str, send: Callable[[str], object]) -> Outcome:
        try:
            send(id_)
        except ToastError as error:
            self._kept(action, {id_: of_error(error)})
            raise
        return Outcome("done")

    def _watch(
        self,
        outcomes: dict[str, Outcome],
        target: str,
        timeout: float,
        before: dict[str, waiting.Before] | None,
        *,
        raise_failure: bool,
    ) -> None:
        """Wait for those that were carried out, and put down what became of them."""
        accepted = [id_ for id_, outcome in outcomes.items() if outcome.outcome == "done"]
        for id_, end in waiting.watch(self._api, accepted, target, timeout, before).items():
            if not isinstance(end, ToastError):
                continue
            if raise_failure:
                raise end
            unknown = isinstance(end, DeadlineExceeded)
            outcomes[id_] = Outcome("unknown", message=str(end)) if unknown else of_error(end)

    def _kept(self, action: str, outcomes: dict[str, Outcome]) -> pd.DataFrame:
        self.last_outcome = outcome_frame(action, outcomes)
        return self.last_outcome
