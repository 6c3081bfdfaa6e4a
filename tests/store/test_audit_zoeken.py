"""Looking in the audit chain finds each record that fits once, newest first, in bounded stretches; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.observe.audit_events import Gebeurtenis
from gateway.store import audit_zoeken
from gateway.store.audit import noteer
from gateway.store.audit_zoeken import Auditvraag, blader
from gateway.store.engine import Store

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ACTORS = ("account:olga (operator)", "account:bea (beheerder)", "os:jan", "Jan (os:jan)")
SUBJECTS = ("bericht:x", "x", "attest:VSB-1")
AANTAL = 60


@pytest.fixture
def chain(store: Store) -> Store:
    with store.writing() as conn:
        for n in range(AANTAL):
            noteer(
                conn,
                Gebeurtenis.INZAGE if n % 2 else Gebeurtenis.LEVERING_OPNIEUW,
                actor=ACTORS[n % 4],
                onderwerp=SUBJECTS[n % 3],
                gegevens={},
                tijdstip=BEGIN + timedelta(hours=n),
            )
    return store


CASES: dict[str, tuple[Auditvraag, Callable[[int], bool]]] = {
    "everything": (Auditvraag(), lambda n: True),
    "an event": (Auditvraag(soort=Gebeurtenis.INZAGE), lambda n: n % 2 == 1),
    "an account with its role": (Auditvraag(actor="account:olga (operator)"), lambda n: n % 4 == 0),
    "an account": (Auditvraag(actor="account:olga"), lambda n: n % 4 == 0),
    "a part of an account": (Auditvraag(actor="account:olg"), lambda n: False),
    "an account without its kind": (Auditvraag(actor="jan"), lambda n: n % 4 == 2),
    "a subject, however it is written": (Auditvraag(onderwerp="x"), lambda n: n % 3 < 2),
    "a subject by its number": (Auditvraag(onderwerp="VSB-1"), lambda n: n % 3 == 2),
    "a period": (Auditvraag(van=BEGIN + timedelta(hours=10), tot=BEGIN + timedelta(hours=20)), lambda n: 10 <= n < 20),
    "after all": (Auditvraag(van=BEGIN + timedelta(days=100)), lambda n: False),
    "all at once": (
        Auditvraag(soort=Gebeurtenis.INZAGE, actor="bea", onderwerp="x", tot=BEGIN + timedelta(hours=30)),
        lambda n: n % 4 == 1 and n % 3 < 2 and n < 30,
    ),
}


@pytest.mark.parametrize("stretch", [5_000, 7], ids=["large stretches", "small stretches"])
@pytest.mark.parametrize("case", CASES)
def test_each_record_that_fits_comes_once_newest_first(
    chain: Store, case: str, stretch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_zoeken, "STUK", stretch)
    vraag, fits = CASES[case]
    found: list[int] = []
    while True:
        with chain.reading() as conn:
            page = blader(conn, vraag, pagina=4)
        assert len(page.rijen) <= 4
        found += [r.volgnr - 1 for r in page.rijen]
        if page.volgende is None:
            break
        vraag = replace(vraag, voor=page.volgende)
    assert found == [n for n in reversed(range(AANTAL)) if fits(n)]
