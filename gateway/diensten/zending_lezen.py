"""A stored zending read whole, before anything is locked: that takes seconds for a large one, and holds up nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row

from gateway.berichten.factuur import FACTUUR_TAG, Zending, Zendinglezer
from gateway.berichten.intrekking import INTREKKING, Intrekking, lees_intrekking
from gateway.berichten.names import FACTUUR
from gateway.berichten.plat_lezen import UITLEG, Platfout, PlatProblem, is_plat, stukken
from gateway.central.model import Ernst, Factuurfout
from gateway.diensten.kern import Gateway
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.schema.delen import Take, read_own, read_parts
from gateway.store import berichten
from gateway.wire.content import Content
from gateway.wire.generic import Origin, Post, read_post
from gateway.wire.names import q
from gateway.wire.parser import Bounds, parse
from gateway.wire.xop import read_message

_BOUNDS = Bounds(octets=256 * 1024 * 1024, markup=20_000_000, namespaces=20_000_000)
_BEGIN = 6
"""Octets that tell a flat file."""
_INTREKKING = 16_384
"""Octets that an Intrekking has at most."""


@dataclass(frozen=True, kw_only=True)
class Gelezen:
    """A message that posted a zending, and what stood in its blob."""

    row: Row[Any]
    raw: bytes
    content_type: str
    origin: Origin
    """Of the post; its blob, which may be a hundred megabytes, is let go."""
    zending: Zending | None
    """None when it can not be read."""
    fouten: tuple[Factuurfout, ...]
    """Why not."""
    plat: bool
    """It came as a flat file."""
    intrekking: Intrekking | None = None
    """It is no zending, but takes one back."""


def lees(gateway: Gateway, conn: Connection, bericht_id: str) -> Gelezen:
    """Read one stored zending.

    Raises:
        LookupError: there is no such message.
    """
    row = berichten.zoek(conn, bericht_id)
    if row is None:
        raise LookupError(f"no message {bericht_id}")
    content_type, raw = berichten.inhoud(conn, bericht_id)
    post = _post(gateway, raw, content_type)
    intrekking = lees_als_intrekking(post.blob.content)
    zending, fouten = (None, ()) if intrekking is not None else lees_of_fouten(post.blob.content)
    return Gelezen(
        row=row,
        raw=raw,
        content_type=content_type,
        origin=post.origin,
        zending=zending,
        fouten=fouten,
        plat=is_plat(post.blob.content.head(_BEGIN)),
        intrekking=intrekking,
    )


def lees_als_intrekking(content: Content) -> Intrekking | None:
    """What takes a zending back, None when it is anything else."""
    if content.size > _INTREKKING or b"Intrekking" not in content.whole():
        return None
    try:
        root = parse(content.whole())
        registry.check(root)
    except Refusal:
        # Read as a zending it gets its errors.
        return None
    return lees_intrekking(root) if root.tag == INTREKKING else None


def plat_bestand(gateway: Gateway, conn: Connection, bericht_id: str) -> Content | None:
    """The flat file that a stored message posted; None when it posted XML, or lies in the archive."""
    try:
        content_type, raw = berichten.inhoud(conn, bericht_id)
    except Refusal as refusal:
        if refusal.code is Code.ARCHIVED:
            return None
        raise
    content = _post(gateway, raw, content_type).blob.content
    return content if is_plat(content.head(_BEGIN)) else None


def _post(gateway: Gateway, raw: bytes, content_type: str) -> Post:
    payload = read_message(raw, content_type, Bounds(octets=gateway.settings.max_request)).payload
    return read_post(payload, max_blob=gateway.settings.max_blob)


def lees_of_fouten(content: Content) -> tuple[Zending | None, tuple[Factuurfout, ...]]:
    """The zending, or why it can not be read."""
    try:
        return lees_inhoud(content), ()
    except PlatProblem as probleem:
        return None, tuple(map(_platfout, probleem.fouten))
    except Refusal as refusal:
        return None, tuple(over_de_blob(refusal))


_IN_DE_BLOB = {
    Code.NOT_XML.info.code: (
        "De inhoud van de blob is geen welgevormde XML en geen vlak bestand.",
        "The content of the blob is not well-formed XML, and no flat file.",
        "Zet in de blob een Zending in XML (factuur.xsd, UTF-8), of een vlak bestand, dat met segment 200 en dus met zes cijfers "
        "begint.",
    ),
    Code.DTD.info.code: (
        "De inhoud van de blob bevat een DTD of entiteiten.",
        "The content of the blob has a DTD or entities.",
        "Laat de DOCTYPE weg uit de inhoud van de blob.",
    ),
    Code.ENCODING.info.code: (
        "De inhoud van de blob is niet in UTF-8 geschreven.",
        "The content of the blob is not written in UTF-8.",
        "Schrijf de XML in de blob in UTF-8, zonder NUL-tekens, of stuur een vlak bestand, dat met zes cijfers begint.",
    ),
    Code.INSTRUCTION.info.code: (
        "De inhoud van de blob bevat een processing instruction.",
        "The content of the blob holds a processing instruction.",
        "Laat processing instructions weg uit de inhoud van de blob.",
    ),
}
"""Code to the text, in Dutch and English, and the remedy, where those of a whole message speak of its envelope."""


def over_de_blob(refusal: Refusal) -> Iterator[Factuurfout]:
    """A refusal's findings, in words about a blob."""
    for fout in als_fouten(refusal):
        if fout.code in _IN_DE_BLOB:
            nl, en, remedie = _IN_DE_BLOB[fout.code]
            yield replace(fout, tekst=nl, tekst_en=en, remedie=remedie)
        else:
            yield fout


def als_fouten(refusal: Refusal) -> Sequence[Factuurfout]:
    """A refusal's findings as errors in a zending; each blocks the whole."""
    return [
        Factuurfout(
            code=finding.code,
            ernst=Ernst.BLOKKEREND,
            tekst=finding.nl,
            tekst_en=finding.en,
            plaats=finding.place,
            regel=finding.line,
            verwacht=finding.expected,
            gevonden=finding.found,
            remedie=finding.remedy or refusal.code.info.remedy,
        )
        for finding in refusal.findings
    ]


def lees_inhoud(content: Content) -> Zending:
    """A zending in either form, read part by part.

    Raises:
        PlatProblem: it is a flat file with errors.
        Refusal: it is no XML that the schema accepts.
    """
    lezer = Zendinglezer()

    def begin() -> Take:
        nonlocal lezer
        lezer = Zendinglezer()
        return lezer.neem

    tags = q(FACTUUR, "Zending"), FACTUUR_TAG
    keren = 0

    def plat() -> Iterable[bytes]:
        nonlocal lezer, keren
        lezer, keren = Zendinglezer(), keren + 1
        # A second reading is to tell every error: then nothing is left out.
        return stukken(content.steps(), content.size, lezer.naast if keren == 1 else None)

    if is_plat(content.head(_BEGIN)):
        root = read_own(plat, *tags, lambda: lezer.neem, _BOUNDS)
    else:
        root = read_parts(content.steps, *tags, begin, _BOUNDS)
    return lezer.klaar(root)


def _platfout(fout: Platfout) -> Factuurfout:
    nl, en, remedie = UITLEG[fout.code[4:]]
    return Factuurfout(
        code=fout.code,
        ernst=Ernst.BLOKKEREND,
        tekst=nl,
        tekst_en=en,
        record=fout.soort,
        zone=fout.zone,
        plaats=f"record {fout.record}",
        regel=fout.record or None,
        verwacht=fout.verwacht,
        gevonden=fout.gevonden,
        remedie=remedie,
    )
