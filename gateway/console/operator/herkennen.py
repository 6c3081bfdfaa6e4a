"""What somebody typed in the search field, read as people write it: spaces, quotes, a word before it, capitals or not.

A person's number must be known for what it is before anything else is tried: it never stands in an address.
"""

from __future__ import annotations

import base64
import re
import unicodedata

from sqlalchemy import Connection, select

from gateway.central.identificatie import geldig_insz
from gateway.reference import lookup
from gateway.reference.model import Voorziening
from gateway.reference.register_lijst import voorzieningen_met_naam
from gateway.reference.tables import attest
from gateway.store.tables import bericht, certificaat

_RAND = " \t\r\n\"'`«»“”„‘’<>()[]{},;.!?"
_STREEPJES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
_ELF_CIJFERS = re.compile(r"(?<!\d)\d(?:[\s./_-]{0,3}\d){10}(?!\d)", re.ASCII)
_BIJWOORD = re.compile(
    r"(?:insz|niss|inss|ssin|rrn|bis|rijksregister(?:nummer)?|nummer|nr|persoon|patient|bewoner)", re.IGNORECASE
)
_HEX = re.compile(r"(?:sha-?256[:=]\s*)?([0-9a-f]{64})", re.IGNORECASE)
_VINGERAFDRUK = re.compile(r"(?:sha-?256[:=]\s*|fingerprint[:=]\s*)*((?:[0-9a-f]{2}[: ]){31}[0-9a-f]{2})", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=")
_AFZENDER = re.compile(r"(riziv|zorgkas)\s*[:=]\s*([\d. -]+)", re.IGNORECASE)
_ZENDING = re.compile(r"(\d{1,3})(?:\s*/\s*(\d{4}))?")
NAMEN = 10
"""Facilities offered for a name, at most."""


def schoon(tekst: str) -> str:
    """What was typed, without what stands around it by accident."""
    return unicodedata.normalize("NFKC", tekst[:256]).translate(_STREEPJES).strip(_RAND)


_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)


def lijkt_insz(conn: Connection, wat: str) -> str | None:
    """The eleven digits in a text that may be a person's number, a valid one before others; None when nothing looks so.

    A facility's number that is known, and an existing reference of which the digits are no valid number, are not a person's.
    """
    if hash_van(wat) is not None:
        return None
    # The last digits of an id may by chance all be decimal.
    wat = _UUID.sub(" ", wat)
    getallen = [re.sub(r"\D", "", g) for g in _ELF_CIJFERS.findall(wat)]
    mogelijk = [g for g in getallen if lookup.voorziening(conn, g) is None]
    if geldig := next((g for g in mogelijk if geldig_insz(g)), None):
        return geldig
    eigen_letters = re.search(r"[^\W\d_]", _BIJWOORD.sub("", wat)) is not None
    if not mogelijk or (eigen_letters and bestaat(conn, wat)):
        return None
    return mogelijk[0]


def bestaat(conn: Connection, wat: str) -> bool:
    """Whether this is a sender's reference, a dossier or an attest."""
    b = bericht.c
    vragen = (b.bedrijfs_id == wat, b.dossiernummer == wat)
    gevonden = any(conn.execute(select(b.id).where(v).limit(1)).first() is not None for v in vragen)
    return gevonden or attest_van(conn, wat) is not None


def hash_van(wat: str) -> str | None:
    """SHA-256 in any of its spellings, as hex; None when it is none."""
    if (hex_ := _HEX.fullmatch(wat)) is not None:
        return hex_[1].lower()
    if (paren := _VINGERAFDRUK.fullmatch(wat)) is not None:
        return re.sub(r"[: ]", "", paren[1]).lower()
    return base64.b64decode(wat).hex() if _BASE64.fullmatch(wat) else None


def afzender_van(wat: str) -> dict[str, str] | None:
    """`riziv:<number>` or `zorgkas:<code>`, also with spaces."""
    gevonden = _AFZENDER.fullmatch(wat)
    if gevonden is None:
        return None
    soort, cijfers = gevonden[1].lower(), re.sub(r"\D", "", gevonden[2])
    match soort, len(cijfers):
        case "riziv", 8:
            return {"afzender": f"riziv:{cijfers}"}
        case "riziv", 11:
            return {"voorziening": cijfers}
        case "zorgkas", 3:
            return {"afzender": f"zorgkas:{cijfers}"}
        case _:
            return None


def zending_van(wat: str, *, met_jaar: bool = False) -> dict[str, str] | None:
    """`012` or `012/2026` as the number of a zending."""
    gevonden = _ZENDING.fullmatch(wat)
    if gevonden is None or (met_jaar and not gevonden[2]):
        return None
    return {"zendingnummer": gevonden[1].zfill(3)} | ({"jaar": gevonden[2]} if gevonden[2] else {})


def dossier_van(conn: Connection, wat: str) -> str | None:
    """A dossier's number as it is kept; people also type it in small letters."""
    for nummer in dict.fromkeys((wat, wat.upper())):
        if conn.execute(select(bericht.c.id).where(bericht.c.dossiernummer == nummer).limit(1)).first() is not None:
            return nummer
    return None


def attest_van(conn: Connection, wat: str) -> str | None:
    """An attest's number as it is registered."""
    nummers = sorted({wat, wat.upper()})
    return conn.execute(select(attest.c.nummer).where(attest.c.nummer.in_(nummers)).limit(1)).scalar()


def certificaat_van(conn: Connection, sha256: str) -> str | None:
    """The fingerprint, when a sender proved itself with this certificate."""
    return conn.execute(select(certificaat.c.sha256).where(certificaat.c.sha256 == sha256)).scalar()


def op_naam(conn: Connection, wat: str) -> list[Voorziening]:
    """Facilities whose name begins so, when this is a name at all."""
    return voorzieningen_met_naam(conn, wat, NAMEN + 1) if re.search(r"[^\W\d_]{2}", wat) and len(wat) >= 3 else []
