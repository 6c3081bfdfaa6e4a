"""The judgement on a zending that was read, without keeping anything: for the worker and for a dry run alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.berichten.factuur import Zending
from gateway.central.cookbook import Cookbook
from gateway.central.model import Ernst, Factuurfout, ZendingContext
from gateway.central.resultaat import Zendingresultaat
from gateway.central.zending import beoordeel_zending, controleer_zending
from gateway.clock import BRUSSELS
from gateway.diensten.zending_context import verzamel
from gateway.diensten.zending_lezen import Gelezen, als_fouten
from gateway.refusal import Code, Refusal
from gateway.trust.admission import Claim, check_facility, check_licence, check_software
from gateway.wire.generic import Origin

ONTVANGEN, GEWEIGERD = "DF011-931000", "DF012-920999"


@dataclass(frozen=True, kw_only=True)
class Inzending:
    """A zending, who sent it and when."""

    zending: Zending
    origin: Origin | None
    """None of a try without an envelope: then nothing says which package it is."""
    voorziening: str
    """RIZIV number that the sender proved, 11 digits."""
    ontvangen_op: datetime
    alleen_eigen: bool = False
    """Judge only invoices of persons who have a dossier at the third payer: a try that nobody signed tells of no others."""

    @classmethod
    def van(cls, gelezen: Gelezen, zending: Zending) -> Inzending:
        """Of a stored message."""
        row = gelezen.row
        return cls(zending=zending, origin=gelezen.origin, voorziening=str(row.voorziening), ontvangen_op=row.ontvangen_op)


@dataclass(frozen=True, kw_only=True)
class Technisch:
    """Refused before treatment (DF012-920999)."""

    fouten: tuple[Factuurfout, ...]
    herkend: bool
    """The zending's own number and month can be believed."""
    vreemd: int = 0
    """Persons whose invoices were left out."""


@dataclass(frozen=True, kw_only=True)
class Inhoudelijk:
    """Taken for treatment (DF011-931000), and what came of it."""

    cookbook: Cookbook
    resultaat: Zendingresultaat
    vreemd: int = 0
    """Persons whose invoices were left out."""


def oordeel(conn: Connection, cookbooks: Mapping[str, Cookbook], inzending: Inzending) -> Technisch | Inhoudelijk:
    """Judge a zending in a transaction that this only reads in."""
    zending = inzending.zending
    try:
        cookbook = _toelaten(conn, cookbooks, inzending)
    except Refusal as refusal:
        return Technisch(fouten=tuple(als_fouten(refusal)), herkend=False)
    context = verzamel(conn, zending, cookbook, inzending.ontvangen_op, inzending.voorziening)
    if inzending.alleen_eigen:
        return _van_eigen(zending, context, cookbook)
    fouten = controleer_zending(zending, context, cookbook)
    if _houdt_tegen(fouten):
        return Technisch(fouten=fouten, herkend=True)
    return Inhoudelijk(cookbook=cookbook, resultaat=beoordeel_zending(zending, context, cookbook))


def _van_eigen(zending: Zending, context: ZendingContext, cookbook: Cookbook) -> Technisch | Inhoudelijk:
    """As any zending, but of persons without a dossier here nothing is looked up and nothing is said."""
    hier = {insz for insz, v in context.verblijven.items() if any(x.voorziening == zending.derdebetalende for x in v)}
    context = replace(
        context,
        personen={i: p for i, p in context.personen.items() if i in hier},
        verblijven={i: v for i, v in context.verblijven.items() if i in hier},
        verhoogd={i: v for i, v in context.verhoogd.items() if i in hier},
        elders={i: e for i, e in context.elders.items() if i in hier},
    )
    vreemd = {f.factuurnummer for f in zending.facturen if f.insz not in hier}
    aantal = len({f.insz for f in zending.facturen} - hier)
    fouten = tuple(f for f in controleer_zending(zending, context, cookbook) if f.factuurnummer not in vreemd)
    eigen = replace(zending, facturen=tuple(f for f in zending.facturen if f.insz in hier))
    if _houdt_tegen(fouten) or not eigen.facturen:
        return Technisch(fouten=fouten, herkend=True, vreemd=aantal)
    return Inhoudelijk(cookbook=cookbook, resultaat=beoordeel_zending(eigen, context, cookbook), vreemd=aantal)


def _houdt_tegen(fouten: tuple[Factuurfout, ...]) -> bool:
    return any(f.ernst in (Ernst.BLOKKEREND, Ernst.FACTUUR) for f in fouten)


def _toelaten(conn: Connection, cookbooks: Mapping[str, Cookbook], inzending: Inzending) -> Cookbook:
    zending = inzending.zending
    cookbook = cookbooks.get(zending.pijler)
    if cookbook is None or cookbook.type_factuur is None:
        factureren = sorted(p for p, c in cookbooks.items() if c.type_factuur is not None)
        raise Refusal(Code.PILLAR, place="/Zending/Pijler", expected=", ".join(factureren), found=zending.pijler)
    claim = Claim(
        afzender=inzending.voorziening,
        voorziening=zending.derdebetalende,
        pijler=zending.pijler,
        zorgdatum=zending.maand,
        vandaag=inzending.ontvangen_op.astimezone(BRUSSELS).date(),
        place="/Zending/Derdebetalende",
    )
    check_facility(conn, claim)
    if (origin := inzending.origin) is None:
        return cookbook
    attest = check_licence(conn, origin.username, origin.password)
    check_software(attest, claim=claim, versie=None, place="/post/CommonInput/Origin/Package", genoemd=origin.username)
    return cookbook
