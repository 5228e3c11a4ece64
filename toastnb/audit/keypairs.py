"""Keypairs: which instances have none, and which are unused, the same, or shared by many."""

from __future__ import annotations

import pandas as pd

from toastnb.audit.findings import listed, on_instances
from toastnb.audit.public_keys import PublicKey, fingerprint_of, md5_of, read_keys, sha256_of
from toastnb.audit.texts import among, so_many
from toastnb.inventory import Inventory

_SHOWN = 5


def keypair_missing(inventory: Inventory) -> pd.DataFrame:
    """Find instances that name no keypair, Windows included."""
    vms = inventory.instances_detail
    return on_instances(vms[_none(vms)], "it names no keypair")


def keypair_not_in_account(inventory: Inventory) -> pd.DataFrame:
    """Find instances whose keypair is not among the user's: another member of the project may own it."""
    vms = inventory.instances_detail
    found = vms[~_none(vms) & ~among(vms["keypair"], inventory.keypairs["name"])]
    return on_instances(found, "its keypair " + found["keypair"] + " is not among this user's")


def keypair_unused(inventory: Inventory) -> pd.DataFrame:
    """Find keypairs that no instance names: those of other projects are not seen."""
    names = inventory.keypairs["name"].dropna()
    unused = names[~among(names, inventory.instances_detail["keypair"])]
    return listed([(name, name, "no instance of this project names it") for name in unused])


def keypair_shared(inventory: Inventory, *, instances: int = 20) -> pd.DataFrame:
    """Find keypairs that so many instances have, or more."""
    vms = inventory.instances_detail
    counts = vms.loc[~_none(vms), "keypair"].value_counts()
    shared = counts[counts >= instances]
    return listed([(name, name, so_many(count, "has it", "have it")) for name, count in shared.items()])


def keypair_duplicate(inventory: Inventory) -> pd.DataFrame:
    """Find keypairs that are one key under several names, by the public key, else by the fingerprint."""
    keys = read_keys(inventory)
    aliases = {sha256_of(key.blob): md5_of(key.blob) for key in keys if key.blob}
    by_key: dict[str, list[str]] = {}
    for key in keys:
        identity = _identity(key, aliases)
        if identity and key.name:
            by_key.setdefault(identity, []).append(key.name)
    rows = []
    for names in by_key.values():
        rows += [(name, name, f"the same key as {_some(names, name)}") for name in names if len(names) > 1]
    return listed(rows)


def _none(vms: pd.DataFrame) -> pd.Series:
    return vms["keypair"].isna() | (vms["keypair"] == "")


def _identity(key: PublicKey, aliases: dict[str, str]) -> str:
    """Return what is the same for two names of one key: an MD5 as far as it is known."""
    if key.blob:
        return md5_of(key.blob)
    fingerprint = fingerprint_of(key.fingerprint)
    return aliases.get(fingerprint, fingerprint)


def _some(names: list[str], but: str) -> str:
    others = sorted(name for name in names if name != but)
    more = len(others) - _SHOWN
    return ", ".join(others[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
