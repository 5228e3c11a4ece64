"""The way to the sandbox from the rest of toastnb, with a clear error where its packages are not installed."""

from toastnb.extras import needs

with needs("sandbox"):
    from toastnb.sandbox import Sandbox

__all__ = ["Sandbox"]
