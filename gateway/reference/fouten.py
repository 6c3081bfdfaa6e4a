"""The faults of a load, however many there are: the first ones whole, the rest as a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from gateway.reference.lezen import Laadfout

HOOGSTENS = 1_000
"""Faults kept; a file with a million wrong rows is wrong in one way."""


class Fouten:
    """Keeps the first faults in the order of files and lines, whatever order they come in."""

    def __init__(self, volgorde: Mapping[Path, int], hoogstens: int = HOOGSTENS) -> None:
        self._volgorde, self._hoogstens = volgorde, hoogstens
        self._bewaard: list[Laadfout] = []
        self.aantal = 0

    def erbij(self, fouten: Iterable[Laadfout]) -> None:
        for fout in fouten:
            self.aantal += 1
            self._bewaard.append(fout)
            if len(self._bewaard) > 2 * self._hoogstens:
                self._snoei()

    @property
    def eerste(self) -> tuple[Laadfout, ...]:
        self._snoei()
        return tuple(self._bewaard)

    @property
    def meer(self) -> int:
        """How many there are beside the first ones."""
        return max(0, self.aantal - self._hoogstens)

    def _snoei(self) -> None:
        self._bewaard.sort(key=lambda f: (self._volgorde[f.bestand], f.regel))
        del self._bewaard[self._hoogstens :]
