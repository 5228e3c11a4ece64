"""The body of an answer, read and unpacked within bounds, so that no answer can fill the memory.

Only gzip is asked for, and it is unpacked here, a piece at a time: the HTTP libraries unpack whatever arrives, some
versions of them all of it at once, and a few kilobytes would be gigabytes before anybody counts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

ACCEPTED = "gzip"
_GZIP = zlib.MAX_WBITS | 16
_PLAIN_PIECE, _PACKED_PIECE = 2**20, 2**16

# Inventories unpack to 10 to 40 times their size on the wire, and every id in them resists packing.
FREE, MOST_TIMES = 32 * 2**20, 100  # up to so many bytes it may unpack to anything


class AnswerTooLarge(Exception):  # noqa: N818 - says what happened, as the kinds in errors do
    """The answer is larger than it may be; its text says in which way."""


class BadPacking(Exception):  # noqa: N818
    """The answer cannot be unpacked; its text says why."""


class Raw(Protocol):
    """What the bytes of a body come from, as they are on the wire."""

    def read(self, amt: int, *, decode_content: bool) -> bytes:
        """Return some bytes, or none at the end."""


def read_whole(raw: Raw, encoding: str, announced: str, largest: int) -> bytearray:
    """Read a body to its end and unpack it.

    Parameters
    ----------
    raw : Raw
        Where it comes from.
    encoding, announced : str
        Its headers Content-Encoding and Content-Length.
    largest : int
        How many bytes it may have, unpacked.

    Raises
    ------
    AnswerTooLarge
        As soon as it is, or is announced to be.
    BadPacking
        When it is in an encoding that was not asked for, or not as the encoding has it.
    """
    too_large = AnswerTooLarge(f"the answer is larger than {largest // 2**20:,} MiB, the most that it may have")
    if announced.isdecimal() and int(announced) > largest:
        raise too_large
    body = bytearray()
    for piece, received in _pieces(raw, encoding.strip().lower()):
        body += piece
        if len(body) > largest:
            raise too_large
        if len(body) > max(FREE, MOST_TIMES * received):
            raise AnswerTooLarge(f"the answer unpacks to more than {MOST_TIMES} times its size, as no inventory does")
    return body


def _pieces(raw: Raw, encoding: str) -> Iterator[tuple[bytes, int]]:
    """Yield the pieces of a body, none larger than a megabyte, and how many bytes have been received by then."""
    if encoding in {"", "identity"}:
        received = 0
        while piece := raw.read(_PLAIN_PIECE, decode_content=False):
            received += len(piece)
            yield piece, received
    elif encoding in {"gzip", "x-gzip"}:
        yield from _unpacked(raw)
    else:
        raise BadPacking("it comes in an encoding that was not asked for")


def _unpacked(raw: Raw) -> Iterator[tuple[bytes, int]]:
    received, unpacker = 0, zlib.decompressobj(_GZIP)
    while packed := raw.read(_PACKED_PIECE, decode_content=False):
        received += len(packed)
        while packed:
            if unpacker.eof:  # one gzip stream may follow another
                unpacker = zlib.decompressobj(_GZIP)
            try:
                piece = unpacker.decompress(packed, _PLAIN_PIECE)
            except zlib.error:
                raise BadPacking("it is no gzip, though it says so") from None
            packed = unpacker.unconsumed_tail or unpacker.unused_data
            yield piece, received
    if received and not unpacker.eof:
        raise BadPacking("its gzip has no end")
