"""Payload bytes stand by month; on PostgreSQL each month is a partition, made before it is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from gateway.exchange import outbox
from gateway.exchange.beleid import Beleid
from gateway.store import berichten
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import Stage, downgrade, upgrade
from gateway.store.partities import INHOUD, laat_vallen, maak_partities, zorg_voor_partities
from tests.store.maanden import FEB, JAN, NU, bericht, dag, inhoud, lever, maanden, oude_id, tabellen, vul
from tests.support import RunningGateway

OLD_INSERTS = (
    "INSERT INTO bericht_inhoud (bericht_id, content_type, octetten) VALUES (:id, 'text/xml', :octetten)",
    "INSERT INTO levering_inhoud (levering_id, octetten) VALUES (:id, :octetten)",
)
"""As the release before wrote them, without a month."""


@pytest.fixture
def engine(engine_name: str, new_database: Callable[[], str]) -> Iterator[Engine]:
    """A database of the test's own on each engine: it gets partitions that others must not see."""
    made = make_engine(new_database())
    upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def own(engine: Engine) -> Store:
    return Store(engine)


pytestmark = pytest.mark.both_engines


def as_before(store: Store, name: str, content: bytes) -> None:
    """Take the bytes of a message and its delivery out and write them as the release before does."""
    with store.writing() as conn:
        for statement in OLD_INSERTS:
            conn.execute(text(statement), {"id": name, "octetten": content})


def test_a_database_of_the_release_before_gets_each_message_in_the_month_of_its_id(engine: Engine) -> None:
    store = Store(engine)
    downgrade(engine, "0003")
    last = oude_id(datetime(2023, 12, 31, 23, 59, 59, 999000, tzinfo=UTC), b"a")
    first = oude_id(datetime(2024, 1, 1, tzinfo=UTC), b"b")
    with store.writing() as conn:
        for name in (last, first):
            conn.execute(text(_OLD_BERICHT), {"id": name})
            conn.execute(text(_OLD_LEVERING), {"id": name})
    for name in (last, first):
        as_before(store, name, name.encode())
    upgrade(engine, Stage.POST)
    with store.reading() as conn:
        for tabel in INHOUD:
            rows = {r[0]: (r.maand, r.octetten) for r in conn.execute(tabel.select())}
            assert rows == {last: (date(2023, 12, 1), last.encode()), first: (JAN, first.encode())}
    downgrade(engine, "0003")
    with store.reading() as conn:
        rows_ = conn.execute(text("SELECT bericht_id, content_type, octetten FROM bericht_inhoud ORDER BY 1")).all()
    assert [tuple(r) for r in rows_] == [(n, "text/xml", n.encode()) for n in (last, first)]
    assert "archief" not in inspect(engine).get_table_names()


_OLD_BERICHT = (
    "INSERT INTO bericht (id, dienst, afzender, bedrijfs_id, pijler, soort, test, stap, ontvangen_op, octetten, sha256, inhoud_sha256,"
    " identiteit, certificaat_sha256) VALUES (:id, 'aanvraag', 'riziv:72090103', :id, 'eibwfin', 's', false, 'ontvangen',"
    " '2024-01-01 00:00:00', 36, '', '', '', '')"
)
_OLD_LEVERING = (
    "INSERT INTO levering (id, bericht_id, bestemming, transport, message_name, input_reference, hash, toestand, pogingen,"
    " volgende_poging, aangemaakt_op) VALUES (:id, :id, 'zorgkas:280', 'soap', 'x', 'x', '', 'bevestigd', 1,"
    " '2024-01-01 00:00:00', '2024-01-01 00:00:00')"
)


def test_the_release_before_goes_on_writing_and_gets_the_current_month(own: Store) -> None:
    name = oude_id(datetime.now(UTC), b"a")
    with own.writing() as conn:
        conn.execute(text(_OLD_BERICHT), {"id": name})
        conn.execute(text(_OLD_LEVERING), {"id": name})
    before = datetime.now(UTC)
    as_before(own, name, b"bytes")
    assert maanden(own) <= {date(m.year, m.month, 1) for m in (before, datetime.now(UTC))}
    assert len(inhoud(own)) == 2


def test_bytes_that_stand_under_a_neighbouring_month_are_found_by_their_id(own: Store) -> None:
    last_second = datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)
    name = oude_id(last_second, b"a")
    with own.writing() as conn:
        conn.execute(text(_OLD_BERICHT), {"id": name})
        conn.execute(
            text("INSERT INTO bericht_inhoud (bericht_id, maand, content_type, octetten) VALUES (:id, '2024-01-01', 't', :o)"),
            {"id": name, "o": b"bytes"},
        )
    with own.reading() as conn:
        assert berichten.inhoud(conn, name) == ("t", b"bytes")


@pytest.mark.postgresql_only
def test_this_month_and_the_next_two_have_partitions_once(own: Store) -> None:
    now = datetime(2031, 11, 30, 23, 59, tzinfo=UTC)
    with own.writing() as conn:
        made = zorg_voor_partities(conn, now)
    names = [f"{t.name}_{m}" for t in INHOUD for m in ("2031_11", "2031_12", "2032_01")]
    assert made == names
    assert set(names) <= set(tabellen(own, "%_inhoud_2%"))
    with own.writing() as conn:
        assert zorg_voor_partities(conn, now) == []


@pytest.mark.postgresql_only
def test_a_month_without_a_partition_takes_inserts_and_its_rows_move_to_the_partition_later(own: Store) -> None:
    vul(own, JAN, 3)
    vul(own, FEB, 2)
    before = inhoud(own)
    assert rows_in(own, "bericht_inhoud_overig") == 5
    for tabel in INHOUD:
        with own.writing() as conn:
            maak_partities(conn, tabel, [JAN])
    assert rows_in(own, "bericht_inhoud_2024_01") == rows_in(own, "levering_inhoud_2024_01") == 3
    assert rows_in(own, "bericht_inhoud_overig") == rows_in(own, "levering_inhoud_overig") == 2
    assert inhoud(own) == before
    assert tabellen(own, r"%\_oud") == []


@pytest.mark.postgresql_only
def test_rows_that_came_unexpected_keep_a_partition(own: Store) -> None:
    vul(own, JAN, 3)
    with own.writing() as conn:
        for tabel in INHOUD:
            maak_partities(conn, tabel, [JAN])
        assert not laat_vallen(conn, JAN, [3, 2])
    assert len(inhoud(own)) == 6


@pytest.mark.postgresql_only
def test_senders_go_on_while_partitions_are_made_and_dropped(own: Store) -> None:
    stop, errors, sent = threading.Event(), [], [0]

    def send(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            try:
                # Also in the other order than that of a new message, as a worker does.
                content = f"{number}/{turn}".encode()
                with own.writing() as conn:
                    name = bericht(conn, NU, content)
                    lever(conn, name, NU, content, naar=f"zorgkas:{number}")
                with own.writing() as conn:
                    outbox.geef_terug(conn, "w1", NU)
                    berichten.stappen(conn, name, [(berichten.Stap.BEVESTIGD, None)], NU)
                sent[0] += 1
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    try:
        for year in range(2040, 2046):
            for tabel in INHOUD:
                with own.writing() as conn:
                    zorg_voor_partities(conn, datetime(year, 1, 1, tzinfo=UTC), [tabel])
            with own.writing() as conn:
                assert laat_vallen(conn, date(year, 1, 1), [0, 0])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    print([repr(e.__cause__)[:600] for e in errors][:4])
    assert errors == []
    assert len(inhoud(own)) == 2 * sent[0] > 0


@pytest.mark.postgresql_only
def test_the_worker_makes_the_partitions_of_the_gateways_own_time(
    start_gateway: Callable[..., AbstractContextManager[RunningGateway]], new_database: Callable[[], str]
) -> None:
    url = new_database()
    with start_gateway(VSB_DATABASE_URL=url, VSB_CLOCK="2031-05-10T12:00:00+02:00"):
        store = Store(make_engine(url))
        end = time.monotonic() + 60
        while "levering_inhoud_2031_07" not in (found := tabellen(store, "%_inhoud_2031%")) and time.monotonic() < end:
            time.sleep(0.1)
        store.engine.dispose()
    assert found == [f"{t}_2031_{m}" for t in ("bericht_inhoud", "levering_inhoud") for m in ("05", "06", "07")]


def test_a_claim_gives_the_bytes_of_deliveries_of_several_months(own: Store) -> None:
    contents: dict[str, Any] = {}
    for maand in (JAN, FEB):
        with own.writing() as conn:
            name = bericht(conn, dag(maand), str(maand).encode())
            contents[lever(conn, name, dag(maand), str(maand).encode(), klaar=False)] = str(maand).encode()
    with own.writing() as conn:
        claims = outbox.claim(conn, "zorgkas:280", 10, "w1", NU, Beleid())
    assert {c.id: c.content for c in claims} == contents


def rows_in(store: Store, name: str) -> int:
    with store.reading() as conn:
        return conn.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
