"""Who is trusted, until when: paths, revocation from CRL and OCSP, and what absent data means."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp

from gateway.refusal import Code, Refusal
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.ocsp import OcspError, OcspPolicy, OcspStore, read_answer
from gateway.trust.revocation import RevocationMode

CERTS = Path(__file__).parents[2] / "certs-sample"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def certificate(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificates((CERTS / f"{name}.pem").read_bytes())[0]


LEAF, ISSUER = certificate("facility-ibw-1"), certificate("issuing-ca")
ISSUER_KEY = load_pem_private_key((CERTS / "issuing-ca.key").read_bytes(), None)


def verdict(store: TrustStore, name: str, now: datetime = NOW) -> Code | None:
    leaf = certificate(name)
    try:
        store.accept(leaf.public_bytes(Encoding.DER), leaf, now)
    except Refusal as refusal:
        return refusal.code
    return None


def crl(
    path: Path,
    *,
    revoked: tuple[x509.Certificate, ...] = (),
    since: datetime = NOW - timedelta(days=9),
    until: datetime = NOW + timedelta(days=1),
    key: object = ISSUER_KEY,
) -> Path:
    builder = x509.CertificateRevocationListBuilder().issuer_name(ISSUER.subject).last_update(since).next_update(until)
    for one in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(NOW - timedelta(days=9)).build()
        )
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))  # type: ignore[arg-type]
    return path


def store(*files: Path, mode: RevocationMode = RevocationMode.STRICT, **rest: object) -> TrustStore:
    return load_trust_store(CERTS / "ca-bundle.pem", files, mode, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("facility-ibw-1", None),
        ("facility-ibw-1-renewed", None),
        ("facility-ibw-2", None),
        ("bad-expired", Code.EXPIRED),
        ("bad-not-yet-valid", Code.NOT_YET_VALID),
        ("bad-wrong-issuer", Code.UNTRUSTED),
        ("bad-self-signed", Code.UNTRUSTED),
        ("bad-revoked", Code.REVOKED),
        ("bad-no-digital-signature", Code.WEAK_KEY),
    ],
)
def test_each_sample_certificate_gets_its_own_verdict(name: str, code: Code | None) -> None:
    assert verdict(store(CERTS / "crl/issuing-ca.crl"), name) is code


def test_the_verdict_turns_at_the_last_second_of_validity() -> None:
    end = LEAF.not_valid_after_utc
    fresh = store(CERTS / "crl/issuing-ca.crl", mode=RevocationMode.GRACE)
    assert verdict(fresh, "facility-ibw-1", end) is None
    assert verdict(fresh, "facility-ibw-1", end + SECOND) is Code.EXPIRED


def test_a_new_crl_file_revokes_although_the_verdict_was_cached(tmp_path: Path) -> None:
    path = crl(tmp_path / "a.crl")
    one = store(path)
    assert verdict(one, "facility-ibw-1") is None
    crl(path, revoked=(LEAF,))
    assert verdict(one, "facility-ibw-1", NOW + timedelta(seconds=11)) is Code.REVOKED


def test_a_crl_that_someone_else_signed_is_ignored(tmp_path: Path) -> None:
    forged = crl(tmp_path / "a.crl", revoked=(LEAF,), key=ec.generate_private_key(ec.SECP256R1()))
    assert verdict(store(forged, CERTS / "crl/issuing-ca.crl"), "facility-ibw-1") is None


def test_a_stale_crl_is_its_own_outcome_and_never_looks_like_a_bad_certificate(tmp_path: Path) -> None:
    path = crl(tmp_path / "a.crl", until=NOW)
    assert verdict(store(path), "facility-ibw-1", NOW) is None
    assert verdict(store(path), "facility-ibw-1", NOW + SECOND) is Code.REVOCATION
    assert Code.REVOCATION.info.retry


def test_grace_believes_a_stale_crl_until_the_grace_is_over(tmp_path: Path) -> None:
    path, hour = crl(tmp_path / "a.crl", until=NOW, revoked=(certificate("facility-ibw-2"),)), timedelta(hours=1)
    lenient = store(path, mode=RevocationMode.GRACE, grace=hour)
    assert verdict(lenient, "facility-ibw-1", NOW + hour) is None
    assert verdict(lenient, "facility-ibw-2", NOW + hour) is Code.REVOKED
    assert verdict(store(path, mode=RevocationMode.GRACE, grace=hour), "facility-ibw-1", NOW + hour + SECOND) is Code.REVOCATION


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_a_crl_of_the_future_calls_nobody_good_and_still_revokes(tmp_path: Path, mode: RevocationMode) -> None:
    path = crl(tmp_path / "a.crl", since=NOW, revoked=(certificate("facility-ibw-2"),))
    one, early = store(path, mode=mode), NOW - timedelta(minutes=5)
    assert verdict(store(path, mode=mode), "facility-ibw-1", early) is None
    assert verdict(one, "facility-ibw-1", early - SECOND) is Code.REVOCATION
    assert verdict(one, "facility-ibw-2", early - SECOND) is Code.REVOKED
    assert one.without_revocation_data(early) != one.without_revocation_data(early - SECOND)


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_without_any_revocation_data_nothing_is_accepted(mode: RevocationMode) -> None:
    assert verdict(store(mode=mode), "facility-ibw-1") is Code.REVOCATION


def answer(
    *,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    about: x509.Certificate = LEAF,
    this_update: datetime = NOW,
    next_update: datetime | None = NOW + timedelta(hours=1),
    responder: str = "issuing-ca",
) -> bytes:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about, issuer=ISSUER, algorithm=hashes.SHA256(), cert_status=status, this_update=this_update, next_update=next_update,
        revocation_time=NOW if revoked else None, revocation_reason=None,
    )  # fmt: skip
    key = load_pem_private_key((CERTS / f"{responder}.key").read_bytes(), None)
    signed = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate(responder)).sign(key, hashes.SHA256())  # type: ignore[arg-type]
    return signed.public_bytes(Encoding.DER)


def read(data: bytes, now: datetime = NOW) -> bool:
    return read_answer(data, LEAF, ISSUER, now, OcspPolicy()).revoked


def test_an_answer_of_the_issuer_about_this_certificate_is_believed() -> None:
    now = datetime.now(UTC)
    assert read(answer(this_update=now, next_update=now + SECOND), now) is False


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda now: answer(about=certificate("facility-ibw-2"), this_update=now, next_update=now + SECOND),
            "another certificate",
        ),
        (
            lambda now: answer(responder="other-issuing-ca", this_update=now, next_update=now + SECOND),
            "not signed",
        ),
        (lambda now: answer(status=ocsp.OCSPCertStatus.UNKNOWN, this_update=now, next_update=now + SECOND), "unknown"),
        (lambda now: b"nonsense", "not an OCSP response"),
        (
            lambda now: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
            "TRY_LATER",
        ),
    ],
)
def test_an_answer_that_proves_nothing_says_why(make: Callable[[datetime], bytes], reason: str) -> None:
    now = datetime.now(UTC)
    with pytest.raises(OcspError, match=reason):
        read(make(now), now)


@pytest.mark.parametrize(
    ("this_update", "next_update", "good"),
    [
        (timedelta(minutes=5), timedelta(hours=1), True),
        (timedelta(minutes=5, seconds=1), timedelta(hours=1), False),
        (-timedelta(hours=2), -timedelta(minutes=5), True),
        (-timedelta(hours=2), -timedelta(minutes=5, seconds=1), False),
        (-timedelta(hours=12, minutes=5), None, True),
        (-timedelta(hours=12, minutes=5, seconds=1), None, False),
    ],
)
def test_each_tolerance_has_a_twin_inside_and_outside(this_update: timedelta, next_update: timedelta | None, good: bool) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    data = answer(this_update=now + this_update, next_update=None if next_update is None else now + next_update)
    if good:
        assert read(data, now) is False
    else:
        with pytest.raises(OcspError):
            read(data, now)


def test_ocsp_revokes_at_once_and_an_outage_falls_back_on_the_crl(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    state = {"data": answer(this_update=now, next_update=now + timedelta(hours=1))}

    def post(_address: str, _request: bytes) -> bytes:
        if state["data"] is None:
            raise OcspError("away")
        return state["data"]

    clock = {"now": now}
    answers = OcspStore({"*": "http://ocsp.test"}, lambda: clock["now"], post=post)
    one = store(CERTS / "crl/issuing-ca.crl", ocsp=answers)
    assert verdict(one, "facility-ibw-1", now) is None
    assert answers.first_end() is None, "nothing was fetched yet"
    state["data"] = None
    answers.refresh()
    assert answers.failures == 1
    assert verdict(one, "facility-ibw-1", now + timedelta(minutes=6)) is None, "the CRL is still fresh"
    state["data"] = answer(status=ocsp.OCSPCertStatus.REVOKED, this_update=now, next_update=now + timedelta(hours=1))
    clock["now"] = now + timedelta(minutes=7)
    answers.refresh()
    assert verdict(one, "facility-ibw-1", now + timedelta(minutes=7)) is Code.REVOKED
    assert answers.first_end() == now + timedelta(hours=1)


def test_no_address_in_a_certificate_is_ever_asked() -> None:
    asked: list[str] = []

    def post(address: str, _request: bytes) -> bytes:
        asked.append(address)
        raise OcspError("away")

    answers = OcspStore({"CN=Somebody else": "http://ocsp.test"}, lambda: NOW, post=post)
    assert verdict(store(CERTS / "crl/issuing-ca.crl", ocsp=answers), "facility-ibw-1") is None
    answers.refresh()
    assert asked == []


def test_certificates_judged_for_the_first_time_at_once_each_get_their_own_verdict() -> None:
    # The path library parses an issuer when first asked, which two threads can not do at once.
    names = ["facility-ibw-1", "facility-ibw-2", "facility-ibw-1-renewed", "bad-wrong-issuer"] * 2
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(len(names)) as pool:
            for _ in range(20):
                one = store(CERTS / "crl/issuing-ca.crl")
                found = list(pool.map(lambda name, one=one: verdict(one, name), names))  # type: ignore[misc]
                assert found == [None, None, None, Code.UNTRUSTED] * 2
    finally:
        sys.setswitchinterval(before)
