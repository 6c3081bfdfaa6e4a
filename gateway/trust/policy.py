"""What is accepted, as data: algorithms, signed parts, clocks, keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from gateway.wire.names import ECDSA_SHA256, RSA_SHA256, SHA256

RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"

_SIGNATURE_METHODS = frozenset({RSA_SHA256, ECDSA_SHA256})
_DIGEST_METHODS = frozenset({SHA256})


class Part(StrEnum):
    """Parts of a message that a profile may demand to be signed."""

    BODY = "Body"
    TIMESTAMP = "Timestamp"
    TOKEN = "BinarySecurityToken"  # noqa: S105


@dataclass(frozen=True, kw_only=True)
class SecurityPolicy:
    """Bounds of the verifier; each field says what loosening it would give away."""

    allow_sha1: bool = False
    """rsa-sha1 and sha1 of connectors before 4.3.0 and of the STS of 2018 (facts ehealth.md §1.3): collisions."""
    max_references: int = 5
    """Each reference costs a canonicalisation of what it names."""
    clock_skew: timedelta = timedelta(minutes=5)
    """How wrong a sender's clock may be, either way (facts ehealth.md §1.4, §1.8)."""
    max_lifetime: timedelta = timedelta(minutes=10)
    """Longest Expires − Created; a longer one stretches the replay window."""
    min_rsa_bits: int = 2048
    curves: frozenset[str] = frozenset({"secp256r1", "secp384r1"})
    xades_max_age: timedelta = timedelta(hours=24)
    """How long before sending a blob may have been signed (assumption: batches signed overnight)."""
    required_parts: frozenset[Part] = field(default_factory=lambda: frozenset(Part))
    """Part.TOKEN counts only when the message carries a BinarySecurityToken (facts ehealth.md §1.2)."""
    signatures_in_body: int = 0
    """Further ds:Signature elements below a signed Body, never read here: an STS request signs itself (§1.8.2)."""

    @property
    def signature_methods(self) -> frozenset[str]:
        """Anything else: HMAC keyed with a public key, MD5."""
        return _SIGNATURE_METHODS | {RSA_SHA1} if self.allow_sha1 else _SIGNATURE_METHODS

    @property
    def digest_methods(self) -> frozenset[str]:
        """Digests of references; those of xades.py stay SHA-256."""
        return _DIGEST_METHODS | {SHA1} if self.allow_sha1 else _DIGEST_METHODS


SYNCHRONOUS = SecurityPolicy()
GENERIC_ASYNC = SecurityPolicy(required_parts=frozenset({Part.TIMESTAMP, Part.TOKEN}))
