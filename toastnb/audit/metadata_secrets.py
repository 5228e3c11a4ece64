"""Secrets in metadata: the key is named, the value never."""

from __future__ import annotations

import re

import pandas as pd

from toastnb.audit.findings import found
from toastnb.audit.texts import among
from toastnb.inventory import Inventory

_LONGEST_KEY, _SHOWN_OF_SECRET = 60, 4
_SUSPECT_KEY = (
    r"pass(word|wd|phrase|code)|pwd|secret|credential|tokens?($|[^a-z])"
    r"|(?<!by)(?<!com)(?<!sur)(?<!over)(?<!tres)(?<!multi)(?<!under)pass($|[^a-z])"
    r"|(api|access|private|encryption|signing)[ _.-]?key|ssh[ _.-]?key($|[^a-z](?!name|pair|pub|fingerprint|id|type))"
)
# For both pandas' engines; in linear time, for anybody may write values; the strongest last: a later one wins.
_SUSPECT_VALUES = {
    "a password": r"(?i)(?:password|passwd|passphrase|pwd)[\\\"']*[ \t]*[=:][ \t]*[\\\"']*[^\s\\\"',}]",
    "a URL with a password": r"(?i)[a-z][a-z0-9+.-]{0,30}://[^/\s:@]*:[^/\s@]+@",
    "a JSON web token": r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "a GitHub token": r"(?:^|[^A-Za-z0-9])(?:gh[oprsu]_[A-Za-z0-9]{20}|github_pat_[A-Za-z0-9_]{20})",
    "a Slack token": r"(?:^|[^A-Za-z0-9])xox[abeprs]-[A-Za-z0-9-]{10}",
    "an access key": r"(?:^|[^A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}",
    "a private key": r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY",
}


def secret_in_metadata(inventory: Inventory, *, patterns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Find metadata whose key looks like a secret's, or whose value looks like a secret; empty values are none.

    `patterns` are regular expressions for more keys, searched for in any case.
    """
    metadata = inventory.metadata
    keys, values = metadata["key"], metadata["value"]
    by_key = keys.isin([key for key in keys.dropna().unique() if is_secret_key(key, patterns)])
    suspects = metadata[(by_key & values.notna() & (values != "")) | looks_secret(values)]
    kinds = _kinds(suspects["value"])
    evidence = _shown(suspects["key"]) + (": its value looks like " + kinds).fillna(" looks like a secret's")
    confidence = pd.Series("likely", index=suspects.index, dtype="str").mask(kinds.notna(), "certain")
    vms = inventory.instances_detail.dropna(subset="instance_id").drop_duplicates("instance_id")
    owners = suspects["instance_id"]
    return found(owners, owners.map(vms.set_index("instance_id")["name"]), evidence, confidence=confidence)


def is_secret_key(key: str, patterns: tuple[str, ...] = ()) -> bool:
    """Tell whether a metadata key looks like a secret's.

    Examples
    --------
    >>> from toastnb.audit.metadata_secrets import is_secret_key
    >>> [is_secret_key(key) for key in ("DB_PASSWORD", "clientSecret", "login_username")]
    [True, True, False]
    """
    return any(re.search(pattern, form, re.IGNORECASE) for pattern in (_SUSPECT_KEY, *patterns) for form in _forms(key))


def looks_secret(values: pd.Series) -> pd.Series:
    """Tell which texts look like a secret (bool); missing ones do not."""
    unique = pd.Series(values.dropna().unique(), dtype="str")
    return among(values, unique[_kinds(unique).notna()])


def _forms(key: str) -> tuple[str, str]:
    """Return a key as it is, and with its words apart: dbPass is db_Pass too."""
    return key, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)


def _kinds(values: pd.Series) -> pd.Series:
    """Return what secret a text looks like, in words; missing for none (str)."""
    kinds = pd.Series(pd.NA, index=values.index, dtype="str")
    for kind, pattern in _SUSPECT_VALUES.items():
        kinds = kinds.mask(values.str.contains(pattern).fillna(False).astype(bool), kind)
    return kinds


def _shown(keys: pd.Series) -> pd.Series:
    """Return keys to show: long ones cut, and of one that is itself like a secret only its beginning."""
    unique = pd.Series(keys.dropna().unique(), dtype="str")
    longest = pd.Series(_LONGEST_KEY, index=unique.index).mask(looks_secret(unique), _SHOWN_OF_SECRET)
    shown = {
        key: f"metadata key '{key}'" if len(key) <= most else f"metadata key '{key[:most]}…'"
        for key, most in zip(unique, longest, strict=True)
    }
    return keys.map(shown).astype("str")
