"""A stored message as people read it: its payload line by line, with what was said against it at its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


def payload_regels(
    gateway: Gateway, conn: Connection, row: Row[Any], opmerkingen: Sequence[Opmerking]
) -> list[Regel | None] | None:
    """The lines of a message's payload, or of what was in its blob; None when the bytes are in the archive or too many."""
    if row.octetten > MOST:
        return None
    try:
        content_type, raw = berichten.inhoud(conn, row.id)
        payload = read_message(raw, content_type, Bounds(octets=gateway.settings.max_request)).payload
        if payload.tag != q(GENERIC_ASYNC, "post"):
            return venster(regels(payload, opmerkingen))
        content = read_post(payload, max_blob=gateway.settings.max_blob).blob.content
        if content.size > MOST:
            return None
        octetten = content.whole()
        if is_plat(octetten[:6]):
            return venster(records(octetten, opmerkingen))
        return venster(regels(parse(octetten), opmerkingen))
    except Refusal as refusal:
        # A blob may hold what is no XML at all; then its remarks say so, and there are no lines to show.
        if refusal.code in (Code.UNAVAILABLE, Code.INTERNAL):
            raise
        return None
