"""The audit chain: what is written can be proved, and what anyone changes afterwards is found."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DataError

from gateway.observe.audit_events import Gebeurtenis
from gateway.paths import data_dir
from gateway.store.audit import BEGIN, canoniek, laatste_records, noteer
from gateway.store.audit_controle import MAX_BREUKEN, Verslag, Wat, verifieer
from gateway.store.audit_tables import audit, audit_zegel
from gateway.store.audit_zegels import KetenVerbroken, lees_zegel, verzegel, zegel_van
from gateway.store.engine import Store, make_engine
from gateway.store.metadata import metadata
from gateway.trust.chain import load_trust_store
from gateway.trust.revocation import RevocationMode
from gateway.trust.sealed import verify_sealed
from gateway.trust.signing import Signer, load_signer, seal

SAMPLE = data_dir("certs-sample")
DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 16, 9, tzinfo=UTC)
THURSDAY = MONDAY + 3 * DAY
SIGNED_BY = "CBE=0900100117"


def sample(name: str) -> Signer:
    return load_signer((SAMPLE / f"{name}.p12").read_bytes(), "vsb-sample")


GATEWAY = sample("gateway")


@pytest.fixture
def sealed_store(store: Store) -> Store:
    """Four records on each of Monday, Tuesday and Wednesday, these days sealed on Thursday, and two records of Thursday."""
    for day in range(3):
        for hour in range(4):
            write(store, MONDAY + day * DAY + timedelta(hours=hour), number=str(hour))
    with store.writing() as conn:
        verzegel(conn, GATEWAY, THURSDAY)
    write(store, THURSDAY)
    write(store, THURSDAY)
    return store


def write(store: Store, moment: datetime = MONDAY, onderwerp: str = "attest:VSB-1", **gegevens: Any) -> int:
    with store.writing() as conn:
        return noteer(
            conn,
            Gebeurtenis.ATTEST_GESCHORST,
            actor="os:jan",
            onderwerp=onderwerp,
            gegevens=gegevens,
            tijdstip=moment,
        )


def tamper(store: Store, *statements: Any) -> None:
    with store.writing() as conn:
        for statement in statements:
            conn.execute(statement)


def look(store: Store, **options: Any) -> Verslag:
    accept = load_trust_store(SAMPLE / "ca-bundle.pem", [SAMPLE / "crl/issuing-ca.crl"], RevocationMode.STRICT).accept
    with store.reading() as conn:
        return verifieer(conn, accept, options.pop("now", THURSDAY), ondertekenaar=SIGNED_BY, **options)


def breaks(verslag: Verslag) -> list[tuple[Wat, int | None]]:
    assert verslag.klopt is not bool(verslag.breuken)
    return [(b.wat, b.volgnr) for b in verslag.breuken]


def recompute(store: Store, start: int) -> None:
    """What somebody does who can write the table and knows how hashes are made."""
    with store.writing() as conn:
        previous = conn.execute(select(audit.c.hash).where(audit.c.volgnr == start - 1)).scalar() or BEGIN
        for row in conn.execute(select(audit).where(audit.c.volgnr >= start).order_by(audit.c.volgnr)).all():
            fields = dict(row._mapping) | {"vorige_hash": previous}
            fields.pop("hash")
            previous = sha256(canoniek(fields).encode()).hexdigest()
            values = {"vorige_hash": fields["vorige_hash"], "hash": previous}
            conn.execute(update(audit).where(audit.c.volgnr == row.volgnr).values(**values))


# Writing.


def test_records_are_numbered_without_gaps_and_bound_to_the_one_before(store: Store) -> None:
    assert [write(store) for _ in range(3)] == [1, 2, 3]
    with store.reading() as conn:
        rows = conn.execute(select(audit).order_by(audit.c.volgnr)).all()
    assert rows[0].vorige_hash == BEGIN
    assert [r.vorige_hash for r in rows[1:]] == [r.hash for r in rows[:-1]]
    assert look(store).klopt


def test_a_record_says_what_was_written(store: Store) -> None:
    write(store, MONDAY, "riziv:72090103000", pijler="eibwfin", geschorst=True, aantal=3, tot=None, codes=("a", "b"))
    with store.reading() as conn:
        (record,) = laatste_records(conn, 5)
    assert record.tijdstip == "2026-03-16T09:00:00.000000Z"
    assert (record.gebeurtenis, record.actor, record.onderwerp) == ("attest_geschorst", "os:jan", "riziv:72090103000")
    assert json.loads(record.gegevens) == {
        "pijler": "eibwfin",
        "geschorst": True,
        "aantal": 3,
        "tot": None,
        "codes": ["a", "b"],
    }


def test_the_hash_is_what_anyone_computes_from_the_columns(store: Store) -> None:
    write(store, MONDAY, b="é", a="1")
    with store.reading() as conn:
        row = conn.execute(select(audit)).one()
    expected = (
        '{"actor":"os:jan","gebeurtenis":"attest_geschorst","gegevens":"{\\"a\\":\\"1\\",\\"b\\":\\"é\\"}",'
        '"onderwerp":"attest:VSB-1","tijdstip":"2026-03-16T09:00:00.000000Z","volgnr":1,'
        f'"vorige_hash":"{"0" * 64}"}}'
    )
    assert row.hash == sha256(expected.encode()).hexdigest()


def test_the_newest_records_come_oldest_first(store: Store) -> None:
    for _ in range(5):
        write(store)
    with store.reading() as conn:
        assert [r.volgnr for r in laatste_records(conn, 2)] == [4, 5]


def test_a_transaction_that_fails_leaves_no_record(store: Store) -> None:
    def fail() -> None:
        with store.writing() as conn:
            noteer(conn, Gebeurtenis.GESTART, actor="gateway", onderwerp="x", gegevens={}, tijdstip=MONDAY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert write(store) == 1
    assert look(store).records == 1


def test_writers_at_the_same_time_make_one_chain(store: Store) -> None:
    def work() -> None:
        for _ in range(10):
            write(store)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verslag = look(store)
    assert (verslag.records, verslag.klopt) == (60, True)


def test_a_moment_without_time_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="time zone"):
        write(store, datetime(2026, 3, 16, 9))


@pytest.mark.parametrize("value", [1.5, {"a": "b"}, b"x", [1], object()])
def test_a_value_without_one_canonical_form_is_refused(store: Store, value: object) -> None:
    with pytest.raises(TypeError):
        write(store, waarde=value)


@pytest.mark.parametrize(
    "insz", ["85073003328", "85.07.30-033.28", "850730-03328", "85 07 30 033 28", "85.07.30 033.28", "INSZ85073003328"]
)
@pytest.mark.parametrize("where", ["actor", "onderwerp", "gegevens", "list", "name"])
def test_a_national_number_is_never_in_the_chain(store: Store, insz: str, where: str) -> None:
    values = {"actor": "os:jan", "onderwerp": "bericht", "gegevens": {"a": "b"}}
    gegevens = {"gegevens": {"a": f"voor {insz}"}, "list": {"a": [f"({insz})"]}, "name": {insz: "a"}}.get(where)
    given: dict[str, Any] = values | ({"gegevens": gegevens} if gegevens else {where: f"van {insz}"})
    with store.writing() as conn:
        noteer(conn, Gebeurtenis.GESTART, tijdstip=MONDAY, **given)
    with store.reading() as conn:
        written = repr(conn.execute(select(audit)).all())
    assert insz not in written
    assert "***********" in written


def test_a_national_number_given_as_a_number_is_masked_too(store: Store) -> None:
    write(store, nummer=85073003328, aantal=123)
    with store.reading() as conn:
        assert json.loads(laatste_records(conn, 1)[0].gegevens) == {"nummer": "***********", "aantal": 123}


@pytest.mark.parametrize(
    "kept", ["riziv:72090103000", "0190a2b4-5f6e-7abc-8def-01234567890a", "0190a2b4-5f6e-7abc-8def-12345678901a", "a" * 64]
)
def test_a_riziv_number_and_a_message_id_stay_readable(store: Store, kept: str) -> None:
    write(store, onderwerp=kept, ander=kept)
    with store.reading() as conn:
        (record,) = laatste_records(conn, 1)
    assert record.onderwerp == kept
    assert json.loads(record.gegevens)["ander"] == kept


def test_control_characters_and_endless_text_do_not_reach_the_columns(store: Store) -> None:
    write(store, onderwerp="a\x00b\ud800c\n" + "x" * 500)
    with store.reading() as conn:
        onderwerp = laatste_records(conn, 1)[0].onderwerp
    assert onderwerp.startswith("a�b�c�x")
    assert len(onderwerp) == 128
    assert look(store).klopt


def test_every_event_has_a_few_words_and_fits_its_column() -> None:
    assert len({g.value for g in Gebeurtenis}) == len(Gebeurtenis)
    assert all(g.woorden and len(g.value) <= 64 for g in Gebeurtenis)


# Finding what was changed.


def test_an_untouched_chain_is_whole(sealed_store: Store) -> None:
    verslag = look(sealed_store)
    assert verslag.klopt
    assert (verslag.records, verslag.zegels, verslag.laatste_zegel) == (14, 3, date(2026, 3, 18))


def test_an_empty_chain_is_whole(store: Store) -> None:
    verslag = look(store)
    assert (verslag.klopt, verslag.records, verslag.dagen_zonder_zegel) == (True, 0, 0)


@pytest.mark.parametrize("number", [1, 6, 12, 13, 14])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("tijdstip", "2026-03-16T09:00:00.000001Z"),
        ("gebeurtenis", "attest_hervat"),
        ("actor", "os:piet"),
        ("onderwerp", "attest:VSB-2"),
        ("gegevens", '{"number": "0"}'),
        ("gegevens", "{}\n"),
        ("tijdstip", "geen tijdstip"),
        ("actor", b"\xff"),
        ("gegevens", 7),
    ],
)
def test_a_changed_column_of_any_record_is_found_at_that_record(
    sealed_store: Store, number: int, column: str, value: object
) -> None:
    with sealed_store.writing() as conn:
        conn.execute(text(f"UPDATE audit SET {column} = :v WHERE volgnr = :n"), {"v": value, "n": number})
    assert breaks(look(sealed_store)) == [(Wat.INHOUD, number)]


def test_a_changed_record_with_its_hash_computed_again_is_found_at_the_next(sealed_store: Store) -> None:
    with sealed_store.reading() as conn:
        fields = dict(conn.execute(select(audit).where(audit.c.volgnr == 6)).one()._mapping) | {"actor": "os:piet"}
    fields.pop("hash")
    again = sha256(canoniek(fields).encode()).hexdigest()
    tamper(sealed_store, update(audit).where(audit.c.volgnr == 6).values(actor="os:piet", hash=again))
    assert breaks(look(sealed_store)) == [(Wat.KETEN, 7)]


def test_a_chain_rewritten_from_a_record_on_is_found_by_the_seals(sealed_store: Store) -> None:
    tamper(sealed_store, update(audit).where(audit.c.volgnr == 6).values(actor="os:piet"))
    recompute(sealed_store, 6)
    assert breaks(look(sealed_store)) == [(Wat.ZEGEL_HASH, 5), (Wat.ZEGEL_HASH, 9)]


def test_a_chain_rewritten_from_the_start_is_found_by_every_seal(sealed_store: Store) -> None:
    tamper(sealed_store, update(audit).where(audit.c.volgnr == 1).values(actor="os:piet"))
    recompute(sealed_store, 1)
    assert breaks(look(sealed_store)) == [(Wat.ZEGEL_HASH, 1), (Wat.ZEGEL_HASH, 5), (Wat.ZEGEL_HASH, 9)]


def test_a_deleted_record_leaves_a_gap(sealed_store: Store) -> None:
    tamper(sealed_store, delete(audit).where(audit.c.volgnr.in_([6, 7])))
    assert breaks(look(sealed_store)) == [(Wat.GAT, 6)]


def test_the_first_record_can_not_be_cut_off(sealed_store: Store) -> None:
    tamper(sealed_store, delete(audit).where(audit.c.volgnr == 1))
    assert breaks(look(sealed_store)) == [(Wat.GAT, 1)]


def test_a_deleted_record_with_the_rest_moved_up_is_found_by_the_seals(sealed_store: Store) -> None:
    tamper(sealed_store, delete(audit).where(audit.c.volgnr == 6))
    with sealed_store.writing() as conn:
        for number in range(7, 15):
            conn.execute(update(audit).where(audit.c.volgnr == number).values(volgnr=number - 1))
    recompute(sealed_store, 6)
    assert [wat for wat, _ in breaks(look(sealed_store))] == [Wat.ZEGEL_HASH, Wat.ZEGEL_HASH]


def test_deleting_the_last_sealed_record_is_caught_by_the_seal(sealed_store: Store) -> None:
    tamper(sealed_store, delete(audit).where(audit.c.volgnr >= 12))
    verslag = look(sealed_store)
    assert breaks(verslag) == [(Wat.ZEGEL_RECORD, 12)]
    assert verslag.breuken[0].dag == date(2026, 3, 18)


def test_emptying_the_chain_is_caught_by_the_seals(sealed_store: Store) -> None:
    tamper(sealed_store, delete(audit))
    assert {wat for wat, _ in breaks(look(sealed_store))} == {Wat.ZEGEL_RECORD}


def test_reordered_records_are_found(sealed_store: Store) -> None:
    tamper(
        sealed_store,
        update(audit).where(audit.c.volgnr == 6).values(volgnr=99),
        update(audit).where(audit.c.volgnr == 7).values(volgnr=6),
        update(audit).where(audit.c.volgnr == 99).values(volgnr=7),
    )
    assert {number for _, number in breaks(look(sealed_store))} == {6, 7, 8}


@pytest.mark.parametrize("number", [0, -1, 15, 1000])
def test_an_inserted_record_is_found(sealed_store: Store, number: int) -> None:
    with sealed_store.reading() as conn:
        fields = dict(conn.execute(select(audit).where(audit.c.volgnr == 14)).one()._mapping) | {"volgnr": number}
    tamper(sealed_store, insert(audit).values(**fields))
    assert not look(sealed_store).klopt


def test_every_changed_record_is_named(sealed_store: Store) -> None:
    tamper(sealed_store, update(audit).where(audit.c.volgnr.in_([2, 9, 14])).values(actor="os:piet"))
    assert breaks(look(sealed_store)) == [(Wat.INHOUD, 2), (Wat.INHOUD, 9), (Wat.INHOUD, 14)]


def test_of_very_many_breaks_the_first_are_named(sealed_store: Store) -> None:
    for _ in range(60):
        write(sealed_store, THURSDAY)
    tamper(sealed_store, update(audit).values(actor="os:piet"))
    found = breaks(look(sealed_store))
    assert found == [(Wat.INHOUD, number) for number in range(1, MAX_BREUKEN + 1)]


def test_records_after_the_last_seal_are_counted_and_still_bound_to_each_other(sealed_store: Store) -> None:
    assert look(sealed_store).onverzegeld == 2
    tamper(sealed_store, update(audit).where(audit.c.volgnr == 13).values(actor="os:piet"))
    assert breaks(look(sealed_store)) == [(Wat.INHOUD, 13)]


def test_an_unsealed_end_can_be_cut_off_unseen_until_it_is_sealed(sealed_store: Store) -> None:
    tamper(sealed_store, delete(audit).where(audit.c.volgnr == 14))
    assert look(sealed_store).klopt
    with sealed_store.writing() as conn:
        verzegel(conn, GATEWAY, THURSDAY + DAY)
    tamper(sealed_store, delete(audit).where(audit.c.volgnr == 13))
    assert breaks(look(sealed_store, now=THURSDAY + DAY)) == [(Wat.ZEGEL_RECORD, 13)]


@pytest.mark.parametrize("per_keer", [1, 2, 5, 13, 14, 15, 1000])
def test_the_walk_says_the_same_in_steps_of_any_size_and_tells_how_far_it_is(sealed_store: Store, per_keer: int) -> None:
    told: list[tuple[int, int]] = []
    verslag = look(sealed_store, per_keer=per_keer, voortgang=lambda done, total: told.append((done, total)))
    assert (verslag.klopt, verslag.records) == (True, 14)
    assert told[-1] == (14, 14)
    assert told == sorted(told)
    tamper(sealed_store, update(audit).where(audit.c.volgnr == 6).values(actor="os:piet"))
    assert breaks(look(sealed_store, per_keer=per_keer)) == [(Wat.INHOUD, 6)]


# Seals.


def test_every_finished_day_is_sealed_once(store: Store) -> None:
    write(store, MONDAY)
    write(store, MONDAY + 2 * DAY)
    with store.writing() as conn:
        assert verzegel(conn, GATEWAY, MONDAY + timedelta(hours=1)) == ()
        assert verzegel(conn, GATEWAY, THURSDAY) == (date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 18))
        assert verzegel(conn, GATEWAY, THURSDAY) == ()
        assert conn.execute(select(audit_zegel.c.laatste_volgnr).order_by(audit_zegel.c.dag)).scalars().all() == [1, 1, 2]
    assert look(store).klopt


def test_an_empty_chain_has_nothing_to_seal(store: Store) -> None:
    with store.writing() as conn:
        assert verzegel(conn, GATEWAY, THURSDAY) == ()


def test_a_day_is_a_belgian_day(store: Store) -> None:
    write(store, datetime(2026, 3, 16, 22, 59, 59, 999999, tzinfo=UTC))
    write(store, datetime(2026, 3, 16, 23, tzinfo=UTC))
    with store.writing() as conn:
        assert verzegel(conn, GATEWAY, datetime(2026, 3, 16, 22, 59, tzinfo=UTC)) == ()
        assert verzegel(conn, GATEWAY, datetime(2026, 3, 16, 23, tzinfo=UTC)) == (date(2026, 3, 16),)
        assert conn.execute(select(audit_zegel.c.laatste_volgnr)).scalar() == 1


def test_a_record_that_was_written_late_is_covered_by_the_next_seal(sealed_store: Store) -> None:
    write(sealed_store, MONDAY)
    with sealed_store.writing() as conn:
        verzegel(conn, GATEWAY, THURSDAY + DAY)
        assert conn.execute(select(func.max(audit_zegel.c.laatste_volgnr))).scalar() == 15
    verslag = look(sealed_store, now=THURSDAY + DAY)
    assert (verslag.klopt, verslag.onverzegeld) == (True, 0)


def test_a_seal_names_the_day_the_last_record_its_hash_and_the_seal_before(sealed_store: Store) -> None:
    with sealed_store.reading() as conn:
        hash_ = conn.execute(select(audit.c.hash).where(audit.c.volgnr == 8)).scalar()
        document, before = zegel_van(conn, date(2026, 3, 17)), zegel_van(conn, date(2026, 3, 16))
        assert zegel_van(conn, date(2026, 3, 20)) is None
    assert document is not None
    assert before is not None
    sealed = verify_sealed(document, lambda *_: None, THURSDAY)
    zegel = lees_zegel(sealed.content)
    assert (zegel.dag, zegel.laatste_volgnr, zegel.hash) == (date(2026, 3, 17), 8, hash_)
    assert zegel.vorig_zegel == sha256(before).hexdigest()
    assert sealed.certificate == GATEWAY.certificate


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_seal_with_any_byte_changed_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    store = _once(tmp_path_factory)
    with store.reading() as conn:
        document = zegel_van(conn, date(2026, 3, 17)) or b""
    changed = bytearray(document)
    changed[data.draw(st.integers(0, len(document) - 1))] ^= data.draw(st.integers(1, 255))
    with store.engine.connect() as conn:
        conn.execute(update(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 17)).values(document=bytes(changed)))
        verslag = verifieer(conn, lambda *_: None, THURSDAY, ondertekenaar=SIGNED_BY)
        conn.rollback()
    # Also where the byte does not count for the signature: the next seal names this one's octets.
    assert {b.dag for b in verslag.breuken} & {date(2026, 3, 17), date(2026, 3, 18)}


_MADE: list[Store] = []


def _once(factory: pytest.TempPathFactory) -> Store:
    if not _MADE:
        engine = make_engine(f"sqlite:///{factory.mktemp('audit')}/audit.sqlite")
        metadata.create_all(engine, tables=[audit, audit_zegel])
        store = Store(engine)
        for day in range(3):
            write(store, MONDAY + day * DAY)
        with store.writing() as conn:
            verzegel(conn, GATEWAY, THURSDAY)
        _MADE.append(store)
    return _MADE[0]


def test_a_deleted_seal_is_missed(sealed_store: Store) -> None:
    tamper(sealed_store, delete(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 17)))
    verslag = look(sealed_store)
    assert [(b.wat, b.dag) for b in verslag.breuken] == [
        (Wat.ZEGEL_ONTBREEKT, date(2026, 3, 17)),
        (Wat.ZEGEL_KETEN, date(2026, 3, 18)),
    ]


def test_the_first_seal_can_not_be_taken_away(sealed_store: Store) -> None:
    tamper(sealed_store, delete(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 16)))
    assert [(b.wat, b.dag) for b in look(sealed_store).breuken] == [(Wat.ZEGEL_KETEN, date(2026, 3, 17))]


def test_finished_days_without_a_seal_are_counted(sealed_store: Store) -> None:
    assert look(sealed_store).dagen_zonder_zegel == 0
    tamper(sealed_store, delete(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 18)))
    assert look(sealed_store).dagen_zonder_zegel == 1
    tamper(sealed_store, delete(audit_zegel))
    assert (look(sealed_store).dagen_zonder_zegel, look(sealed_store).onverzegeld) == (3, 14)


@pytest.mark.parametrize(("column", "value"), [("laatste_volgnr", 7), ("hash", "f" * 64)])
def test_a_seals_row_must_say_what_its_document_says(sealed_store: Store, column: str, value: object) -> None:
    tamper(sealed_store, update(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 17)).values({column: value}))
    assert Wat.ZEGEL_ANDERS in [b.wat for b in look(sealed_store).breuken if b.dag == date(2026, 3, 17)]


@pytest.mark.parametrize(("column", "value"), [("dag", "gisteren"), ("laatste_volgnr", "veel")])
def test_a_seals_row_that_can_not_be_read_is_a_break(sealed_store: Store, engine_name: str, column: str, value: str) -> None:
    nonsense = text(f"UPDATE audit_zegel SET {column} = '{value}' WHERE dag = '2026-03-18'")
    if engine_name == "postgresql":
        with pytest.raises(DataError):
            tamper(sealed_store, nonsense)
        return
    tamper(sealed_store, nonsense)
    assert [b.wat for b in look(sealed_store).breuken] == [Wat.ZEGEL_ANDERS]


def test_two_seals_in_each_others_place_are_found(sealed_store: Store) -> None:
    with sealed_store.writing() as conn:
        first, second = (zegel_van(conn, date(2026, 3, day)) for day in (16, 17))
        conn.execute(update(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 16)).values(document=second))
        conn.execute(update(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 17)).values(document=first))
    assert (Wat.ZEGEL_ANDERS, date(2026, 3, 16)) in [(b.wat, b.dag) for b in look(sealed_store).breuken]


def reseal(store: Store, signer: Signer, change: Callable[[etree._Element], None] = lambda _: None) -> None:
    """Sign Wednesday's seal again, as somebody else or with other content."""
    with store.writing() as conn:
        root = etree.fromstring(zegel_van(conn, date(2026, 3, 18)) or b"")
        root.remove(root[-1])
        change(root)
        document = seal(root, signer, THURSDAY)
        conn.execute(update(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 18)).values(document=document))


def test_only_the_gateway_may_seal(sealed_store: Store) -> None:
    reseal(sealed_store, GATEWAY)
    assert look(sealed_store).klopt
    reseal(sealed_store, sample("zorgkas-180"))
    (breuk,) = look(sealed_store).breuken
    assert (breuk.wat, breuk.dag, breuk.verwacht) == (Wat.ZEGEL_ONDERTEKENAAR, date(2026, 3, 18), SIGNED_BY)


def test_a_seal_of_an_issuer_nobody_trusts_is_refused(sealed_store: Store) -> None:
    reseal(sealed_store, sample("bad-wrong-issuer"))
    (breuk,) = look(sealed_store).breuken
    assert (breuk.wat, breuk.dag) == (Wat.ZEGEL_ONGELDIG, date(2026, 3, 18))


def test_a_sealed_document_of_another_kind_is_no_seal(sealed_store: Store) -> None:
    reseal(sealed_store, GATEWAY, lambda root: setattr(root, "tag", "{urn:vsb-gateway:antwoord:v1}Ontvangstbewijs"))
    (breuk,) = look(sealed_store).breuken
    assert (breuk.wat, breuk.dag) == (Wat.ZEGEL_ONGELDIG, date(2026, 3, 18))


def test_seals_are_not_put_over_a_chain_that_lost_sealed_records(sealed_store: Store) -> None:
    for start in (12, 1):
        tamper(sealed_store, delete(audit).where(audit.c.volgnr >= start))
        with pytest.raises(KetenVerbroken), sealed_store.writing() as conn:
            verzegel(conn, GATEWAY, THURSDAY + DAY)


def test_the_end_cut_off_with_its_seal_is_found_with_the_seals_kept_elsewhere(sealed_store: Store) -> None:
    with sealed_store.reading() as conn:
        kept = {day: zegel_van(conn, day) or b"" for day in (date(2026, 3, 17), date(2026, 3, 18))}
    assert look(sealed_store, bewaard=kept).klopt
    tamper(
        sealed_store,
        delete(audit).where(audit.c.volgnr > 8),
        delete(audit_zegel).where(audit_zegel.c.dag == date(2026, 3, 18)),
    )
    assert look(sealed_store).klopt
    assert [(b.wat, b.dag) for b in look(sealed_store, bewaard=kept).breuken] == [(Wat.ZEGEL_ONTBREEKT, date(2026, 3, 18))]


def test_a_chain_written_and_sealed_again_differs_from_the_seals_kept_elsewhere(sealed_store: Store) -> None:
    with sealed_store.reading() as conn:
        kept = {date(2026, 3, 17): zegel_van(conn, date(2026, 3, 17)) or b""}
    tamper(sealed_store, delete(audit_zegel), update(audit).where(audit.c.volgnr == 6).values(actor="os:piet"))
    recompute(sealed_store, 6)
    with sealed_store.writing() as conn:
        verzegel(conn, GATEWAY, THURSDAY)
    assert look(sealed_store).klopt
    assert [b.wat for b in look(sealed_store, bewaard=kept).breuken] == [Wat.BEWAARD_ANDERS]
