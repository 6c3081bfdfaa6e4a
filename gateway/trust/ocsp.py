"""OCSP answers, fetched in the background from configured responders and kept until they are stale (RFC 6960).

The hot path only looks here. A responder that is away is its own outcome: the CRL then decides, and after that the policy.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.clock import Clock

log = structlog.get_logger("ocsp")
_MAX_ANSWER = 64 * 1024
_MAX_KNOWN = 20_000
_TIMEOUT = (3.0, 5.0)


class OcspError(Exception):
    """An answer that proves nothing about the certificate; says why."""


@dataclass(frozen=True, kw_only=True)
class OcspPolicy:
    """Tolerances, each with a twin test just inside and just outside."""

    skew: timedelta = timedelta(minutes=5)
    """How far in the future thisUpdate and producedAt may lie."""
    max_age: timedelta = timedelta(hours=12)
    """How old an answer without nextUpdate may be."""


@dataclass(frozen=True, kw_only=True)
class OcspAnswer:
    """A verified answer about one certificate."""

    revoked: bool
    this_update: datetime
    fresh_until: datetime


def read_answer(
    data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, policy: OcspPolicy
) -> OcspAnswer:
    """Verify a DER OCSP response (RFC 6960 §3.2).

    Raises:
        OcspError: not successful, about another certificate, not signed by the issuer or its delegate, or outside its time.
    """
    try:
        response = ocsp.load_der_ocsp_response(data)
    except ValueError:
        raise OcspError("not an OCSP response") from None
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise OcspError(f"responder says {response.response_status.name}")
    try:
        _check_subject(response, certificate, issuer)
        _check_signature(response, issuer, now)
    except (ValueError, TypeError) as error:
        raise OcspError(f"unreadable response ({type(error).__name__})") from None
    this_update, next_update = response.this_update_utc, response.next_update_utc
    fresh_until = next_update or this_update + policy.max_age
    if this_update > now + policy.skew or response.produced_at_utc > now + policy.skew:
        raise OcspError("made in the future")
    if fresh_until + policy.skew < now:
        raise OcspError("stale")
    if response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise OcspError("certificate unknown to the responder")
    return OcspAnswer(
        revoked=response.certificate_status is ocsp.OCSPCertStatus.REVOKED, this_update=this_update, fresh_until=fresh_until
    )


def _check_subject(response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    expected = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, response.hash_algorithm).build()
    same = (response.serial_number, response.issuer_name_hash, response.issuer_key_hash) == (
        expected.serial_number,
        expected.issuer_name_hash,
        expected.issuer_key_hash,
    )
    if not same:
        raise OcspError("about another certificate")


def _check_signature(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    for signer in (issuer, *(c for c in response.certificates if _is_delegate(c, issuer, now))):
        key, algorithm = signer.public_key(), response.signature_hash_algorithm
        if algorithm is None or isinstance(algorithm, hashes.SHA1 | hashes.MD5):
            raise OcspError("weak signature algorithm")
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
            else:
                continue
        except InvalidSignature:
            continue
        return
    raise OcspError("not signed by the issuer or its delegate")


def _is_delegate(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return (
        ExtendedKeyUsageOID.OCSP_SIGNING in usage and certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    )


class OcspStore:
    """Answers by certificate, refreshed by one background thread.

    Args:
        responders: issuer's subject (RFC 4514 text, or "*" for any) to responder address; from configuration only.
        post: sends a DER request to an address and returns the DER response.
    """

    def __init__(
        self,
        responders: Mapping[str, str],
        clock: Clock,
        policy: OcspPolicy | None = None,
        post: Callable[[str, bytes], bytes] | None = None,
    ) -> None:
        self._responders, self._clock, self._policy = dict(responders), clock, policy or OcspPolicy()
        self._post = post or post_request
        self._known: OrderedDict[bytes, tuple[x509.Certificate, x509.Certificate]] = OrderedDict()
        self._answers: dict[bytes, OcspAnswer] = {}
        self._due: dict[bytes, datetime] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self.generation = 0
        """Rises with every changed answer."""
        self.failures = 0
        """Fetches in a row that proved nothing; an alert is for the operator."""

    def look(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> OcspAnswer | None:
        """The fresh answer about a certificate, or None; an unknown certificate is asked about in the background."""
        if self.responder_for(issuer) is None:
            return None
        key = certificate.fingerprint(hashes.SHA256())
        with self._lock:
            if key not in self._known:
                if len(self._known) >= _MAX_KNOWN:
                    old, _ = self._known.popitem(last=False)
                    self._answers.pop(old, None)
                    self._due.pop(old, None)
                self._known[key] = (certificate, issuer)
                self._due[key] = now
                self._wake.set()
            answer = self._answers.get(key)
        return answer if answer is not None and answer.fresh_until >= now else None

    def first_end(self) -> datetime | None:
        """When the first of the answers at hand stops being fresh; None when there are none."""
        with self._lock:
            return min((answer.fresh_until for answer in self._answers.values()), default=None)

    def refresh(self) -> None:
        """Ask about every certificate that is due."""
        now = self._clock()
        with self._lock:
            due = [k for k, moment in self._due.items() if moment <= now]
        for key in due:
            self._fetch(key)

    def _fetch(self, key: bytes) -> None:
        with self._lock:
            known = self._known.get(key)
        if known is None:
            return
        certificate, issuer = known
        request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
        now = self._clock()
        try:
            data = self._post(self.responder_for(issuer) or "", request.public_bytes(Encoding.DER))
            answer = read_answer(data, certificate, issuer, self._clock(), self._policy)
        except (OcspError, requests.RequestException) as error:
            self.failures += 1
            log.warning("ocsp_unavailable", reason=str(error)[:200] if isinstance(error, OcspError) else type(error).__name__)
            with self._lock:
                self._due[key] = now + timedelta(seconds=60)
            return
        self.failures = 0
        half_way = now + (answer.fresh_until - now) / 2
        with self._lock:
            changed = self._answers.get(key) != answer
            self._answers[key] = answer
            self._due[key] = min(max(half_way, now + timedelta(seconds=30)), now + timedelta(hours=1))
        self.generation += changed

    def run(self, stop: threading.Event) -> None:
        """Refresh until told to stop."""
        while not stop.is_set():
            self._wake.clear()
            self.refresh()
            self._wake.wait(5)

    def responder_for(self, issuer: x509.Certificate) -> str | None:
        """Configured address of an issuer's responder, None when there is none."""
        return self._responders.get(issuer.subject.rfc4514_string()) or self._responders.get("*")


def post_request(address: str, request: bytes) -> bytes:
    """POST an OCSP request, never following a redirect, bounded in time and size.

    Raises:
        OcspError: another status or too large an answer.
        requests.RequestException: no answer.
    """
    headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
    deadline = time.monotonic() + sum(_TIMEOUT)
    with requests.post(address, data=request, headers=headers, timeout=_TIMEOUT, stream=True, allow_redirects=False) as reply:
        if reply.status_code != 200:
            raise OcspError(f"HTTP {reply.status_code}")
        body = b""
        for chunk in reply.iter_content(8192):
            body += chunk
            if len(body) > _MAX_ANSWER or time.monotonic() > deadline:
                raise OcspError("too large or too slow an answer")
        return body
