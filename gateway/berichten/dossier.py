"""What the central application tells about dossiers: to the facility that asks, and to zorgkassen and facilities by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.names import AANVRAAG, ANTWOORD, COMMON, ZORGKAS
from gateway.central.model import Verblijf
from gateway.wire.build import moment, sub, sub_als, veilig

Kasperiode = tuple[str, date, date]
"""A zorgkas and its first and last day."""


@dataclass(frozen=True, kw_only=True)
class Mutatie:
    """A person with a running dossier changes zorgkas."""

    dossiernummer: str
    insz: str
    vanaf: date
    van_zorgkas: str | None
    naar_zorgkas: str


@dataclass(frozen=True, kw_only=True)
class Mededeling:
    """What a zorgkas is told by itself."""

    message_id: str
    zorgkas: str
    pijler: str
    soort: str
    """herinnering, vervallen, mutatie or intrekking."""
    tijdstip: datetime
    over_bericht: str | None = None
    vervalt_op: date | None = None
    mutatie: Mutatie | None = None
    dossier: tuple[Verblijf, Sequence[Kasperiode]] | None = None
    """For the zorgkas that takes it over, with the zorgkas of each period."""


def schrijf_dossiers(gevonden: Sequence[tuple[Verblijf, Sequence[Kasperiode]]]) -> Element:
    """A RaadplegenDossierResponse."""
    response = etree.Element(f"{{{AANVRAAG}}}RaadplegenDossierResponse", nsmap={None: AANVRAAG, "an": ANTWOORD, "c": COMMON})
    for verblijf, perioden in gevonden:
        _dossier(sub(response, AANVRAAG, "Dossier"), verblijf, perioden)
    return response


def schrijf_mutatie(mutatie: Mutatie, tijdstip: datetime) -> bytes:
    """The content of a blob that tells the facility."""
    element = etree.Element(f"{{{ANTWOORD}}}MutatieBericht", nsmap={None: ANTWOORD, "c": COMMON})
    sub(element, ANTWOORD, "Dossiernummer", mutatie.dossiernummer)
    sub(element, ANTWOORD, "Insz", mutatie.insz)
    sub(element, ANTWOORD, "Vanaf", mutatie.vanaf.isoformat())
    sub_als(element, ANTWOORD, "VanZorgkas", mutatie.van_zorgkas)
    sub(element, ANTWOORD, "NaarZorgkas", mutatie.naar_zorgkas)
    sub(element, ANTWOORD, "Tijdstip", moment(tijdstip))
    return etree.tostring(element, xml_declaration=True, encoding="utf-8")


def schrijf_mededeling(mededeling: Mededeling) -> bytes:
    """The content of a blob for a zorgkas."""
    element = etree.Element(f"{{{ZORGKAS}}}Mededeling", nsmap={"z": ZORGKAS, "an": ANTWOORD, "c": COMMON})
    sub(element, ZORGKAS, "MessageId", mededeling.message_id)
    sub(element, ZORGKAS, "Zorgkas", mededeling.zorgkas)
    sub(element, ZORGKAS, "Pijler", mededeling.pijler)
    sub(element, ZORGKAS, "Soort", mededeling.soort)
    sub(element, ZORGKAS, "Tijdstip", moment(mededeling.tijdstip))
    sub_als(element, ZORGKAS, "OverBericht", mededeling.over_bericht)
    sub_als(element, ZORGKAS, "VervaltOp", _dag(mededeling.vervalt_op))
    if (mutatie := mededeling.mutatie) is not None:
        sub(element, ZORGKAS, "Vanaf", mutatie.vanaf.isoformat())
        sub_als(element, ZORGKAS, "VanZorgkas", mutatie.van_zorgkas)
        sub(element, ZORGKAS, "NaarZorgkas", mutatie.naar_zorgkas)
    if mededeling.dossier is not None:
        _dossier(sub(element, ZORGKAS, "Dossier"), *mededeling.dossier)
    return etree.tostring(element, xml_declaration=True, encoding="utf-8")


def _dossier(element: Element, verblijf: Verblijf, perioden: Sequence[Kasperiode]) -> None:
    for naam, waarde in (
        ("Dossiernummer", verblijf.dossiernummer),
        ("Pijler", verblijf.pijler),
        ("Voorziening", verblijf.voorziening),
        ("Insz", verblijf.insz),
        ("Status", verblijf.status),
        ("Start", verblijf.start.isoformat()),
        ("Einde", _dag(verblijf.einde)),
        ("AkkoordTot", _dag(verblijf.akkoord_tot)),
        ("Type", verblijf.type_verblijf),
        ("Categorie", verblijf.categorie),
    ):
        sub_als(element, ANTWOORD, naam, waarde)
    for zorgkas, van, tot in perioden:
        sub(element, ANTWOORD, "Zorgkas", zorgkas, Van=van.isoformat(), Tot=tot.isoformat())
    for gebeurtenis in verblijf.gebeurtenissen:
        regel = sub(element, ANTWOORD, "Gebeurtenis")
        sub(regel, ANTWOORD, "MessageId", gebeurtenis.message_id)
        sub(regel, ANTWOORD, "Soort", gebeurtenis.soort)
        sub(regel, ANTWOORD, "Dag", gebeurtenis.dag.isoformat())
        sub_als(regel, ANTWOORD, "Tot", _dag(gebeurtenis.tot))
        sub(regel, ANTWOORD, "Status", gebeurtenis.status)
        for pad, waarde in gebeurtenis.velden.items():
            sub(regel, ANTWOORD, "Veld", veilig(waarde), Pad=pad)


def _dag(dag: date | None) -> str | None:
    return None if dag is None else dag.isoformat()
