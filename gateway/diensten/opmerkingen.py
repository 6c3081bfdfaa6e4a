"""What checks say of a message, as people read it, whichever check it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.central.model import Ernst, Factuurfout, Reden, Uitkomst
from gateway.refusal import Finding


@dataclass(frozen=True, kw_only=True)
class Opmerking:
    """One thing that a check says, of whatever kind."""

    code: str
    ernst: str
    """geweigerd, in_beraad or signaal."""
    tekst: str
    tekst_en: str
    plaats: str | None = None
    regel: int | None = None
    verwacht: str | None = None
    gevonden: str | None = None
    remedie: str | None = None
    bron: str | None = None
    factuurnummer: str | None = None
    volgnummer: int | None = None
    record: str | None = None
    zone: str | None = None


def van_finding(finding: Finding) -> Opmerking:
    """Of what is refused before it is judged."""
    return Opmerking(
        code=finding.code,
        ernst=Uitkomst.GEWEIGERD.value,
        tekst=finding.nl,
        tekst_en=finding.en,
        plaats=finding.place,
        regel=finding.line,
        verwacht=finding.expected,
        gevonden=finding.found,
        remedie=finding.remedy,
    )


def van_reden(reden: Reden) -> Opmerking:
    """Of a rule on an aanvraag."""
    return Opmerking(
        code=reden.code,
        ernst=reden.effect.value,
        tekst=reden.tekst,
        tekst_en=reden.tekst_en,
        plaats=reden.plaats,
        regel=reden.regel,
        verwacht=reden.verwacht,
        gevonden=reden.gevonden,
        remedie=reden.remedie,
        bron=reden.bron,
    )


def van_fout(fout: Factuurfout) -> Opmerking:
    """Of an error in a zending."""
    return Opmerking(
        code=fout.code,
        ernst="signaal" if fout.ernst is Ernst.SIGNAAL else "geweigerd",
        tekst=fout.tekst,
        tekst_en=fout.tekst_en,
        plaats=fout.plaats,
        regel=fout.regel,
        verwacht=fout.verwacht,
        gevonden=fout.gevonden,
        remedie=fout.remedie,
        factuurnummer=fout.factuurnummer,
        volgnummer=fout.volgnummer,
        record=fout.record,
        zone=fout.zone,
    )


def van_bewaard(redenen: Iterable[Mapping[str, Any]]) -> tuple[Opmerking, ...]:
    """Of what a stored decision keeps: reasons and errors as they were then."""
    return tuple(map(_van_bewaard, redenen))


def _van_bewaard(reden: Mapping[str, Any]) -> Opmerking:
    ernst = reden.get("effect") or ("signaal" if reden.get("ernst") == Ernst.SIGNAAL else "geweigerd")
    velden = {
        naam: reden.get(naam) for naam in Opmerking.__dataclass_fields__ if naam not in ("ernst", "code", "tekst", "tekst_en")
    }
    return Opmerking(
        code=reden["code"], ernst=ernst, tekst=reden["tekst"], tekst_en=reden.get("tekst_en") or reden["tekst"], **velden
    )
