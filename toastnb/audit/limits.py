"""What no audit of this API can know."""

from __future__ import annotations

import pandas as pd

_UNKNOWABLE = {
    "use of CPU, RAM and disk": "The API tells what is allocated, never how much of it is used.",
    "patch level and installed software": "The API ends at the instance: only its image's name and system are known.",
    "users, keys and files on an instance": "The keypair is that of its creation; later ones are not seen.",
    "firewalls on an instance": "Security groups are known, the operating system's own rules are not.",
    "encryption at rest": "Volumes and images say nothing of encryption.",
    "traffic and flow logs": "No call tells what was sent or reached; an open port is not a visit.",
    "console and IAM permissions": "Who may do what is not in the API, but for one's own roles.",
    "other projects and members": "One project and one user's keypairs are seen.",
    "backups": "No call tells whether there are backups, or whether they can be read.",
    "volume snapshots": "They are not in the list of volumes.",
    "quotas and limits": "No call tells them.",
    "load balancers": "They are not in this API, nor what they let in.",
    "routers and network ACLs": "Networks and subnets are listed; which way out they have is not.",
    "who did what, and when": "There is no log of actions; updated_at is the latest change of any kind.",
    "cost": "No call tells prices or invoices.",
}


def unknowable() -> pd.DataFrame:
    """List what cannot be known from this API, so that no finding is not taken for no risk.

    Returns
    -------
    DataFrame
        A row a topic: topic, why (str).

    Examples
    --------
    >>> import toastnb as tn
    >>> "encryption at rest" in tn.audit.unknowable().topic.tolist()
    True
    """
    return pd.DataFrame(list(_UNKNOWABLE.items()), columns=["topic", "why"]).astype("str")
