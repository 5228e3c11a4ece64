"""The bodies of the guide's 23 calls, as typed structures. Their field names are the guide's.

Python names are snake_case; on the wire they are camelCase unless a field says otherwise. What the guide does not
promise is optional, and `None` when it is absent. Unknown fields are ignored. How bytes become these is `codec`'s.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw, Struct, field

from toastnb.redaction import Secret

Int = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Body(Struct, rename="camel", gc=False, omit_defaults=True):
    """The base of all bodies: camelCase on the wire, and not tracked by the garbage collector (no cycles)."""


# --- the envelope ------------------------------------------------------------------------------------------------


class Header(Body):
    """What every answer carries: success or failure, and the code."""

    is_successful: bool
    result_code: Int
    result_message: str | None = None


class Answer(Body):
    """An answer that says nothing beyond success or failure."""

    header: Header


# --- tokens (guide: Token API) -----------------------------------------------------------------------------------


class Credentials(Body):
    """The user's name and API password."""

    username: str
    password: Secret


class TokenRequest(Body):
    """Call 1."""

    auth: Credentials


class Token(Body):
    """A token and its life; the guide writes `issued_at` with an underscore."""

    id: Secret
    expires: str
    issued_at: str = field(name="issued_at")


class Role(Body):
    """A role of the user."""

    name: str | None = None


class User(Body):
    """The user to whom a token belongs."""

    id: str | None = None
    roles: list[Role] | None = None


class Access(Body):
    """A token and its user."""

    token: Token
    user: User | None = None


class AccessAnswer(Answer):
    """The answer of calls 1 and 2."""

    access: Access


# --- availability zones (guide: availability zone API) -----------------------------------------------------------


class ZoneState(Body):
    """Whether a zone can be used."""

    available: bool | None = None


class Zone(Body):
    """An availability zone."""

    zone_name: str
    zone_state: ZoneState | None = None


class ZonesAnswer(Answer):
    """The answer of call 3."""

    zones: list[Zone]


# --- instances (guide: instance API) -----------------------------------------------------------------------------


class Instance(Body):
    """An instance in brief."""

    id: str
    name: str | None = None
    status: str | None = None


class InstancesAnswer(Answer):
    """The answer of call 4."""

    instances: list[Instance]


class InstanceAnswer(Answer):
    """The answer of call 6: one instance, whatever the count was."""

    instance: Instance


class Address(Body):
    """An address of a network interface."""

    mac_address: str | None = None
    ip_address: str | None = None
    version: Int | None = None
    floating_ip_address: str | None = None


class InstanceFlavor(Body):
    """The flavor of an instance; RAM in MB. Its vCPUs are called `cpu` here."""

    id: str | None = None
    name: str | None = None
    cpu: Int | None = None
    ram: Int | None = None


class RootVolume(Body):
    """The root disk; size in GB. Later revisions of the API add the type."""

    size: Int | None = None
    type: str | None = None


class AttachedVolume(Body):
    """An attached block storage volume; size in GB. Later revisions of the API add the type."""

    id: str | None = None
    name: str | None = None
    size: Int | None = None
    type: str | None = None


class Volumes(Body):
    """The disks of an instance."""

    root: RootVolume | None = None
    attachments: list[AttachedVolume] | None = None


class SecurityGroupName(Body):
    """A security group, by name."""

    name: str | None = None


class InstanceDetail(Body):
    """An instance in full."""

    id: str
    name: str | None = None
    status: str | None = None
    availability_zone: str | None = None
    image: str | None = None
    key_name: str | None = None
    metadata: dict[str, str | None] | None = None
    addresses: list[Address] | None = None
    flavor: InstanceFlavor | None = None
    volumes: Volumes | None = None
    security_groups: list[SecurityGroupName] | None = None
    launched_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class InstancesDetailAnswer(Answer):
    """The answer of call 5, its instances not decoded yet: see `codec.Items`."""

    instances: list[Raw]


class NetworkId(Body):
    """A network, by id."""

    id: str


class SecurityGroupRef(Body):
    """A security group to be in, by name."""

    name: str


class RootSize(Body):
    """The size of a root disk to make, in GB."""

    size: int


class NewInstance(Body):
    """What an instance is made from; `volume` is left out for flavors with a fixed disk."""

    name: str
    image: str
    flavor: str
    networks: list[NetworkId]
    availability_zone: str
    key_name: str
    security_groups: list[SecurityGroupRef]
    count: int = 1
    volume: RootSize | None = None


class CreateInstanceRequest(Body):
    """Call 6."""

    instance: NewInstance


# --- volumes of an instance, and actions -------------------------------------------------------------------------


class NewAttachment(Body):
    """The volume to attach."""

    volume_id: str


class AttachRequest(Body):
    """Call 8."""

    attachment: NewAttachment


class Attachment(Body):
    """An attached volume, with the name of its device."""

    volume_id: str | None = None
    id: str | None = None
    device: str | None = None


class AttachmentAnswer(Answer):
    """The answer of call 8."""

    attachment: Attachment


class ActionRequest(Body):
    """Calls 10 to 18."""

    action: str
    parameters: dict[str, str] | None = None


class CreatedImage(Body):
    """An image that is being made from an instance."""

    id: str
    name: str | None = None


class CreatedImageAnswer(Answer):
    """The answer of call 14, uploadImage."""

    created_image: CreatedImage


# --- flavors and keypairs ----------------------------------------------------------------------------------------


class Flavor(Body):
    """A flavor: RAM in MB, disks in GB. Only u2 flavors have a `volume_size`: their root disk is fixed."""

    id: str
    name: str | None = None
    type: str | None = None
    vcpus: Int | None = None
    ram: Int | None = None
    ephemeral: Int | None = None
    volume_size: Int | None = None
    max_volume_size: Int | None = None
    disabled: bool | None = None
    is_public: bool | None = None


class FlavorsAnswer(Answer):
    """The answer of call 19."""

    flavors: list[Flavor]


class Keypair(Body):
    """The public half of a keypair; `created_at` only comes when it was asked for by name."""

    name: str
    public_key: str | None = None
    fingerprint: str | None = None
    created_at: str | None = None


class KeypairsAnswer(Answer):
    """The answer of call 20."""

    keypairs: list[Keypair]


class NewKeypair(Body):
    """The keypair to make, or with `public_key` to upload."""

    name: str
    public_key: str | None = None


class KeypairRequest(Body):
    """Calls 21 and 22."""

    keypair: NewKeypair


class CreatedKeypair(Body):
    """A keypair just made; the private key is shown this once."""

    name: str
    private_key: Secret | None = None
    public_key: str | None = None
    fingerprint: str | None = None


class KeypairAnswer(Answer):
    """The answer of calls 21 and 22."""

    keypair: CreatedKeypair
