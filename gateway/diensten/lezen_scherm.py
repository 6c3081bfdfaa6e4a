"""What a stored aanvraag says in its facility's own words, for who must decide on it."""

from __future__ import annotations

from typing import Any

from lxml import etree
from sqlalchemy import Connection, Row

from gateway.diensten.kern import Gateway
from gateway.refusal import Code, Refusal
from gateway.store import berichten
from gateway.wire.parser import Bounds
from gateway.wire.xop import read_message

_WOORDEN = ("Overmacht", "Motivering")


def woorden_van(gateway: Gateway, conn: Connection, row: Row[Any]) -> list[tuple[str, str]]:
    """What the facility itself says of why: the name of the field, and its text; nothing once the bytes are in the archive."""
    if row.dienst != "aanvraag":
        return []
    try:
        content_type, raw = berichten.inhoud(conn, row.id)
    except Refusal as refusal:
        if refusal.code is not Code.ARCHIVED:
            raise
        return []
    payload = read_message(raw, content_type, Bounds(octets=gateway.settings.max_request)).payload
    gevonden = ((etree.QName(e).localname, (e.text or "").strip()) for e in payload.iter("*"))
    return [(naam, tekst) for naam, tekst in gevonden if naam in _WOORDEN and tekst]
