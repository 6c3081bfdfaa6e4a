"""The register of screens: every route of the console names its right here, and there is no other way in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from gateway.console.rechten import Recht
from gateway.console.vraag import Vraag

Handelaar = Callable[[Vraag], Response]
"""Answers a request of somebody who is logged in and has the screen's right; runs in a thread."""


@dataclass(frozen=True, kw_only=True)
class Menu:
    """An entry of the menu, shown to who has the screen's right."""

    titel: str
    """In Dutch; its English is in talen/."""
    volgorde: int
    toets: str | None = None
    """Letter that opens it after g."""


@dataclass(frozen=True, kw_only=True)
class Scherm:
    """One route of the console. Without a right none can be made."""

    methode: str
    pad: str
    """Below /console, with Starlette's {parameters}."""
    recht: Recht
    handelaar: Handelaar
    menu: Menu | None = None
    grootste: int = 1024 * 1024
    """Largest body of a POST, in bytes."""

    def __post_init__(self) -> None:
        if not isinstance(self.recht, Recht):
            raise TypeError(f"{self.pad} names no right")
        if self.methode not in ("GET", "POST"):
            raise ValueError(f"{self.pad}: GET shows, POST acts; {self.methode} is neither")


class Schermen:
    """The screens of one module: `schermen = Schermen()`, then `@schermen.get("/pad", Recht.X)`."""

    def __init__(self) -> None:
        self.alle: list[Scherm] = []

    def get(self, pad: str, recht: Recht, *, menu: Menu | None = None) -> Callable[[Handelaar], Handelaar]:
        return self._met("GET", pad, recht, menu, 0)

    def post(self, pad: str, recht: Recht, *, grootste: int = 1024 * 1024) -> Callable[[Handelaar], Handelaar]:
        return self._met("POST", pad, recht, None, grootste)

    def _met(self, methode: str, pad: str, recht: Recht, menu: Menu | None, grootste: int) -> Callable[[Handelaar], Handelaar]:
        def zet(handelaar: Handelaar) -> Handelaar:
            scherm = Scherm(methode=methode, pad=pad, recht=recht, handelaar=handelaar, menu=menu, grootste=grootste)
            self.alle.append(scherm)
            return handelaar

        return zet
