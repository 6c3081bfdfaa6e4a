"""Refusals on their way to the database: a flood is bounded, a database that fails loses nothing it need not, old ones go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from threading import Event, Thread

import pytest
from sqlalchemy import Connection, event, func, select

from gateway.diensten.deur import weigering_van, zonder_insz
from gateway.refusal import Code, Finding, Refusal
from gateway.store import deur
from gateway.store.deur import ONBEWEZEN, Bewaring, Deurvraag, Deurweigering, Teller
from gateway.store.deur_tables import deurtelling, deurweigering
from gateway.store.deurboek import Deurboek, Grenzen
from gateway.store.eigen import Eigen
from gateway.store.engine import Store
from gateway.store.identifiers import eerste_id
from tests.support import PERSONS

NU = datetime(2026, 3, 9, 10, 0, 30, tzinfo=UTC)
SNEL = Grenzen(ritme=0.01, geduld=0.05)


_NUMBERS = count()


def ticket(op: datetime) -> str:
    """An id of a moment, that of the same moment rises."""
    return f"{eerste_id(op)[:24]}{next(_NUMBERS):012x}"


def een(op: datetime = NU, **anders: object) -> Deurweigering:
    info = Code.NO_SECURITY.info
    leeg = Deurweigering(
        ticket=ticket(op), op=op, dienst="aanvraag", code=info.code, soa=info.soa, faultcode="Client", bevindingen=[]
    )
    return replace(leeg, **anders)  # type: ignore[arg-type]


def bewezen(op: datetime = NU, riziv: str = "72090103", **anders: object) -> Deurweigering:
    return een(op, identiteit=f"NIHII-PROT_ACC={riziv}", riziv=riziv, **anders)


def rijen(store: Store) -> int:
    with store.reading() as conn:
        return int(conn.execute(select(func.count()).select_from(deurweigering)).scalar_one())


def geteld(store: Store) -> tuple[int, int]:
    with store.reading() as conn:
        aantal, los = conn.execute(select(func.sum(deurtelling.c.aantal), func.sum(deurtelling.c.los))).one()
    return int(aantal or 0), int(los or 0)


def until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def boek(store: Store) -> Iterator[Deurboek]:
    made = Deurboek(store, SNEL)
    yield made
    made.sluit()


def test_a_flood_from_many_addresses_fills_no_disk_hides_no_proven_sender_and_is_counted_whole(
    store: Store, boek: Deurboek
) -> None:
    for n in range(5_000):
        boek.noteer(een(), f"2001:db8::{n}")
    for _ in range(100):
        boek.noteer(bewezen(riziv="72090202"), "198.51.100.7")
    boek.noteer(bewezen(), "198.51.100.7")
    boek.sluit()
    with store.reading() as conn:
        assert len(deur.van_eigen(conn, Eigen(voorzieningen=("72090103",))).rijen) == 1
    assert rijen(store) == SNEL.onbewezen + SNEL.per_afzender + 1
    assert geteld(store) == (5_101, 5_101 - rijen(store))


def test_one_address_takes_not_all_the_room_and_the_next_minute_begins_anew(store: Store, boek: Deurboek) -> None:
    for _ in range(500):
        boek.noteer(een(), "198.51.100.7")
    boek.noteer(een(), "198.51.100.8")
    boek.noteer(een(NU + timedelta(minutes=1)), "198.51.100.7")
    boek.sluit()
    assert rijen(store) == SNEL.per_adres + 2


def test_while_the_database_does_not_write_nothing_waits_and_afterwards_it_is_all_there(store: Store) -> None:
    away, tried = Event(), Event()

    @event.listens_for(store.engine, "before_cursor_execute")
    def refuse(conn: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if away.is_set() and "deurweigering" in statement and statement.startswith("INSERT"):
            tried.set()
            raise Refusal(Code.UNAVAILABLE, found="databank")

    away.set()
    small = Deurboek(store, replace(SNEL, wachtrij=20))
    for _ in range(40):
        small.noteer(bewezen(), "198.51.100.7")
    assert tried.wait(30)
    assert rijen(store) == 0
    away.clear()
    until(lambda: rijen(store) == 20)
    small.sluit()
    # The queue had room for twenty; the others are counted.
    assert geteld(store) == (40, 20)


def test_a_lock_on_the_database_holds_up_nobody(store: Store, boek: Deurboek) -> None:
    with store.writing() as conn:
        if store.engine.dialect.name == "postgresql":
            conn.exec_driver_sql("LOCK TABLE deurweigering IN ACCESS EXCLUSIVE MODE")
        noted = Thread(target=lambda: [boek.noteer(een(), "198.51.100.7") for _ in range(5)])
        noted.start()
        noted.join(30)
        assert not noted.is_alive()
    until(lambda: rijen(store) == 5)


def test_what_the_tables_can_not_take_ends_the_writing_of_nothing_else(store: Store, boek: Deurboek) -> None:
    boek.noteer(een(bevindingen=[{"not json": object()}]), "198.51.100.7")
    until(lambda: not boek._rijen)
    boek.noteer(een(), "198.51.100.7")
    boek.sluit()
    assert rijen(store) == 1


def test_old_refusals_go_the_unproven_after_a_week_the_proven_after_three_months(store: Store) -> None:
    dag = timedelta(days=1)
    with store.writing() as conn:
        deur.bewaar(
            conn,
            [een(NU - 8 * dag), een(NU - 6 * dag), bewezen(NU - 8 * dag), bewezen(NU - 89 * dag), bewezen(NU - 91 * dag)],
            [Teller(minuut=NU - n * dag, dienst="aanvraag", code="VSB-TRUST-001", aantal=1, los=0) for n in (91, 1)],
        )
    assert deur.ruim_op(store, Bewaring(stap=1), NU) == 3
    with store.reading() as conn:
        left = conn.execute(select(deurweigering.c.op, deurweigering.c.identiteit.is_(None)).order_by(deurweigering.c.ticket))
        assert [((NU - op) // dag, unproven) for op, unproven in left] == [(89, False), (8, False), (6, True)]
    assert geteld(store) == (1, 0)


def test_more_than_may_stay_goes_the_oldest_first(store: Store) -> None:
    with store.writing() as conn:
        deur.bewaar(conn, [een(NU + timedelta(seconds=n)) for n in range(10)] + [bewezen() for _ in range(5)], [])
    assert deur.ruim_op(store, Bewaring(meest_onbewezen=4, meest_bewezen=3), NU + timedelta(minutes=1)) == 8
    with store.reading() as conn:
        kept = deur.lijst(conn, Deurvraag(afzender=ONBEWEZEN)).rijen
    assert [r.op for r in kept] == [NU + timedelta(seconds=n) for n in (9, 8, 7, 6)]


def test_who_sees_what(store: Store) -> None:
    with store.writing() as conn:
        deur.bewaar(
            conn,
            [
                een(attest=None),
                bewezen(bedrijfs_id="first", attest="VSB-2024-0001", voorziening="72090103000"),
                bewezen(bedrijfs_id="other qualification", voorziening="72090103111"),
                bewezen(riziv="72090202", bedrijfs_id="other", voorziening="72090103000"),
            ],
            [],
        )

    def seen(**wie: tuple[str, ...]) -> set[str]:
        with store.reading() as conn:
            return {r.bedrijfs_id for r in deur.van_eigen(conn, Eigen(**wie)).rijen}

    assert seen(voorzieningen=("72090103",)) == {"first", "other qualification"}
    assert seen(voorzieningen=("72090103000",)) == {"first"}
    assert seen(voorzieningen=("72090202",)) == {"other"}
    assert seen(attesten=("VSB-2024-0001", "VSB-2018-0004")) == {"first"}
    assert seen() == set()


def test_pages_go_by_key_and_each_filter_narrows(store: Store) -> None:
    with store.writing() as conn:
        deur.bewaar(conn, [bewezen(dienst=("aanvraag", "facturatie")[n % 2]) for n in range(120)] + [een()], [])
    pages, key = [], "ffffffff"
    with store.reading() as conn:
        while key is not None:
            page = deur.van_eigen(conn, Eigen(voorzieningen=("72090103",)), key)
            pages.append([r.ticket for r in page.rijen])
            key = page.volgende  # type: ignore[assignment]
        assert [len(p) for p in pages] == [50, 50, 20]
        assert list(chain(*pages)) == sorted(chain(*pages), reverse=True)
        found = deur.lijst(conn, Deurvraag(afzender="riziv:72090103", dienst="facturatie", code="VSB-TRUST-001"))
        assert (len(found.rijen), found.volgende is not None) == (50, True)
        assert {r.dienst for r in found.rijen} == {"facturatie"}
        assert deur.lijst(conn, Deurvraag(code="VSB-WIRE-001", dienst="aanvraag")).rijen == []
        assert len(deur.lijst(conn, Deurvraag(afzender=ONBEWEZEN)).rijen) == 1
        assert deur.recent_van_eigen(conn, Eigen(voorzieningen=("72090103",)), NU + timedelta(days=2)) == 120
        assert deur.recent_van_eigen(conn, Eigen(voorzieningen=("72090103",)), NU + timedelta(days=40)) == 0


def test_what_the_fault_said_is_kept_within_bounds_and_without_a_number_of_a_person() -> None:
    insz = PERSONS["els"]
    dotted = f"{insz[:2]}.{insz[2:4]}.{insz[4:6]}-{insz[6:9]}.{insz[9:]}"
    many = tuple(
        Finding(code="VSB-SCHEMA-001", nl="x" * 5_000, en="y", place=f"/a/{insz}", found=f"{dotted}\x00", expected="é" * 5_000)
        for _ in range(100)
    )
    kept = weigering_van(Refusal(Code.SCHEMA, findings=many, omitted=7), "aanvraag", eerste_id(NU), NU)
    assert 0 < len(kept.bevindingen) <= 10
    assert len(str(kept.bevindingen).encode()) < 5_000
    assert kept.weggelaten == 107 - len(kept.bevindingen)
    assert not any(n in str(kept) for n in (insz, dotted, "\x00"))
    assert zonder_insz("72090103000 erkend") == "72090103000 erkend"
