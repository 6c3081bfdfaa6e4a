"""Payload bytes leave the database only when they are whole in the archive; the database itself holds that."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner, Result

from conformance.client import FacilityClient
from conformance.walkthrough import sample_signer
from gateway.cli import app
from gateway.exchange import mailbox, outbox
from gateway.exchange.beleid import Beleid
from gateway.exchange.toestand import Toestand
from gateway.paths import data_dir
from gateway.reference.voorbeeld import SAMPLE_ACCOUNTS
from gateway.refusal import Code, Refusal
from gateway.store import berichten
from gateway.store.archief import Archiefkast, ArchiefProbleem, Uitslag, alleen, archiveer, geregistreerd, gesloten_voor
from gateway.store.archief_bestand import Beschadigd, controleer, manifest_naam
from gateway.store.archief_controle import verifieer
from gateway.store.archief_tables import archief
from gateway.store.archief_terug import zet_terug
from gateway.store.audit_tables import audit
from gateway.store.bewaking import GEARCHIVEERD_GEWIST, NOOIT_GEWIJZIGD, NOOIT_GEWIST
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import upgrade
from gateway.store.tables import bericht as bericht_tabel
from gateway.store.tables import levensstap, levering, poging, taak
from gateway.trust.chain import load_trust_store
from gateway.trust.revocation import RevocationMode
from tests.store.maanden import FEB, JAN, MRT, NU, bericht, dag, inhoud, kast, lever, maanden, sample, tabellen, vul
from tests.support import IBW1, PERSONS, RunningGateway, console_session

pytestmark = pytest.mark.both_engines
GRENS = gesloten_voor(NU, 24)
CERTS = data_dir("certs-sample")


@pytest.fixture
def url(engine_name: str, new_database: Callable[[], str]) -> str:
    """A database of the test's own on each engine: archiving drops partitions."""
    return new_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    engine = make_engine(url)
    upgrade(engine)
    yield Store(engine)
    engine.dispose()


@pytest.fixture
def box(store: Store, tmp_path: Path) -> Archiefkast:
    return kast(store, tmp_path / "archive")


def run(box: Archiefkast) -> list[Uitslag]:
    return list(archiveer(box, GRENS))


def lines(path: Path) -> list[dict]:
    with gzip.open(path) as file:
        return [json.loads(line) for line in file]


def breaks(box: Archiefkast, signer: str = "CBE=0900100117") -> list[str]:
    trust = load_trust_store(CERTS / "ca-bundle.pem", [], RevocationMode.GRACE)

    def accept(der: bytes, certificate, moment: datetime) -> None:
        try:
            trust.accept(der, certificate, moment)
        except Refusal as refusal:
            if refusal.code is not Code.REVOCATION:
                raise

    with box.store.reading() as conn:
        return [b.wat for b in verifieer(conn, box.folder, accept, NU, ondertekenaar=signer, voortgang=lambda *_: None)[1]]


# What the database refuses


def test_rows_of_messages_and_their_lives_are_never_deleted(store: Store) -> None:
    vul(store, JAN, 1)
    with store.writing() as conn:
        conn.execute(insert(archief).values(_row(JAN)))
    for name in NOOIT_GEWIST:
        with pytest.raises(IntegrityError, match=f"{name}: rijen worden nooit gewist"), store.writing() as conn:
            conn.execute(text(f"DELETE FROM {name}"))


def test_what_happened_is_never_rewritten(store: Store) -> None:
    vul(store, JAN, 1)
    with store.writing() as conn:
        conn.execute(insert(archief).values(_row(JAN)))
    columns = {"levensstap": "stap", "poging": "melding", "archief": "bestand"}
    for name in NOOIT_GEWIJZIGD:
        column = columns.get(name, "octetten")
        with pytest.raises(IntegrityError, match=f"{name}: rijen worden nooit gewijzigd"), store.writing() as conn:
            conn.execute(text(f"UPDATE {name} SET {column} = {column}"))


def test_payload_bytes_are_deleted_only_when_their_month_is_in_the_archive(store: Store) -> None:
    vul(store, JAN, 1)
    vul(store, FEB, 1)
    with store.writing() as conn:
        conn.execute(insert(archief).values(_row(JAN)))
    for name in GEARCHIVEERD_GEWIST:
        with pytest.raises(IntegrityError, match=f"{name}: octetten worden pas gewist"), store.writing() as conn:
            conn.execute(text(f"DELETE FROM {name}"))
        with store.writing() as conn:
            conn.execute(text(f"DELETE FROM {name} WHERE maand = '2024-01-01'"))
    assert maanden(store) == {FEB}


@pytest.mark.postgresql_only
def test_no_table_or_partition_can_be_emptied_at_a_stroke(store: Store) -> None:
    guarded = [*NOOIT_GEWIST, *tabellen(store, "%_inhoud%")]
    assert len(guarded) > 10
    for name in guarded:
        with pytest.raises(IntegrityError, match="de tabel wordt nooit geleegd"), store.writing() as conn:
            conn.execute(text(f"TRUNCATE {name} CASCADE"))


def _row(maand: date, vorige: str = "0" * 64) -> dict[str, object]:
    return {"maand": maand, "bestand": "x", "sha256": f"{maand}", "vorige": vorige, "berichten": 1, "octetten": 1, "op": NU}


# Archiving


def test_a_month_is_closed_when_each_of_its_messages_is_old_enough() -> None:
    last_moment = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    assert gesloten_voor(last_moment, 24) == date(2024, 2, 1)
    assert gesloten_voor(last_moment + timedelta(seconds=1), 24) == MRT
    assert gesloten_voor(datetime(2026, 1, 1, tzinfo=UTC), 1) == date(2025, 12, 1)
    assert gesloten_voor(datetime(2026, 1, 1, tzinfo=UTC), 0) == date(2026, 1, 1)


def test_closed_months_go_to_files_that_name_one_another_and_the_rows_stay(box: Archiefkast) -> None:
    ids = vul(box.store, JAN, 3) + vul(box.store, FEB, 2)
    vul(box.store, MRT, 1)
    before = inhoud(box.store)
    january, february = run(box)
    assert (january.maand, january.berichten, february.maand, february.berichten) == (JAN, 3, FEB, 2)
    assert maanden(box.store) == {MRT}
    with box.store.reading() as conn:
        assert {r.id for r in conn.execute(select(bericht_tabel))} > set(ids)
        assert len(berichten.levensloop(conn, ids[0])) == 3
        first, second = geregistreerd(conn)
        events = list(conn.execute(select(audit.c.gebeurtenis, audit.c.onderwerp).order_by(audit.c.volgnr)))
    assert (first.bestand, second.vorige, second.bestand) == (january.bestand, first.sha256, february.bestand)
    assert [tuple(e) for e in events] == [("archief_gemaakt", "maand:2024-01"), ("archief_gemaakt", "maand:2024-02")]
    assert breaks(box) == []
    head, *rows = lines(box.folder / str(february.bestand))
    assert (head["maand"], head["vorig_bestand"], head["vorige"]) == ("2024-02", january.bestand, first.sha256)
    assert {t: sum(r["tabel"] == t for r in rows) for t in head["aantallen"]} == head["aantallen"]
    assert head["aantallen"] == {
        "bericht": 2, "bericht_inhoud": 2, "levensstap": 6, "beslissing": 2, "levering": 2, "levering_inhoud": 2, "poging": 2,
    }  # fmt: skip
    assert head["octetten"] == february.octetten
    assert zet_terug(box, JAN) + zet_terug(box, FEB) == 10
    assert inhoud(box.store) == before


def test_only_the_owner_can_read_the_files(box: Archiefkast) -> None:
    vul(box.store, JAN, 1)
    run(box)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in box.folder.iterdir() if not p.name.startswith(".")}
    assert len(modes) == 2
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(box.folder.stat().st_mode) == 0o700


def test_the_same_rows_make_the_same_file(box: Archiefkast, url: str, new_database: Callable[[], str], tmp_path: Path) -> None:
    engine = make_engine(new_database())
    upgrade(engine)
    other = kast(Store(engine), tmp_path / "other")
    names = []
    for each in (box, other):
        vul(each.store, JAN, 3)
        names.append([u.bestand for u in run(each)])
    engine.dispose()
    assert names[0] == names[1]
    assert (box.folder / names[0][0]).read_bytes() == (other.folder / names[0][0]).read_bytes()


@pytest.mark.parametrize("waits", ["delivery", "later delivery", "task"])
def test_a_month_stays_while_something_of_it_is_not_final_and_others_go(box: Archiefkast, waits: str) -> None:
    name = vul(box.store, JAN, 2)[0]
    vul(box.store, FEB, 1)
    with box.store.writing() as conn:
        match waits:
            case "delivery":
                lever(conn, name, dag(JAN), b"answer", naar="riziv:72090103", klaar=False)
            case "later delivery":
                lever(conn, name, dag(MRT), b"answer", naar="riziv:72090103", klaar=False)
            case "task":
                conn.execute(insert(taak).values(bericht_id=name, pogingen=0, volgende_poging=dag(JAN)))
    stays, goes = run(box)
    assert (stays.maand, stays.bestand, stays.niet_klaar) == (JAN, None, 1)
    assert goes.bestand is not None
    assert maanden(box.store) == ({JAN, MRT} if waits == "later delivery" else {JAN})


def test_a_delivery_of_a_later_month_is_in_the_file_of_its_bytes_and_its_row_in_the_messages_file_too(box: Archiefkast) -> None:
    (name,) = vul(box.store, JAN, 1)
    with box.store.writing() as conn:
        answer = lever(conn, name, dag(FEB), b"answer", naar="riziv:72090103")
    january, february = (lines(box.folder / str(u.bestand))[1:] for u in run(box))
    first, second = (r["rij"]["id"] for r in january if r["tabel"] == "levering")
    assert second == answer
    assert [r["rij"]["levering_id"] for r in january if r["tabel"] == "levering_inhoud"] == [first]
    assert [r["tabel"] for r in february] == ["levering", "levering_inhoud"]
    assert february[1]["rij"]["levering_id"] == answer
    assert breaks(box) == []


def test_a_message_whose_bytes_were_damaged_is_not_archived(box: Archiefkast) -> None:
    (name,) = vul(box.store, JAN, 1)
    with box.store.writing() as conn:
        conn.execute(update(bericht_tabel).where(bericht_tabel.c.id == name).values(sha256="0" * 64))
    with pytest.raises(Beschadigd, match="niet die van het bericht"):
        run(box)
    assert maanden(box.store) == {JAN}


def test_a_large_month_is_archived_and_put_back_in_little_memory(box: Archiefkast) -> None:
    maker = random.Random(1)
    with box.store.writing() as conn:
        for number in range(1000):
            name = bericht(conn, dag(JAN) + timedelta(seconds=number), maker.randbytes(30_000))
            lever(conn, name, dag(JAN) + timedelta(seconds=number), b"x", naar="riziv:72090103")
    tracemalloc.start()
    (done,) = run(box)
    zet_terug(box, JAN)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.octetten == 1000 * 30_001
    assert peak < done.octetten / 2


def test_two_runs_at_once_are_one_run(box: Archiefkast) -> None:
    vul(box.store, JAN, 1)
    with alleen(box.folder), pytest.raises(ArchiefProbleem, match="loopt al"):
        run(box)
    assert maanden(box.store) == {JAN}


# Killed


def test_a_run_killed_at_any_moment_loses_nothing_and_the_next_one_finishes(
    store: Store, url: str, tmp_path: Path, engine_name: str
) -> None:
    box = kast(store, tmp_path / "archive")
    for maand in (JAN, FEB):
        vul(store, maand, 700, grootte=2000)
    before = inhoud(store)
    chance, killed, seen = random.Random(7), 0, set()
    for _ in range(12):
        process = subprocess.Popen(_command("run"), env=_environment(url, box), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while process.poll() is None and not (box.folder / ".bezig").exists():
            time.sleep(0.005)
        begun = _touched(box)
        while process.poll() is None and _touched(box) == begun:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.25)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        seen.add(_safe(box, before))
    assert killed >= 3
    done = subprocess.run(_command("run"), env=_environment(url, box), capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert maanden(store) == set()
    assert breaks(box) == []
    for maand in (JAN, FEB):
        zet_terug(box, maand)
    assert inhoud(store) == before


def _touched(box: Archiefkast) -> set[tuple[str, int]]:
    found = set()
    for path in box.folder.glob("*2024-*"):
        try:
            found.add((path.name, path.stat().st_size))
        except FileNotFoundError:
            continue
    return found


def _safe(box: Archiefkast, before: dict[str, bytes]) -> int:
    """Every byte is in the database, or in a registered file that is whole; returns how many months are registered."""
    with box.store.reading() as conn:
        rows = geregistreerd(conn)
    kept = dict(inhoud(box.store))
    for row in rows:
        controleer(box.folder / row.bestand, row.sha256)
        assert (box.folder / manifest_naam(row.bestand)).exists()
        for line in lines(box.folder / row.bestand)[1:]:
            if line["tabel"].endswith("_inhoud"):
                key = line["rij"].get("bericht_id", line["rij"].get("levering_id"))
                kept[f"{line['tabel']}/{key}"] = before[f"{line['tabel']}/{key}"]
    assert kept == before
    return len(rows)


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "gateway", "archive", *words]


def _environment(url: str, box: Archiefkast) -> dict[str, str]:
    return {**os.environ, "VSB_DATABASE_URL": url, "VSB_ARCHIVE": str(box.folder), "VSB_CLOCK": NU.isoformat()}


# Putting back


def test_a_month_that_was_put_back_leaves_again_to_the_same_file(box: Archiefkast) -> None:
    vul(box.store, JAN, 3)
    before = inhoud(box.store)
    (first,) = run(box)
    assert zet_terug(box, JAN) == 6
    assert zet_terug(box, JAN) == 0
    assert inhoud(box.store) == before
    (again,) = run(box)
    assert again == first
    assert inhoud(box.store) == {}
    with box.store.reading() as conn:
        assert len(geregistreerd(conn)) == 1
        events = list(conn.execute(select(audit.c.gebeurtenis).order_by(audit.c.volgnr)).scalars())
    assert events == ["archief_gemaakt", "archief_teruggezet", "archief_teruggezet", "archief_gemaakt"]


def test_bytes_that_the_file_does_not_have_stay(box: Archiefkast) -> None:
    vul(box.store, JAN, 2)
    run(box)
    with box.store.writing() as conn:
        bericht(conn, dag(JAN, 20), b"<laat/>")
    with pytest.raises(ArchiefProbleem, match="octetten in de databank die"):
        run(box)
    assert list(inhoud(box.store).values()) == [b"<laat/>"]


def test_nothing_is_put_back_from_a_file_that_was_changed(box: Archiefkast) -> None:
    vul(box.store, JAN, 2)
    (done,) = run(box)
    path = box.folder / str(done.bestand)
    octets = path.read_bytes()
    path.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))
    with pytest.raises(Beschadigd, match="SHA-256"):
        zet_terug(box, JAN)
    assert inhoud(box.store) == {}


def test_a_month_that_was_never_archived_can_not_be_put_back(box: Archiefkast) -> None:
    vul(box.store, JAN, 1)
    with pytest.raises(ArchiefProbleem, match="staat niet in het archief"):
        zet_terug(box, JAN)


# Verifying


def test_verify_names_what_does_not_hold(box: Archiefkast) -> None:
    vul(box.store, JAN, 1)
    vul(box.store, FEB, 1)
    january, _february = run(box)
    manifest = box.folder / manifest_naam(str(january.bestand))
    original = manifest.read_bytes()
    assert breaks(box, signer="CBE=0999999999")[0].startswith(f"{manifest.name}: is door iemand anders ondertekend")
    manifest.write_bytes(original.replace(b"<Berichten>1<", b"<Berichten>2<"))
    assert [b.partition(":")[0] for b in breaks(box)] == [manifest.name]
    manifest.unlink()
    assert breaks(box) == [f"{manifest.name}: niet te lezen: No such file or directory"]
    manifest.write_bytes(original)
    (box.folder / str(january.bestand)).unlink()
    assert breaks(box) == [f"{january.bestand}: niet te lezen: No such file or directory"]


# Who asks for what is in the archive


def test_bytes_in_the_archive_are_a_refusal_of_their_own(box: Archiefkast) -> None:
    (name,) = vul(box.store, JAN, 1)
    run(box)
    with pytest.raises(Refusal) as refused, box.store.reading() as conn:
        berichten.inhoud(conn, name)
    assert (refused.value.code.info.code, refused.value.findings[0].found) == ("VSB-ID-005", "maand 2024-01")


def test_a_delivery_that_somebody_reopened_says_where_its_bytes_are(box: Archiefkast) -> None:
    (name,) = vul(box.store, JAN, 1)
    run(box)
    with box.store.writing() as conn:
        conn.execute(
            update(levering).where(levering.c.bericht_id == name).values(toestand=Toestand.WACHTEND.value, transport="pull")
        )
    with pytest.raises(Refusal, match="VSB-ID-005"), box.store.reading() as conn:
        mailbox.wachtend(conn, "zorgkas:280", [], 10)
    with box.store.writing() as conn:
        conn.execute(update(levering).where(levering.c.bericht_id == name).values(transport="soap"))
    with pytest.raises(Refusal, match="VSB-ID-005"), box.store.writing() as conn:
        outbox.claim(conn, "zorgkas:280", 1, "w1", NU, Beleid())


def test_a_gateway_answers_about_archived_messages_as_before(
    start_gateway: Callable[..., AbstractContextManager[RunningGateway]], url: str, tmp_path: Path
) -> None:
    console = {"VSB_CONSOLE": "true", "VSB_CONSOLE_ACCOUNTS": str(SAMPLE_ACCOUNTS)}
    with start_gateway(VSB_DATABASE_URL=url, options=("--no-worker",), **console) as gateway:
        now, own_id = gateway.now(), str(uuid4())
        facility = FacilityClient(gateway.base, sample_signer("facility-ibw-1"), IBW1, pijler="eibwfin", clock=lambda: now)
        stay = {"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
        answer = facility.indienen(own_id, PERSONS["els"], StartVerblijf=stay)
        store = Store(make_engine(url))
        with store.writing() as conn:
            conn.execute(update(levering).values(toestand=Toestand.BEVESTIGD.value))
        box = Archiefkast(
            store=store,
            folder=tmp_path / "archive",
            signer=sample(),
            klok=lambda: gateway.now() + timedelta(days=40),
            actor="os:test",
        )
        (done,) = archiveer(box, gesloten_voor(box.klok(), 0))
        assert (done.berichten, inhoud(store)) == (1, {})
        store.engine.dispose()
        assert facility.raadplegen(MessageId=answer.MessageId).Stap[0].Naam == "ontvangen"
        again = facility.indienen(own_id, PERSONS["els"], StartVerblijf=stay)
        assert (again.MessageId, again.Uitkomst) == (answer.MessageId, answer.Uitkomst)
        page = console_session(gateway).get(f"{gateway.base}/console/berichten/{answer.MessageId}", timeout=10)
        assert page.status_code == 200
        assert f"{done.bestand}" in page.text


# The command


@pytest.fixture
def cli(store: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name, value in _environment(url, kast(store, tmp_path / "archive")).items():
        if name.startswith("VSB_"):
            monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, ["archive", *words], env={"COLUMNS": "250"})


def test_an_operator_archives_looks_verifies_and_puts_back(cli: Callable[..., Result], store: Store, tmp_path: Path) -> None:
    vul(store, JAN, 2)
    vul(store, FEB, 1)
    done = cli("run", "--before", "2024-02")
    assert done.exit_code == 0, done.output
    assert "2024-01 → 2024-01-" in done.output
    assert maanden(store) == {FEB}
    assert cli("run", "--before", "2026-01").exit_code == 0
    assert maanden(store) == set()
    assert "niets te archiveren" in cli("run").output
    listed = cli("list").output
    assert listed.index("2024-01-") < listed.index("2024-02-")
    assert "Ja: 2 bestand(en)" in cli("verify").output
    assert "4 rij(en) teruggezet" in cli("restore", "2024-01").output
    assert maanden(store) == {JAN}
    next((tmp_path / "archive").glob("2024-02-*.gz")).unlink()
    broken = cli("verify")
    assert broken.exit_code == 1
    assert "niet te lezen" in broken.output
    assert cli("restore", "2024-02").exit_code == 2
    assert cli("restore", "2024-13").exit_code == 2


def test_a_month_that_stays_is_named_and_ends_the_run_with_a_no(cli: Callable[..., Result], store: Store) -> None:
    name = vul(store, JAN, 1)[0]
    with store.writing() as conn:
        lever(conn, name, dag(JAN), b"answer", naar="riziv:72090103", klaar=False)
    done = cli("run")
    assert done.exit_code == 1
    assert "2024-01 blijft" in done.output


def test_every_guarded_table_is_there(store: Store) -> None:
    assert {*NOOIT_GEWIST, *NOOIT_GEWIJZIGD, *GEARCHIVEERD_GEWIST} <= set(inspect(store.engine).get_table_names())
    assert {levensstap.name, poging.name} <= set(NOOIT_GEWIST)
