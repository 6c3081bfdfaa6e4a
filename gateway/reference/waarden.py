"""Readers of one field of a reference file: a value, or ValueError; what was expected is said by the column."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from gateway.reference.controle import geldig_iban, geldig_insz, geldig_kbo, riziv_modulus
from gateway.reference.model import versie_getallen

Lezer = Callable[[str, date], Any]
"""From the text of a field and the day of loading to a value."""

_DATUM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_JAAR = re.compile(r"\{jaar(?:([+-])([0-9]{1,2}))?\}(?=-)")
_JAREN = range(1850, 2200)
"""The years that the schemas take (xsd common, DatumType)."""


def datum(tekst: str, vandaag: date) -> date:
    """A day as yyyy-mm-dd, where {jaar}, {jaar-1} or {jaar+1} may stand for a year counted from the day of loading."""

    def jaar(gevonden: re.Match[str]) -> str:
        verschil = int(f"{gevonden[1]}{gevonden[2]}") if gevonden[1] else 0
        return f"{vandaag.year + verschil:04d}"

    voluit = _JAAR.sub(jaar, tekst, count=1)
    if not _DATUM.fullmatch(voluit):
        raise ValueError(tekst)
    dag = date.fromisoformat(voluit)
    if dag.year not in _JAREN:
        raise ValueError(tekst)
    return dag


def ja_nee(tekst: str, _vandaag: date) -> bool:
    return {"ja": True, "nee": False}[tekst] if tekst in ("ja", "nee") else _weiger(tekst)


def bedrag(tekst: str, _vandaag: date) -> int:
    """Whole cents, at most what the schemas take (xsd common, CentenType)."""
    return int(_vorm(r"[0-9]{1,11}", tekst))


def versie(tekst: str, _vandaag: date) -> str:
    versie_getallen(tekst)
    return tekst if len(tekst) <= 32 else _weiger(tekst)


def pijlers(tekst: str, _vandaag: date) -> list[str]:
    return [_vorm(PIJLER, deel.strip()) for deel in tekst.split(",")]


def adres(tekst: str, _vandaag: date) -> str:
    """An address of any kind; whether it fits the way of delivering is for the whole row to say."""
    geldig = urlsplit(tekst).scheme and tekst.isascii() and tekst.isprintable() and " " not in tekst and len(tekst) <= 512
    return tekst if geldig else _weiger(tekst)


def insz(tekst: str, _vandaag: date) -> str:
    return tekst if geldig_insz(tekst) else _weiger(tekst)


def riziv(tekst: str, _vandaag: date) -> str:
    return tekst if len(tekst) == 11 and riziv_modulus(tekst) else _weiger(tekst)


def kbo(tekst: str, _vandaag: date) -> str:
    return tekst if geldig_kbo(tekst) else _weiger(tekst)


def iban(tekst: str, _vandaag: date) -> str:
    return tekst if geldig_iban(tekst) else _weiger(tekst)


PIJLER = r"[a-z][a-z0-9]{2,15}"


def patroon(vorm: str) -> Lezer:
    return lambda tekst, _vandaag: _vorm(vorm, tekst)


def keuze(*woorden: str) -> Lezer:
    return lambda tekst, _vandaag: tekst if tekst in woorden else _weiger(tekst)


def vrije_tekst(langst: int) -> Lezer:
    return lambda tekst, _vandaag: tekst if len(tekst) <= langst and tekst.isprintable() else _weiger(tekst)


def _vorm(vorm: str, tekst: str) -> str:
    return tekst if re.fullmatch(vorm, tekst) else _weiger(tekst)


def _weiger(tekst: str) -> Any:
    raise ValueError(tekst)
