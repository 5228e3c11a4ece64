"""What is drawn at random alike for the fleet that there is at first and for what comes later."""

import math
import random
import uuid

from toastnb.sandbox.catalog import LARGEST_VOLUME_GB


def drawn_id(draw: random.Random) -> str:
    """Draw an identifier.

    Examples
    --------
    >>> drawn_id(random.Random(1)) == drawn_id(random.Random(1))
    True
    """
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def drawn_size(draw: random.Random) -> int:
    """Draw the size of a disk in GB: with a long tail, in steps of 10 up to 1000.

    Examples
    --------
    >>> drawn_size(random.Random(1)) % 10
    0
    """
    return 10 * min(LARGEST_VOLUME_GB // 10, math.ceil(draw.lognormvariate(1.6, 0.9)))
