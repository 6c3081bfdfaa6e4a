"""The content of a blob, which may be a hundred megabytes: read in steps, whole only where it must."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

STEP = 256 * 1024
"""Octets of one step."""
_KEPT = 4 * 1024 * 1024
"""Octets that are held whole, so that a small content is inflated once."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """Octets as they came, packed or not."""

    packed: bytes = field(repr=False)
    wbits: int | None
    """How they are packed, as zlib counts it; None when they are not."""
    size: int
    """Octets unpacked."""
    _whole: bytes | None = field(default=None, repr=False)

    @classmethod
    def plain(cls, octets: bytes) -> Content:
        """What is not packed."""
        return cls(packed=octets, wbits=None, size=len(octets), _whole=octets)

    @classmethod
    def inflated(cls, packed: bytes, wbits: int, most: int) -> Content | None:
        """What unpacks to the end without a rest; None when it is cut off or padded.

        Raises:
            OverflowError: it unpacks to more than `most` octets.
            zlib.error: it is not packed this way.
        """
        kept, size = bytearray(), 0
        for step in _inflate(packed, wbits):
            if step is None:
                return None
            size += len(step)
            if size > most:
                # The traceback keeps this frame alive for a while, and with it what a bomb left.
                kept.clear()
                raise OverflowError(f"more than {most} octets")
            if size <= _KEPT:
                kept += step
        return cls(packed=packed, wbits=wbits, size=size, _whole=bytes(kept) if size <= _KEPT else None)

    def steps(self) -> Iterator[bytes]:
        """The octets, a step at a time; may be called again."""
        if self._whole is None and self.wbits is not None:
            return (step for step in _inflate(self.packed, self.wbits) if step is not None)
        octets = self.packed if self._whole is None else self._whole
        return (octets[n : n + STEP] for n in range(0, len(octets), STEP))

    def head(self, count: int) -> bytes:
        """The first octets, at most a step of them."""
        return next(self.steps(), b"")[:count]

    def whole(self) -> bytes:
        """All octets at once."""
        return b"".join(self.steps()) if self._whole is None else self._whole


def _inflate(packed: bytes, wbits: int) -> Iterator[bytes | None]:
    """Each step; last of all None when the end is missing or something follows it."""
    engine, rest = zlib.decompressobj(wbits), packed
    while not engine.eof and (step := engine.decompress(rest, STEP)):
        yield step
        rest = engine.unconsumed_tail
    if not engine.eof or engine.unused_data:
        yield None
