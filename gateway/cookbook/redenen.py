"""The registry of reason codes: one file that keeps every code for ever, with the day it came, changed or was withdrawn.

Vendors translate codes into what their users see, so a code never changes its meaning and never comes back with another one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path

from gateway.berichten.plat_lezen import UITLEG
from gateway.berichten.plat_lezen import codes as platte_codes
from gateway.central.cookbook import Cookbook, Familie
from gateway.central.dossier import VERVALLEN
from gateway.refusal import Code

BESTAND = "redenen.csv"
"""Name of the registry, in the folder of the cookbooks."""


@dataclass(frozen=True, kw_only=True)
class Redencode:
    """One reason code as vendors know it."""

    code: str
    waar: str
    """dienst (a SOAP fault or the answer of a service), aanvraag or zending."""
    pijlers: str
    """Separated by spaces; empty: every pillar."""
    sinds: str
    gewijzigd: str
    """Day on which its text changed last; empty: never."""
    ingetrokken: str
    """Day since which nothing gives it any more; empty: in use."""
    tekst: str
    tekst_en: str
    remedie: str


def codes_van(cookbooks: Mapping[str, Cookbook], vandaag: date) -> dict[str, Redencode]:
    """Every code that the gateway and these cookbooks can give, as new on a day."""
    found = {c.info.code: _nieuw(c.info.code, "dienst", "", (c.info.nl, c.info.en, c.info.remedy), vandaag) for c in Code}
    found[VERVALLEN.code] = _nieuw(
        VERVALLEN.code, "aanvraag", "", (VERVALLEN.tekst, VERVALLEN.tekst_en or "", VERVALLEN.remedie or ""), vandaag
    )
    found |= {c: _nieuw(c, "zending", "", UITLEG[c[4:]], vandaag) for c in platte_codes()}
    van: dict[str, list[str]] = {}
    for pijler, cookbook in cookbooks.items():
        for regel in cookbook.regels:
            van.setdefault(regel.id, []).append(pijler)
            waar = "aanvraag" if regel.familie is Familie.AANVRAAG else "zending"
            teksten = (regel.tekst, regel.tekst_en, regel.remedie)
            found.setdefault(regel.id, _nieuw(regel.id, waar, "", teksten, vandaag))
    return {code: replace(r, pijlers=" ".join(van.get(code, ()))) for code, r in sorted(found.items())}


def lees_redenen(path: Path) -> dict[str, Redencode]:
    """The registry; empty when there is none yet."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: Redencode(**row) for row in csv.DictReader(file, delimiter=";")}


def schrijf_redenen(redenen: Iterable[Redencode]) -> str:
    """The registry as a file with semicolons, in the order of the codes."""
    target = io.StringIO()
    writer = csv.DictWriter(target, [f.name for f in fields(Redencode)], delimiter=";", lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(r) for r in sorted(redenen, key=lambda r: r.code))
    return target.getvalue()


def werk_bij(oud: Mapping[str, Redencode], nu: Mapping[str, Redencode], vandaag: date) -> dict[str, Redencode]:
    """The registry brought up to date: new codes added, changed texts dated, what nothing gives any more withdrawn."""
    bijgewerkt = {
        code: r if r.ingetrokken or code in nu else replace(r, ingetrokken=vandaag.isoformat()) for code, r in oud.items()
    }
    for code, reden in nu.items():
        vorige = oud.get(code)
        if vorige is None:
            bijgewerkt[code] = reden
        elif not vorige.ingetrokken:
            zelfde = (vorige.tekst, vorige.tekst_en) == (reden.tekst, reden.tekst_en)
            gewijzigd = vorige.gewijzigd if zelfde else vandaag.isoformat()
            bijgewerkt[code] = replace(reden, sinds=vorige.sinds, gewijzigd=gewijzigd)
    return bijgewerkt


def verschillen(oud: Mapping[str, Redencode], nu: Mapping[str, Redencode]) -> list[str]:
    """What the registry does not tell truly, one line each; none when it is up to date."""
    found = [f"{c} is not in {BESTAND}" for c in nu if c not in oud]
    found += [f"{c} is in {BESTAND} and nothing gives it" for c, r in oud.items() if c not in nu and not r.ingetrokken]
    for code in nu.keys() & oud.keys():
        vorige, reden = oud[code], nu[code]
        if vorige.ingetrokken:
            found.append(f"{code} was withdrawn on {vorige.ingetrokken}: take a code that was never used")
        elif replace(reden, sinds=vorige.sinds, gewijzigd=vorige.gewijzigd) != vorige:
            found.append(f"{code} has another text, place or pillar than in {BESTAND}")
    return sorted(found)


def _nieuw(code: str, waar: str, pijlers: str, teksten: tuple[str, str, str], vandaag: date) -> Redencode:
    tekst, tekst_en, remedie = teksten
    return Redencode(
        code=code,
        waar=waar,
        pijlers=pijlers,
        sinds=vandaag.isoformat(),
        gewijzigd="",
        ingetrokken="",
        tekst=tekst,
        tekst_en=tekst_en,
        remedie=remedie,
    )
