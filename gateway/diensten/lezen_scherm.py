"""A stored message as people read it: its payload line by line, with what was said against it at its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element
from sqlalchemy import Connection, Row

from gateway.berichten.markeren import Regel, records, regels, venster
from gateway.berichten.plat_lezen import is_plat
from gateway.diensten.kern import Gateway
from gateway.diensten.opmerkingen import Opmerking
from gateway.refusal import Code, Refusal
from gateway.store import berichten
from gateway.wire.generic import read_post
from gateway.wire.names import GENERIC_ASYNC, q
from gateway.wire.parser import Bounds, parse
from gateway.wire.xop import read_message

MOST = 4 * 1024 * 1024
"""Octets of a payload that a page lays out; what is larger is downloaded."""
_WOORDEN = ("Overmacht", "Motivering")


def lees_payload(gateway: Gateway, conn: Connection, row: Row[Any]) -> Element | bytes | None:
    """A message's payload, or what was in its blob: XML, or a flat file.

    Returns:
        None when the bytes are in the archive, too many for a page, or no XML at all.

    Raises:
        Refusal: UNAVAILABLE.
    """
    if row.octetten > MOST:
        return None
    try:
        content_type, raw = berichten.inhoud(conn, row.id)
        payload = read_message(raw, content_type, Bounds(octets=gateway.settings.max_request)).payload
        if payload.tag != q(GENERIC_ASYNC, "post"):
            return payload
        content = read_post(payload, max_blob=gateway.settings.max_blob).blob.content
        if content.size > MOST:
            return None
        octetten = content.whole()
        return octetten if is_plat(octetten[:6]) else parse(octetten)
    except Refusal as refusal:
        if refusal.code in (Code.UNAVAILABLE, Code.INTERNAL):
            raise
        return None


def payload_regels(payload: Element | bytes | None, opmerkingen: Sequence[Opmerking]) -> list[Regel | None] | None:
    """The lines of a payload that fit on a page."""
    match payload:
        case None:
            return None
        case bytes():
            return venster(records(payload, opmerkingen))
        case _:
            return venster(regels(payload, opmerkingen))


def woorden_van(payload: Element | bytes | None) -> list[tuple[str, str]]:
    """What the facility itself says of why: the name of the field, and its text."""
    if payload is None or isinstance(payload, bytes):
        return []
    gevonden = ((etree.QName(e).localname, (e.text or "").strip()) for e in payload.iter("*"))
    return [(naam, tekst) for naam, tekst in gevonden if naam in _WOORDEN and tekst]
