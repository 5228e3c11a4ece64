"""Accounts for the tests of analyses: as the service's JSON, as frames, and at random."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from toastnb import frames
from toastnb.codec import Items, decode
from toastnb.rules import STATES
from toastnb.wire import InstanceDetail, InstancesDetailAnswer

Raw = dict[str, Any]


def tables(instances: list[Raw]) -> dict[str, pd.DataFrame]:
    """Return the frames that the client makes of the service's JSON."""
    header = {"isSuccessful": True, "resultCode": 0}
    body = json.dumps({"header": header, "instances": instances}).encode()
    answer = decode(body, InstancesDetailAnswer, action="Reading")
    return frames.instance_tables(Items(answer.instances, InstanceDetail, name="instances", action="Reading"))


def instance(number: int, **fields: Any) -> Raw:
    """Return one instance of 2 vCPUs, 4 GB, a root of 50 GB and an attached volume of 100 GB, but for what is given."""
    return {
        "id": f"id-{number}",
        "name": f"web-{number:02}",
        "status": "ACTIVE",
        "availabilityZone": "a",
        "flavor": {"id": "f", "name": "m2.c2m4", "cpu": 2, "ram": 4096},
        "volumes": {"root": {"size": 50}, "attachments": [{"id": f"v-{number}", "name": "data", "size": 100}]},
    } | fields


_amount = st.none() | st.integers(min_value=0, max_value=4096)
_flavor = st.none() | st.fixed_dictionaries({"cpu": _amount, "ram": _amount})
_volumes = st.none() | st.fixed_dictionaries(
    {
        "root": st.none() | st.fixed_dictionaries({"size": _amount}),
        "attachments": st.none() | st.lists(st.fixed_dictionaries({"size": _amount}), max_size=3),
    }
)
_fields = st.fixed_dictionaries(
    {
        "status": st.sampled_from([*STATES, None]),
        "availabilityZone": st.sampled_from(["a", "b", "c", "Total", None]),
        "flavor": _flavor,
        "volumes": _volumes,
    }
)
accounts: st.SearchStrategy[list[Raw]] = st.lists(_fields, max_size=12).map(
    lambda drawn: [{"id": f"id-{number}", "name": f"n-{number}", **fields} for number, fields in enumerate(drawn)]
)
