"""Which receipts of a zorgkas are believed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import Connection, update
from typer.testing import CliRunner

from conformance.cli import app
from conformance.walkthrough import sample_signer
from gateway.berichten.ontvangst import Ontvangstmelding, OntvangstUitkomst, schrijf_ontvangstmelding
from gateway.berichten.zorgkas import Levering, schrijf_levering
from gateway.exchange.indeling import MAX_RECEIPT
from gateway.exchange.map import DirectoryDrop
from gateway.exchange.ontvangst import Ontvangst, Verwacht, beoordeel
from gateway.exchange.transport import Receipt
from gateway.paths import data_dir
from gateway.reference.laden import laad
from gateway.reference.tables import zorgkas
from gateway.reference.voorbeeld import voorbeeldbestanden
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.store.engine import make_engine
from gateway.store.metadata import metadata
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.revocation import RevocationMode
from gateway.trust.signing import Signer, seal, sign_blob
from tests.exchange.drops import delivery, name

CERTS = data_dir("certs-sample")
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
ID = "01999999-0000-7000-8000-000000000001"
OTHER_ID = "01999999-0000-7000-8000-000000000002"
CONTENT = schrijf_levering(
    Levering(
        message_id=ID,
        zorgkas="180",
        pijler="eibwfin",
        soort="aanvraag",
        test=False,
        uitkomst="aanvaard",
        dossiernummer="D-1",
        content_type="text/xml",
        origineel=b"original",
        sha256=hashlib.sha256(b"original").digest(),
        validatieverslag=b"report",
    )
)
DIGEST = hashlib.sha256(CONTENT).digest()
VERWACHT = Verwacht(id=ID, bestemming="zorgkas:180", sha256=DIGEST)
MELDING = Ontvangstmelding(message_id=ID, zorgkas="180", sha256=DIGEST, tijdstip=NOW, uitkomst=OntvangstUitkomst.AANVAARD)
KAS = sample_signer("zorgkas-180")


@pytest.fixture
def trust() -> TrustStore:
    return load_trust_store(
        CERTS / "ca-bundle.pem", [CERTS / "crl/issuing-ca.crl", CERTS / "crl/root-ca.crl"], RevocationMode.GRACE
    )


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    """A register with the sample zorgkassen."""
    engine = make_engine(f"sqlite:///{tmp_path}/g.sqlite")
    metadata.create_all(engine)
    (zorgkassen,) = (path for path in voorbeeldbestanden() if path.stem == "zorgkassen")
    assert laad(engine, [zorgkassen], NOW.date()).fouten == ()
    with engine.connect() as conn:
        yield conn


Judge = Callable[..., Ontvangst]


@pytest.fixture
def judge(conn: Connection, trust: TrustStore) -> Judge:
    def work(content: bytes, *, id: str = ID, verwacht: Verwacht = VERWACHT, now: datetime = NOW) -> Ontvangst:
        return beoordeel(conn, Receipt(delivery_id=id, content=content), verwacht, trust.accept, now)

    return work


def receipt(melding: Ontvangstmelding = MELDING, signer: Signer = KAS, now: datetime = NOW) -> bytes:
    return seal(schrijf_ontvangstmelding(melding), signer, now)


def refused(judge: Judge, content: bytes, **rest: object) -> Code:
    with pytest.raises(Refusal) as caught:
        judge(content, **rest)
    return caught.value.code


def test_the_zorgkass_own_receipt_is_believed(judge: Judge) -> None:
    found = judge(receipt())
    assert (found.levering_id, found.zorgkas, found.uitkomst, found.reden) == (ID, "180", OntvangstUitkomst.AANVAARD, None)
    assert (found.tijdstip, found.ondertekend_op) == (NOW, NOW)
    assert found.certificaat_sha256 == hashlib.sha256(KAS.der).digest()


def test_a_refusal_comes_with_its_reason(judge: Judge) -> None:
    found = judge(receipt(replace(MELDING, uitkomst=OntvangstUitkomst.GEWEIGERD, reden="onleesbaar <bestand>")))
    assert (found.uitkomst, found.reden) == (OntvangstUitkomst.GEWEIGERD, "onleesbaar <bestand>")


def test_a_reason_does_not_bring_an_insz_into_our_tables(judge: Judge) -> None:
    found = judge(receipt(replace(MELDING, uitkomst=OntvangstUitkomst.GEWEIGERD, reden="85.07.30-033.28 is van ons weg")))
    assert found.reden is not None
    assert "033" not in found.reden
    assert found.reden.endswith(" is van ons weg")


def test_a_receipt_fits_its_schema_with_and_without_its_seal() -> None:
    registry.check(schrijf_ontvangstmelding(MELDING))
    registry.check(etree.fromstring(receipt()))


def test_an_unsigned_receipt_is_refused(judge: Judge) -> None:
    assert refused(judge, etree.tostring(schrijf_ontvangstmelding(MELDING))) is Code.XADES


def test_a_detached_signature_beside_it_is_refused(judge: Judge) -> None:
    document = schrijf_ontvangstmelding(MELDING)
    document.append(etree.fromstring(sign_blob(etree.tostring(document), KAS, NOW)))
    assert refused(judge, etree.tostring(document)) is Code.XADES


@pytest.mark.parametrize(("old", "new"), [(b">aanvaard<", b">geweigerd<"), (b"<z:Zorgkas>180<", b"<z:Zorgkas>280<")])
def test_a_receipt_that_was_changed_after_signing_is_refused(judge: Judge, old: bytes, new: bytes) -> None:
    assert old in receipt()
    assert refused(judge, receipt().replace(old, new)) is Code.DIGEST


def test_a_receipt_signed_by_another_zorgkas_is_refused(judge: Judge) -> None:
    assert refused(judge, receipt(signer=sample_signer("zorgkas-280"))) is Code.CROSSCHECK


def test_a_receipt_that_names_another_zorgkas_is_refused(judge: Judge) -> None:
    assert refused(judge, receipt(replace(MELDING, zorgkas="280"))) is Code.CROSSCHECK


@pytest.mark.parametrize("signer", ["facility-ibw-1", "gateway"])
def test_a_receipt_signed_by_somebody_who_is_no_zorgkas_is_refused(judge: Judge, signer: str) -> None:
    assert refused(judge, receipt(signer=sample_signer(signer))) is Code.NOT_ZORGKAS


def test_a_zorgkas_that_is_registered_under_another_number_is_refused(judge: Judge, conn: Connection) -> None:
    conn.execute(update(zorgkas).where(zorgkas.c.code == "180").values(kbo="0900999922"))
    assert refused(judge, receipt()) is Code.NOT_ZORGKAS


@pytest.mark.parametrize(
    ("signer", "code"),
    [("bad-self-signed", Code.UNTRUSTED), ("bad-wrong-issuer", Code.UNTRUSTED), ("bad-revoked", Code.REVOKED)],
)
def test_a_certificate_that_is_not_accepted_is_refused(judge: Judge, signer: str, code: Code) -> None:
    assert refused(judge, receipt(signer=sample_signer(signer))) is code


def test_a_signature_dated_back_does_not_save_a_certificate_that_has_expired_since(judge: Judge) -> None:
    later = KAS.certificate.not_valid_after_utc + timedelta(days=1)
    assert refused(judge, receipt(), now=later) is Code.EXPIRED


def test_a_receipt_signed_in_the_future_is_refused(judge: Judge) -> None:
    assert refused(judge, receipt(now=NOW + timedelta(days=1))) is Code.FUTURE


def test_a_receipt_over_other_content_is_refused(judge: Judge) -> None:
    other = hashlib.sha256(CONTENT[:-1]).digest()
    assert refused(judge, receipt(replace(MELDING, sha256=other))) is Code.BLOB_HASH


def test_a_receipt_of_another_delivery_is_refused(judge: Judge) -> None:
    other = receipt(replace(MELDING, message_id=OTHER_ID))
    assert refused(judge, other) is Code.UNKNOWN_MESSAGE
    assert refused(judge, other, id=OTHER_ID) is Code.UNKNOWN_MESSAGE
    assert refused(judge, receipt(), id=OTHER_ID) is Code.UNKNOWN_MESSAGE
    assert refused(judge, receipt(), id=OTHER_ID, verwacht=replace(VERWACHT, id=OTHER_ID)) is Code.UNKNOWN_MESSAGE


def test_a_sealed_document_of_another_kind_is_refused(judge: Judge) -> None:
    assert refused(judge, seal(etree.fromstring(CONTENT), KAS, NOW)) is Code.SCHEMA
    assert refused(judge, receipt(replace(MELDING, sha256=b"short"))) is Code.SCHEMA


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Code.NOT_XML),
        (receipt()[:-20], Code.NOT_XML),
        (b"<!DOCTYPE x><x/>", Code.DTD),
        (receipt() + b" " * MAX_RECEIPT, Code.TOO_LARGE),
    ],
)
def test_what_is_not_a_whole_document_is_refused(judge: Judge, content: bytes, code: Code) -> None:
    assert refused(judge, content) is code


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "kas/uit").mkdir(parents=True)
    (tmp_path / "kas/ontvangst").mkdir()
    return tmp_path / "kas"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["receipt", *map(str, arguments)])
    return done.exit_code, done.output


def test_a_zorgkas_makes_a_receipt_that_the_gateway_believes(root: Path, judge: Judge) -> None:
    drop, one = DirectoryDrop(), delivery(f"file://{root}", CONTENT, id=ID)
    drop.deliver(one)
    status, _ = run(root / "uit" / name(one), "--out", root / "ontvangst")
    (left,) = drop.receipts(one.endpoint)
    assert status == 0
    assert left.delivery_id == ID
    assert judge(left.content, now=datetime.now(UTC)).uitkomst is OntvangstUitkomst.AANVAARD


def test_a_zorgkas_refuses_with_its_own_key(root: Path, judge: Judge) -> None:
    drop, one = DirectoryDrop(), delivery(f"file://{root}", CONTENT, id=ID)
    drop.deliver(one)
    pem = [CERTS / "zorgkas-180.pem", "--key", CERTS / "zorgkas-180.key"]
    status, _ = run(root / "uit" / name(one), "--certificate", *pem, "--out", root / "ontvangst", "--refuse", "geen dossier")
    found = judge(drop.receipts(one.endpoint)[0].content, now=datetime.now(UTC))
    assert status == 0
    assert (found.uitkomst, found.reden) == (OntvangstUitkomst.GEWEIGERD, "geen dossier")


def test_no_receipt_is_made_for_a_file_that_is_not_what_its_checksum_says(root: Path) -> None:
    one = delivery(f"file://{root}", CONTENT, id=ID)
    DirectoryDrop().deliver(one)
    file = root / "uit" / name(one)
    file.write_bytes(CONTENT.replace(b"D-1", b"D-2"))
    status, text = run(file, "--out", root / "ontvangst")
    assert status == 1
    assert "look again later" in " ".join(text.split())
    assert list((root / "ontvangst").iterdir()) == []


def test_no_receipt_is_made_for_what_is_not_a_levering(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_bytes(receipt())
    status, text = run(tmp_path / "x.xml", "--out", tmp_path)
    assert (status, "no Levering or Mededeling" in " ".join(text.split())) == (1, True)


def test_a_key_without_its_certificate_is_a_mistake_in_the_command(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_bytes(CONTENT)
    assert run(tmp_path / "x.xml", "--key", tmp_path / "x.xml")[0] == 2
