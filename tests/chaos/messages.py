"""Signed requests that can be sent again byte for byte, and what a vendor reads in the answer."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from lxml import etree
from lxml.etree import _Element as Element

from conformance.berichten.messages import envelope, head
from gateway.refusal import Code
from gateway.trust.signing import Signer, sign_blob, sign_envelope
from gateway.wire.envelope import serialise, write_envelope
from tests.hostile.posts import detail, post_payload

AANVRAAG, FACTURATIE = "aanvraag", "facturatie"
_RETRY = frozenset(c.info.code for c in Code if c.info.retry)
_PARTS = ("Body", "Timestamp", "BinarySecurityToken")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A signed request, made once and sent as often as it takes."""

    service: str
    business_id: str
    """BerichtId or InputReference."""
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a sender keeps of an answer."""

    message_id: str
    business_id: str
    outcome: str | None
    """Uitkomst; None of a TAck, which only says that the post is kept."""
    dossier: str | None = None
    zorgkas: str | None = None
    digest: str | None = None
    """SHA-256 of all that must be the same each time; None when the sender asked instead of sending again."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An answer that is not about the message's content."""

    code: str
    later: bool
    """It says to send the same message again."""


def start(day: date, kind: str = "regulier") -> str:
    return f"<StartVerblijf><Startdatum>{day}</Startdatum><TypeVerblijf>{kind}</TypeVerblijf></StartVerblijf>"


def annulment(dossier: str) -> str:
    return f"<Annulering><Dossiernummer>{dossier}</Dossiernummer><Motivering>Ging niet door.</Motivering></Annulering>"


def aanvraag(
    signer: Signer, riziv: str, insz: str, notification: str, now: datetime, business_id: str, random: Random
) -> Request:
    """A signed IndienenRequest; between a few and some hundred kilobytes long."""
    padding = " " * random.choice([0, 0, 0, 50, 2_000, 20_000, 200_000])
    payload = (
        '<IndienenRequest xmlns="urn:vsb-gateway:aanvraag:v1" xmlns:c="urn:vsb-gateway:common:v1"><Aanvraag>'
        f"<Hoofding>{head(riziv, now, bericht_id=business_id)}</Hoofding>{padding}<Voorziening>{riziv}</Voorziening>"
        f"<Gebruiker><Insz>{insz}</Insz></Gebruiker>{notification}</Aanvraag></IndienenRequest>"
    )
    return Request(service=AANVRAAG, business_id=business_id, body=envelope(payload, signer, now))


def zending_post(signer: Signer, riziv: str, content: bytes, now: datetime, business_id: str, random: Random) -> Request:
    """A signed GenericAsync post, as the field signs it or with its Body signed as well."""
    xades = sign_blob(content, signer, now, canonical=True)
    root = write_envelope(post_payload(detail(content), xades, reference=business_id, riziv=riziv))
    sign_envelope(root, signer, now, parts=random.choice([_PARTS, _PARTS[1:]]))
    return Request(service=FACTURATIE, business_id=business_id, body=serialise(root))


def question(signer: Signer, riziv: str, request: Request, now: datetime, *, by_hash: bool) -> bytes:
    """A signed RaadplegenRequest about a request, by its business id or by the hash of what was sent."""
    digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    asked = f"<Sha256>{digest}</Sha256>" if by_hash else f"<BerichtId>{request.business_id}</BerichtId>"
    payload = (
        '<RaadplegenRequest xmlns="urn:vsb-gateway:aanvraag:v1" xmlns:c="urn:vsb-gateway:common:v1"><Afzender>'
        f"<c:RizivNummer>{riziv}</c:RizivNummer><c:Software><c:Naam>ZorgSoft</c:Naam><c:Versie>3.2</c:Versie>"
        f"<c:Attest>VSB-2024-0001</c:Attest></c:Software></Afzender>{asked}</RaadplegenRequest>"
    )
    return envelope(payload, signer, now)


def read_answer(raw: bytes) -> Answer | Fault | None:
    """What an answer says; None when a question found nothing, or not yet enough.

    Raises:
        ValueError: it is no SOAP answer.
    """
    try:
        payload = etree.fromstring(raw).find("{*}Body")[0]
    except (etree.XMLSyntaxError, TypeError, IndexError):
        raise ValueError(f"no SOAP answer: {raw[:200]!r}") from None
    match etree.QName(payload).localname:
        case "Fault":
            codes = [e.text or "" for e in payload.iter("{urn:vsb-gateway:antwoord:v1}Code")]
            return Fault(code=" ".join(codes), later=bool(codes) and set(codes) <= _RETRY)
        case "RaadplegenResponse":
            return None if len(payload) == 0 else _decision(payload[0], digest=None)
        case "postResponse":
            return _tack(payload)
        case _:
            return decision_of(payload)


def decision_of(payload: Element) -> Answer:
    """An IndienenResponse, whether it came over the line or was kept in the gateway's table."""
    answer = payload[0]
    answer.attrib.pop("Duplicaat", None)
    octets = etree.tostring(payload, method="c14n", exclusive=True, with_tail=False)
    return _decision(answer, digest=hashlib.sha256(octets).hexdigest())


def _decision(answer: Element, *, digest: str | None) -> Answer:
    return Answer(
        message_id=answer.findtext("{*}MessageId") or "",
        business_id=answer.findtext("{*}BerichtId") or "",
        outcome=answer.findtext("{*}Uitkomst"),
        dossier=answer.findtext("{*}Dossiernummer"),
        zorgkas=answer.findtext("{*}Zorgkas"),
        digest=digest,
    )


def _tack(payload: Element) -> Answer:
    tack = payload.find("{*}return")
    if tack is None:
        raise ValueError("a post's answer without its TAck")
    said = (tack.get("Reference", ""), tack.get("AppliesTo", ""), tack.get("ResultMajor", ""), (tack.text or "").strip())
    return Answer(
        message_id=said[0],
        business_id=said[1].rpartition(":")[2],
        outcome=None,
        digest=hashlib.sha256("|".join(said).encode()).hexdigest(),
    )
