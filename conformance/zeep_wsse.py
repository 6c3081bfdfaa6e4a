"""WS-Security for zeep as the cookbook wants it: sign what goes out, and look at an answer for a fault before anything else.

    from conformance.zeep_wsse import Wsse
    client = zeep.Client("http://127.0.0.1:8080/soap/verzekerbaarheid/v1?wsdl", wsse=Wsse.from_p12("facility.p12", "password"))

zeep's own `zeep.wsse.BinarySignature` signs with SHA-1 unless told otherwise, leaves the token unsigned, and verifies every
answer, with the sender's own certificate and before it looks for a fault, so that a refusal reaches the caller as a failed
verification (python-zeep #1134, #1158, #1197). An answer of the central application carries no signature in its header (cookbook
eibwfin §4.6): its proof is the sealed receipt in the body, which this checks when it is given the gateway's certificate.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.etree import _Element as Element
from zeep.wsdl.utils import etree_to_string

from gateway.berichten.names import AANVRAAG, ANTWOORD
from gateway.refusal import Code, Refusal
from gateway.trust.sealed import verify_sealed
from gateway.trust.signing import Signer, load_signer, sign_envelope
from gateway.wire.names import SOAP, q

WHOLE = ("Body", "Timestamp", "BinarySecurityToken")
"""What verzekerbaarheid and aanvraag want signed."""
GENERIC_ASYNC = ("Timestamp", "BinarySecurityToken")
"""What facturatie and zorgkas want signed, besides XAdES over the blob of a post (cookbook eibwfin §4.3)."""
_OWES_RECEIPT = q(AANVRAAG, "IndienenResponse")
_RECEIPT = q(ANTWOORD, "Ontvangstbewijs")

Clock = Callable[[], datetime]


class ReceiptError(Exception):
    """An answer whose receipt is absent, is not the gateway's, or is about another message: do not believe the answer."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a sealed receipt proves (cookbook eibwfin §8)."""

    message_id: str
    """The gateway's number."""
    reference: str
    """Yours: BerichtId or InputReference."""
    sha256: bytes
    """Of the HTTP body that the gateway received first under this reference."""
    document: bytes
    """The receipt itself: keep it."""


def now() -> datetime:
    return datetime.now(UTC)


def read_receipt(document: bytes, gateway: x509.Certificate, at: datetime) -> Receipt:
    """Check a receipt, as an answer carries it in base64.

    Args:
        gateway: the certificate that must have sealed it.
        at: now; a seal from the future is refused.

    Raises:
        ReceiptError: it is not this gateway's, or was changed.
    """
    der = gateway.public_bytes(Encoding.DER)

    def only_the_gateway(found: bytes, _: x509.Certificate, __: datetime) -> None:
        if found != der:
            raise Refusal(Code.UNTRUSTED, place="//X509Certificate")

    try:
        content = verify_sealed(document, only_the_gateway, at).content
    except Refusal as refusal:
        raise ReceiptError(f"{refusal.code.info.code}: {refusal.code.info.en} ({refusal.findings[0].place})") from None
    proof = content.find(q(ANTWOORD, "Bewijs"))
    if content.tag != _RECEIPT or proof is None:
        raise ReceiptError("the sealed document is not an Ontvangstbewijs")
    return Receipt(
        message_id=proof.findtext(q(ANTWOORD, "MessageId")) or "",
        reference=proof.findtext(q(ANTWOORD, "Bedrijfsreferentie")) or "",
        sha256=base64.b64decode(proof.findtext(q(ANTWOORD, "Sha256")) or ""),
        document=document,
    )


class Wsse:
    """What zeep calls `wsse`: signs requests in the X.509 token profile with SHA-256 and exclusive C14N.

    Args:
        signer: the facility's key and certificate.
        clock: the computer's, which must be right: the gateway bears five minutes.
        parts: local names of what to sign.
        gateway: the central application's certificate; with it an answer that owes a receipt is believed only with that.
    """

    def __init__(
        self, signer: Signer, clock: Clock = now, parts: Sequence[str] = WHOLE, *, gateway: x509.Certificate | None = None
    ) -> None:
        self._signer, self._clock, self._parts, self._gateway = signer, clock, parts, gateway
        self._call = threading.local()

    @classmethod
    def from_p12(
        cls, file: str | Path, password: str, *, gateway: str | Path | None = None, parts: Sequence[str] = WHOLE
    ) -> Wsse:
        """From the PKCS#12 file that eHealth gives, and the PEM file of the gateway's certificate.

        Raises:
            OSError, ValueError: a file can not be read, or the password is wrong.
        """
        certificate = None if gateway is None else x509.load_pem_x509_certificate(Path(gateway).read_bytes())
        return cls(load_signer(Path(file).read_bytes(), password), parts=parts, gateway=certificate)

    @property
    def receipt(self) -> Receipt | None:
        """Of the last answer in this thread; None when it owed none or none was asked."""
        return getattr(self._call, "receipt", None)

    @property
    def sent(self) -> bytes:
        """SHA-256 of the last HTTP body that went out in this thread; the receipt of a first sending names it."""
        return getattr(self._call, "sent", b"")

    def apply(self, envelope: Element, headers: Any) -> tuple[Element, Any]:
        """Sign a request; zeep calls this last."""
        sign_envelope(envelope, self._signer, self._clock(), parts=self._parts)
        self._call.receipt = None
        self._call.sent = hashlib.sha256(etree_to_string(envelope)).digest()
        self._call.reference = next((e.text for e in envelope.iter("{*}BerichtId")), None)
        return envelope, headers

    def verify(self, envelope: Element) -> None:
        """Look at an answer; zeep calls this first, also for a fault.

        Raises:
            ReceiptError: see `ReceiptError`.
        """
        body = envelope.find(q(SOAP, "Body"))
        payload = None if body is None else next(body.iterchildren(etree.Element), None)
        # A fault is no receipt, and proves nothing: zeep raises it with its code and remedy.
        if self._gateway is None or payload is None or payload.tag != _OWES_RECEIPT:
            return
        carried = [e.text or "" for e in payload.iter(_RECEIPT)]
        if not carried and any(e.get("Proef") == "true" for e in payload.iter()):
            return
        if len(carried) != 1:
            raise ReceiptError(f"the answer has {len(carried)} receipts, and owes one")
        try:
            document = base64.b64decode("".join(carried[0].split()), validate=True)
        except (binascii.Error, ValueError):
            raise ReceiptError("the receipt is not base64") from None
        receipt = read_receipt(document, self._gateway, self._clock())
        if receipt.reference != self._call.reference:
            raise ReceiptError("the receipt is about another message")
        self._call.receipt = receipt
