"""The edges of trust: what a path is refused for, when a verdict is looked at again, and what is told of missing revocation data."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.refusal import Code, Refusal
from gateway.trust import chain
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.ocsp import OcspStore
from gateway.trust.revocation import CrlStore, RevocationMode, RevocationState
from tests.trust.pki import KEYS, START, YEARS, Made, crl, make, name, rewritten

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ROOT = make(name("Wortel"), KEYS[0], None, ca=True, serial=1)
ISSUING = make(name("Uitgever"), KEYS[1], ROOT, ca=True, serial=2)
LEAF = make(name("Blad"), KEYS[2], ISSUING)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bundle(tmp_path, ROOT, ISSUING)
    crl(ISSUING, tmp_path / "issuing.crl")
    crl(ROOT, tmp_path / "root.crl")
    return tmp_path


def bundle(folder: Path, *authorities: Made) -> None:
    (folder / "ca.pem").write_bytes(b"".join(a.certificate.public_bytes(Encoding.PEM) for a in authorities))


def store(folder: Path, *, mode: RevocationMode = RevocationMode.STRICT, ocsp: OcspStore | None = None) -> TrustStore:
    files = [folder / "issuing.crl", folder / "root.crl"]
    return load_trust_store(folder / "ca.pem", files, mode, ocsp=ocsp, grace=timedelta(hours=1))


def judge(trust: TrustStore, made: Made, now: datetime = NOW) -> Code | None:
    try:
        trust.accept(made.der, made.certificate, now)
    except Refusal as refusal:
        return refusal.code
    return None


def test_a_certificate_of_an_issuer_that_was_itself_revoked_is_not_trusted(folder: Path) -> None:
    assert judge(store(folder), LEAF) is None
    crl(ROOT, folder / "root.crl", [2])
    assert judge(store(folder), LEAF) is Code.UNTRUSTED


def test_a_certificate_that_its_issuer_signed_with_sha_1_is_not_trusted(folder: Path) -> None:
    assert judge(store(folder), rewritten(LEAF, ISSUING)) is None
    assert judge(store(folder), rewritten(LEAF, ISSUING, algorithm="sha1_rsa")) is Code.UNTRUSTED


def test_the_path_is_judged_at_the_moment_of_the_message_and_not_at_that_of_this_machine(folder: Path) -> None:
    start, end = datetime(2050, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
    root = make(name("Later"), KEYS[0], None, ca=True, start=start, end=end)
    issuing = make(name("Later uitgever"), KEYS[1], root, ca=True, start=start, end=end, serial=3)
    leaf = make(name("Later blad"), KEYS[2], issuing, start=start, end=end)
    bundle(folder, root, issuing)
    crl(issuing, folder / "issuing.crl", until=end)
    assert judge(store(folder), leaf, start + timedelta(days=1)) is None


def test_an_issuer_that_expired_before_the_message_makes_no_path(folder: Path) -> None:
    short = make(name("Uitgever"), KEYS[1], ROOT, ca=True, serial=2, end=NOW - timedelta(minutes=1))
    bundle(folder, ROOT, short)
    assert judge(store(folder), LEAF) is Code.UNTRUSTED


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()


def test_an_address_that_stands_in_a_strangers_certificate_is_never_asked(folder: Path) -> None:
    with listener() as (address, asked):
        url = x509.UniformResourceIdentifier(f"{address}/x.crl")
        point = x509.DistributionPoint(full_name=[url], relative_name=None, reasons=None, crl_issuer=None)
        access = [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(f"{address}/{what}"))
            for method, what in (
                (x509.AuthorityInformationAccessOID.OCSP, "ocsp"),
                (x509.AuthorityInformationAccessOID.CA_ISSUERS, "ca"),
            )
        ]
        extensions = [(x509.CRLDistributionPoints([point]), False), (x509.AuthorityInformationAccess(access), False)]
        assert judge(store(folder), make(name("Blad"), KEYS[2], ISSUING, extensions=extensions)) is None
        bundle(folder, ROOT)
        assert judge(store(folder), make(name("Blad"), KEYS[2], ISSUING, extensions=extensions)) is Code.UNTRUSTED
        assert asked == []


@pytest.mark.parametrize(("serial", "code"), [(1, None), ((1 << 160) - 1, None), (1 << 160, Code.UNTRUSTED), (0, Code.UNTRUSTED)])
def test_a_serial_number_is_positive_and_of_at_most_twenty_octets(folder: Path, serial: int, code: Code | None) -> None:
    assert judge(store(folder), rewritten(LEAF, ISSUING, serial=serial)) is code


@pytest.mark.parametrize(("extra", "code"), [(15, None), (16, Code.UNTRUSTED)])
def test_a_subject_has_at_most_sixteen_names(folder: Path, extra: int, code: Code | None) -> None:
    assert judge(store(folder), make(name("Blad", extra), KEYS[2], ISSUING)) is code


def test_what_is_wrong_with_a_profile_is_said(folder: Path) -> None:
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    for made, said in (
        (make(name("Blad"), KEYS[2], ISSUING, extensions=[(usage, False)]), "uitgebreid sleutelgebruik"),
        (make(name("Blad"), KEYS[2], ISSUING, ca=True), "een CA-certificaat"),
        (rewritten(LEAF, ISSUING, serial=1 << 160), "serienummer"),
    ):
        with pytest.raises(Refusal) as caught:
            store(folder).accept(made.der, made.certificate, NOW)
        assert said in (caught.value.findings[0].found or "")


@pytest.mark.parametrize(("moment", "code"), [(START, None), (START - SECOND, Code.NOT_YET_VALID)])
def test_a_certificate_counts_from_its_first_second(folder: Path, moment: datetime, code: Code | None) -> None:
    assert judge(store(folder), LEAF, moment) is code


class Counting:
    """Counts how often a path is built."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.built = 0
        real = chain.CertificateValidator

        def build(*given: object, **named: object) -> object:
            self.built += 1
            return real(*given, **named)

        monkeypatch.setattr(chain, "CertificateValidator", build)


def test_a_path_is_built_once_while_nothing_behind_it_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting, trust = Counting(monkeypatch), store(folder)
    other = make(name("Ander blad"), KEYS[2], ISSUING, serial=4712)
    assert [judge(trust, m, NOW + n * SECOND) for n, m in enumerate((LEAF, other, LEAF, other))] == [None] * 4
    assert counting.built == 2
    assert judge(trust, LEAF, NOW + timedelta(hours=1)) is None
    assert counting.built == 3, "a verdict that expires now is no longer believed"


def test_a_refusal_is_remembered_for_some_minutes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting, trust = Counting(monkeypatch), store(folder)
    weak = make(name("Blad"), KEYS[2], ISSUING, signs=False)
    for minutes, built in ((0, 1), (4, 1), (5, 2)):
        assert judge(trust, weak, NOW + timedelta(minutes=minutes)) is Code.WEAK_KEY
        assert counting.built == built


def test_the_files_of_revocations_are_looked_at_every_ten_seconds_and_not_for_each_message(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0
    real = CrlStore.refresh

    def refresh(self: CrlStore) -> None:
        nonlocal looked
        looked += 1
        real(self)

    trust = store(folder)
    monkeypatch.setattr(CrlStore, "refresh", refresh)
    for seconds, times in ((0, 1), (1, 1), (9, 1), (10, 2), (11, 2)):
        judge(trust, LEAF, NOW + seconds * SECOND)
        assert looked == times


def test_a_verdict_lives_no_longer_than_the_list_behind_it(folder: Path) -> None:
    crl(ISSUING, folder / "issuing.crl", until=NOW + timedelta(minutes=10))
    trust = store(folder)
    assert judge(trust, LEAF) is None
    assert judge(trust, LEAF, NOW + timedelta(minutes=11)) is Code.REVOCATION


def test_verdicts_are_forgotten_before_they_fill_the_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_CACHE_SIZE", 2)
    counting, trust = Counting(monkeypatch), store(folder)
    leaves = [make(name("Blad"), KEYS[2], ISSUING, serial=5000 + n) for n in range(3)]
    for leaf in (*leaves[:2], leaves[0]):
        judge(trust, leaf)
    assert counting.built == 2
    judge(trust, leaves[2])
    judge(trust, leaves[0])
    assert counting.built == 4


def test_issuers_without_fresh_revocation_data_are_named(folder: Path) -> None:
    assert store(folder).without_revocation_data(NOW) == []
    assert store(folder).without_revocation_data(START + YEARS) == [], "a list counts to its last second"
    assert store(folder).without_revocation_data(START + YEARS + SECOND) == ["CN=Uitgever", "CN=Wortel"]
    (folder / "issuing.crl").unlink()
    assert store(folder).without_revocation_data(NOW) == ["CN=Uitgever"]


def test_an_issuer_with_an_ocsp_responder_does_not_need_a_list(folder: Path) -> None:
    (folder / "issuing.crl").unlink()
    asked = OcspStore({"CN=Uitgever": "http://127.0.0.1:1/"}, lambda: NOW)
    trust = store(folder, ocsp=asked)
    assert trust.without_revocation_data(NOW) == []
    assert trust.without_revocation_data(START + YEARS + SECOND) == ["CN=Wortel"]


def test_it_is_told_until_when_each_issuers_list_counts(folder: Path) -> None:
    crl(ISSUING, folder / "issuing.crl", until=NOW)
    (folder / "root.crl").unlink()
    assert store(folder).revocation_ends() == {"CN=Uitgever": NOW, "CN=Wortel": None}


class TestFiles:
    def test_a_list_in_pem_counts_as_one_in_der(self, folder: Path) -> None:
        path = crl(ISSUING, folder / "issuing.crl", [4711], encoding=Encoding.PEM)
        path.write_bytes(b"\n" + path.read_bytes())
        assert judge(store(folder), LEAF) is Code.REVOKED

    def test_a_file_that_is_missing_or_unread_or_of_nobody_hides_no_other(self, folder: Path) -> None:
        crl(make(name("Vreemde"), KEYS[2], None, ca=True), folder / "vreemd.crl")
        (folder / "stuk.crl").write_bytes(b"geen lijst")
        crl(ISSUING, folder / "issuing.crl", [4711])
        files = [folder / n for n in ("weg.crl", "vreemd.crl", "stuk.crl", "issuing.crl")]
        assert judge(load_trust_store(folder / "ca.pem", files, RevocationMode.STRICT), LEAF) is Code.REVOKED

    def test_only_what_changed_is_read_again(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        lists = CrlStore([folder / "issuing.crl", folder / "root.crl"], [ROOT.certificate, ISSUING.certificate])
        lists.refresh()
        read: list[str] = []
        real = Path.read_bytes
        monkeypatch.setattr(Path, "read_bytes", lambda self: (read.append(self.name), real(self))[1])
        before = lists.generation
        lists.refresh()
        assert (read, lists.generation) == ([], before)
        crl(ROOT, folder / "root.crl", [9])
        lists.refresh()
        assert read == ["root.crl"]
        assert lists.generation > before

    def test_each_new_list_makes_a_new_generation_so_that_no_older_verdict_is_believed(self, folder: Path) -> None:
        lists = CrlStore([folder / "issuing.crl"], [ROOT.certificate, ISSUING.certificate])
        seen = []
        for serial in range(3):
            crl(ISSUING, folder / "issuing.crl", list(range(100, 101 + serial)))
            lists.refresh()
            seen.append(lists.generation)
        assert seen == sorted(set(seen))
        assert lists.state(make(name("X"), KEYS[2], ISSUING, serial=102).certificate, NOW) is RevocationState.REVOKED
