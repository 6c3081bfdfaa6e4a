"""The stored bytes of a message as a page shows them: envelope, payload, flat file by zones; large ones only in part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from gateway.berichten.plat_lezen import PlatProblem, is_plat
from gateway.berichten.plat_lezen import toon as toon_plat
from gateway.console.bericht.handtekening import Handtekening, lees_handtekening
from gateway.console.bericht.weergave import Fout, Weergave, fouten_per_plaats, toon
from gateway.diensten.kern import Gateway
from gateway.refusal import Code, Refusal
from gateway.store import berichten
from gateway.wire.content import Content
from gateway.wire.envelope import Envelope
from gateway.wire.generic import read_post
from gateway.wire.names import GENERIC_ASYNC, q
from gateway.wire.parser import Bounds, parse
from gateway.wire.xop import read_message

ONTLEED = 4 * 1024 * 1024
"""Octets up to which a payload is parsed for the page."""
_KOP = 16 * 1024
_RECORDS = 300
_POST = q(GENERIC_ASYNC, "post")


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One zone of a flat record, with what was found wrong in it."""

    nummer: str
    naam: str
    waarde: str
    fouten: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of a flat file."""

    nummer: int
    soort: str
    zones: tuple[Zone, ...]


@dataclass(frozen=True, kw_only=True)
class Inhoud:
    """What the page shows of the bytes."""

    octetten: int
    content_type: str
    gearchiveerd: str | None = None
    """Why the bytes are not here."""
    envelop: Weergave | None = None
    bericht: Weergave | None = None
    records: tuple[Record, ...] = ()
    meer_records: bool = False
    begin: str = ""
    """First characters of what is too large to parse here, or can not be parsed."""
    waarom_begin: str = ""
    blob: int | None = None
    """Octets in the blob, unpacked."""
    handtekening: Handtekening | None = None


def lees(gateway: Gateway, conn: Connection, bericht_id: str, redenen: Sequence[Mapping[str, Any]], octetten: int) -> Inhoud:
    """Read the stored bytes for the page."""
    try:
        content_type, raw = berichten.inhoud(conn, bericht_id)
    except Refusal as refusal:
        if refusal.code is not Code.ARCHIVED:
            raise
        return Inhoud(octetten=octetten, content_type="", gearchiveerd=refusal.findings[0].found or "")
    basis: dict[str, Any] = {"octetten": len(raw), "content_type": content_type}
    try:
        envelop = read_message(raw, content_type, Bounds(octets=gateway.settings.max_request))
        handtekening = lees_handtekening(envelop.root)
        kop = toon(envelop.root if envelop.header is None else envelop.header, {}, meest=400)
        return Inhoud(**basis, envelop=kop, handtekening=handtekening, **_bericht(gateway, envelop, redenen))
    except Refusal as refusal:
        begin = raw[:_KOP].decode("utf-8", "replace")
        return Inhoud(**basis, begin=begin, waarom_begin=f"{refusal.code.info.code} {refusal.findings[0].nl}")


def blob_van(gateway: Gateway, conn: Connection, bericht_id: str) -> Content | None:
    """What was in the blob of a message, if it has one.

    Raises:
        Refusal: ARCHIVED, or it can not be read.
    """
    content_type, raw = berichten.inhoud(conn, bericht_id)
    payload = read_message(raw, content_type, Bounds(octets=gateway.settings.max_request)).payload
    return read_post(payload, max_blob=gateway.settings.max_blob).blob.content if payload.tag == _POST else None


def _bericht(gateway: Gateway, envelop: Envelope, redenen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    fouten = fouten_per_plaats(redenen)
    if envelop.payload.tag != _POST:
        return {"bericht": toon(envelop.payload, fouten)}
    content = read_post(envelop.payload, max_blob=gateway.settings.max_blob).blob.content
    gevonden: dict[str, Any] = {"blob": content.size}
    if content.size > ONTLEED:
        begin = content.head(_KOP).decode("utf-8", "replace")
        return gevonden | {"begin": begin, "waarom_begin": "", "bericht": _alleen_fouten(fouten)}
    octetten = content.whole()
    if is_plat(octetten[:6]):
        return gevonden | plat(octetten, redenen)
    try:
        return gevonden | {"bericht": toon(parse(octetten, Bounds(octets=ONTLEED)), fouten)}
    except Refusal as refusal:
        waarom = f"{refusal.code.info.code} {refusal.findings[0].nl}"
        return gevonden | {"begin": octetten[:_KOP].decode("utf-8", "replace"), "waarom_begin": waarom}


def _alleen_fouten(fouten: Mapping[str, Sequence[Fout]]) -> Weergave:
    return Weergave(regels=(), meer=False, elders=tuple(f for lijst in fouten.values() for f in lijst)[:200])


def plat(octetten: bytes, redenen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What an Inhoud says of a flat file: its records by zones, or how it begins when it is none."""
    try:
        rijen = list(islice(toon_plat(octetten), _RECORDS + 1))
    except PlatProblem as probleem:
        eerste = probleem.fouten[0]
        return {"begin": octetten[:_KOP].decode("latin-1"), "waarom_begin": str(eerste)}
    per_zone: dict[tuple[str, str], list[tuple[int | None, str]]] = {}
    for r in redenen:
        per_zone.setdefault((str(r.get("record")), str(r.get("zone"))), []).append((r.get("regel"), f"{r['code']}: {r['tekst']}"))
    records = tuple(
        Record(nummer=nummer, soort=soort, zones=tuple(_zones(nummer, soort, zones, per_zone)))
        for nummer, soort, zones in rijen[:_RECORDS]
    )
    return {"records": records, "meer_records": len(rijen) > _RECORDS, "bericht": None}


def _zones(
    nummer: int,
    soort: str,
    zones: Sequence[tuple[str, str, str]],
    per_zone: Mapping[tuple[str, str], Sequence[tuple[int | None, str]]],
) -> Iterator[Zone]:
    """Zones that say something, or in which something is wrong."""
    for zone, naam, waarde in zones:
        fouten = tuple(t for n, t in per_zone.get((soort, zone), ()) if n in (None, nummer))
        if fouten or waarde.strip(" 0"):
            yield Zone(nummer=zone, naam=naam, waarde=waarde, fouten=fouten)
