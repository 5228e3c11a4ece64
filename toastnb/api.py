"""The API, one method a call, in and out in the types of `wire`; the numbers are those of the guide's 23 calls.

Nothing is interpreted here: no names are looked up, nothing is checked but that ids can stand in a URL. `Toast` is
the place for that.
"""

from __future__ import annotations

from toastnb import wire, wire_siblings
from toastnb.calls import Call, path_of, sign_in
from toastnb.codec import Items
from toastnb.errors import NotFound, PermissionDenied
from toastnb.redaction import Secret
from toastnb.transport import Transport

_PAGE = 100


class Api:
    """The calls of one account.

    Parameters
    ----------
    transport : Transport
        What carries them.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    # --- tokens (guide: token API) -------------------------------------------------------------------------------

    def create_token(self, username: str, password: Secret) -> wire.Access:
        """Call 1: sign in for a token of one's own. The connection's own token is the transport's matter."""
        return self._transport.call(sign_in(username, password)).access

    def token(self, token: Secret | None = None) -> wire.Access:
        """Call 2: what is known of a token, by default of the connection's own."""
        if token is not None:
            return self._token(token)
        own = self._transport.token()
        try:
            return self._token(own)
        except (NotFound, PermissionDenied):  # it has expired, earlier than our clock says
            return self._token(self._transport.token(refused=own))

    def _token(self, token: Secret) -> wire.Access:
        call = Call("GET", "tokens", wire.AccessAnswer, "Reading the token", {"id": token}, needs_token=False)
        return self._transport.call(call).access

    # --- availability zones --------------------------------------------------------------------------------------

    def availability_zones(self) -> list[wire.Zone]:
        """Call 3: the zones."""
        call = Call("GET", "availability-zones", wire.ZonesAnswer, "Reading availability zones")
        return self._transport.call(call).zones

    # --- instances (guide: instance API) -------------------------------------------------------------------------

    def instances(self, instance_id: str | None = None) -> list[wire.Instance]:
        """Call 4: instances in brief, all or one."""
        call = Call("GET", "instances", wire.InstancesAnswer, "Reading instances", {"id": instance_id})
        return self._transport.call(call).instances

    def instances_detail(self, instance_id: str | None = None) -> Items[wire.InstanceDetail]:
        """Call 5: instances in full, all or one; decoded only when they are walked over."""
        action = "Reading instances in detail"
        call = Call("GET", "instances-detail", wire.InstancesDetailAnswer, action, {"id": instance_id})
        raws = self._transport.call(call).instances
        return Items(raws, wire.InstanceDetail, name="instances", action=action)

    def create_instance(self, instance: wire.NewInstance) -> wire.Instance:
        """Call 6: make instances; with a count above 1 the answer still holds one."""
        body = wire.CreateInstanceRequest(instance=instance)
        action = f"Creating instance {instance.name}"
        call = Call("POST", "instances", wire.InstanceAnswer, action, body=body, check="toast.instances()")
        return self._transport.call(call).instance

    def delete_instance(self, instance_id: str) -> None:
        """Call 7: delete an instance."""
        action = f"Deleting instance {instance_id}"
        query, check = {"id": instance_id}, _detail_of(instance_id)
        self._transport.call(Call("DELETE", "instances", wire.Answer, action, query, check=check))

    def attach_volume(self, instance_id: str, volume_id: str) -> wire.Attachment:
        """Call 8: attach a block storage volume."""
        action = f"Attaching volume {volume_id} to instance {instance_id}"
        path = path_of("instances", instance_id, "attachments")
        body = wire.AttachRequest(attachment=wire.NewAttachment(volume_id=volume_id))
        call = Call("POST", path, wire.AttachmentAnswer, action, body=body, check=_detail_of(instance_id))
        return self._transport.call(call).attachment

    def detach_volume(self, instance_id: str, volume_id: str) -> None:
        """Call 9: detach a block storage volume, by the volume's id."""
        action = f"Detaching volume {volume_id} from instance {instance_id}"
        path = path_of("instances", instance_id, "attachments")
        query, check = {"volumeId": volume_id}, _detail_of(instance_id)
        self._transport.call(Call("DELETE", path, wire.Answer, action, query, check=check))

    # --- actions on an instance (guide: additional functions) ----------------------------------------------------

    def start(self, instance_id: str) -> None:
        """Call 10: start a stopped instance."""
        self._act(f"Starting instance {instance_id}", instance_id, "start")

    def stop(self, instance_id: str) -> None:
        """Call 11: stop an instance that is ACTIVE or in ERROR."""
        self._act(f"Stopping instance {instance_id}", instance_id, "stop")

    def reboot(self, instance_id: str, kind: str) -> None:
        """Call 12: reboot, SOFT or HARD."""
        self._act(f"Rebooting instance {instance_id} ({kind})", instance_id, "reboot", {"type": kind})

    def resize(self, instance_id: str, flavor_id: str) -> None:
        """Call 13: change the flavor."""
        action = f"Resizing instance {instance_id} to flavor {flavor_id}"
        self._act(action, instance_id, "resize", {"flavor": flavor_id})

    def upload_image(self, instance_id: str, name: str) -> wire.CreatedImage:
        """Call 14: make an image of a stopped instance."""
        action = f"Making image {name} of instance {instance_id}"
        body = wire.ActionRequest(action="uploadImage", parameters={"name": name})
        path = path_of("instances", instance_id, "action")
        call = Call("POST", path, wire.CreatedImageAnswer, action, body=body, check="toast.images()")
        return self._transport.call(call).created_image

    def add_floating_ip(self, instance_id: str, address: str, ip_address: str) -> None:
        """Call 15: lead a floating IP to one of the instance's addresses."""
        action = f"Adding floating IP {address} to instance {instance_id}"
        self._act(action, instance_id, "addFloatingIp", {"address": address, "ipAddress": ip_address})

    def remove_floating_ip(self, instance_id: str, address: str) -> None:
        """Call 16: take a floating IP off."""
        action = f"Removing floating IP {address} from instance {instance_id}"
        self._act(action, instance_id, "removeFloatingIp", {"address": address})

    def add_security_group(self, instance_id: str, name: str) -> None:
        """Call 17: add a security group, by name."""
        action = f"Adding security group {name} to instance {instance_id}"
        self._act(action, instance_id, "addSecurityGroup", {"name": name})

    def remove_security_group(self, instance_id: str, name: str) -> None:
        """Call 18: take a security group off, by name."""
        action = f"Removing security group {name} from instance {instance_id}"
        self._act(action, instance_id, "removeSecurityGroup", {"name": name})

    def _act(self, action: str, instance_id: str, verb: str, parameters: dict[str, str] | None = None) -> None:
        body = wire.ActionRequest(action=verb, parameters=parameters)
        path = path_of("instances", instance_id, "action")
        self._transport.call(Call("POST", path, wire.Answer, action, body=body, check=_detail_of(instance_id)))

    # --- flavors and keypairs ------------------------------------------------------------------------------------

    def flavors(self) -> list[wire.Flavor]:
        """Call 19: the flavors."""
        return self._transport.call(Call("GET", "flavors", wire.FlavorsAnswer, "Reading flavors")).flavors

    def keypairs(self, name: str | None = None) -> list[wire.Keypair]:
        """Call 20: keypairs, all or one; only one that is asked for by name comes with its time."""
        call = Call("GET", "keypairs", wire.KeypairsAnswer, "Reading keypairs", {"name": name})
        return self._transport.call(call).keypairs

    def create_keypair(self, name: str) -> wire.CreatedKeypair:
        """Call 21: make a keypair; its private key is in the answer, this once."""
        return self._make_keypair(f"Creating keypair {name}", wire.NewKeypair(name=name))

    def import_keypair(self, name: str, public_key: str) -> wire.CreatedKeypair:
        """Call 22: upload a public key."""
        return self._make_keypair(f"Importing keypair {name}", wire.NewKeypair(name=name, public_key=public_key))

    def _make_keypair(self, action: str, keypair: wire.NewKeypair) -> wire.CreatedKeypair:
        body, check = wire.KeypairRequest(keypair=keypair), _keypair_of(keypair.name)
        return self._transport.call(
            Call("POST", "keypairs", wire.KeypairAnswer, action, body=body, check=check)
        ).keypair

    def delete_keypair(self, name: str) -> None:
        """Call 23: delete a keypair."""
        action, query, check = f"Deleting keypair {name}", {"name": name}, _keypair_of(name)
        self._transport.call(Call("DELETE", "keypairs", wire.Answer, action, query, check=check))

    # --- sibling calls -------------------------------------------------------------------------------------------

    def images(self) -> list[wire_siblings.Image]:
        """Return all images, page by page.

        Whether a page starts at its marker or after it is not documented, so images are told apart by id; the end is
        a page that brings nothing new.
        """
        images: dict[str, wire_siblings.Image] = {}
        while True:
            marker = next(reversed(images), None)
            query = {"limit": str(_PAGE), "marker": marker}
            call = Call("GET", "images", wire_siblings.ImagesAnswer, "Reading images", query)
            new = {image.id: image for image in self._transport.call(call).images if image.id not in images}
            if not new:
                return list(images.values())
            images |= new

    def networks(self) -> list[wire_siblings.Network]:
        """Return the networks."""
        call = Call("GET", "networks", wire_siblings.NetworksAnswer, "Reading networks")
        return self._transport.call(call).networks

    def subnets(self) -> list[wire_siblings.Subnet]:
        """Return the subnets."""
        return self._transport.call(Call("GET", "subnets", wire_siblings.SubnetsAnswer, "Reading subnets")).subnets

    def security_groups(self) -> list[wire_siblings.SecurityGroup]:
        """Return the security groups with their rules."""
        call = Call("GET", "security-groups", wire_siblings.SecurityGroupsAnswer, "Reading security groups")
        return self._transport.call(call).security_groups

    def floating_ips(self) -> list[wire_siblings.FloatingIp]:
        """Return the floating IPs."""
        call = Call("GET", "floating-ips", wire_siblings.FloatingIpsAnswer, "Reading floating IPs")
        return self._transport.call(call).floatingips

    def volumes(self) -> Items[wire_siblings.Volume]:
        """Return the block storage volumes; decoded only when they are walked over."""
        action = "Reading volumes"
        raws = self._transport.call(Call("GET", "volumes", wire_siblings.VolumesAnswer, action)).volumes
        return Items(raws, wire_siblings.Volume, name="volumes", action=action)


def _detail_of(instance_id: str) -> str:
    return f"toast.instances_detail({instance_id!r})"


def _keypair_of(name: str) -> str:
    return f"toast.keypairs({name!r})"
