"""What `Toast` does with whole instances: start, stop, reboot, resize, delete, and waiting for the end of it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from toastnb import rules, waiting
from toastnb.acting import Acting
from toastnb.errors import ToastError
from toastnb.lookup import find
from toastnb.outcomes import Ids, Outcome, Tally, as_list, of_wait, outcome_frame

_WAIT_SECONDS = 600.0


class Lifecycle(Acting):
    """The part of `Toast` for the life of instances."""

    def start(self, id: Ids, *, wait: bool = False, timeout: float = _WAIT_SECONDS) -> pd.DataFrame:
        """Start stopped instances (guide: instance start; needs STOP).

        Parameters
        ----------
        id : str, a list, Series or index of str, or an outcome frame
            The instances. With one id a failure raises; with several it is a row, and stops nothing. Of an outcome
            frame of this action only what is not_sent is sent; the other rows stay as they are.
        wait : bool
            Whether to wait until they are ACTIVE.
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        DataFrame
            A row an instance: instance_id, action, outcome (done, failed, unknown, not_sent; str), code (Int64, the
            service's), message (str).

        Examples
        --------
        >>> stopped = toast.instances().query("status == 'STOP'")
        >>> toast.start(stopped.instance_id[:2]).outcome.tolist()
        ['done', 'done']
        """
        return self._lifecycle("start", "ACTIVE", id, self._api.start, wait=wait, timeout=timeout)

    def stop(self, id: Ids, *, wait: bool = False, timeout: float = _WAIT_SECONDS) -> pd.DataFrame:
        """Stop instances (guide: instance stop; needs ACTIVE or ERROR).

        Parameters
        ----------
        id : str, a list, Series or index of str, or an outcome frame
            The instances. With one id a failure raises; with several it is a row, and stops nothing. Of an outcome
            frame of this action only what is not_sent is sent; the other rows stay as they are.
        wait : bool
            Whether to wait until they are in STOP.
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        DataFrame
            A row an instance: instance_id, action, outcome (done, failed, unknown, not_sent; str), code (Int64, the
            service's), message (str).

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

        Parameters
        ----------
        id : str, a list, Series or index of str, or an outcome frame
            The instances. With one id a failure raises; with several it is a row, and stops nothing. Of an outcome
            frame of this action only what is not_sent is sent; the other rows stay as they are.
        type : {"SOFT", "HARD"}
            SOFT shuts down first, HARD does not.
        wait : bool
            Whether to wait until they are ACTIVE again.
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        DataFrame
            A row an instance: instance_id, action, outcome (done, failed, unknown, not_sent; str), code (Int64, the
            service's), message (str).

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

        The root disk keeps its size, and u2 flavors neither change nor are changed to.

        Parameters
        ----------
        id : str, a list, Series or index of str, or an outcome frame
            The instances. With one id a failure raises; with several it is a row, and stops nothing. Of an outcome
            frame of this action only what is not_sent is sent; the other rows stay as they are.
        flavor : str
            Id or unambiguous name of the new flavor.
        wait : bool
            Whether to wait until they are in STOP again, with the new flavor.
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        DataFrame
            A row an instance: instance_id, action, outcome (done, failed, unknown, not_sent; str), code (Int64, the
            service's), message (str).

        Examples
        --------
        >>> stopped = toast.instances_detail().query("status == 'STOP' and flavor_name.str.startswith('m2')")
        >>> toast.resize(stopped.instance_id.iloc[0], "r2.c4m16").outcome.item()
        'done'
        """
        self._refuse_if_read_only("Resizing instances")
        tally = self._begun("resize", id)
        flavor_id, _ = find(flavor, "flavor", self._api.flavors)
        return self._lifecycle(
            "resize",
            "STOP",
            tally,
            lambda id_: self._api.resize(id_, flavor_id),
            wait=wait,
            timeout=timeout,
        )

    def delete_instance(self, id: Ids, *, wait: bool = False, timeout: float = _WAIT_SECONDS) -> pd.DataFrame:
        """Delete instances (guide: instance delete). Their attached volumes stay.

        Parameters
        ----------
        id : str, a list, Series or index of str, or an outcome frame
            The instances. With one id a failure raises; with several it is a row, and stops nothing. Of an outcome
            frame of this action only what is not_sent is sent; the other rows stay as they are.
        wait : bool
            Whether to wait until they are gone.
        timeout : float
            Seconds to wait at most.

        Returns
        -------
        DataFrame
            A row an instance: instance_id, action, outcome (done, failed, unknown, not_sent; str), code (Int64, the
            service's), message (str).

        Examples
        --------
        >>> broken = toast.instances().query("status == 'ERROR'")
        >>> toast.delete_instance(broken.instance_id[:1], wait=True).outcome.tolist()
        ['done']
        """
        return self._lifecycle("delete", waiting.GONE, id, self._api.delete_instance, wait=wait, timeout=timeout)

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
        outcomes = dict.fromkeys(as_list(ids), Outcome("done"))
        failures = self._watched(outcomes, list(outcomes), status, timeout, None)
        if failures and isinstance(ids, str):
            raise failures[0]
        return outcome_frame("wait", outcomes)

    def _lifecycle(
        self,
        action: str,
        target: str,
        ids: Ids | Tally,
        send: Callable[[str], object],
        *,
        wait: bool,
        timeout: float,
        told: waiting.Told = waiting.unheard,
    ) -> pd.DataFrame:
        """Carry out an action, and with `wait` see it to its end; `told` hears of states before and after."""
        self._refuse_if_read_only(f"The action {action}")
        if wait:
            waiting.check_timeout(timeout)
        tally = self._begun(action, ids)
        if not wait:
            self._carry_out(tally, send)
            return tally.frame().copy()
        sending = tally.left()
        before = waiting.look(self._api, sending)
        told({id_: found.status for id_, found in before.items()}, ())
        self._carry_out(tally, send)
        failures = self._watched(tally.outcomes, sending, target, timeout, before, told)
        if failures and tally.single:
            raise failures[0]
        return tally.frame().copy()

    def _watched(
        self,
        outcomes: dict[str, Outcome],
        ids: list[str],
        target: str,
        timeout: float,
        before: dict[str, waiting.Before] | None,
        told: waiting.Told = waiting.unheard,
    ) -> list[ToastError]:
        """Wait for those of the ids that were carried out, put down what became of them, and return what went wrong."""
        accepted = [id_ for id_ in ids if outcomes[id_].outcome == "done"]
        failures = []
        for id_, end in waiting.watch(self._api, accepted, target, timeout, before, told).items():
            if isinstance(end, ToastError):
                failures.append(end)
                outcomes[id_] = of_wait(end)
        return failures
