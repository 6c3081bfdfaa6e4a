"""`vsb-gateway audit`, `register` and `verify-receipt` as an operator and an outsider use them."""

import base64
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import typer
from lxml import etree
from sqlalchemy import delete, func, select, update
from typer.testing import CliRunner, Result

from gateway.berichten.antwoord import Antwoord, Bewijs, schrijf_antwoord, schrijf_ontvangstbewijs
from gateway.commands import audit as audit_command
from gateway.commands import receipt
from gateway.commands import register as register_command
from gateway.observe.audit_events import Gebeurtenis
from gateway.paths import data_dir
from gateway.reference import lookup
from gateway.reference import tables as t
from gateway.reference.laden import laad
from gateway.reference.voorbeeld import voorbeeldbestanden, voorbeeldnamen
from gateway.store.audit import noteer
from gateway.store.audit_tables import audit, audit_zegel
from gateway.store.engine import Store, make_engine
from gateway.store.metadata import metadata
from gateway.trust.signing import Signer, load_signer, seal
from gateway.wire.envelope import serialise, write_envelope

SAMPLE = data_dir("certs-sample")
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
IBW1 = voorbeeldnamen().voorzieningen["ibw1"]
PVT1 = voorbeeldnamen().voorzieningen["pvt1"]
MESSAGE = b"<Envelope>what a vendor sent</Envelope>"
WHY = ("--reason", "proef")
MESSAGE_ID = "0190a2b4-5f6e-7abc-8def-0123456789ab"

app = typer.Typer()
app.command("verify-receipt")(receipt.verify_receipt)
app.add_typer(audit_command.app, name="audit")
app.add_typer(register_command.app, name="register")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The sample data in the database that VSB_DATABASE_URL names, with an audit chain that is still empty."""
    url = f"sqlite:///{tmp_path}/gateway.sqlite"
    monkeypatch.setenv("VSB_DATABASE_URL", url)
    engine = make_engine(url)
    metadata.create_all(engine)
    assert laad(engine, voorbeeldbestanden(), NOW.date()).fouten == ()
    with engine.begin() as conn:
        conn.execute(audit.delete())
    yield Store(engine)
    engine.dispose()


def run(*words: str | Path, given: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words], env={"COLUMNS": "250"}, input=given)


def sample(name: str) -> Signer:
    return load_signer((SAMPLE / f"{name}.p12").read_bytes(), "vsb-sample")


def write(store: Store, *moments: datetime) -> None:
    with store.writing() as conn:
        for moment in moments:
            noteer(conn, Gebeurtenis.GESTART, actor="gateway", onderwerp="gateway", gegevens={"v": "1"}, tijdstip=moment)


# audit


def test_verify_says_yes_with_what_it_looked_at(store: Store) -> None:
    write(store, NOW - 2 * DAY, NOW - DAY, NOW)
    assert run("audit", "seal").exit_code == 0
    answer = run("audit", "verify")
    assert answer.exit_code == 0, answer.output
    assert re.search(r"Ja: 3 record\(s\), 2 zegel\(s\).*1 record\(s\) nog niet verzegeld", answer.stdout)


def test_verify_says_no_where_it_breaks_and_exits_with_1(store: Store) -> None:
    write(store, NOW - 2 * DAY, NOW - DAY, NOW)
    run("audit", "seal")
    with store.writing() as conn:
        conn.execute(update(audit).where(audit.c.volgnr == 2).values(actor="os:piet"))
        conn.execute(delete(audit_zegel).where(audit_zegel.c.laatste_volgnr == 1))
    answer = run("audit", "verify")
    assert answer.exit_code == 1
    assert "Nee: 3 record(s)" in answer.stdout
    assert re.search(r"record 2: de inhoud past niet bij de hash", answer.stdout)
    assert re.search(r"zegel van \S+: het zegel verwijst niet naar het vorige zegel", answer.stdout)


def test_verify_of_an_empty_chain_says_so(store: Store) -> None:
    answer = run("audit", "verify")
    assert answer.exit_code == 0
    assert "leeg" in answer.stdout


def test_verify_tells_that_nobody_seals(store: Store) -> None:
    write(store, NOW - 3 * DAY)
    answer = run("audit", "verify")
    assert answer.exit_code == 0
    assert "3 voorbije dag(en) zonder zegel" in answer.stdout


def test_verify_trusts_only_the_given_issuers_and_signer(store: Store, tmp_path: Path) -> None:
    write(store, NOW - DAY)
    run("audit", "seal")
    other = tmp_path / "other.pem"
    other.write_bytes((SAMPLE / "other-issuing-ca.pem").read_bytes() + (SAMPLE / "other-root-ca.pem").read_bytes())
    assert run("audit", "verify", "--ca-bundle", SAMPLE / "ca-bundle.pem").exit_code == 0
    assert "niet geldig" in run("audit", "verify", "--ca-bundle", other).stdout
    answer = run("audit", "verify", "--signer", "CBE=0900118032")
    assert answer.exit_code == 1
    assert "verwacht CBE=0900118032; gevonden CBE=0900100117" in answer.stdout


def test_seals_kept_elsewhere_show_that_the_end_was_cut_off(store: Store, tmp_path: Path) -> None:
    write(store, NOW - 2 * DAY, NOW - DAY)
    kept = tmp_path / "kept"
    assert "2 dag(en) verzegeld" in run("audit", "seal", "--out", kept).stdout
    assert len(list(kept.iterdir())) == 2
    assert run("audit", "verify", "--kept", kept).exit_code == 0
    with store.writing() as conn:
        conn.execute(delete(audit).where(audit.c.volgnr == 2))
        conn.execute(delete(audit_zegel).where(audit_zegel.c.laatste_volgnr == 2))
    assert run("audit", "verify").exit_code == 0
    answer = run("audit", "verify", "--kept", kept)
    assert answer.exit_code == 1
    assert "het zegel ontbreekt" in answer.stdout


def test_a_kept_folder_without_seals_is_no_yes(store: Store, tmp_path: Path) -> None:
    write(store, NOW)
    assert run("audit", "verify", "--kept", tmp_path).exit_code == 2


def test_seal_seals_what_is_finished_and_then_has_nothing_to_do(store: Store) -> None:
    write(store, NOW - DAY)
    assert "1 dag(en) verzegeld" in run("audit", "seal").stdout
    assert "Elke voorbije dag heeft al een zegel" in run("audit", "seal").stdout


def test_a_key_file_that_others_may_read_is_said_where_it_signs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keystore = Path(shutil.copy(SAMPLE / "gateway.p12", tmp_path))
    monkeypatch.setenv("VSB_KEYSTORE", str(keystore))
    keystore.chmod(0o644)
    assert str(keystore) in run("audit", "seal").stderr
    assert run("audit", "verify").stderr.strip() == ""
    keystore.chmod(0o600)
    assert run("audit", "seal").stderr.strip() == ""


def test_the_key_is_the_one_the_gateway_signs_with_wherever_it_comes_from(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, NOW - DAY)
    keystore = base64.b64encode((SAMPLE / "zorgkas-180.p12").read_bytes()).decode()
    monkeypatch.setenv("VSB_KEYSTORE_BASE64", keystore)
    run("audit", "seal", "--out", tmp_path)
    assert run("audit", "verify").exit_code == 0
    (seal_file,) = tmp_path.glob("auditzegel-*.xml")
    assert "ondertekend door CBE=0900118032" in check(seal_file, "--signer", "CBE=0900100117").stderr
    monkeypatch.delenv("VSB_KEYSTORE_BASE64")
    assert "door iemand anders ondertekend" in run("audit", "verify").stdout


def test_a_key_that_can_not_be_used_ends_the_command(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSB_KEYSTORE_PASSWORD", "not-the-password")
    answer = run("audit", "seal")
    assert (answer.exit_code, "wrong password" in answer.stderr) == (2, True)
    assert "not-the-password" not in answer.output


def test_seal_puts_nothing_over_a_broken_chain(store: Store) -> None:
    write(store, NOW - 2 * DAY)
    run("audit", "seal")
    with store.writing() as conn:
        conn.execute(delete(audit))
        conn.execute(delete(audit_zegel).where(audit_zegel.c.dag == select(func.max(audit_zegel.c.dag)).scalar_subquery()))
    answer = run("audit", "seal")
    assert answer.exit_code == 1
    assert "audit verify" in answer.stderr


def test_show_gives_the_newest_records_as_table_or_json(store: Store) -> None:
    write(store, *[NOW] * 5)
    assert len(re.findall("gestart", run("audit", "show", "--last", "3").stdout)) == 3
    lines = run("audit", "show", "--last", "2", "--json").stdout.splitlines()
    assert [json.loads(line)["volgnr"] for line in lines] == [4, 5]
    assert json.loads(lines[0])["gegevens"] == {"v": "1"}


def test_show_survives_what_somebody_wrote_over_a_record(store: Store) -> None:
    write(store, NOW)
    with store.writing() as conn:
        conn.execute(update(audit).values(gegevens="geen JSON"))
    assert "geen JSON" in run("audit", "show").stdout


def test_events_lists_the_whole_catalogue() -> None:
    listed = run("audit", "events").stdout
    assert all(g.value in listed and g.woorden[:40] in listed for g in Gebeurtenis)


@pytest.mark.parametrize(
    "words",
    [("audit", "verify"), ("audit", "seal"), ("audit", "show"), ("register", "attestation", "suspend", "X", "--reason", "y")],
)
def test_without_a_database_the_command_says_how_to_get_one_and_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    path = tmp_path / "absent.sqlite"
    monkeypatch.setenv("VSB_DATABASE_URL", f"sqlite:///{path}")
    answer = run(*words)
    assert answer.exit_code == 2
    assert "reference load" in answer.stderr
    assert not path.exists()


def test_a_database_of_an_older_version_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/old.sqlite"
    monkeypatch.setenv("VSB_DATABASE_URL", url)
    engine = make_engine(url)
    metadata.create_all(engine, tables=[t.attest])
    engine.dispose()
    answer = run("audit", "verify")
    assert (answer.exit_code, "tabellen van deze versie" in answer.stderr) == (2, True)


@pytest.mark.parametrize("url", ["geen-adres", "postgresql+psycopg://wie:geheim@127.0.0.1:1/vsb?connect_timeout=2"])
def test_a_database_that_can_not_be_reached_is_one_line_without_the_password(url: str) -> None:
    answer = run("audit", "verify", "--database", url)
    assert answer.exit_code == 2
    assert "databank" in answer.stderr
    assert "geheim" not in answer.output


# register


def test_a_change_is_confirmed_with_what_was_and_what_is(store: Store) -> None:
    answer = run("register", "attestation", "suspend", "VSB-2024-0001", "--actor", "Jan", *WHY)
    assert answer.exit_code == 0, answer.output
    assert "Gewijzigd: attest:VSB-2024-0001 (attest), door Jan (os:" in answer.stdout
    assert re.search(r"geschorst\s+nee\s+ja", answer.stdout)
    assert "auditrecord 1" in answer.stdout
    with store.reading() as conn:
        assert lookup.attest(conn, "VSB-2024-0001").geschorst  # type: ignore[union-attr]
        assert conn.execute(select(audit.c.actor)).scalar().startswith("Jan (os:")  # type: ignore[union-attr]


def test_without_actor_the_os_user_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "mieke")
    run("register", "attestation", "suspend", "VSB-2024-0001", *WHY)
    with store.reading() as conn:
        assert conn.execute(select(audit.c.actor)).scalar() == "os:mieke"


def test_every_list_can_be_added_to_ended_and_shown(store: Store) -> None:
    lists = {
        "declaration": (IBW1,),
        "recognition": (IBW1, "ewzcfin"),
        "mandate": (PVT1, IBW1, "eibwfin"),
    }
    with store.writing() as conn:
        conn.execute(delete(t.verklaring))
    for name, key in lists.items():
        added = run("register", name, "add", *key, "--from", "2020-01-01", *WHY)
        assert added.exit_code == 0, added.output
        ended = run("register", name, "end", *key, "--on", "2020-12-31", *WHY)
        assert re.search(r"tot\s+–\s+2020-12-31", ended.stdout), ended.output
        listed = run("register", name, "list", "--facility", IBW1)
        assert re.search(r"2020-01-01 tot 2020-12-31\s+verlopen", listed.stdout)
    with store.reading() as conn:
        assert conn.execute(select(audit)).all().__len__() == 6


def test_without_a_day_today_is_meant(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(delete(t.verklaring))
    run("register", "declaration", "add", IBW1, *WHY)
    assert re.search(r"geldt", run("register", "declaration", "list").stdout)
    run("register", "declaration", "end", IBW1, *WHY)
    with store.reading() as conn:
        van, tot = conn.execute(select(t.verklaring.c.van, t.verklaring.c.tot)).one()
    assert van == tot


def test_an_attest_is_added_with_its_licence_password_asked_and_not_shown(store: Store) -> None:
    words = "attestation add VSB-9 --vendor V --product P --from-version 1 --to-version 2 --pillar eibwfin --pillar epvtfin"
    answer = run("register", *words.split(), "--licence-user", "vendor9", *WHY, given="heel-geheim\nheel-geheim\n")
    assert answer.exit_code == 0, answer.output
    assert "heel-geheim" not in answer.output
    assert sha256(b"heel-geheim").hexdigest() not in answer.output
    with store.reading() as conn:
        attest = lookup.attest_van_licentie(conn, "vendor9")
    assert attest is not None
    assert attest.licentie_klopt("heel-geheim")
    assert attest.pijlers == ("eibwfin", "epvtfin")
    listed = run("register", "attestation", "list").stdout
    assert re.search(r"VSB-9 .*geldt", listed)
    assert re.search(r"VSB-2024-0002 .*geschorst", listed)


def test_an_attest_is_ended_and_resumed(store: Store) -> None:
    assert run("register", "attestation", "resume", "VSB-2024-0002", *WHY).exit_code == 0
    assert run("register", "attestation", "end", "VSB-2024-0002", "--on", "2024-12-31", *WHY).exit_code == 0
    assert re.search(r"VSB-2024-0002 .*verlopen", run("register", "attestation", "list").stdout)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("recognition", "add", "72090301000", "eibwfin"), "niet gekend"),
        (("recognition", "add", IBW1, "eibwfin"), "dagen samen"),
        (("recognition", "add", IBW1, "ewzcfin", "--from", "2026-02-01", "--until", "2026-01-01"), "voor de eerste"),
        (("recognition", "end", IBW1, "ewzcfin"), "niet in het register"),
        (("attestation", "suspend", "VSB-0"), "niet in het register"),
        (("attestation", "suspend", "VSB-2024-0002"), "verandert niets"),
        (("declaration", "add", "123"), "11 cijfers"),
    ],
)
def test_a_change_that_can_not_be_made_says_why_and_exits_with_1(store: Store, words: tuple[str, ...], said: str) -> None:
    answer = run("register", *words, *WHY)
    assert answer.exit_code == 1
    assert "Niet gewijzigd" in answer.stderr
    assert said in answer.stderr
    with store.reading() as conn:
        assert conn.execute(select(audit)).all() == []


def test_a_change_without_a_reason_is_not_made(store: Store) -> None:
    answer = run("register", "attestation", "suspend", "VSB-2024-0001")
    assert (answer.exit_code, "--reason" in answer.stderr) == (2, True)
    with store.reading() as conn:
        assert conn.execute(select(audit)).all() == []


def test_a_day_that_does_not_exist_is_refused_before_anything_is_done(store: Store) -> None:
    answer = run("register", "declaration", "end", IBW1, "--on", "2026-02-30", *WHY)
    assert answer.exit_code == 2
    assert "yyyy-mm-dd" in answer.stderr


# verify-receipt


def receipt_by(signer: Signer, moment: datetime = NOW - DAY) -> bytes:
    bewijs = Bewijs(
        message_id=MESSAGE_ID,
        dienst="aanvraag",
        afzender="NIHII-PROT_ACC=72090103",
        certificaat_sha256=sha256(b"certificate").digest(),
        bedrijfsreferentie="REF-1",
        ontvangen_op=moment,
        octetten=len(MESSAGE),
        sha256=sha256(MESSAGE).digest(),
    )
    return seal(schrijf_ontvangstbewijs(bewijs), signer, moment)


GENUINE = receipt_by(sample("gateway"))


def answer_with(receipt_bytes: bytes) -> bytes:
    antwoord = Antwoord(
        message_id=MESSAGE_ID,
        bericht_id="REF-1",
        ontvangen_op=NOW,
        uitkomst="aanvaard",
        zorgkas="180",
        dossiernummer="D1",
        aflevering="onderweg",
        redenen=(),
        ontvangstbewijs=receipt_bytes,
    )
    return serialise(write_envelope(schrijf_antwoord(antwoord)))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An outsider's folder: a receipt, the answer it came in, the message; and no database."""
    monkeypatch.setenv("VSB_DATABASE_URL", f"sqlite:///{tmp_path}/none.sqlite")
    (tmp_path / "receipt.xml").write_bytes(GENUINE)
    (tmp_path / "answer.xml").write_bytes(answer_with(GENUINE))
    (tmp_path / "message.xml").write_bytes(MESSAGE)
    return tmp_path


def check(file: Path, *words: str | Path) -> Result:
    return run("verify-receipt", file, *words)


@pytest.mark.parametrize("name", ["receipt.xml", "answer.xml"])
def test_a_genuine_receipt_says_who_signed_when_and_what_it_is_about(files: Path, name: str) -> None:
    answer = check(files / name, "--message", files / "message.xml")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("Ja")
    for said in (
        "CBE=0900100117 (VSB CENTRALE TOEPASSING (SAMPLE))",
        f"{NOW - DAY:%Y-%m-%d %H:%M:%S} UTC",
        MESSAGE_ID,
        "NIHII-PROT_ACC=72090103",
        "REF-1",
        sha256(MESSAGE).hexdigest(),
        "message.xml is dit bericht",
    ):
        assert said in answer.stdout


def test_another_message_is_refused_with_both_digests(files: Path) -> None:
    (files / "message.xml").write_bytes(MESSAGE + b"\n")
    answer = check(files / "receipt.xml", "--message", files / "message.xml")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Nee: message.xml is niet het bericht")
    assert sha256(MESSAGE).hexdigest() in answer.stderr
    assert sha256(MESSAGE + b"\n").hexdigest() in answer.stderr
    assert answer.stdout == ""


def test_a_changed_receipt_is_refused(files: Path) -> None:
    (files / "receipt.xml").write_bytes(GENUINE.replace(b"REF-1", b"REF-2"))
    answer = check(files / "receipt.xml")
    assert answer.exit_code == 1
    assert "gewijzigd" in answer.stderr


def test_other_issuers_refuse_the_receipt(files: Path) -> None:
    other = files / "other.pem"
    other.write_bytes((SAMPLE / "other-issuing-ca.pem").read_bytes() + (SAMPLE / "other-root-ca.pem").read_bytes())
    answer = check(files / "receipt.xml", "--ca-bundle", other)
    assert answer.exit_code == 1
    assert "uitgever" in answer.stderr


def test_the_issuers_alone_are_enough_and_then_revocation_is_said_not_to_be_looked_at(files: Path) -> None:
    answer = check(files / "receipt.xml", "--ca-bundle", SAMPLE / "ca-bundle.pem")
    assert answer.exit_code == 0, answer.output
    assert "niet nagegaan" in answer.stdout
    with_crl = check(files / "receipt.xml", "--ca-bundle", SAMPLE / "ca-bundle.pem", "--crl", SAMPLE / "crl" / "issuing-ca.crl")
    assert "nagegaan in 1 CRL" in with_crl.stdout


def test_a_revoked_signer_is_refused(files: Path) -> None:
    (files / "receipt.xml").write_bytes(receipt_by(sample("bad-revoked")))
    words = ("--signer", "NIHII-PROT_ACC=72090103")
    assert "ingetrokken" in check(files / "receipt.xml", *words).stderr
    assert check(files / "receipt.xml", *words, "--ca-bundle", SAMPLE / "ca-bundle.pem").exit_code == 0


def test_a_facility_can_not_make_the_gateways_receipt(files: Path) -> None:
    (files / "receipt.xml").write_bytes(receipt_by(sample("facility-ibw-1")))
    answer = check(files / "receipt.xml")
    assert answer.exit_code == 1
    assert "ondertekend door NIHII-PROT_ACC=72090103" in answer.stderr
    assert "--signer" in answer.stderr
    assert check(files / "receipt.xml", "--signer", "NIHII-PROT_ACC=72090103").exit_code == 0


def test_an_audit_seal_is_checked_the_same_way(store: Store, tmp_path: Path) -> None:
    write(store, NOW - DAY)
    run("audit", "seal", "--out", tmp_path)
    (seal_file,) = tmp_path.glob("auditzegel-*.xml")
    answer = check(seal_file)
    assert answer.exit_code == 0, answer.output
    assert re.search(r"wat\s+Auditzegel", answer.stdout)
    assert check(seal_file, "--message", seal_file).exit_code == 1


def test_an_answer_that_carries_no_receipt_is_said(files: Path) -> None:
    root = etree.fromstring((files / "answer.xml").read_bytes())
    element = next(root.iter("{urn:vsb-gateway:antwoord:v1}Ontvangstbewijs"))
    element.text = "geen base64!"
    (files / "answer.xml").write_bytes(etree.tostring(root))
    assert "geen base64" in check(files / "answer.xml").stderr
    element.getparent().remove(element)  # type: ignore[union-attr]
    (files / "answer.xml").write_bytes(etree.tostring(root))
    assert "0 gevonden" in check(files / "answer.xml").stderr


def test_an_answer_with_two_receipts_is_refused(files: Path) -> None:
    root = etree.fromstring((files / "answer.xml").read_bytes())
    element = next(root.iter("{urn:vsb-gateway:antwoord:v1}Ontvangstbewijs"))
    element.addnext(etree.fromstring(etree.tostring(element)))
    (files / "answer.xml").write_bytes(etree.tostring(root))
    assert "2 gevonden" in check(files / "answer.xml").stderr


@pytest.mark.parametrize("content", [b"", b"no xml", b"<a/>", b"\x00\x01", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_a_file_of_another_kind_is_no_receipt(files: Path, content: bytes) -> None:
    (files / "receipt.xml").write_bytes(content)
    answer = check(files / "receipt.xml")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Nee: ")


def test_a_sealed_document_of_another_kind_is_no_receipt(files: Path) -> None:
    root = etree.fromstring(GENUINE)
    root.remove(root[-1])
    root.remove(root[0])
    (files / "receipt.xml").write_bytes(seal(root, sample("gateway"), NOW))
    answer = check(files / "receipt.xml")
    assert answer.exit_code == 1
    assert "geen Ontvangstbewijs" in answer.stderr


def test_a_receipt_whose_digest_is_no_sha256_is_refused(files: Path) -> None:
    root = etree.fromstring(GENUINE)
    root.remove(root[-1])
    next(root.iter("{urn:vsb-gateway:antwoord:v1}Sha256")).text = base64.b64encode(b"short").decode()
    (files / "receipt.xml").write_bytes(seal(root, sample("gateway"), NOW))
    assert "geen SHA-256" in check(files / "receipt.xml").stderr


def test_show_gives_only_what_is_asked_for(store: Store) -> None:
    run("register", "attestation", "suspend", "VSB-2024-0001", "--actor", "Jan", *WHY)
    run("register", "declaration", "end", IBW1, *WHY)

    def shown(*words: str) -> list[str]:
        return [json.loads(line)["gebeurtenis"] for line in run("audit", "show", "--json", *words).stdout.splitlines()]

    assert shown() == ["attest_geschorst", "verklaring_beeindigd"]
    assert shown("--subject", "VSB-2024-0001") == shown("--actor", "Jan") == ["attest_geschorst"]
    assert shown("--event", "verklaring_beeindigd") == shown("--last", "1") == ["verklaring_beeindigd"]
    assert shown("--until", "2020-01-01") == []
