"""The process that a notebook runs in, and how it ends."""

from __future__ import annotations

from toastnb.extras import needs

with needs("report"):
    from jupyter_client.manager import AsyncKernelManager


class Quiet(AsyncKernelManager):
    """A kernel that is asked to end, and not interrupted before: it would say so on the standard error stream."""

    async def _async_interrupt_kernel(self) -> None:
        if not self.shutting_down:
            await super()._async_interrupt_kernel()
