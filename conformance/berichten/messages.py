"""Sample messages, built and signed without a SOAP library: for curl, for the checks, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from lxml import etree

from gateway.clock import BRUSSELS
from gateway.reference.voorbeeld import voorbeeldnamen
from gateway.trust.signing import Signer, sign_envelope
from gateway.wire.build import moment
from gateway.wire.envelope import serialise, write_envelope

SERVICES = ("verzekerbaarheid", "aanvraag")
_PARTS = ("Body", "Timestamp", "BinarySecurityToken")


def names() -> dict[str, dict[str, str]]:
    """Short names of the sample persons and facilities."""
    known = voorbeeldnamen()
    return {"personen": dict(known.personen), "voorzieningen": dict(known.voorzieningen)}


def head(
    riziv: str,
    now: datetime,
    *,
    bericht_id: str | None = None,
    pijler: str = "eibwfin",
    attest: str = "VSB-2024-0001",
    versie: str = "3.2",
) -> str:
    """A Hoofding's content."""
    return (
        f"<c:BerichtId>{bericht_id or uuid4()}</c:BerichtId><c:Pijler>{pijler}</c:Pijler><c:Test>false</c:Test>"
        f"<c:Aanmaaktijdstip>{moment(now)}</c:Aanmaaktijdstip><c:Afzender><c:RizivNummer>{riziv}</c:RizivNummer><c:Software>"
        f"<c:Naam>ZorgSoft</c:Naam><c:Versie>{versie}</c:Versie><c:Attest>{attest}</c:Attest></c:Software></c:Afzender>"
    )


def question(insz: str, van: date, tot: date, hoofding: str) -> str:
    """A verzekerbaarheid RaadplegenRequest."""
    return (
        '<RaadplegenRequest xmlns="urn:vsb-gateway:verzekerbaarheid:v1" xmlns:c="urn:vsb-gateway:common:v1">'
        f"<Hoofding>{hoofding}</Hoofding><Insz>{insz}</Insz><Periode><c:Van>{van}</c:Van><c:Tot>{tot}</c:Tot></Periode></RaadplegenRequest>"
    )


def start(riziv: str, insz: str, day: date, hoofding: str, *, soort: str = "regulier") -> str:
    """An IndienenRequest with StartVerblijf."""
    return (
        '<IndienenRequest xmlns="urn:vsb-gateway:aanvraag:v1" xmlns:c="urn:vsb-gateway:common:v1"><Aanvraag>'
        f"<Hoofding>{hoofding}</Hoofding><Voorziening>{riziv}</Voorziening><Gebruiker><Insz>{insz}</Insz></Gebruiker>"
        f"<StartVerblijf><Startdatum>{day}</Startdatum><TypeVerblijf>{soort}</TypeVerblijf></StartVerblijf></Aanvraag></IndienenRequest>"
    )


def envelope(payload: str, signer: Signer, now: datetime, parts: Sequence[str] = _PARTS) -> bytes:
    """A signed SOAP envelope around a payload."""
    root = write_envelope(etree.fromstring(payload))
    sign_envelope(root, signer, now, parts=parts)
    return serialise(root)


def signed_message(service: str, signer: Signer, person: str, now: datetime) -> bytes:
    """A signed sample message for a service.

    Args:
        person: short name of a sample person, or an INSZ.
    """
    known = names()
    riziv, insz = known["voorzieningen"]["ibw1"], known["personen"].get(person, person)
    today = now.astimezone(BRUSSELS).date()
    hoofding = head(riziv, now)
    if service == "verzekerbaarheid":
        return envelope(question(insz, today, today, hoofding), signer, now)
    return envelope(start(riziv, insz, today - timedelta(days=1), hoofding), signer, now)
