"""Sessions, kept forms and failed logins, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select
from starlette.requests import Request

from gateway.console import pogingen, sessies, toestellen
from gateway.console.accounts import Account
from gateway.console.rechten import Persoon, Rol
from gateway.console.sessies import Concept, Termijn
from gateway.store.console_tables import console_poging, console_sessie
from gateway.store.engine import Store
from gateway.wire.limits import adres_van

NU = datetime(2026, 3, 2, 9, tzinfo=UTC)
TERMIJN = Termijn(stil=timedelta(minutes=30), totaal=timedelta(hours=10))
OLGA = Persoon(account="account:olga", naam="Olga", rol=Rol.OPERATOR)
KAREL = Persoon(account="account:olga", naam="Olga", rol=Rol.ZORGKAS, zorgkas="180")


def begin(store: Store) -> str:
    with store.writing() as conn:
        return sessies.begin(conn, [OLGA, KAREL], OLGA, NU)


def read(store: Store, cookie: str, moment: datetime = NU) -> sessies.Sessie | None:
    with store.reading() as conn:
        return sessies.lees(conn, cookie, TERMIJN, moment)


def test_a_session_is_who_began_it_and_its_cookie_stands_nowhere(store: Store) -> None:
    cookie = begin(store)
    found = read(store, cookie)
    assert found is not None
    assert (found.persoon, found.personen, found.verlopen) == (OLGA, (OLGA, KAREL), False)
    with store.reading() as conn:
        assert cookie not in repr(conn.execute(select(console_sessie)).all())
    assert read(store, cookie[:-1]) is None


@pytest.mark.parametrize(
    ("seen", "moment", "ended"),
    [(0, 29, False), (0, 31, True), (590, 595, False), (599, 601, True)],
    ids=["a short silence", "a long silence", "busy", "busy for too long"],
)
def test_a_session_ends_by_silence_and_after_a_day_of_work(store: Store, seen: int, moment: int, ended: bool) -> None:
    cookie = begin(store)
    before = read(store, cookie)
    assert before is not None
    with store.writing() as conn:
        sessies.raak_aan(conn, before, NU + timedelta(minutes=seen))
    found = read(store, cookie, NU + timedelta(minutes=moment))
    assert found is not None
    assert found.verlopen is ended


def test_another_role_is_another_cookie_and_does_not_lengthen_the_day(store: Store) -> None:
    cookie = begin(store)
    found = read(store, cookie)
    assert found is not None
    with store.writing() as conn:
        other = sessies.wissel(conn, found, Rol.ZORGKAS, NU + timedelta(hours=9))
        assert sessies.wissel(conn, found, Rol.CONTROLEUR, NU) is None
    assert other is not None
    assert read(store, cookie) is None
    late = read(store, other, NU + timedelta(hours=10, minutes=1))
    assert late is not None
    assert (late.persoon, late.verlopen) == (KAREL, True)


def test_what_was_typed_goes_back_once_to_who_typed_it(store: Store) -> None:
    concept = Concept(pad="/console/x", velden=(("reden", "lang"), ("keuze", "a"), ("keuze", "b")))
    with store.writing() as conn:
        name = sessies.bewaar_concept(conn, "account:olga", concept, NU)
        assert name is not None
        assert sessies.neem_concept(conn, name, "account:bea", NU) is None
        assert sessies.neem_concept(conn, name, "account:olga", NU + timedelta(hours=3)) is None
        assert sessies.neem_concept(conn, name, "account:olga", NU) == concept
        assert sessies.neem_concept(conn, name, "account:olga", NU) is None
        assert sessies.bewaar_concept(conn, "account:olga", Concept(pad="/x", velden=(("a", "x" * 70_000),)), NU) is None


def test_every_further_failure_makes_one_wait_longer_and_a_good_login_forgets_it(store: Store) -> None:
    with store.writing() as conn:
        begins = [pogingen.mislukt(conn, "account", "Olga", NU) for _ in range(6)]
        first = pogingen.wacht(conn, "account", "olga", NU)
        for _ in range(20):
            pogingen.mislukt(conn, "account", "olga", NU)
        longest = pogingen.wacht(conn, "account", "olga", NU)
        assert begins == [False, False, False, False, True, False]
        assert first is not None
        assert longest == timedelta(minutes=15) > first
        assert pogingen.wacht(conn, "adres", "olga", NU) is None
        assert pogingen.wacht(conn, "account", "olga", NU + timedelta(minutes=16)) is None
        pogingen.gelukt(conn, [("account", "olga")])
        assert pogingen.wacht(conn, "account", "olga", NU) is None


def test_guesses_that_come_at_once_are_counted_before_they_are_judged(store: Store) -> None:
    wie, start, allowed = [("account", "olga"), ("adres", "192.0.2.1")], Barrier(16), []

    def guess() -> None:
        start.wait()
        with store.writing() as conn:
            waits = pogingen.begin(conn, wie, NU)
        allowed.append(waits is None)

    threads = [Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert allowed.count(True) == 5
    with store.writing() as conn:
        assert pogingen.begint_nu(conn, wie) == ["account"]
        assert pogingen.begin(conn, [("toestel", "olga/x"), ("adres", "192.0.2.1")], NU) is None, (
            "a known browser counts by itself"
        )
        pogingen.gelukt(conn, wie)
        assert pogingen.wacht(conn, "account", "olga", NU) is None
        assert conn.execute(select(console_poging.c.fouten).order_by(console_poging.c.fouten)).scalars().all() == [1, 5]


def test_a_browser_is_known_to_the_account_that_it_logged_in_to() -> None:
    olga = Account(naam="olga", hash="$argon2id$a", personen=(OLGA,))
    cookie = toestellen.nieuw(olga)
    name = toestellen.kent(olga, cookie)
    assert name
    assert cookie.startswith(name)
    for stranger in (None, replace(olga, naam="bea"), replace(olga, hash="$argon2id$b")):
        assert toestellen.kent(stranger, cookie) is None
    for forged in (None, "", ".", f"x{cookie}", cookie[:-1], cookie.replace(".", ""), "é.é"):
        assert toestellen.kent(olga, forged) is None


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_counts_with_its_subscribers_others(host: str, counted: str) -> None:
    assert adres_van(Request({"type": "http", "client": (host, 1), "headers": []})) == counted
