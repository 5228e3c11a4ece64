"""An embedded HTTP server that speaks the vendor's Compute Instance API, for demos, tests and trying things out.

It imports nothing of the rest of toastnb: the two meet over a socket only.
"""

from toastnb.sandbox.inventory_file import InventoryFileError
from toastnb.sandbox.server import Sandbox
from toastnb.sandbox.snapshot import StateFileError

__all__ = ["InventoryFileError", "Sandbox", "StateFileError"]
