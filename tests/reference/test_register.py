"""The register: who may send, changed by people, each change proved and in force at once."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, select

from gateway.observe.audit_events import Gebeurtenis
from gateway.reference import lookup
from gateway.reference import tables as t
from gateway.reference.laden import laad
from gateway.reference.register import (
    Door,
    Fout,
    Periodelijst,
    Registerfout,
    Wijziging,
    beeindig_periode,
    voeg_periode_toe,
)
from gateway.reference.register_attesten import beeindig_attest, hervat_attest, schors_attest, voeg_attest_toe
from gateway.reference.register_lijst import attesten, perioden
from gateway.reference.voorbeeld import voorbeeldbestanden, voorbeeldnamen
from gateway.refusal import Code, Refusal
from gateway.store.audit_tables import audit
from gateway.store.engine import Store, make_engine
from gateway.trust.admission import Claim, check_facility, check_software

NAMES = voorbeeldnamen().voorzieningen
IBW1, PVT1 = NAMES["ibw1"], NAMES["pvt1"]
UNKNOWN = "72090301000"
ATTEST = "VSB-2024-0001"
TODAY = date(2026, 3, 15)
JAN = Door(actor="os:jan", tijdstip=datetime(2026, 3, 15, 9, tzinfo=UTC))
NEW: dict[str, str | None] = {
    "nummer": "VSB-2026-0009",
    "leverancier": "Nieuw NV",
    "product": "NieuwPakket",
    "versie_van": "1.0",
    "versie_tot": "1.9",
    "pijlers": "eibwfin,epvtfin",
    "licentie_gebruiker": "nieuw",
    "licentie_hash": "ab" * 32,
}
KEYS: dict[Periodelijst, dict[str, str]] = {
    Periodelijst.VERKLARING: {"riziv": IBW1},
    Periodelijst.ERKENNING: {"riziv": IBW1, "pijler": "ewzcfin"},
    Periodelijst.MANDAAT: {"gemachtigde_riziv": PVT1, "voorziening_riziv": IBW1, "pijler": "eibwfin"},
}
every_list = pytest.mark.parametrize("lijst", list(Periodelijst))


@pytest.fixture
def store(store: Store) -> Store:
    assert laad(store.engine, voorbeeldbestanden(), TODAY).fouten == ()
    # The sample facilities declared themselves; here each test does that for itself, on a chain that is still empty.
    with store.writing() as conn:
        conn.execute(t.verklaring.delete())
        conn.execute(audit.delete())
    return store


@pytest.fixture
def conn(store: Store) -> Iterator[Connection]:
    with store.writing() as conn:
        yield conn


def add(conn: Connection, lijst: Periodelijst, van: str, tot: str | None = None) -> Wijziging:
    einde = None if tot is None else date.fromisoformat(tot)
    return voeg_periode_toe(conn, lijst, KEYS[lijst], date.fromisoformat(van), einde, JAN)


def end(conn: Connection, lijst: Periodelijst, tot: str) -> Wijziging:
    return beeindig_periode(conn, lijst, KEYS[lijst], date.fromisoformat(tot), JAN)


def days(conn: Connection, lijst: Periodelijst) -> list[tuple[str, str | None]]:
    rows = [r for r in perioden(conn, lijst) if all(r._mapping[k] == v for k, v in KEYS[lijst].items())]
    return [(str(r.van), None if r.tot is None else str(r.tot)) for r in rows]


def last_record(conn: Connection) -> tuple[str, str, str, dict[str, Any]]:
    row = conn.execute(select(audit).order_by(audit.c.volgnr.desc()).limit(1)).one()
    return row.gebeurtenis, row.actor, row.onderwerp, json.loads(row.gegevens)


def why(caught: pytest.ExceptionInfo[Registerfout]) -> tuple[Fout, str]:
    return caught.value.fout, caught.value.veld


# Periods: declarations, recognitions, mandates.


@every_list
def test_an_added_period_is_what_admission_finds(conn: Connection, lijst: Periodelijst) -> None:
    questions: dict[Periodelijst, Callable[[date], bool]] = {
        Periodelijst.VERKLARING: lambda day: lookup.verklaring_op(conn, IBW1, day),
        Periodelijst.ERKENNING: lambda day: lookup.erkend(conn, IBW1, "ewzcfin", day),
        Periodelijst.MANDAAT: lambda day: lookup.mandaat_op(conn, PVT1, IBW1, "eibwfin", day),
    }
    asked = questions[lijst]
    assert not asked(TODAY)
    add(conn, lijst, "2026-03-15", "2026-03-20")
    found = [asked(date(2026, 3, day)) for day in (14, 15, 20, 21)]
    assert found == [False, True, True, False]


@every_list
def test_an_ended_period_no_longer_holds_after_its_last_day(conn: Connection, lijst: Periodelijst) -> None:
    add(conn, lijst, "2026-01-01")
    end(conn, lijst, "2026-03-15")
    assert days(conn, lijst) == [("2026-01-01", "2026-03-15")]
    end(conn, lijst, "2026-02-01")
    assert days(conn, lijst) == [("2026-01-01", "2026-02-01")]


@every_list
@pytest.mark.parametrize(
    ("van", "tot"),
    [
        ("2026-02-01", "2026-02-10"),
        ("2025-01-01", None),
        ("2025-12-31", "2026-01-01"),
        ("2026-03-31", None),
        ("2026-01-01", "2026-03-31"),
    ],
)
def test_a_period_with_one_day_in_common_is_refused(conn: Connection, lijst: Periodelijst, van: str, tot: str | None) -> None:
    add(conn, lijst, "2026-01-01", "2026-03-31")
    with pytest.raises(Registerfout) as caught:
        add(conn, lijst, van, tot)
    assert why(caught) == (Fout.OVERLAP, "van")
    assert "2026-01-01 tot 2026-03-31" in (caught.value.verwacht or "")
    assert days(conn, lijst) == [("2026-01-01", "2026-03-31")]


@every_list
def test_a_period_right_before_or_after_another_is_taken(conn: Connection, lijst: Periodelijst) -> None:
    add(conn, lijst, "2026-01-01", "2026-03-31")
    add(conn, lijst, "2025-12-01", "2025-12-31")
    add(conn, lijst, "2026-04-01")
    assert len(days(conn, lijst)) == 3
    with pytest.raises(Registerfout):
        add(conn, lijst, "2030-01-01")


def test_a_period_of_another_facility_or_pillar_does_not_overlap(conn: Connection) -> None:
    add(conn, Periodelijst.ERKENNING, "2026-01-01")
    voeg_periode_toe(conn, Periodelijst.ERKENNING, {"riziv": PVT1, "pijler": "ewzcfin"}, TODAY, None, JAN)
    voeg_periode_toe(conn, Periodelijst.ERKENNING, {"riziv": IBW1, "pijler": "ebmhfin"}, TODAY, None, JAN)
    assert {r.pijler for r in perioden(conn, Periodelijst.ERKENNING, IBW1)} == {"eibwfin", "ewzcfin", "ebmhfin"}


@every_list
def test_a_last_day_before_the_first_is_refused(conn: Connection, lijst: Periodelijst) -> None:
    with pytest.raises(Registerfout) as caught:
        add(conn, lijst, "2026-03-15", "2026-03-14")
    assert why(caught) == (Fout.EINDE_VOOR_BEGIN, "tot")
    add(conn, lijst, "2026-03-15", "2026-03-15")
    with pytest.raises(Registerfout) as caught:
        end(conn, lijst, "2026-03-14")
    assert why(caught) == (Fout.EINDE_VOOR_BEGIN, "tot")


@every_list
def test_what_is_not_there_can_not_be_ended(conn: Connection, lijst: Periodelijst) -> None:
    with pytest.raises(Registerfout) as caught:
        end(conn, lijst, "2026-03-15")
    assert caught.value.fout is Fout.ONBEKEND


@every_list
def test_what_has_ended_can_not_be_stretched_or_ended_twice(conn: Connection, lijst: Periodelijst) -> None:
    add(conn, lijst, "2026-01-01", "2026-01-31")
    for tot, fout in (("2026-02-01", Fout.AL_BEEINDIGD), ("2026-01-31", Fout.AL_ZO)):
        with pytest.raises(Registerfout) as caught:
            end(conn, lijst, tot)
        assert caught.value.fout is fout
    assert days(conn, lijst) == [("2026-01-01", "2026-01-31")]


@every_list
def test_a_period_can_end_on_its_first_day(conn: Connection, lijst: Periodelijst) -> None:
    add(conn, lijst, "2026-01-01")
    end(conn, lijst, "2026-01-01")
    assert days(conn, lijst) == [("2026-01-01", "2026-01-01")]


@every_list
def test_of_several_periods_the_one_that_runs_on_the_day_is_ended(conn: Connection, lijst: Periodelijst) -> None:
    add(conn, lijst, "2025-01-01", "2025-12-31")
    add(conn, lijst, "2026-01-01")
    end(conn, lijst, "2026-06-30")
    assert days(conn, lijst) == [("2025-01-01", "2025-12-31"), ("2026-01-01", "2026-06-30")]


@every_list
def test_an_unknown_facility_is_refused(conn: Connection, lijst: Periodelijst) -> None:
    key = KEYS[lijst] | {lijst.voorziening: UNKNOWN}
    with pytest.raises(Registerfout) as caught:
        voeg_periode_toe(conn, lijst, key, TODAY, None, JAN)
    assert why(caught) == (Fout.ONBEKENDE_VOORZIENING, lijst.voorziening)
    assert caught.value.gevonden == UNKNOWN


def test_a_mandated_sender_need_not_be_a_facility(conn: Connection) -> None:
    key = KEYS[Periodelijst.MANDAAT] | {"gemachtigde_riziv": UNKNOWN}
    voeg_periode_toe(conn, Periodelijst.MANDAAT, key, TODAY, None, JAN)
    assert lookup.mandaat_op(conn, UNKNOWN, IBW1, "eibwfin", TODAY)


@pytest.mark.parametrize("number", ["72090103", "72090104000", "", "7209010300x", "72090103000 "])
def test_a_number_that_is_no_riziv_number_is_refused(conn: Connection, number: str) -> None:
    with pytest.raises(Registerfout) as caught:
        voeg_periode_toe(conn, Periodelijst.VERKLARING, {"riziv": number}, TODAY, None, JAN)
    assert why(caught) == (Fout.WAARDE, "riziv")
    assert "11 cijfers" in (caught.value.verwacht or "")


@pytest.mark.parametrize("pillar", ["", "EIBWFIN", "e", "een pijler", "x" * 17])
def test_what_can_be_no_pillar_is_refused(conn: Connection, pillar: str) -> None:
    with pytest.raises(Registerfout) as caught:
        voeg_periode_toe(conn, Periodelijst.ERKENNING, {"riziv": IBW1, "pijler": pillar}, TODAY, None, JAN)
    assert why(caught) == (Fout.WAARDE, "pijler")


# Attests.


def test_an_added_attest_lets_its_software_in_and_keeps_its_licence(conn: Connection) -> None:
    voeg_attest_toe(conn, NEW, TODAY, None, JAN)
    attest = lookup.attest_van_licentie(conn, "nieuw")
    assert attest is not None
    assert (attest.nummer, attest.pijlers, attest.licentie_hash) == ("VSB-2026-0009", ("eibwfin", "epvtfin"), "ab" * 32)
    assert attest.geldig("eibwfin", TODAY) is None
    assert attest.dekt_versie("1.5")


def test_packages_without_a_licence_do_not_stand_in_each_others_way(conn: Connection) -> None:
    without: dict[str, str | None] = NEW | {"licentie_gebruiker": None, "licentie_hash": None}
    voeg_attest_toe(conn, without, TODAY, None, JAN)
    voeg_attest_toe(conn, without | {"nummer": "VSB-2026-0010", "licentie_hash": ""}, TODAY, None, JAN)
    assert [a.licentie_hash for a in attesten(conn) if a.nummer.startswith("VSB-2026")] == [None, None]


@pytest.mark.parametrize("field", ["nummer", "licentie_gebruiker"])
def test_a_number_or_licence_that_is_taken_is_refused(conn: Connection, field: str) -> None:
    taken = {"nummer": ATTEST, "licentie_gebruiker": "zorgsoft"}
    with pytest.raises(Registerfout) as caught:
        voeg_attest_toe(conn, NEW | {field: taken[field]}, TODAY, None, JAN)
    assert why(caught) == (Fout.BESTAAT, field)
    assert ATTEST in (caught.value.verwacht or "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nummer", "met spatie"),
        ("versie_van", "1.x"),
        ("versie_tot", "0.9"),
        ("pijlers", ""),
        ("product", "x" * 129),
        ("leverancier", None),
        ("product", ""),
        ("licentie_hash", "geen hash"),
        ("licentie_hash", None),
        ("licentie_gebruiker", None),
    ],
)
def test_an_attest_that_does_not_make_sense_is_refused(conn: Connection, field: str, value: str | None) -> None:
    with pytest.raises(Registerfout) as caught:
        voeg_attest_toe(conn, NEW | {field: value}, TODAY, None, JAN)
    assert why(caught) == (Fout.WAARDE, field)


def test_an_attest_that_ends_before_it_begins_is_refused(conn: Connection) -> None:
    with pytest.raises(Registerfout) as caught:
        voeg_attest_toe(conn, NEW, TODAY, date(2026, 3, 14), JAN)
    assert caught.value.fout is Fout.EINDE_VOOR_BEGIN


def test_a_suspended_attest_can_be_resumed_and_neither_twice(conn: Connection) -> None:
    schors_attest(conn, ATTEST, JAN)
    with pytest.raises(Registerfout) as caught:
        schors_attest(conn, ATTEST, JAN)
    assert caught.value.fout is Fout.AL_ZO
    hervat_attest(conn, ATTEST, JAN)
    with pytest.raises(Registerfout) as caught:
        hervat_attest(conn, ATTEST, JAN)
    assert caught.value.fout is Fout.AL_ZO


def test_an_attest_gets_a_last_day_and_an_earlier_one_but_no_later(conn: Connection) -> None:
    for tot in (date(2026, 12, 31), date(2026, 6, 30)):
        beeindig_attest(conn, ATTEST, tot, JAN)
        assert lookup.attest(conn, ATTEST).tot == tot  # type: ignore[union-attr]
    for tot, fout in (
        (date(2026, 7, 1), Fout.AL_BEEINDIGD),
        (date(2026, 6, 30), Fout.AL_ZO),
        (date(2023, 5, 31), Fout.EINDE_VOOR_BEGIN),
    ):
        with pytest.raises(Registerfout) as caught:
            beeindig_attest(conn, ATTEST, tot, JAN)
        assert caught.value.fout is fout


def test_an_attest_nobody_registered_can_not_be_changed(conn: Connection) -> None:
    for change in (schors_attest, hervat_attest):
        with pytest.raises(Registerfout) as caught:
            change(conn, "VSB-0", JAN)
        assert caught.value.fout is Fout.ONBEKEND
    with pytest.raises(Registerfout) as caught:
        beeindig_attest(conn, "VSB-0", TODAY, JAN)
    assert caught.value.fout is Fout.ONBEKEND
    assert len(attesten(conn)) == 4


# The audit chain.


def test_every_change_is_in_the_audit_chain_with_who_what_and_the_value_before(conn: Connection) -> None:
    schors_attest(conn, ATTEST, JAN)
    assert last_record(conn) == (
        Gebeurtenis.ATTEST_GESCHORST,
        "os:jan",
        f"attest:{ATTEST}",
        {"geschorst": True, "voor_geschorst": False},
    )
    hervat_attest(conn, ATTEST, JAN)
    assert last_record(conn)[0] == Gebeurtenis.ATTEST_HERVAT
    beeindig_attest(conn, ATTEST, date(2026, 12, 31), JAN)
    assert last_record(conn)[0::3] == (Gebeurtenis.ATTEST_BEEINDIGD, {"tot": "2026-12-31", "voor_tot": None})
    add(conn, Periodelijst.VERKLARING, "2026-01-01")
    assert last_record(conn) == (
        Gebeurtenis.VERKLARING_TOEGEVOEGD,
        "os:jan",
        f"riziv:{IBW1}",
        {"riziv": f"riziv:{IBW1}", "van": "2026-01-01", "tot": None},
    )
    end(conn, Periodelijst.VERKLARING, "2026-06-30")
    assert last_record(conn)[0::3] == (
        Gebeurtenis.VERKLARING_BEEINDIGD,
        {"riziv": f"riziv:{IBW1}", "van": "2026-01-01", "tot": "2026-06-30", "voor_tot": None},
    )


@every_list
def test_each_list_has_its_own_events_about_the_facility(conn: Connection, lijst: Periodelijst) -> None:
    confirmed = [add(conn, lijst, "2026-01-01"), end(conn, lijst, "2026-06-30")]
    rows = conn.execute(select(audit.c.volgnr, audit.c.gebeurtenis, audit.c.onderwerp).order_by(audit.c.volgnr)).all()
    assert [(r.gebeurtenis, r.onderwerp) for r in rows] == [
        (f"{lijst.naam}_toegevoegd", f"riziv:{IBW1}"),
        (f"{lijst.naam}_beeindigd", f"riziv:{IBW1}"),
    ]
    assert [w.auditrecord for w in confirmed] == [r.volgnr for r in rows]


def test_the_licence_password_is_not_in_the_audit_chain_not_even_its_hash(conn: Connection) -> None:
    voeg_attest_toe(conn, NEW, TODAY, None, JAN)
    gegevens = last_record(conn)[3]
    assert gegevens["licentie_gebruiker"] == "nieuw"
    assert "ab" * 32 not in json.dumps(gegevens)


def test_a_change_that_is_refused_leaves_no_record(conn: Connection) -> None:
    with pytest.raises(Registerfout):
        schors_attest(conn, "VSB-0", JAN)
    assert conn.execute(select(audit)).all() == []


def test_a_change_and_its_record_are_undone_together(store: Store) -> None:
    def fail() -> None:
        with store.writing() as conn:
            schors_attest(conn, ATTEST, JAN)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.reading() as conn:
        assert conn.execute(select(audit)).all() == []
        assert lookup.attest(conn, ATTEST).geschorst is False  # type: ignore[union-attr]


# In force at once.


@pytest.fixture
def other(database_url: str, store: Store) -> Iterator[Store]:
    """What another process has: an engine of its own, with connections that are open already."""
    engine = make_engine(database_url)
    made = Store(engine)
    with made.reading() as conn:
        conn.execute(select(t.attest)).all()
    yield made
    engine.dispose()


def admit(store: Store) -> Code | None:
    """What admission says of a message of IBW1 today, sent by PVT1 with the sample software."""
    claim = Claim(afzender=PVT1, voorziening=IBW1, pijler="eibwfin", zorgdatum=TODAY, vandaag=TODAY, place="/")
    with store.reading() as conn:
        try:
            check_facility(conn, claim)
            check_software(lookup.attest(conn, ATTEST), claim=claim, versie="2.0", place="/", genoemd=ATTEST)
        except Refusal as refusal:
            return refusal.code
    return None


def test_every_change_holds_at_the_next_request_of_another_process(store: Store, other: Store) -> None:
    def change(make: Any, *arguments: Any) -> None:
        with store.writing() as conn:
            make(conn, *arguments, JAN)

    recognition = {"riziv": IBW1, "pijler": "eibwfin"}
    assert admit(other) is Code.NO_MANDATE
    change(voeg_periode_toe, Periodelijst.MANDAAT, KEYS[Periodelijst.MANDAAT], TODAY, None)
    assert admit(other) is Code.NO_DECLARATION
    change(voeg_periode_toe, Periodelijst.VERKLARING, {"riziv": IBW1}, TODAY, None)
    assert admit(other) is None
    change(schors_attest, ATTEST)
    assert admit(other) is Code.NOT_ATTESTED
    change(hervat_attest, ATTEST)
    assert admit(other) is None
    change(beeindig_periode, Periodelijst.ERKENNING, recognition, date(2026, 3, 14))
    assert admit(other) is Code.NOT_RECOGNISED
    change(voeg_periode_toe, Periodelijst.ERKENNING, recognition, TODAY, None)
    assert admit(other) is None
    change(beeindig_attest, ATTEST, date(2026, 3, 14))
    assert admit(other) is Code.NOT_ATTESTED
