"""The table of checks: what each looks for, how severe it is, what it needs, and what to do about it."""

from __future__ import annotations

import pandas as pd

from toastnb.audit import (
    catalog_drift,
    exposure,
    house_rules,
    keypairs,
    lifecycle,
    metadata_secrets,
    placement,
    ssh_keys,
    unattached,
)
from toastnb.audit.check import FROM_THE_RULES, Check

_GROUPS = ("security_groups", "security_group_rules", "instance_security_groups")
_ACCOUNT_KEYS = ("instances_detail", "keypairs")


CHECKS = {
    check.id: check
    for check in (
        Check(
            "exposed-to-internet",
            "Instances with a floating IP or a globally routable address",
            "medium",
            "certain",
            "instance",
            exposure.exposed_to_internet,
            ("instances_detail", "addresses"),
            "Take the address away, or put a load balancer or a bastion in front, and let in only who needs it.",
        ),
        Check(
            "world-open-ingress",
            "Security groups that let anyone in",
            "high",
            "certain",
            "security_group",
            exposure.world_open_ingress,
            _GROUPS,
            "Narrow the rule to the addresses or the group that need it, or delete it.",
        ),
        Check(
            "no-security-group",
            "Instances without a security group",
            "medium",
            "likely",
            "instance",
            exposure.no_security_group,
            ("instances_detail", "instance_security_groups", "addresses"),
            "Add the security group that is made for what it does.",
        ),
        Check(
            "only-default-security-group",
            "Instances with the security group default alone",
            "low",
            "certain",
            "instance",
            exposure.only_default_security_group,
            ("instances_detail", "instance_security_groups"),
            "Add a group that says what it does: all instances with default can reach each other.",
        ),
        Check(
            "stopped-long",
            "Instances that have been stopped for long",
            "medium",
            "certain",
            "instance",
            lifecycle.stopped_long,
            ("instances_detail",),
            "Start it, or keep an image and delete it: from 90 stopped days on it is billed in full.",
        ),
        Check(
            "stopped-disk",
            "Much disk held by stopped instances",
            "low",
            "certain",
            "instance",
            lifecycle.stopped_disk,
            ("instances_detail",),
            "Delete what is not needed: disks are billed while the instance is stopped.",
        ),
        Check(
            "floating-ip-on-stopped",
            "Floating IPs on stopped instances",
            "low",
            "certain",
            "instance",
            lifecycle.floating_ip_on_stopped,
            ("instances_detail", "addresses"),
            "Remove the floating IP, and give it back if nobody waits for it.",
        ),
        Check(
            "in-error",
            "Instances in ERROR",
            "medium",
            "certain",
            "instance",
            lifecycle.in_error,
            ("instances_detail",),
            "Reboot it hard, or delete it and make it anew; ask the vendor's support if it stays.",
        ),
        Check(
            "stuck-in-transition",
            "Instances that do not reach the state they are on the way to",
            "medium",
            "likely",
            "instance",
            lifecycle.stuck_in_transition,
            ("instances_detail",),
            "Look at it in the console; ask the vendor's support to set its state right.",
            deleting_too=True,
        ),
        Check(
            "keypair-missing",
            "Instances without a keypair",
            "low",
            "likely",
            "instance",
            keypairs.keypair_missing,
            ("instances_detail",),
            "Find out how people sign in; make it anew with a keypair if that is by password.",
        ),
        Check(
            "keypair-not-in-account",
            "Instances whose keypair this user does not have",
            "low",
            "possible",
            "instance",
            keypairs.keypair_not_in_account,
            _ACCOUNT_KEYS,
            "Ask who owns the key; if nobody does, put a known key on the instance.",
        ),
        Check(
            "keypair-unused",
            "Keypairs that no instance names",
            "low",
            "likely",
            "keypair",
            keypairs.keypair_unused,
            _ACCOUNT_KEYS,
            "Delete it if no other project has instances with it.",
        ),
        Check(
            "keypair-duplicate",
            "One key under several names",
            "low",
            "certain",
            "keypair",
            keypairs.keypair_duplicate,
            ("keypairs",),
            "Keep one name, and delete the others once no instance names them.",
        ),
        Check(
            "keypair-shared",
            "Keypairs that many instances have",
            "low",
            "certain",
            "keypair",
            keypairs.keypair_shared,
            ("instances_detail",),
            "Give each team or application a key of its own: who has this one reaches all of them.",
        ),
        Check(
            "weak-ssh-key",
            "DSA keys and short RSA keys",
            "high",
            "certain",
            "keypair",
            ssh_keys.weak_ssh_key,
            ("keypairs",),
            "Replace it with an Ed25519 or a longer RSA key, on the instances too.",
        ),
        Check(
            "fingerprint-mismatch",
            "Keypairs whose fingerprint is not their public key's",
            "medium",
            "certain",
            "keypair",
            ssh_keys.fingerprint_mismatch,
            ("keypairs",),
            "Compare the public key with its owner's, and import it anew.",
        ),
        Check(
            "unreadable-ssh-key",
            "Public keys that are no OpenSSH keys",
            "low",
            "certain",
            "keypair",
            ssh_keys.unreadable_ssh_key,
            ("keypairs",),
            "Import the key anew from the .pub file.",
        ),
        Check(
            "secret-in-metadata",
            "Metadata that look like secrets",
            "high",
            "likely",
            "instance",
            metadata_secrets.secret_in_metadata,
            ("instances_detail", "metadata"),
            "Change the secret, take it out of the metadata, and keep it where secrets are kept.",
        ),
        Check(
            "required-metadata-missing",
            "Instances that lack metadata which your rules require",
            "low",
            "certain",
            "instance",
            house_rules.required_metadata_missing,
            ("instances_detail", "metadata"),
            "Add the metadata in the console.",
        ),
        Check(
            "name-pattern",
            "Instances whose name does not fit your rule",
            "low",
            "certain",
            "instance",
            house_rules.name_pattern,
            ("instances_detail",),
            "Rename it in the console.",
        ),
        Check(
            "flavor-disabled",
            "Flavors in use that are disabled",
            "low",
            "certain",
            "flavor",
            catalog_drift.flavor_disabled,
            ("instances_detail", "flavors"),
            "Plan a resize: nothing new can be made with this flavor.",
        ),
        Check(
            "flavor-gone",
            "Flavors in use that are not listed",
            "low",
            "likely",
            "flavor",
            catalog_drift.flavor_gone,
            ("instances_detail", "flavors"),
            "Plan a resize: nothing new can be made with this flavor.",
        ),
        Check(
            "image-gone",
            "Images in use that are not listed",
            "low",
            "likely",
            "image",
            catalog_drift.image_gone,
            ("instances_detail", "images"),
            "Upload an image of one of these instances: they cannot be made anew from this one.",
        ),
        Check(
            "image-inactive",
            "Images in use that are not active",
            "low",
            "certain",
            "image",
            catalog_drift.image_inactive,
            ("instances_detail", "images"),
            "Move to an image that is active: nothing new can be made from this one.",
        ),
        Check(
            "volume-unattached",
            "Volumes that are attached to nothing",
            "low",
            "certain",
            "volume",
            unattached.volume_unattached,
            ("volumes", "volume_attachments"),
            "Delete it if nobody needs what is on it: it is billed as long as it is there.",
        ),
        Check(
            "floating-ip-unattached",
            "Floating IPs that lead to nothing",
            "low",
            "certain",
            "floating_ip",
            unattached.floating_ip_unattached,
            ("floating_ips", "addresses"),
            "Give it back if nobody waits for it.",
        ),
        Check(
            "single-zone-application",
            "Applications that run in one zone alone",
            "medium",
            "likely",
            "application",
            placement.single_zone_application,
            ("instances_detail",),
            "Put some of its instances into another zone.",
        ),
        Check(
            "old-instance",
            "Instances that were made long ago",
            "low",
            "certain",
            "instance",
            lifecycle.old_instance,
            ("instances_detail",),
            "Make it anew from a current image, or find out why it cannot be.",
        ),
    )
}


def catalogue() -> pd.DataFrame:
    """List the checks.

    Returns
    -------
    DataFrame
        A row a check (all str): check, title, severity, needs (the tables that it cannot do without, comma-joined),
        thresholds (as "days=30"; empty where there are none).

    Examples
    --------
    >>> import toastnb as tn
    >>> checks = tn.audit.catalogue().set_index("check")
    >>> checks.thresholds["stopped-long"]
    'days=30'
    """
    rows = [(one.id, one.title, one.severity, ",".join(one.needs), _described(one)) for one in CHECKS.values()]
    return pd.DataFrame(rows, columns=["check", "title", "severity", "needs", "thresholds"]).astype("str")


def _described(check: Check) -> str:
    return ", ".join(f"{name}={_default(value)}" for name, value in check.thresholds.items())


def _default(value: object) -> str:
    if value is FROM_THE_RULES:
        return "(from the rules)"
    return (" ".join(map(str, value)) or "(none)") if isinstance(value, tuple) else str(value)
