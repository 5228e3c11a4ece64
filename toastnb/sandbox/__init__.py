"""An embedded HTTP server that speaks the vendor's Compute Instance API, for demos, tests and trying things out.

It imports nothing of the rest of toastnb: the two meet over a socket only.
"""

from toastnb.sandbox.from_inventory import BadInventoryFile
from toastnb.sandbox.server import Sandbox
from toastnb.sandbox.snapshot import BadStateFile

__all__ = ["BadInventoryFile", "BadStateFile", "Sandbox"]
