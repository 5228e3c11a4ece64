"""What `Toast` makes and unmakes: instances, images, keypairs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import pandas as pd

from toastnb import frames, rules, wire
from toastnb.arrays import texts
from toastnb.connected import Connected
from toastnb.connection import ending_by
from toastnb.errors import BadAnswer, NotFound, ServiceFailure, ToastError
from toastnb.files import KeyFile, place_of
from toastnb.new_instance import new_instance
from toastnb.outcomes import DONE, Outcome, outcome_frame
from toastnb.redaction import Secret, as_secret, sealed
from toastnb.remarks import remark

T = TypeVar("T")

_LOOK_SECONDS = 5.0


class Creates(Connected):
    """The part of `Toast` that makes things."""

    def create_instance(
        self,
        *,
        name: str,
        image: str,
        flavor: str,
        network: str,
        zone: str,
        keypair: str,
        security_groups: str | Sequence[str],
        root_gb: int | None = None,
        count: int = 1,
    ) -> pd.DataFrame:
        """Make instances (guide: instance creation).

        Parameters
        ----------
        name : str
            At most 20 characters on Linux, 12 on Windows: ASCII letters, digits, "-" and ".". Several at once are
            named name-1, name-2, ...
        image, flavor, network : str
            Id, or a name that only one of them has.
        zone, keypair : str
            Names.
        security_groups : str or list of str
            Names.
        root_gb : int, optional
            Size of the root disk in GB: from the image's smallest to 1000 in steps of 10; left out for u2 flavors,
            which come with a disk.
        count : int
            How many, 1 to 10.

        Returns
        -------
        DataFrame
            A row an instance: instance_id, name, status (str). The service's answer names only one of several: the
            others are found by listing before and after, and one that cannot be told apart has no instance_id.

        Raises
        ------
        InvalidInput
            Before anything is sent, when a value breaks a rule of the guide; or as the service answers.

        Examples
        --------
        >>> made = toast.create_instance(
        ...     name="batch", image="Ubuntu Server 22.04 LTS", flavor="m2.c2m4", network="Default Network",
        ...     zone="kr-pub-a", keypair=toast.keypairs().name[0], security_groups="default", root_gb=50, count=2)
        >>> made.name.tolist()
        ['batch-1', 'batch-2']
        """
        self._refuse_if_read_only(f"Creating instance {name}")
        request = new_instance(
            self._api,
            name=name,
            image=image,
            flavor=flavor,
            network=network,
            zone=zone,
            keypair=keypair,
            security_groups=security_groups,
            root_gb=root_gb,
            count=count,
        )
        return self._created(request)

    def _created(self, request: wire.NewInstance) -> pd.DataFrame:
        """Make instances, one or several, and tell by listing before and after which ones they are."""
        before = {instance.id for instance in self._api.instances()}
        names = _names(request)
        answered = self._once(
            "create_instance",
            request.name,
            lambda: self._looked_after(
                lambda: self._api.create_instance(request), lambda: self._new_instances(names, before)
            ),
            key="name",
        )
        if request.count == 1:
            return frames.instances([answered])
        return self._told_apart(answered, names, before)

    def _looked_after(self, send: Callable[[], T], look: Callable[[], str]) -> T:
        """Send a write; when its fate is unknown, look at once, briefly, and let the error tell what there is."""
        try:
            return send()
        except ToastError as error:
            if error.may_have_happened:
                error.tell(self._found(look))
            raise

    def _found(self, look: Callable[[], str]) -> str:
        try:
            with ending_by(time.monotonic() + _LOOK_SECONDS):
                return look()
        except ToastError as error:
            return f"A look right after it failed too ({error.said})."

    def _new_instances(self, names: list[str], before: set[str]) -> str:
        new = [one for one in self._api.instances() if one.id not in before and one.name in names]
        if not new:
            return "Right after it there was no new instance of that name: it may still come."
        return f"Found right after it: {', '.join(f'{one.name} {one.id} ({one.status})' for one in new)}."

    def _told_apart(self, answered: wire.Instance, names: list[str], before: set[str]) -> pd.DataFrame:
        """List again after several instances were made, for the answer names only one."""
        self._keep("create_instance", {answered.id: DONE})  # should the listing fail or be interrupted
        try:
            listed = self._api.instances()
        except ToastError as error:
            listed = []
            why = f"listing them failed: {error}"
        else:
            why = "the listing does not tell them apart from others that were made at the same time"
        new = {name: [i for i in listed if i.name == name and i.id not in before] for name in names}
        new[answered.name or ""] = [answered]
        rows = [new[name][0] if len(new[name]) == 1 else None for name in names]
        missing = [name for name, row in zip(names, rows, strict=True) if row is None]
        if missing:
            remark(f"{', '.join(missing)}: made, but {why}. List the instances again.", stacklevel=4)
        return texts(
            instance_id=[row.id if row else None for row in rows],
            name=names,
            status=[row.status if row else None for row in rows],
        )

    def upload_image(self, id: str, name: str) -> pd.DataFrame:
        """Make an image of a stopped instance (guide: image creation; needs STOP).

        Parameters
        ----------
        id : str
            The instance.
        name : str
            The image's name.

        Returns
        -------
        DataFrame
            One row: image_id, name (str). The image is queued or saving before it is active.

        Examples
        --------
        >>> stopped = toast.instances().query("status == 'STOP'")
        >>> toast.upload_image(stopped.instance_id.iloc[0], "golden").name.item()
        'golden'
        """
        rules.check_text(id, "id")
        rules.check_text(name, "name")
        self._refuse_if_read_only(f"Making image {name}")
        made = self._once("upload_image", id, lambda: self._api.upload_image(id, name))
        return texts(image_id=[made.id], name=[made.name or name])

    def create_keypair(self, name: str, save_to: str | os.PathLike[str]) -> pd.DataFrame:
        """Make a keypair and save its private key (guide: keypair creation).

        The service shows the private key once. It goes into a new file that only you can read (mode 0600) and
        nowhere else; that the file can be written is made sure before anything is sent, and a file that exists is
        never overwritten.

        Parameters
        ----------
        name : str
            The keypair's name.
        save_to : path-like
            A file that does not exist yet, or a folder, in which it becomes ``NAME.pem``.

        Returns
        -------
        DataFrame
            One row: name, fingerprint, path (str). Never the key.

        Raises
        ------
        InvalidInput
            When the file exists or cannot be written; nothing was sent then.

        Examples
        --------
        >>> made = toast.create_keypair("ops-2026", "ops-2026.pem")
        >>> oct(os.stat(made.path.item()).st_mode & 0o777)
        '0o600'
        """
        self._refuse_if_read_only(f"Creating keypair {name}")
        rules.check_text(name, "name")
        path = place_of(save_to, "Saving a private key")
        if path.is_dir():
            path = path / f"{rules.check_file_name(name)}.pem"
        lost = f"its private key is lost, unless it is in {path}: delete it ({_deletion(name)}) and make it again"
        file = KeyFile(path)
        try:
            made, key = self._once(
                "create_keypair",
                name,
                lambda: self._looked_after(lambda: self._new_keypair(name), lambda: self._keypair_there(name)),
                key="name",
                done=Outcome("done", message=lost),  # until it is saved
            )
            self._save_key(key, file, name, lost)
        except BaseException:
            file.discard()
            raise
        self._keep("create_keypair", {name: DONE}, key="name")
        return texts(name=[made.name], fingerprint=[made.fingerprint], path=[str(file.path)])

    def _new_keypair(self, name: str) -> tuple[wire.CreatedKeypair, Secret]:
        made = self._api.create_keypair(name)
        if not made.private_key:
            raise BadAnswer("the answer has no private key", action=f"Creating keypair {name}", may_have_happened=True)
        return made, made.private_key

    def _keypair_there(self, name: str) -> str:
        try:
            there = [keypair for keypair in self._api.keypairs(name) if keypair.name == name]
        except NotFound:
            there = []
        if not there:
            return "Right after it there was no keypair of that name: it may still come."
        return (
            f"Found right after it: the keypair {name}, created {there[0].created_at or 'at a time that is not told'}."
            f" If that was now, its private key is lost: delete it ({_deletion(name)}) and make it again."
        )

    def _save_key(self, key: Secret, file: KeyFile, name: str, lost: str) -> None:
        try:
            sealed(lambda: file.write(key.reveal()))
        except OSError as error:
            problem = f"the keypair was made, but its private key could not be written ({error.strerror}) and is lost"
        except BaseException as interrupt:
            interrupt.add_note(f"The keypair {name} was made; {lost}.")
            raise
        else:
            return
        raise ServiceFailure(
            problem,
            action=f"Creating keypair {name}",
            hint=f"Delete it ({_deletion(name)}) and make it again.",
            carried_out=True,
        )

    def import_keypair(self, name: str, public_key: str) -> pd.DataFrame:
        """Upload a public key that you made yourself (guide: keypair upload).

        Parameters
        ----------
        name : str
            The keypair's name.
        public_key : str
            The content of a ``.pub`` file, as "ssh-ed25519 AAAA...".

        Returns
        -------
        DataFrame
            One row: name, fingerprint, public_key (str), created_at (missing), as `keypairs` answers.

        Examples
        --------
        >>> toast.import_keypair("mine", toast.keypairs().public_key[0]).name.item()
        'mine'
        """
        given = as_secret(public_key)  # it may be a private key by mistake
        del public_key
        self._refuse_if_read_only(f"Importing keypair {name}")
        rules.check_text(name, "name")
        checked = sealed(lambda: rules.check_public_key(given.reveal() if isinstance(given, Secret) else given))
        made = self._once("import_keypair", name, lambda: self._api.import_keypair(name, checked), key="name")
        keypair = wire.Keypair(name=made.name, public_key=made.public_key, fingerprint=made.fingerprint)
        return frames.keypairs([keypair])

    def delete_keypair(self, name: str) -> pd.DataFrame:
        """Delete a keypair (guide: keypair deletion). Instances that were made with it keep its public key.

        Returns
        -------
        DataFrame
            One row: name, action, outcome, code, message.

        Examples
        --------
        >>> _ = toast.import_keypair("short-lived", toast.keypairs().public_key[0])
        >>> toast.delete_keypair("short-lived").outcome.item()
        'done'
        """
        rules.check_text(name, "name")
        self._refuse_if_read_only(f"Deleting keypair {name}")
        self._once("delete_keypair", name, lambda: self._api.delete_keypair(name), key="name")
        return outcome_frame("delete_keypair", {name: DONE}, key="name")


def _deletion(name: str) -> str:
    return f"toast.delete_keypair({name!r})"


def _names(request: wire.NewInstance) -> list[str]:
    """Return what the service names the instances of a request."""
    if request.count == 1:
        return [request.name]
    return [f"{request.name}-{number}" for number in range(1, request.count + 1)]
