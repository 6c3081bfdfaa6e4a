"""Faults of who checks signatures, certificates and admission."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from lxml.etree import _Element as Element

from conformance.walkthrough import sample_signer
from gateway.diensten import (
    facturatie,
    kern,
    toelating,
)
from gateway.reference import lookup
from gateway.refusal import Code, Refusal
from gateway.trust import chain, wssecurity
from gateway.trust.revocation import RevocationState
from gateway.wire.instant import read_instant
from tests.mutants.server.ingreep import FAR, ingreep, nothing, put, unless


def _timestamp(code: Code) -> None:
    def make(check: Any) -> Any:
        def wrapped(element: Element, policy: Any, now: Any) -> Any:
            try:
                return check(element, policy, now)
            except Refusal as refusal:
                if refusal.code is not code:
                    raise
                return tuple(read_instant(child.text) for child in element)

        return wrapped

    put(wssecurity, "check_timestamp", make)


@ingreep
def stale_timestamp() -> None:
    _timestamp(Code.STALE)


@ingreep
def future_timestamp() -> None:
    _timestamp(Code.FUTURE)


@ingreep
def no_clock_tolerance() -> None:
    put(wssecurity, "check_timestamp", lambda check: lambda e, p, now: check(e, replace(p, clock_skew=timedelta()), now))


@ingreep
def any_lifetime() -> None:
    put(wssecurity, "check_timestamp", lambda check: lambda e, p, now: check(e, replace(p, max_lifetime=FAR), now))


@ingreep
def no_digest() -> None:
    put(wssecurity, "reference_fits", lambda _: lambda *_: True)


@ingreep
def no_signature_value() -> None:
    put(wssecurity, "verify_value", lambda _: nothing)


@ingreep
def unsigned_body() -> None:
    put(wssecurity, "_check_parts", lambda _: nothing)


@ingreep
def sha1() -> None:
    os.environ["VSB_ALLOW_SHA1"] = "true"


@ingreep
def rsa_only() -> None:
    def make(check: Any) -> Any:
        def wrapped(certificate: x509.Certificate, *rest: Any) -> None:
            if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey):
                raise Refusal(Code.ALGORITHM, place="//SignatureMethod")
            check(certificate, *rest)

        return wrapped

    put(wssecurity, "verify_value", make)


# Certificates and admission.


def _revocation_is_good(self: Any, certificate: Any, issuer: Any, now: Any) -> Any:
    return RevocationState.GOOD, now + timedelta(hours=1)


@ingreep
def ignores_revocation() -> None:
    put(chain.TrustStore, "_revocation", lambda _: _revocation_is_good)


@ingreep
def any_issuer() -> None:
    put(chain.TrustStore, "_issuer_of", lambda find: lambda self, c: find(self, c) or self._issuers[0])
    put(chain.TrustStore, "_path_problem", lambda _: nothing)
    put(chain.TrustStore, "_revocation", lambda _: _revocation_is_good)


@ingreep
def expired_certificate() -> None:
    put(chain.TrustStore, "accept", unless(Code.EXPIRED, Code.NOT_YET_VALID))


@ingreep
def pinned_certificate() -> None:
    known = sample_signer("facility-ibw-1")

    def make(accept: Any) -> Any:
        def wrapped(self: Any, der: bytes, certificate: x509.Certificate, now: Any) -> None:
            if certificate.subject == known.certificate.subject and der != known.der:
                raise Refusal(Code.UNTRUSTED, place="BinarySecurityToken")
            accept(self, der, certificate, now)

        return wrapped

    put(chain.TrustStore, "accept", make)


@ingreep
def any_sender() -> None:
    put(kern, "check_sender", lambda _: nothing)


@ingreep
def any_software() -> None:
    put(toelating, "check_software", lambda _: nothing)


@ingreep
def any_password() -> None:
    put(facturatie, "check_licence", lambda _: lambda conn, user, _: lookup.attest_van_licentie(conn, user))
