"""What the central application knows of a facility's resident."""

from __future__ import annotations

from datetime import date

from lxml.etree import _Element as Element
from sqlalchemy import Connection

from gateway.berichten.aanvraag import lees_afzender
from gateway.berichten.dossier import Kasperiode, schrijf_dossiers
from gateway.berichten.lezen import kind, tekst, tekst_of_none
from gateway.berichten.names import AANVRAAG
from gateway.central.model import Persoon, Verblijf
from gateway.diensten.kern import Bewezen, Gateway, check_afzender
from gateway.observe import logs
from gateway.reference import lookup
from gateway.refusal import Code, Refusal
from gateway.routing.route import deelperioden
from gateway.store import dossiers

_PLAATS = "/RaadplegenDossierRequest"


def raadpleeg_dossier(gateway: Gateway, bewezen: Bewezen) -> Element:
    """The facility's own dossiers of a person, or one of them; none when it has none.

    Raises:
        Refusal: CROSSCHECK and its kin; NO_MANDATE when the dossiers are another facility's.
    """
    payload = bewezen.payload
    check_afzender(bewezen, lees_afzender(kind(payload, AANVRAAG, "Afzender")).riziv, f"{_PLAATS}/Afzender/RizivNummer")
    voorziening = tekst(payload, AANVRAAG, "Voorziening")
    nummer, insz = tekst_of_none(payload, AANVRAAG, "Dossiernummer"), tekst_of_none(payload, AANVRAAG, "Insz")
    with gateway.store.reading() as conn:
        gevonden: tuple[Verblijf, ...] = ()
        if nummer is not None:
            gevonden = tuple(d for d in (dossiers.dossier_van(conn, nummer),) if d is not None)
        elif insz is not None:
            logs.bind_person(insz)
            gevonden = dossiers.verblijven_van(conn, insz)
        eigen = [d for d in gevonden if d.voorziening == voorziening and _mag(conn, bewezen, d)]
        if not eigen and not _eigen(bewezen, voorziening):
            raise Refusal(Code.NO_MANDATE, place=f"{_PLAATS}/Voorziening")
        return schrijf_dossiers([(d, kassen(lookup.persoon(conn, d.insz), d, bewezen.vandaag)) for d in eigen])


def _eigen(bewezen: Bewezen, voorziening: str) -> bool:
    return voorziening[:8] == bewezen.identity.number[:8]


def _mag(conn: Connection, bewezen: Bewezen, dossier: Verblijf) -> bool:
    return _eigen(bewezen, dossier.voorziening) or lookup.mandaat_op(
        conn, bewezen.identity.number, dossier.voorziening, dossier.pijler, bewezen.vandaag
    )


def kassen(persoon: Persoon | None, dossier: Verblijf, tot: date) -> list[Kasperiode]:
    """Which zorgkas has the dossier in which days, up to its end or to a day."""
    laatste = max(dossier.start, dossier.einde or tot)
    return [(d.zorgkas, d.van, d.tot) for d in deelperioden(persoon, dossier.start, laatste) if d.zorgkas is not None]
