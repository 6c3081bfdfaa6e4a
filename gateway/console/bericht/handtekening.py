"""What a stored message says of its signature, and what its certificate is; shown, not verified anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from lxml.etree import _Element as Element
from sqlalchemy import Connection, select

from gateway.diensten.kern import Gateway
from gateway.refusal import Refusal
from gateway.store.tables import certificaat
from gateway.trust.identity import read_identity
from gateway.wire.names import DS, WSSE, WSU, q


@dataclass(frozen=True, kw_only=True)
class Certificaat:
    """A sender's certificate, as people read it."""

    houder: str
    identiteit: str
    uitgever: str
    serienummer: str
    van: datetime
    tot: datetime
    sleutel: str
    sha256: str
    oordeel: str | None
    """Why it would be refused now; None: it would be accepted."""


@dataclass(frozen=True, kw_only=True)
class Handtekening:
    """What the WS-Security header says."""

    algoritme: str
    canonicalisatie: str
    delen: tuple[tuple[str, str], ...]
    """Name of each signed element, and its digest's algorithm."""
    gemaakt: str
    vervalt: str
    saml: bool


def lees_handtekening(root: Element) -> Handtekening | None:
    """The header's signature; None when there is none."""
    kop = root.find(f".//{q(WSSE, 'Security')}")
    teken = None if kop is None else kop.find(q(DS, "Signature"))
    if kop is None or teken is None:
        return None
    namen = {str(e.get(q(WSU, "Id")) or e.get("AssertionID")): etree.QName(e).localname for e in root.iter(etree.Element)}
    delen = []
    for verwijzing in teken.iter(q(DS, "Reference")):
        methode = verwijzing.find(q(DS, "DigestMethod"))
        delen.append((namen.get((verwijzing.get("URI") or "").lstrip("#"), "?"), _algoritme(methode)))
    info = teken.find(q(DS, "SignedInfo"))
    return Handtekening(
        algoritme=_algoritme(None if info is None else info.find(q(DS, "SignatureMethod"))),
        canonicalisatie=_algoritme(None if info is None else info.find(q(DS, "CanonicalizationMethod"))),
        delen=tuple(delen),
        gemaakt=kop.findtext(f"{q(WSU, 'Timestamp')}/{q(WSU, 'Created')}") or "–",
        vervalt=kop.findtext(f"{q(WSU, 'Timestamp')}/{q(WSU, 'Expires')}") or "–",
        saml=any(etree.QName(e).localname == "Assertion" for e in kop if isinstance(e.tag, str)),
    )


def lees_certificaat(gateway: Gateway, conn: Connection, sha256: str, nu: datetime) -> Certificaat | None:
    """The certificate on file under a fingerprint, with what the trust store says of it now."""
    der = conn.execute(select(certificaat.c.der).where(certificaat.c.sha256 == sha256)).scalar()
    if der is None:
        return None
    cert = x509.load_der_x509_certificate(der)
    try:
        gateway.trust.accept(der, cert, nu)
        oordeel = None
    except Refusal as refusal:
        eerste = refusal.findings[0]
        oordeel = f"{refusal.code.info.code}: {eerste.nl} {eerste.found or ''}".strip()
    try:
        identiteit = read_identity(cert).label
    except Refusal:
        identiteit = "–"
    return Certificaat(
        houder=cert.subject.rfc4514_string(_NAMEN),
        identiteit=identiteit,
        uitgever=cert.issuer.rfc4514_string(_NAMEN),
        serienummer=format(cert.serial_number, "x"),
        van=cert.not_valid_before_utc,
        tot=cert.not_valid_after_utc,
        sleutel=_sleutel(cert),
        sha256=sha256,
        oordeel=oordeel,
    )


_NAMEN: Mapping[x509.ObjectIdentifier, str] = {x509.NameOID.SERIAL_NUMBER: "serialNumber"}


def _sleutel(cert: x509.Certificate) -> str:
    sleutel = cert.public_key()
    if isinstance(sleutel, rsa.RSAPublicKey):
        return f"RSA {sleutel.key_size}"
    return f"EC {sleutel.curve.name}" if isinstance(sleutel, ec.EllipticCurvePublicKey) else type(sleutel).__name__


def _algoritme(element: Element | None) -> str:
    uri = "" if element is None else element.get("Algorithm") or ""
    return uri.rstrip("#").rpartition("#")[2].rpartition("/")[2] or "–"
