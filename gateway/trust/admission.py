"""May this sender send this message, on this date: identity, recognition, attestation, circle of trust, mandate."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from gateway.reference import lookup
from gateway.reference.model import Attest
from gateway.refusal import Code, Refusal
from gateway.trust.identity import Identity, Kind, require_facility


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a message says of its sender, still to be compared with the certificate and the register."""

    afzender: str
    """RIZIV number of 8 or 11 digits."""
    voorziening: str
    """RIZIV number of 11 digits the message is about."""
    pijler: str
    zorgdatum: date
    """The care date: recognition is asked for this day."""
    vandaag: date
    """Attestation and declaration are asked for the day of sending."""
    place: str
    """Where the sender's number stands in the message."""


def check_sender(identity: Identity, afzender: str, place: str) -> None:
    """The sender named in the message must be the certificate's holder (facts ehealth.md §1.8.5, CROSSCHECK_ISSUER).

    Raises:
        Refusal: NOT_ON_RIZIV, PERSONAL or CROSSCHECK.
    """
    require_facility(identity)
    if not identity.speaks_for_riziv(afzender):
        raise Refusal(Code.CROSSCHECK, place=place, expected=identity.number, found=afzender[:20])


def check_facility(conn: Connection, claim: Claim) -> None:
    """The facility must be recognised, have declared itself in the circle of trust, and be the sender or have mandated it.

    Raises:
        Refusal: NOT_RECOGNISED, NO_DECLARATION or NO_MANDATE.
    """
    if claim.voorziening[:8] != claim.afzender[:8] and not lookup.mandaat_op(
        conn, claim.afzender, claim.voorziening, claim.pijler, claim.vandaag
    ):
        raise Refusal(Code.NO_MANDATE, place=claim.place, found=f"{claim.afzender[:11]} voor {claim.voorziening[:11]}")
    if not lookup.erkend(conn, claim.voorziening, claim.pijler, claim.zorgdatum):
        raise Refusal(
            Code.NOT_RECOGNISED,
            place=claim.place,
            expected=f"een erkenning voor {claim.pijler} op {claim.zorgdatum}",
            found=claim.voorziening[:11],
        )
    if not lookup.verklaring_op(conn, claim.voorziening, claim.vandaag):
        raise Refusal(
            Code.NO_DECLARATION,
            place=claim.place,
            expected=f"een verklaring die geldt op {claim.vandaag}",
            found=claim.voorziening[:11],
        )


def check_software(attest: Attest | None, *, claim: Claim, versie: str | None, place: str, genoemd: str) -> None:
    """The software must be attested for the pillar, today, in this version.

    Raises:
        Refusal: NOT_ATTESTED.
    """
    if attest is None:
        raise Refusal(Code.NOT_ATTESTED, place=place, expected="een geregistreerd attest", found=genoemd[:60])
    bezwaar = attest.geldig(claim.pijler, claim.vandaag)
    if bezwaar is not None:
        raise Refusal(
            Code.NOT_ATTESTED,
            place=place,
            expected=f"een attest dat geldt voor {claim.pijler}",
            found=f"{genoemd[:60]}: {bezwaar}",
        )
    if versie is not None and not attest.dekt_versie(versie):
        raise Refusal(
            Code.NOT_ATTESTED, place=place, expected=f"versie {attest.versie_van} tot {attest.versie_tot}", found=versie[:60]
        )


def check_licence(conn: Connection, username: str, password: str) -> Attest | None:
    """The attested package behind a MyCareNet licence, or None when user or password is wrong."""
    attest = lookup.attest_van_licentie(conn, username)
    given = hashlib.sha256(password.encode()).hexdigest()
    known = (attest.licentie_hash if attest is not None else None) or "0" * 64
    return attest if hmac.compare_digest(given, known) else None


def check_zorgkas(conn: Connection, identity: Identity, named: str | None) -> str:
    """Code of the zorgkas that a certificate speaks for.

    Args:
        named: enterprise number in the message, compared when present.

    Raises:
        Refusal: NOT_ZORGKAS or CROSSCHECK.
    """
    zorgkas = lookup.zorgkas_van_kbo(conn, identity.number) if identity.kind is Kind.KBO else None
    if zorgkas is None:
        raise Refusal(Code.NOT_ZORGKAS, place="BinarySecurityToken", expected="CBE van een zorgkas", found=identity.label)
    if named is not None and not hmac.compare_digest(named.encode(), identity.number.encode()):
        raise Refusal(Code.CROSSCHECK, place="//Origin//Cbe", expected=identity.number, found=named[:20])
    return zorgkas.code
