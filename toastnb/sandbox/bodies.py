"""The bodies that calls accept. Unknown extra fields are ignored; a missing or mistyped one names itself.

What is open in the guide: numbers must be sent as JSON numbers, as the guide's tables have it, and `null` in
an optional field counts as absent.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1, max_length=255)]


class Body(Struct, frozen=True, rename="camel"):
    """Base of all bodies: camelCase on the wire."""


class Ref(Body):
    """A reference by id."""

    id: Text


class NameRef(Body):
    """A reference by name."""

    name: Text


class Credentials(Body):
    """Who asks for a token."""

    username: str
    password: str


class TokenBody(Body):
    """`POST tokens`."""

    auth: Credentials


class DiskSize(Body):
    """How large a root disk is to be, in GB."""

    size: int | None = None


class NewInstance(Body):
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


class InstanceBody(Body):
    """`POST instances`."""

    instance: NewInstance


class VolumeRef(Body):
    """Which volume to attach."""

    volume_id: Text


class AttachmentBody(Body):
    """`POST instances/{id}/attachments`."""

    attachment: VolumeRef


class ActionName(Body):
    """What every action has."""

    action: str


class PlainAction(Body):
    """An action without parameters of its own."""

    parameters: dict[str, Any] | None = None


class RebootParameters(Body):
    """How to reboot."""

    type: str


class RebootAction(Body):
    """`reboot`."""

    parameters: RebootParameters


class FlavorParameters(Body):
    """Which flavor."""

    flavor: Text


class ResizeAction(Body):
    """`resize`."""

    parameters: FlavorParameters


class NamedAction(Body):
    """`uploadImage`, `addSecurityGroup`, `removeSecurityGroup`."""

    parameters: NameRef


class AssociationParameters(Body):
    """Which floating IP, on which address of the instance."""

    address: Text
    ip_address: Text


class AddFloatingIpAction(Body):
    """`addFloatingIp`."""

    parameters: AssociationParameters


class AddressParameters(Body):
    """Which floating IP."""

    address: Text


class RemoveFloatingIpAction(Body):
    """`removeFloatingIp`."""

    parameters: AddressParameters


class NewKeypair(Body):
    """A keypair: with a public key it is uploaded, without one it is made."""

    name: Text
    public_key: str | None = None


class KeypairBody(Body):
    """`POST keypairs`."""

    keypair: NewKeypair


class FloatingIpBody(Body):
    """`POST floating-ips`."""

    pool: Ref


class NewVolume(Body):
    """A volume."""

    name: Text
    size: Annotated[int, Meta(ge=10, le=1000, multiple_of=10)]
    availability_zone: Text
    description: str | None = None
    volume_type: str | None = None
    metadata: dict[str, str] | None = None


class VolumeBody(Body):
    """`POST volumes`."""

    volume: NewVolume
