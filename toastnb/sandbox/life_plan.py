"""What a day brings to which instance: how likely it is to be deleted, copied, stopped, and so on."""

import random
from functools import cache

from msgspec import Struct

from toastnb.sandbox.models import Instance

GROWTH = 0.0013
"""By how much more instances are made than go, a day and running instance: 4 % in 30 days."""

WEEKDAY, WEEKEND = 1.3, 0.25  # how much is made, of what is made on average
RESIZED, ATTACHED, FAILED = 0.0006, 0.0008, 0.0001  # a day and running instance
REPAIRED = 0.03  # a day and instance in ERROR: it is deleted
RESTARTED, RESTARTED_WITHIN_DAYS = 0.05, 10  # after that nobody remembers it
LEFT_BEHIND = 0.2  # of the volumes of what is deleted
NEW_KEYPAIR = 1 / 30
SPARE_FLOATING_IPS = 3
MOST_VOLUMES = 4
PEOPLE = ("minji.lee", "seojun.park", "haeun.choi", "doyun.jung", "yuna.kang", "siwoo.yoon")

MIGRATION = {0: 0.2, 3: 1.0}
"""Of what is left, how much moves on which day of the migration."""

_FIRST_DAYS_OF_MIGRATION = (50, 70)
_LIFE_DAYS = {"prod": 500, "stage": 180, "dev": 90}
_TIMES_LONGER = {"ci": 0.5, "batch": 0.5, "db": 3, "erp": 3, "bastion": 4}
_FORGOTTEN = {"prod": 0.0002, "stage": 0.0015, "dev": 0.004}  # stopped, a day
_ENVIRONMENTS = {"prod": "prod", "p": "prod", "stage": "stage", "s": "stage", "dev": "dev", "d": "dev"}


class Chances(Struct, frozen=True):
    """How likely what is on a day, for one running instance."""

    deleted: float
    stopped: float
    copied: float


def chances(instance: Instance) -> Chances:
    """Tell what a day may bring to a running instance, by its application and environment."""
    environment = instance.metadata.get("env") or "".join(instance.name.split("-")[1:2])
    return _chances(application(instance), _ENVIRONMENTS.get(environment, "prod"))


@cache
def _chances(app: str, environment: str) -> Chances:
    deleted = 1 / (_LIFE_DAYS[environment] * _TIMES_LONGER.get(app, 1))
    stopped = _FORGOTTEN[environment]
    return Chances(deleted, stopped, deleted + stopped + GROWTH)


def application(instance: Instance) -> str:
    """Tell the application: what comes before the first hyphen of the name."""
    return instance.name.split("-")[0]


def day_of_migration(seed: int, days_lived: int) -> int:
    """Tell the how manyeth day of the one migration it is; negative before it."""
    begins = random.Random(f"toastnb sandbox migration {seed}").randint(*_FIRST_DAYS_OF_MIGRATION)  # noqa: S311
    return days_lived - begins
