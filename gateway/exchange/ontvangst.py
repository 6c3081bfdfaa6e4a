"""Whether a receipt that lies at a zorgkas is to be believed: sealed by the zorgkas itself, over the very file put down."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from sqlalchemy import Connection

from gateway.berichten.names import ZORGKAS
from gateway.berichten.ontvangst import OntvangstUitkomst, lees_ontvangstmelding
from gateway.exchange.indeling import MAX_RECEIPT
from gateway.exchange.transport import Receipt
from gateway.reference.controle import gemaskeerd
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.trust.admission import check_zorgkas
from gateway.trust.identity import read_identity
from gateway.trust.sealed import AcceptCertificate, verify_sealed
from gateway.wire.names import q


@dataclass(frozen=True, kw_only=True)
class Verwacht:
    """The delivery that a receipt must be of, as the outbox has it."""

    id: str
    bestemming: str
    """zorgkas:<code>."""
    sha256: bytes


@dataclass(frozen=True, kw_only=True)
class Ontvangst:
    """A receipt that is believed."""

    levering_id: str
    zorgkas: str
    uitkomst: OntvangstUitkomst
    reden: str | None
    """The zorgkas's own words on why it refused; what looks like an INSZ is masked."""
    tijdstip: datetime
    """By the zorgkas's clock."""
    ondertekend_op: datetime
    """The seal's SigningTime."""
    certificaat_sha256: bytes


def beoordeel(conn: Connection, receipt: Receipt, verwacht: Verwacht, accept: AcceptCertificate, now: datetime) -> Ontvangst:
    """Verify a receipt; reads the register, writes nothing.

    Raises:
        Refusal: TOO_LARGE, what `verify_sealed` and `accept` raise, SCHEMA, NOT_ZORGKAS, CROSSCHECK (another zorgkas than
            the delivery's), UNKNOWN_MESSAGE (of another delivery), or BLOB_HASH (over other content). One whose code may be
            retried (REVOCATION) says nothing about the receipt: judge it again later.
    """
    if len(receipt.content) > MAX_RECEIPT:
        raise Refusal(Code.TOO_LARGE, place="/", expected=f"hoogstens {MAX_RECEIPT} octetten")

    def accept_now(der: bytes, certificate: x509.Certificate, _signed: datetime) -> None:
        # Nobody but the signer vouches for its SigningTime, so a certificate that is revoked today cannot sign for yesterday.
        accept(der, certificate, now)

    sealed = verify_sealed(receipt.content, accept_now, now)
    registry.check(sealed.content)
    if sealed.content.tag != q(ZORGKAS, "Ontvangstmelding"):
        raise Refusal(Code.SCHEMA, place="/", expected="Ontvangstmelding", found=str(sealed.content.tag)[:120])
    melding = lees_ontvangstmelding(sealed.content)
    code = check_zorgkas(conn, read_identity(sealed.certificate), None)
    for place, found in (("//X509Certificate", code), ("/Ontvangstmelding/Zorgkas", melding.zorgkas)):
        if f"zorgkas:{found}" != verwacht.bestemming:
            raise Refusal(Code.CROSSCHECK, place=place, expected=verwacht.bestemming, found=f"zorgkas:{found}")
    if not melding.message_id == receipt.delivery_id == verwacht.id:
        raise Refusal(Code.UNKNOWN_MESSAGE, place="/Ontvangstmelding/MessageId", expected=verwacht.id, found=melding.message_id)
    if not hmac.compare_digest(melding.sha256, verwacht.sha256):
        raise Refusal(
            Code.BLOB_HASH, place="/Ontvangstmelding/Sha256", expected=verwacht.sha256.hex(), found=melding.sha256.hex()
        )
    return Ontvangst(
        levering_id=verwacht.id,
        zorgkas=code,
        uitkomst=melding.uitkomst,
        reden=None if melding.reden is None else gemaskeerd(melding.reden),
        tijdstip=melding.tijdstip,
        ondertekend_op=sealed.signing_time,
        certificaat_sha256=sealed.certificate.fingerprint(hashes.SHA256()),
    )
