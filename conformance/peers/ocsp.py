"""An OCSP responder that misbehaves on command; gematik's list of cases, for the sample's issuing CA (RFC 6960)."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from conformance.peers.control import Asked, Behaviour, Reply, on_the_line
from conformance.peers.issuer import Issuer, certificate, issuer
from conformance.walkthrough import sample_signer
from gateway.clock import Clock, system_clock
from gateway.paths import data_dir

_MEDIA = "application/ocsp-response"
_HOUR = timedelta(hours=1)
BELIEVED = "the certificate is accepted"
CRL_DECIDES = (
    "the answer counts for nothing; the CRL decides, and without one the sender is told to come back later (VSB-TRUST-040)"
)
_KNOWN = ("facility-*.pem", "zorgkas-*.pem", "bad-*.pem", "gateway.pem", "sts.pem")


@cache
def _by_serial() -> dict[int, x509.Certificate]:
    folder = data_dir("certs-sample")
    found = [x509.load_pem_x509_certificate(p.read_bytes()) for pattern in _KNOWN for p in sorted(folder.glob(pattern))]
    return {c.serial_number: c for c in found}


@cache
def _delegate(*, with_usage: bool) -> Issuer:
    """A responder that the issuing CA named; without the usage it is just any holder of a certificate."""
    parent = issuer("issuing-ca")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "SAMPLE OCSP")]))
        .issuer_name(parent.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(parent.certificate.not_valid_before_utc)
        .not_valid_after(parent.certificate.not_valid_after_utc)
    )
    usage = ExtendedKeyUsageOID.OCSP_SIGNING if with_usage else ExtendedKeyUsageOID.CLIENT_AUTH
    made = builder.add_extension(x509.ExtendedKeyUsage([usage]), False).sign(parent.key, hashes.SHA256())
    return Issuer(certificate=made, key=key)


def behaviours(clock: Clock = system_clock) -> dict[str, Behaviour]:
    """Name to behaviour."""

    def answer(
        asked: Asked,
        *,
        status: ocsp.OCSPCertStatus | None = None,
        about: str = "",
        this: timedelta = -_HOUR,
        until: timedelta | None = _HOUR,
        by: Issuer | None = None,
        digest: hashes.SHA256 | hashes.SHA384 | None = None,
    ) -> Reply:
        asking = ocsp.load_der_ocsp_request(asked.body)
        subject = certificate(about) if about else _by_serial().get(asking.serial_number)
        if subject is None:
            return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        now, parent, responder = clock(), issuer("issuing-ca"), by or issuer("issuing-ca")
        revoked = subject.serial_number == certificate("bad-revoked").serial_number
        found = status or (ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD)
        gone = found is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=subject,
            issuer=parent.certificate,
            algorithm=digest or asking.hash_algorithm,
            cert_status=found,
            this_update=now + this,
            next_update=None if until is None else now + until,
            revocation_time=now - _HOUR if gone else None,
            revocation_reason=x509.ReasonFlags.key_compromise if gone else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, responder.certificate)
        if by is not None:
            builder = builder.certificates([by.certificate])
        return _der(builder.sign(responder.key, hashes.SHA256()))

    def good(asked: Asked, _: str) -> Reply:
        return answer(asked)

    def row(what: str, outcome: str = CRL_DECIDES, twin: str = "", **how: object) -> Behaviour:
        return Behaviour(what=what, outcome=outcome, answer=lambda asked, _: answer(asked, **how), twin=twin)  # type: ignore[arg-type]

    def unsuccessful(what: str, status: ocsp.OCSPResponseStatus) -> Behaviour:
        return Behaviour(what=what, outcome=CRL_DECIDES, answer=lambda _a, _b: _unsuccessful(status), twin="good")

    holder = sample_signer("facility-ibw-1")
    assert isinstance(holder.key, rsa.RSAPrivateKey)
    facility = Issuer(certificate=holder.certificate, key=holder.key)
    return {
        **on_the_line(good, _MEDIA, BELIEVED, CRL_DECIDES),
        "revoked": row(
            "says that the certificate is revoked",
            "that certificate is refused (VSB-TRUST-010)",
            "good",
            status=ocsp.OCSPCertStatus.REVOKED,
        ),
        "unknown": row("says that it does not know the certificate", twin="good", status=ocsp.OCSPCertStatus.UNKNOWN),
        "try-later": unsuccessful("answers tryLater", ocsp.OCSPResponseStatus.TRY_LATER),
        "internal-error": unsuccessful("answers internalError", ocsp.OCSPResponseStatus.INTERNAL_ERROR),
        "unauthorized": unsuccessful("answers unauthorized", ocsp.OCSPResponseStatus.UNAUTHORIZED),
        "other-certificate": row("answers about another certificate", twin="good", about="facility-ibw-2"),
        "wrong-signer": row(
            "answers in the issuer's name, signed by a stranger's CA", twin="good", by=issuer("other-issuing-ca")
        ),
        "facility-signer": row("answers with a facility's certificate, which may not", twin="delegate", by=facility),
        "no-usage": row("answers with a delegate that is not marked for OCSP", twin="delegate", by=_delegate(with_usage=False)),
        "delegate": row("answers with a delegate of the issuer, marked for OCSP", BELIEVED, by=_delegate(with_usage=True)),
        "expired": row("gives an answer whose nextUpdate passed an hour ago", twin="just-expired", this=-2 * _HOUR, until=-_HOUR),
        "just-expired": row("gives an answer that ends in a minute", BELIEVED, this=-_HOUR, until=timedelta(minutes=1)),
        "future": row("gives an answer of an hour ahead", twin="ahead", this=_HOUR, until=2 * _HOUR),
        "ahead": row("gives an answer of four minutes ahead", BELIEVED, this=timedelta(minutes=4), until=_HOUR),
        "old": row("gives an answer of a day ago without nextUpdate", twin="no-next-update", this=-24 * _HOUR, until=None),
        "no-next-update": row("gives an answer of eleven hours ago without nextUpdate", BELIEVED, this=-11 * _HOUR, until=None),
    }


def _der(response: ocsp.OCSPResponse) -> Reply:
    return Reply(body=response.public_bytes(Encoding.DER), media=_MEDIA)


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> Reply:
    return _der(ocsp.OCSPResponseBuilder.build_unsuccessful(status))
