"""A pillar's cookbook as data: what it accepts, its terms, codes and rules. Loaded by gateway.cookbooks, read by the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
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
class Regel:
    """One rule: a generic check with this pillar's code, effect, texts and parameters."""

    id: str
    """Stable reason code in the answer."""
    familie: Familie
    soorten: tuple[str, ...]
    """Kinds of aanvraag it runs on; empty for all."""
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
    type_factuur: str
    drempel: float
    """Percentage of rejected detail records above which the whole zending is refused."""
    types_verblijf: Mapping[str, str]
    """Code to description."""
    redenen_einde: Mapping[str, str]
    prestatiecodes: tuple[Prestatiecode, ...]
    regels: tuple[Regel, ...]
    aannames: tuple[str, ...]
    """What is assumed because no source says it."""

    def regels_van(self, familie: Familie, soort: str | None = None) -> tuple[Regel, ...]:
        """Rules of a family that run on this kind of message."""
        return tuple(r for r in self.regels if r.familie is familie and (not r.soorten or soort in r.soorten))
