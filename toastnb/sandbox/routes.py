"""The calls of the guide: read what was sent, hand it to the account, name what is answered.

Every call is one entry of `CALLS`, by method and path below the appkey; `*` stands for an instance's id. Every
action is one entry of `_ACTIONS`.

What is open in the guide: an unknown `?id=` is refused with 404 in the last digits (no empty list), and an
empty one with -4.
"""

import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import anyio.to_thread
import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from toastnb.sandbox import attachments, instances, siblings, sshkeys
from toastnb.sandbox.account import Account, find
from toastnb.sandbox.bodies import (
    ActionBody,
    ActionName,
    AddFloatingIpAction,
    AttachmentBody,
    Body,
    InstanceBody,
    KeypairBody,
    NamedAction,
    PlainAction,
    RebootAction,
    RemoveFloatingIpAction,
    ResizeAction,
    TokenBody,
)
from toastnb.sandbox.codes import Code, RefusedError
from toastnb.sandbox.models import Instance, Record
from toastnb.sandbox.rules import invalid
from toastnb.sandbox.service import Service

# Of a type that one sandbox is still taking in, msgspec gives another, in another thread, half: the process ends.
_one_at_a_time = threading.Lock()
B = TypeVar("B", bound=Body)


class Call(Struct, frozen=True):
    """One call as it came in."""

    service: Service
    path_id: str
    query: Mapping[str, str]
    raw_body: bytes
    build_fails: bool

    @property
    def account(self) -> Account:
        """The account that the call is about."""
        return self.service.account

    def body(self, kind: type[B]) -> B:
        """Read the body as what it must be."""
        try:
            with _one_at_a_time:
                return msgspec.json.decode(self.raw_body, type=kind)
        except msgspec.ValidationError as error:
            raise invalid(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RefusedError(Code.NOT_JSON, str(error)) from None

    def asked(self, parameter: str) -> str | None:
        """Read a parameter of the query, if it is there; it must not be empty."""
        value = self.query.get(parameter)
        if value == "":
            raise invalid(f"query parameter {parameter!r} is empty")
        return value

    def required(self, parameter: str) -> str:
        """Read a parameter of the query that must be there."""
        value = self.asked(parameter)
        if value is None:
            raise invalid(f"query parameter {parameter!r} is missing")
        return value

    def instance(self) -> Instance:
        """Find the instance that the path names."""
        return self.account.instance(self.path_id)


Answer = Mapping[str, Any]
"""What an answer holds besides its header: records, and lists or iterators of records, by name."""

Handler = Callable[[Call], Answer | Awaitable[Answer]]


def _issue_token(call: Call) -> Answer:
    auth, settings = call.body(TokenBody).auth, call.service.settings
    if (auth.username, auth.password) != (settings.username, settings.password):
        raise RefusedError(Code.FAIL, "wrong username or API password")
    return {"access": call.service.tokens.issue()}


def _token(call: Call) -> Answer:
    return {"access": call.service.tokens.find(call.required("id"))}


def _asked_instances(call: Call) -> list[Instance]:
    identifier = call.asked("id")
    held = call.account.instances
    return list(held.values()) if identifier is None else [call.account.instance(identifier)]


def _instances(call: Call) -> Answer:
    return {"instances": map(Instance.summary, _asked_instances(call))}


def _instances_detail(call: Call) -> Answer:
    return {"instances": _asked_instances(call)}


def _create_instance(call: Call) -> Answer:
    made = instances.create(call.account, call.body(InstanceBody).instance, fails=call.build_fails)
    return {"instance": made.summary()}


def _delete_instance(call: Call) -> Answer:
    instances.delete(call.account, call.required("id"))
    return {}


def _attach(call: Call) -> Answer:
    volume_id = call.body(AttachmentBody).attachment.volume_id
    return {"attachment": attachments.attach_volume(call.account, call.instance(), volume_id)}


def _detach(call: Call) -> Answer:
    attachments.detach_volume(call.account, call.instance(), call.required("volumeId"))
    return {}


_ACTIONS: dict[str, tuple[type[ActionBody], Callable[[Account, Instance, Any], Record | None]]] = {
    "start": (PlainAction, lambda account, instance, _: instances.start(account, instance)),
    "stop": (PlainAction, lambda account, instance, _: instances.stop(account, instance)),
    "reboot": (RebootAction, lambda account, instance, sent: instances.reboot(account, instance, sent.type)),
    "resize": (ResizeAction, lambda account, instance, sent: instances.resize(account, instance, sent.flavor)),
    "uploadImage": (
        NamedAction,
        lambda account, instance, sent: instances.upload_image(account, instance, sent.name),
    ),
    "addFloatingIp": (
        AddFloatingIpAction,
        lambda account, instance, sent: attachments.add_floating_ip(account, instance, sent.address, sent.ip_address),
    ),
    "removeFloatingIp": (
        RemoveFloatingIpAction,
        lambda account, instance, sent: attachments.remove_floating_ip(account, instance, sent.address),
    ),
    "addSecurityGroup": (
        NamedAction,
        lambda account, instance, sent: attachments.add_security_group(account, instance, sent.name),
    ),
    "removeSecurityGroup": (
        NamedAction,
        lambda account, instance, sent: attachments.remove_security_group(account, instance, sent.name),
    ),
}


def _act(call: Call) -> Answer:
    name = call.body(ActionName).action
    if name not in _ACTIONS:
        raise invalid(f"action must be one of {', '.join(_ACTIONS)}, not {name!r}")
    kind, action = _ACTIONS[name]
    answer = action(call.account, call.instance(), call.body(kind).parameters)
    return {} if answer is None else {"createdImage": answer}


def _zones(call: Call) -> Answer:
    return {"zones": list(call.account.zones.values())}


def _flavors(call: Call) -> Answer:
    return {"flavors": list(call.account.flavors.values())}


def _keypairs(call: Call) -> Answer:
    name = call.asked("name")
    if name is not None:
        return {"keypairs": [find(call.account.keypairs, name, Code.NO_KEYPAIR, "keypair")]}
    return {"keypairs": [replace(keypair, created_at=UNSET) for keypair in call.account.keypairs.values()]}


def _add_keypair(call: Call) -> Answer | Awaitable[Answer]:
    wanted = call.body(KeypairBody).keypair
    if wanted.public_key is None:
        siblings.check_new_keypair(call.account, wanted.name)
        return _generate_keypair(call, wanted.name)
    public_key = sshkeys.check_public_key(wanted.public_key)
    keypair = siblings.add_keypair(call.account, wanted.name, public_key)
    return {"keypair": replace(keypair, created_at=UNSET)}


async def _generate_keypair(call: Call, name: str) -> Answer:
    """Make the key in a thread, since that takes long, and see again whether the name is free."""
    public_key, private_key = await anyio.to_thread.run_sync(sshkeys.generate)
    with call.service.lock:
        keypair = siblings.add_keypair(call.account, name, public_key)
    shown = {"name": name, "publicKey": public_key, "privateKey": private_key, "fingerprint": keypair.fingerprint}
    return {"keypair": shown}


def _delete_keypair(call: Call) -> Answer:
    siblings.delete_keypair(call.account, call.required("name"))
    return {}


CALLS: dict[str, Handler] = {
    "POST tokens": _issue_token,
    "GET tokens": _token,
    "GET availability-zones": _zones,
    "GET instances": _instances,
    "GET instances-detail": _instances_detail,
    "POST instances": _create_instance,
    "DELETE instances": _delete_instance,
    "POST instances/*/attachments": _attach,
    "DELETE instances/*/attachments": _detach,
    "POST instances/*/action": _act,
    "GET flavors": _flavors,
    "GET keypairs": _keypairs,
    "POST keypairs": _add_keypair,
    "DELETE keypairs": _delete_keypair,
}
