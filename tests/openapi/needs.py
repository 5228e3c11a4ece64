"""What of the described answers the client reads, and what it cannot do without."""

from __future__ import annotations

from toastnb import wire, wire_siblings

ANSWERS: list[tuple[type[wire.Answer], str]] = [
    (wire.AccessAnswer, "AccessAnswer"),
    (wire.ZonesAnswer, "ZonesAnswer"),
    (wire.InstancesAnswer, "InstancesAnswer"),
    (wire.InstanceAnswer, "InstanceAnswer"),
    (wire.InstancesDetailAnswer, "InstancesDetailAnswer"),
    (wire.AttachmentAnswer, "AttachmentAnswer"),
    (wire.CreatedImageAnswer, "ActionAnswer"),
    (wire.Answer, "DoneAnswer"),
    (wire.Answer, "Refusal"),
    (wire.FlavorsAnswer, "FlavorsAnswer"),
    (wire.KeypairsAnswer, "KeypairsAnswer"),
    (wire.KeypairAnswer, "KeypairAnswer"),
    (wire_siblings.ImagesAnswer, "ImagesAnswer"),
    (wire_siblings.NetworksAnswer, "NetworksAnswer"),
    (wire_siblings.SubnetsAnswer, "SubnetsAnswer"),
    (wire_siblings.SecurityGroupsAnswer, "SecurityGroupsAnswer"),
    (wire_siblings.FloatingIpsAnswer, "FloatingIpsAnswer"),
    (wire_siblings.VolumesAnswer, "VolumesAnswer"),
]
UNREAD = {
    "SubnetsAnswer.subnets[].allocationPools",
    "SubnetsAnswer.subnets[].hostRoutes",
    "FloatingIpsAnswer.floatingips[].portId",
    "FloatingIpsAnswer.floatingips[].routerId",
    "VolumesAnswer.volumes[].metadata",
}
"""What is described and not decoded, since no table has it."""


def needed(path: str) -> bool:
    """Whether the client needs it: the answer's own part, a token's life, and what a thing is known by; no more."""
    answer, _, rest = path.partition(".")
    parts = rest.split(".")
    if parts[0] == "header":
        return parts[-1] != "resultMessage"
    if len(parts) == 1 or parts[:2] == ["access", "token"]:
        return True
    if answer in {"AttachmentAnswer", "AccessAnswer"}:
        return False
    known_by = "name" if answer.startswith("Keypair") else "zoneName" if answer == "ZonesAnswer" else "id"
    return parts[1:] == [known_by] or parts == ["securityGroups[]", "securityGroupRules[]", "id"]


# sample of the guide -> the schema of its answer
SAMPLE_SCHEMAS = {
    "success": "DoneAnswer",
    "refusal": "Refusal",
    "tokens": "AccessAnswer",
    "availability-zones": "ZonesAnswer",
    "instances": "InstancesAnswer",
    "instances-detail": "InstancesDetailAnswer",
    "instance-created": "InstanceAnswer",
    "attachment": "AttachmentAnswer",
    "created-image": "ActionAnswer",
    "flavors": "FlavorsAnswer",
    "keypairs": "KeypairsAnswer",
    "keypairs-by-name": "KeypairsAnswer",
    "keypair-created": "KeypairAnswer",
    "keypair-uploaded": "KeypairAnswer",
}
