"""Is this certificate to be trusted now: path, validity, revocation, with verdicts cached until their data expires."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import InvalidCertificateError, PathBuildingError, PathValidationError

from gateway.refusal import Code, Refusal
from gateway.trust.ocsp import OcspStore
from gateway.trust.revocation import CrlStore, RevocationMode, RevocationState

log = structlog.get_logger("trust")
_MAX_NAMES = 16
"""Attributes in a subject; certvalidator walks them recursively."""
_SENDER_USAGES = {
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}
_CACHE_SIZE = 20_000
_ONE_PATH = threading.Lock()
"""asn1crypto sets up its classes and parses its objects when they are first used, which two threads may not do at once."""


@dataclass(frozen=True, kw_only=True)
class _Verdict:
    code: Code | None
    found: str | None
    expires: datetime
    generation: int


class TrustStore:
    """The accepted issuers of one environment and what is known of their certificates.

    Args:
        anchors: trusted roots; several generations may be trusted at once.
        intermediates: issuing CAs, from configuration only.
        crls: the revocation index.
        mode: what absent revocation data means.
        ocsp: answers fetched in the background, asked first.
        grace: in grace mode, how long after its nextUpdate a CRL is still believed.
        refresh_every: how often the CRL files are looked at.
    """

    def __init__(
        self,
        *,
        anchors: Sequence[x509.Certificate],
        intermediates: Sequence[x509.Certificate],
        crls: CrlStore,
        mode: RevocationMode,
        ocsp: OcspStore | None = None,
        grace: timedelta = timedelta(hours=72),
        refresh_every: timedelta = timedelta(seconds=10),
    ) -> None:
        self._issuers = (*intermediates, *anchors)
        self._anchors = [_to_asn1(c) for c in anchors]
        self._intermediates = [_to_asn1(c) for c in intermediates]
        self._crls = crls
        self._mode = mode
        self._ocsp = ocsp
        self._grace = grace
        self._refresh_every = refresh_every
        self._looked: datetime | None = None
        self._verdicts: dict[bytes, _Verdict] = {}
        self._lock = threading.Lock()

    def accept(self, der: bytes, certificate: x509.Certificate, now: datetime) -> None:
        """Accept a sender's certificate or say why not.

        Raises:
            Refusal: EXPIRED, NOT_YET_VALID, REVOKED, UNTRUSTED, WEAK_KEY, or REVOCATION when nothing fresh tells.
        """
        if self._looked is None or abs(now - self._looked) >= self._refresh_every:
            self._crls.refresh()
            self._looked = now
        key = hashlib.sha256(der).digest()
        verdict = self._verdicts.get(key)
        if verdict is None or verdict.expires <= now or verdict.generation != self._generation:
            verdict = self._judge(certificate, now)
            with self._lock:
                if len(self._verdicts) >= _CACHE_SIZE:
                    self._verdicts.clear()
                self._verdicts[key] = verdict
        if verdict.code is not None:
            raise Refusal(verdict.code, place="BinarySecurityToken", found=verdict.found)

    def without_revocation_data(self, now: datetime) -> list[str]:
        """Issuers whose certificates can not be told good from revoked at this moment: no fresh CRL, and no OCSP responder."""
        self._crls.refresh()
        found = []
        for issuer in self._issuers:
            asked = self._ocsp is not None and self._ocsp.responder_for(issuer) is not None
            if not asked and not self._crls.is_fresh(issuer, now):
                found.append(issuer.subject.rfc4514_string())
        return found

    def revocation_ends(self) -> dict[str, datetime | None]:
        """Per issuer the nextUpdate of its CRL; None when there is none."""
        return {c.subject.rfc4514_string(): self._crls.next_update(c) for c in self._issuers}

    def _judge(self, certificate: x509.Certificate, now: datetime) -> _Verdict:
        soon = now + timedelta(minutes=5)

        def verdict(code: Code | None, found: str | None, expires: datetime = soon) -> _Verdict:
            return _Verdict(code=code, found=found, expires=expires, generation=self._generation)

        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        issuer = self._issuer_of(certificate)
        if issuer is None:
            return verdict(Code.UNTRUSTED, f"uitgever {certificate.issuer.rfc4514_string()[:120]}")
        if now > end:
            return verdict(Code.EXPIRED, f"geldig tot {end:%Y-%m-%d}")
        if now < start:
            return verdict(Code.NOT_YET_VALID, f"geldig vanaf {start:%Y-%m-%d}", min(soon, start))
        problem = _profile_problem(certificate) or self._path_problem(certificate, now)
        if problem is not None:
            return verdict(*problem)
        if self._crls.state(issuer, now) is RevocationState.REVOKED:
            return verdict(Code.UNTRUSTED, "de uitgever zelf is ingetrokken")
        state, fresh = self._revocation(certificate, issuer, now)
        if state is RevocationState.REVOKED:
            return verdict(Code.REVOKED, None)
        if state is RevocationState.UNKNOWN:
            return verdict(Code.REVOCATION, "geen verse CRL of OCSP van de uitgever", now + timedelta(seconds=10))
        return verdict(None, None, min(end, fresh, now + timedelta(hours=1)))

    @property
    def _generation(self) -> int:
        return self._crls.generation + (self._ocsp.generation if self._ocsp is not None else 0)

    def _revocation(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> tuple[RevocationState, datetime]:
        # Either source may revoke; to be good, one fresh source must say so.
        answer = self._ocsp.look(certificate, issuer, now) if self._ocsp is not None else None
        by_crl = self._crls.state(certificate, now)
        if by_crl is RevocationState.REVOKED or (answer is not None and answer.revoked):
            return RevocationState.REVOKED, now
        if answer is not None:
            return RevocationState.GOOD, answer.fresh_until
        fresh = self._crls.fresh_until(certificate, now)
        if by_crl is RevocationState.GOOD:
            return by_crl, fresh or now + timedelta(hours=1)
        if self._mode is RevocationMode.GRACE and fresh is not None and now <= fresh + self._grace:
            log.warning("revocation_data_stale", since=fresh.isoformat())
            return RevocationState.GOOD, now + timedelta(minutes=1)
        return RevocationState.UNKNOWN, now

    def _issuer_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        # Asked first, so that an expired certificate of a stranger is called untrusted and one of ours expired.
        for issuer in self._issuers:
            try:
                certificate.verify_directly_issued_by(issuer)
            except (ValueError, TypeError, InvalidSignature):
                continue
            return issuer
        return None

    def _path_problem(self, certificate: x509.Certificate, moment: datetime) -> tuple[Code, str | None] | None:
        with _ONE_PATH:
            return self._validate_path(certificate, moment)

    def _validate_path(self, certificate: x509.Certificate, moment: datetime) -> tuple[Code, str | None] | None:
        context = ValidationContext(
            trust_roots=self._anchors,
            other_certs=self._intermediates,
            moment=moment,
            allow_fetching=False,
            revocation_mode="soft-fail",
            weak_hash_algos={"md2", "md5", "sha1"},
        )
        validator = CertificateValidator(_to_asn1(certificate), validation_context=context)
        try:
            asyncio.run(validator.async_validate_usage({"digital_signature"}))
        except InvalidCertificateError as error:
            return Code.WEAK_KEY, f"certificaatprofiel: {str(error)[:120]}"
        except (PathBuildingError, PathValidationError):
            return Code.UNTRUSTED, f"uitgever {certificate.issuer.rfc4514_string()[:120]}"
        except (ValueError, TypeError, RecursionError) as error:
            return Code.UNTRUSTED, f"onleesbaar certificaat ({type(error).__name__})"
        return None


def _profile_problem(certificate: x509.Certificate) -> tuple[Code, str] | None:
    """What is wrong with a sender's certificate as such, whoever issued it (facts ehealth.md §2.3)."""
    try:
        extensions = certificate.extensions
        serial = certificate.serial_number
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        return Code.UNTRUSTED, f"onleesbaar certificaat ({type(error).__name__})"
    if len(list(certificate.subject)) > _MAX_NAMES:
        return Code.UNTRUSTED, f"meer dan {_MAX_NAMES} namen in het subject"
    if not 0 < serial < 1 << 160:
        return Code.UNTRUSTED, "serienummer dat RFC 5280 niet toelaat"
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            return Code.WEAK_KEY, "certificaatprofiel: een CA-certificaat"
        if isinstance(value, x509.ExtendedKeyUsage) and not _SENDER_USAGES & set(value):
            return Code.WEAK_KEY, "certificaatprofiel: uitgebreid sleutelgebruik zonder clientAuth of emailProtection"
    return None


def _to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def load_trust_store(
    ca_bundle: Path,
    crl_files: Sequence[Path],
    mode: RevocationMode,
    *,
    ocsp: OcspStore | None = None,
    grace: timedelta = timedelta(hours=72),
) -> TrustStore:
    """Trust store from a PEM bundle: self-issued certificates are anchors, the others intermediates.

    Raises:
        ValueError: the bundle holds no self-issued certificate.
    """
    certificates = x509.load_pem_x509_certificates(ca_bundle.read_bytes())
    anchors = [c for c in certificates if c.issuer == c.subject]
    if not anchors:
        raise ValueError(f"{ca_bundle}: no self-issued CA certificate to trust")
    crls = CrlStore(crl_files, certificates)
    crls.refresh()
    return TrustStore(
        anchors=anchors,
        intermediates=[c for c in certificates if c.issuer != c.subject],
        crls=crls,
        mode=mode,
        ocsp=ocsp,
        grace=grace,
    )
