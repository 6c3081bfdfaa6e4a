"""Comparing a distinguished name written as text with the name in a certificate.

Clients write ds:X509IssuerName in RFC 4514, RFC 2253, RFC 1779 (quotes, spaces) or X.500 order, and Java writes an
attribute it has no keyword for as `2.5.4.5=#1303303031` (XMLDSig §4.4.4.1; facts ehealth.md §1.8.2).
"""

from __future__ import annotations

import re
from functools import lru_cache

from asn1crypto import core
from cryptography import x509
from cryptography.x509.oid import NameOID

_KEYWORDS = {
    "C": NameOID.COUNTRY_NAME,
    "CN": NameOID.COMMON_NAME,
    "DC": NameOID.DOMAIN_COMPONENT,
    "E": NameOID.EMAIL_ADDRESS,
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
    "G": NameOID.GIVEN_NAME,
    "GIVENNAME": NameOID.GIVEN_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "S": NameOID.STATE_OR_PROVINCE_NAME,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "SN": NameOID.SURNAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "SURNAME": NameOID.SURNAME,
    "T": NameOID.TITLE,
    "UID": NameOID.USER_ID,
}
_MAX_TEXT = 1_000
_PART = re.compile(
    r"""\s*(?P<type>[A-Za-z][A-Za-z0-9.-]*|[0-9]+(?:\.[0-9]+)+)\s*=\s*
        (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | \#(?P<hex>(?:[0-9A-Fa-f]{2})+) | (?P<plain>(?:[^,;+"\\]|\\.)*) )
        \s*(?P<end>[,;+]|$)""",
    re.X | re.S,
)
_ESCAPE = re.compile(r"(?:\\[0-9A-Fa-f]{2})+|\\(.)", re.S)

_Part = tuple[str, str]


def same_name(text: str, name: x509.Name) -> bool:
    """Whether a written name means this one: same attributes with the same values, in this order or the reverse.

    Case and runs of spaces do not count, as in caseIgnoreMatch (RFC 4517 §4.2.11). What can not be read is not the same.
    """
    written = _read(text)
    held = _parts(name)
    return written is not None and (written == held or written == held[::-1])


@lru_cache(maxsize=1_024)
def _parts(name: x509.Name) -> tuple[_Part, ...]:
    return tuple((a.oid.dotted_string, _plain(str(a.value))) for a in name)


def _read(text: str) -> tuple[_Part, ...] | None:
    if len(text) > _MAX_TEXT:
        return None
    parts: list[_Part] = []
    position, end = 0, ","
    while end:
        found = _PART.match(text, position)
        if found is None:
            return None
        position, end = found.end(), found["end"]
        part = _part(found)
        if part is None:
            return None
        parts.append(part)
    return tuple(parts)


def _part(found: re.Match[str]) -> _Part | None:
    kind = found["type"].upper().removeprefix("OID.")
    known = _KEYWORDS.get(kind)
    oid = known.dotted_string if known else kind
    if known is None and not kind[0].isdigit():
        return None
    if found["hex"] is not None:
        value = _der_text(bytes.fromhex(found["hex"]))
    else:
        value = _unescape(found["quoted"] if found["quoted"] is not None else found["plain"])
    return None if value is None else (oid, _plain(value))


def _unescape(value: str) -> str | None:
    try:
        return _ESCAPE.sub(
            lambda m: m[1] if m[1] is not None else bytes.fromhex(m[0].replace("\\", "")).decode(),
            value,
        )
    except UnicodeDecodeError:
        return None


def _der_text(der: bytes) -> str | None:
    try:
        value = core.load(der, strict=True).native
    except (ValueError, TypeError):
        return None
    return value if isinstance(value, str) else None


def _plain(value: str) -> str:
    return " ".join(value.split()).casefold()
