"""What is accepted, as data: algorithms, signed parts, clocks, keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from gateway.wire.names import ECDSA_SHA256, RSA_SHA256, SHA256


class Part(StrEnum):
    """Parts of a message that a profile may demand to be signed."""

    BODY = "Body"
    TIMESTAMP = "Timestamp"
    TOKEN = "BinarySecurityToken"  # noqa: S105


@dataclass(frozen=True, kw_only=True)
class SecurityPolicy:
    """Bounds of the verifier; each field says what loosening it would give away."""

    signature_methods: frozenset[str] = frozenset({RSA_SHA256, ECDSA_SHA256})
    """Anything else: HMAC keyed with a public key, SHA-1 collisions."""
    digest_methods: frozenset[str] = frozenset({SHA256})
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


SYNCHRONOUS = SecurityPolicy()
GENERIC_ASYNC = SecurityPolicy(required_parts=frozenset({Part.TIMESTAMP, Part.TOKEN}))
