"""The record of a refusal at the door: what the fault said, and who sent it as far as a signature proves that."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from lxml.etree import _Element as Element

from gateway.central.identificatie import geldig_insz
from gateway.diensten.kern import Bewezen, Dienst, Gateway, Module, Verzoek
from gateway.diensten.posten import lees_post
from gateway.refusal import Code, Finding, Refusal
from gateway.store.deur import Deurweigering
from gateway.trust.identity import Kind
from gateway.wire.build import veilig
from gateway.wire.names import GENERIC_ASYNC, q

ALLEEN_GETELD = frozenset({Code.BUSY, Code.NOT_ENOUGH_TIME})
"""Told to programs that ask too often, not mistakes in a message: a list of these would hide the mistakes."""
_BEVINDINGEN = 10
_OCTETTEN = 4096
"""Of all findings together, as JSON."""
_LENGTES = {"tekst": 200, "tekst_en": 200, "plaats": 300, "verwacht": 300, "gevonden": 120}
_MISSCHIEN_INSZ = re.compile(r"(?<!\d)(\d{2}[. -]?\d{2}[. -]?\d{2}[. -]?\d{3}[. -]?\d{2})(?!\d)")
_REFERENTIE = re.compile(r"[\x21-\x7e]{1,64}")
_ATTEST = re.compile(r"[\x21-\x7e]{1,32}")
_RIZIV = re.compile(r"\d{8}|\d{11}")


def noteer(gateway: Gateway, refusal: Refusal, module: Module | None, ticket: str, adres: str, verzoek: Verzoek | None) -> None:
    """Keep a refusal that is about to be answered, without waiting for the database. A dry run leaves no trace.

    Args:
        adres: of the client, against floods; not kept.
        verzoek: None when its body was not read.
    """
    dienst = None if module is None else module.DIENST
    if dienst is not None and dienst.proef:
        return
    nu = gateway.clock()
    naam = "" if dienst is None else dienst.naam
    if refusal.code in ALLEEN_GETELD:
        gateway.deur.tel(nu, naam, refusal.code.info.code)
        return
    weigering = weigering_van(refusal, naam, ticket, nu)
    if verzoek is not None:
        weigering = replace(weigering, octetten=len(verzoek.raw), sha256=hashlib.sha256(verzoek.raw).hexdigest())
        if dienst is not None:
            weigering = _met_afzender(weigering, gateway, refusal, dienst, verzoek)
    gateway.deur.noteer(weigering, adres)


def weigering_van(refusal: Refusal, dienst: str, ticket: str, op: datetime) -> Deurweigering:
    """What the fault told, within bounds."""
    info = refusal.code.info
    bevindingen: list[Mapping[str, Any]] = []
    ruimte = _OCTETTEN
    for finding in refusal.findings[:_BEVINDINGEN]:
        bevinding = _bevinding(finding)
        ruimte -= len(json.dumps(bevinding, ensure_ascii=False).encode())
        if ruimte < 0:
            break
        bevindingen.append(bevinding)
    return Deurweigering(
        ticket=ticket,
        op=op,
        dienst=dienst,
        code=info.code,
        soa=info.soa,
        faultcode=info.faultcode or ("Server" if info.server else "Client"),
        bevindingen=bevindingen,
        weggelaten=refusal.omitted + len(refusal.findings) - len(bevindingen),
        certificaat_sha256=None if refusal.certificate is None else refusal.certificate.hex(),
    )


def _bevinding(finding: Finding) -> dict[str, Any]:
    teksten = {
        "tekst": finding.nl,
        "tekst_en": finding.en,
        "plaats": finding.place,
        "verwacht": finding.expected,
        "gevonden": finding.found,
    }
    gevuld = {n: zonder_insz(veilig(w, _LENGTES[n])) for n, w in teksten.items() if w}
    return {"code": finding.code, **gevuld} | ({} if finding.line is None else {"regel": finding.line})


def zonder_insz(tekst: str) -> str:
    """A text in which no number of a person stands: findings should have none, and what a sender made up may."""
    return _MISSCHIEN_INSZ.sub(lambda m: "***" if geldig_insz(re.sub(r"\D", "", m[1])) else m[1], tekst)


def _met_afzender(w: Deurweigering, gateway: Gateway, refusal: Refusal, dienst: Dienst, verzoek: Verzoek) -> Deurweigering:
    """Who sent it, when a signature over the content says so; otherwise only which certificate came with it."""
    signed, identity, payload = verzoek.spoor.signed, verzoek.spoor.identity, verzoek.spoor.payload
    if signed is None or identity is None or payload is None:
        return w
    w = replace(w, certificaat_sha256=signed.fingerprint.hex())
    bewezen = Bewezen(verzoek=verzoek, payload=payload, signed=signed, identity=identity, now=w.op, destination=None)
    if refusal.code is Code.REPLAY or not _dekt_inhoud(gateway, dienst, bewezen):
        return w
    feiten = _aanvraag(payload) if not dienst.generic_async else _post(payload)
    return replace(
        w,
        identiteit=identity.label,
        riziv=identity.number[:8] if identity.kind is Kind.RIZIV else None,
        kbo=identity.number if identity.kind is Kind.KBO else None,
        **feiten,
    )


def _dekt_inhoud(gateway: Gateway, dienst: Dienst, bewezen: Bewezen) -> bool:
    """Whether the sender signed what was refused: the Body, or the blob in it."""
    if bewezen.signed.body_is_signed:
        return True
    if bewezen.payload.tag != q(GENERIC_ASYNC, "post"):
        return False
    try:
        return bool(lees_post(gateway, dienst, bewezen).xades)
    except Refusal:
        return False


def _aanvraag(payload: Element) -> dict[str, Any]:
    """What a header of ours names; the message may fit no schema."""
    hoofding = payload.find("{*}Aanvraag/{*}Hoofding")
    hoofding = payload.find("{*}Hoofding") if hoofding is None else hoofding
    afzender = payload.find("{*}Afzender") if hoofding is None else hoofding.find("{*}Afzender")
    voorziening = _tekst(payload, "{*}Aanvraag/{*}Voorziening", _RIZIV) or _tekst(payload, "{*}Voorziening", _RIZIV)
    return {
        "bedrijfs_id": None if hoofding is None else _tekst(hoofding, "{*}BerichtId", _REFERENTIE),
        "attest": None if afzender is None else _tekst(afzender, "{*}Software/{*}Attest", _ATTEST),
        "voorziening": voorziening,
    }


def _post(payload: Element) -> dict[str, Any]:
    """What the federal contract's Origin names; its licence tells the attest."""
    origin = payload.find("{*}CommonInput/{*}Origin")
    origin = payload.find("{*}Origin") if origin is None else origin
    feiten: dict[str, Any] = {"bedrijfs_id": _tekst(payload, "{*}CommonInput/{*}InputReference", _REFERENTIE)}
    if origin is None:
        return feiten
    nihii = _tekst(origin, "{*}CareProvider/{*}Nihii/{*}Value", _RIZIV)
    gebruiker, wachtwoord = (origin.findtext(f"{{*}}Package/{{*}}License/{{*}}{n}") or "" for n in ("Username", "Password"))
    licentie = (gebruiker.strip()[:64], wachtwoord.strip()[:256]) if gebruiker.strip() else None
    return feiten | {"voorziening": nihii and nihii.ljust(11, "0"), "licentie": licentie}


def _tekst(element: Element, pad: str, vorm: re.Pattern[str]) -> str | None:
    tekst = (element.findtext(pad) or "").strip()
    return tekst if vorm.fullmatch(tekst) and (vorm is _RIZIV or zonder_insz(tekst) == tekst) else None
