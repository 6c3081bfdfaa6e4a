"""Verify the WS-Security header of a request: X.509 token profile or SAML 1.1 holder-of-key, by-id references only.

What comes out says which elements of this very tree the signature covers; later stages read nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.trust import tokens
from gateway.trust.algorithms import check_key, reference_fits, verify_value
from gateway.trust.header import Header, locate, unique_ids
from gateway.trust.policy import Part, SecurityPolicy
from gateway.trust.saml import Assertion, StsTrust, verify_assertion
from gateway.trust.signedinfo import SignedInfo, read_signed_info
from gateway.trust.timestamp import check_timestamp
from gateway.trust.tokens import KnownCertificates
from gateway.wire.c14n import exclusive
from gateway.wire.envelope import Envelope
from gateway.wire.names import EXC_C14N, WSU, q

AcceptCertificate = Callable[[bytes, x509.Certificate, datetime], None]

_UNREADABLE = (
    TypeError,
    ValueError,
    ArithmeticError,
    etree.LxmlError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a verified WS-Security signature establishes."""

    certificate: x509.Certificate
    certificate_der: bytes
    parts: frozenset[Part]
    created: datetime
    expires: datetime
    signed_info: bytes
    """SHA-256 of what the signature is over; an ECDSA value can be turned into another valid one, this can not."""
    assertion: Assertion | None = None
    """In the SAML profile: what the STS says of the certificate's holder."""

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate."""
        return hashlib.sha256(self.certificate_der).digest()

    @property
    def body_is_signed(self) -> bool:
        return Part.BODY in self.parts


def verify(
    envelope: Envelope,
    policy: SecurityPolicy,
    now: datetime,
    accept_certificate: AcceptCertificate,
    *,
    known: KnownCertificates | None = None,
    sts: StsTrust | None = None,
) -> Signed:
    """Verify who signed which parts, and that it was just now.

    Args:
        envelope: a shape-checked envelope.
        policy: what must be signed, and with what.
        now: timezone-aware moment to judge clocks and certificates by.
        accept_certificate: raises a Refusal for a certificate that is not to be trusted; called before any digest.
        known: certificates on file, for messages that only name theirs; None: every message brings its token.
        sts: whose assertions are believed; None: nobody's.

    Raises:
        Refusal: a TRUST code.
    """
    try:
        return _verify(envelope, policy, now, accept_certificate, known, sts)
    except _UNREADABLE as error:
        # Certificates are parsed as they are asked things; what a stranger's certificate makes that raise is a refusal.
        raise Refusal(
            Code.SECURITY_SHAPE, place="//Security", expected="leesbare certificaten en waarden", found=type(error).__name__
        ) from None


def _verify(
    envelope: Envelope,
    policy: SecurityPolicy,
    now: datetime,
    accept_certificate: AcceptCertificate,
    known: KnownCertificates | None,
    sts: StsTrust | None,
) -> Signed:
    header = locate(envelope, policy)
    ids = unique_ids(envelope.root, header.assertion)
    info = read_signed_info(header.signature, policy, frozenset({EXC_C14N}))
    targets = _targets(envelope, header, info, ids)
    parts = frozenset(p for p, element in _parts(envelope, header).items() if element in targets)
    _check_parts(header, policy, parts)
    created, expires = check_timestamp(header.timestamp, policy, now)
    certificate, assertion = _holder(header, policy, now, known, sts)
    der = certificate.public_bytes(Encoding.DER)
    try:
        accept_certificate(der, certificate, now)
        check_key(certificate, policy)
        signed_info = _check_value(header, info, certificate, assertion)
        _check_digests(info, targets)
    except Refusal as refusal:
        refusal.certificate = hashlib.sha256(der).digest()
        raise
    return Signed(
        certificate=certificate,
        certificate_der=der,
        parts=parts,
        created=created,
        expires=expires,
        signed_info=signed_info,
        assertion=assertion,
    )


def _check_digests(info: SignedInfo, targets: Sequence[Element]) -> None:
    for index, (reference, target) in enumerate(zip(info.references, targets, strict=True)):
        if not reference_fits(info, index, exclusive(target, reference.transforms[0].prefixes)):
            raise Refusal(Code.DIGEST, place=f"//{etree.QName(target).localname}", line=target.sourceline)


def _holder(
    header: Header, policy: SecurityPolicy, now: datetime, known: KnownCertificates | None, sts: StsTrust | None
) -> tuple[x509.Certificate, Assertion | None]:
    pointer = tokens.pointer_of(header.signature)
    if header.assertion is not None:
        tokens.check_assertion_reference(pointer, header.assertion.get("AssertionID", ""))
        assertion = verify_assertion(header.assertion, policy, sts, now)
        return assertion.certificate, assertion
    if header.token is not None:
        tokens.check_direct_reference(pointer, header.token)
        return tokens.read_token(header.token), None
    return tokens.on_file(pointer, known), None


def _check_value(header: Header, info: SignedInfo, certificate: x509.Certificate, assertion: Assertion | None) -> bytes:
    octets = exclusive(info.element, info.prefixes)
    try:
        verify_value(certificate, info.method, info.value, octets)
    except Refusal as refusal:
        if assertion is None or refusal.code is not Code.SIGNATURE:
            raise
        raise Refusal(
            Code.HOLDER,
            place="//Security/Signature/SignatureValue",
            line=header.signature.sourceline,
            expected="de sleutel van het certificaat in SubjectConfirmation/KeyInfo",
            found="een andere sleutel of een gewijzigde handtekening",
        ) from None
    return hashlib.sha256(octets).digest()


def _check_parts(header: Header, policy: SecurityPolicy, parts: frozenset[Part]) -> None:
    required = policy.required_parts if header.token is not None else policy.required_parts - {Part.TOKEN}
    if required - parts:
        raise Refusal(
            Code.PARTS,
            place="//Signature/SignedInfo",
            line=header.signature.sourceline,
            expected=", ".join(sorted(required)),
            found=", ".join(sorted(parts)) or "niets",
        )


def _parts(envelope: Envelope, header: Header) -> dict[Part, Element]:
    parts = {Part.BODY: envelope.body, Part.TIMESTAMP: header.timestamp}
    return parts if header.token is None else {**parts, Part.TOKEN: header.token}


def _targets(envelope: Envelope, header: Header, info: SignedInfo, ids: dict[str, Element]) -> list[Element]:
    # Besides the profile's parts only whole header blocks may be signed; nothing deeper is a place that we process.
    allowed = [
        *_parts(envelope, header).values(),
        *(b for b in header.security.itersiblings()),
        *(b for b in header.security.itersiblings(preceding=True)),
    ]
    targets: list[Element] = []
    for reference in info.references:
        target = ids.get(reference.id)
        if target is None or target not in allowed or target.get(q(WSU, "Id")) != reference.id:
            raise Refusal(
                Code.PARTS,
                place="//SignedInfo/Reference",
                expected="Id (wsu:Id) van Body, Timestamp, token of een headerblok",
                found=reference.id[:60],
            )
        if len(reference.transforms) != 1:
            raise Refusal(
                Code.ALGORITHM,
                place="//SignedInfo/Reference",
                expected="precies één transform: exclusive C14N",
                found=f"{len(reference.transforms)}",
            )
        if target in targets:
            raise Refusal(
                Code.SECURITY_SHAPE,
                place="//SignedInfo/Reference",
                expected="elk deel hoogstens één keer",
                found=reference.id[:60],
            )
        targets.append(target)
    return targets
