"""The bodies that calls accept. Unknown extra fields are ignored; a missing or mistyped one names itself.

What is open in the guide: numbers must be sent as JSON numbers, as the guide's tables have it, and `null` in
an optional field counts as absent.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1, max_length=255)]


class Body(Struct, frozen=True, rename="camel"):
    """Base of all bodies: camelCase on the wire."""


class Ref(Body, frozen=True):
    """A reference by id."""

    id: Text


class NameRef(Body, frozen=True):
    """A reference by name."""

    name: Text


class Credentials(Body, frozen=True):
    """Who asks for a token."""

    username: str
    password: str


class TokenBody(Body, frozen=True):
    """`POST tokens`."""

    auth: Credentials


class DiskSize(Body, frozen=True):
    """How large a root disk is to be, in GB."""

    size: int | None = None


class NewInstance(Body, frozen=True):
    """The instance of `POST instances`."""

    name: Text
    image: Text
    flavor: Text
    networks: Annotated[list[Ref], Meta(min_length=1)]
    availability_zone: Text
    key_name: Text
    security_groups: Annotated[list[NameRef], Meta(min_length=1)]
    count: Annotated[int, Meta(ge=1, le=10)] | None = None
    volume: DiskSize | None = None


class InstanceBody(Body, frozen=True):
    """`POST instances`."""

    instance: NewInstance


class VolumeRef(Body, frozen=True):
    """Which volume to attach."""

    volume_id: Text


class AttachmentBody(Body, frozen=True):
    """`POST instances/{id}/attachments`."""

    attachment: VolumeRef


class ActionName(Body, frozen=True):
    """What every action has."""

    action: str


class ActionBody(Body, frozen=True):
    """Base of the bodies of actions."""

    parameters: Any


class PlainAction(ActionBody, frozen=True):
    """An action without parameters of its own."""

    parameters: dict[str, Any] | None = None


class RebootParameters(Body, frozen=True):
    """How to reboot."""

    type: str


class RebootAction(ActionBody, frozen=True):
    """`reboot`."""

    parameters: RebootParameters


class FlavorParameters(Body, frozen=True):
    """Which flavor."""

    flavor: Text


class ResizeAction(ActionBody, frozen=True):
    """`resize`."""

    parameters: FlavorParameters


class NamedAction(ActionBody, frozen=True):
    """`uploadImage`, `addSecurityGroup`, `removeSecurityGroup`."""

    parameters: NameRef


class AssociationParameters(Body, frozen=True):
    """Which floating IP, on which address of the instance."""

    address: Text
    ip_address: Text


class AddFloatingIpAction(ActionBody, frozen=True):
    """`addFloatingIp`."""

    parameters: AssociationParameters


class AddressParameters(Body, frozen=True):
    """Which floating IP."""

    address: Text


class RemoveFloatingIpAction(ActionBody, frozen=True):
    """`removeFloatingIp`."""

    parameters: AddressParameters


class NewKeypair(Body, frozen=True):
    """A keypair: with a public key it is uploaded, without one it is made."""

    name: Text
    public_key: str | None = None


class KeypairBody(Body, frozen=True):
    """`POST keypairs`."""

    keypair: NewKeypair


class FloatingIpBody(Body, frozen=True):
    """`POST floating-ips`."""

    pool: Ref


class NewVolume(Body, frozen=True):
    """A volume."""

    name: Text
    size: Annotated[int, Meta(ge=10, le=1000, multiple_of=10)]
    availability_zone: Text
    description: str | None = None
    volume_type: str | None = None
    metadata: dict[str, str] | None = None


class VolumeBody(Body, frozen=True):
    """`POST volumes`."""

    volume: NewVolume
