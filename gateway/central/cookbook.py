"""A pillar's cookbook as data: what it accepts, its terms, codes and rules; gateway.cookbook loads it, the rules read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any

from gateway.central.model import Effect, Ernst


class Familie(StrEnum):
    """Which message a rule looks at."""

    AANVRAAG = "aanvraag"
    ZENDING_TECHNISCH = "zending-technisch"
    """Fires before DF011: the file can not be taken for treatment."""
    ZENDING_INHOUD = "zending-inhoud"
    """Fires after DF011: pre-validatie and tarificatie."""
    ZENDING_AFGELEID = "zending-afgeleid"
    """Fires on a record because another record, on which it rests, is refused."""


class Eenheid(StrEnum):
    """What Aantal counts."""

    DAG = "dag"


@dataclass(frozen=True, kw_only=True)
class Codewaarde:
    """One code of a list; both days inside, no day: always."""

    omschrijving: str
    van: date | None = None
    tot: date | None = None

    def geldt(self, dag: date) -> bool:
        return (self.van is None or self.van <= dag) and (self.tot is None or dag <= self.tot)


@dataclass(frozen=True, kw_only=True)
class Beraad:
    """What becomes of a message that waits for the zorgkas's decision (facts vsb.md §4.0)."""

    maanden: int
    """Refused by itself when so many months have passed since receipt."""
    herinneringen: tuple[int, ...]
    """Days before that end on which the zorgkas is reminded, the longest first."""


@dataclass(frozen=True, kw_only=True)
class Regel:
    """One rule: a generic check with this pillar's code, effect, texts and parameters."""

    id: str
    """Stable reason code in the answer."""
    familie: Familie
    soorten: tuple[str, ...]
    """Kinds of aanvraag it runs on; empty for all."""
    als: Mapping[str, tuple[str, ...]]
    """Field or dossier property to the values with which it runs; `*` for any value, an empty text for none."""
    controle: str
    """Name of the generic check in gateway.central."""
    effect: Effect | None
    """Of a rule on an aanvraag."""
    ernst: Ernst | None
    """Of a rule on a zending."""
    tekst: str
    tekst_en: str
    remedie: str
    bron: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Prestatiecode:
    """A code that this pillar may invoice; both days inside."""

    code: str
    omschrijving: str
    eenheid: Eenheid
    van: date
    tot: date | None
    aandeel_van: str | None = None
    """Of a code for the personal share: the code whose day it belongs to."""

    def geldt(self, dag: date) -> bool:
        return self.van <= dag and (self.tot is None or dag <= self.tot)


@dataclass(frozen=True, kw_only=True)
class Cookbook:
    """Everything a pillar declares."""

    pijler: str
    naam: str
    versie: str
    ingangsdatum: date
    """First care day under VSB."""
    kwaliteiten: tuple[str, ...]
    """Identifier types in the certificate of who may send."""
    soorten: tuple[str, ...]
    """Kinds of aanvraag that the pillar has."""
    type_factuur: str | None
    """Of the pillar's zendingen; None when it does not invoice."""
    drempel: float
    """Percentage of rejected detail records above which the whole zending is refused."""
    lijsten: Mapping[str, Mapping[str, Codewaarde]]
    """Name of a list to its codes."""
    beraad: Beraad
    belofte: int
    """Minutes within which an accepted message is with its zorgkas."""
    prestatiecodes: tuple[Prestatiecode, ...]
    regels: tuple[Regel, ...]
    aannames: tuple[str, ...]
    """What is assumed because no source says it."""

    @cached_property
    def aandelen(self) -> Mapping[str, str]:
        """Code of a personal share to the code whose day it belongs to."""
        return {c.code: c.aandeel_van for c in self.prestatiecodes if c.aandeel_van is not None}

    def is_aandeel(self, code: str) -> bool:
        return code in self.aandelen

    def regels_van(self, familie: Familie, soort: str | None = None) -> tuple[Regel, ...]:
        """Rules of a family that run on this kind of message."""
        return tuple(r for r in self.regels if r.familie is familie and (not r.soorten or soort in r.soorten))

    def heeft(self, controle: str) -> bool:
        """Whether some rule uses this check, so that what only it looks at must be gathered."""
        return any(r.controle == controle for r in self.regels)
