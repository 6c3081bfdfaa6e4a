"""Deliveries and lines over the API: as the screens tell them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from gateway.console.rechten import Rol
from gateway.store.tables import levering, lijn
from tests.api.conftest import Application
from tests.console.test_operator_leveringen import delivery

API = "/api/v1"


def test_a_line_tells_how_it_is_in_words_and_what_waits_and_failed(application: Application) -> None:
    with application.store.writing() as conn:
        conn.execute(update(levering).values(toestand="bevestigd"))
    dead, waits = delivery(application, zorgkas="380"), delivery(application, "wachtend", zorgkas="380", failed="ReadTimeout")
    broken = {"bestemming": "zorgkas:380", "toestand": "open", "fouten": 7, "sinds": datetime.now(UTC)}
    with application.store.writing() as conn:
        conn.execute(insert(lijn).values(**broken))
    lines = {line["zorgkas"]: line for line in application.as_(Rol.OPERATOR, "GET", f"{API}/lijnen").json()}
    found = lines["380"]
    assert (found["stand"], found["toestand"], found["wachtend"], found["mislukt"]) == ("onderbroken", "open", 1, 1)
    assert found["laatste_fout"] == "geen antwoord binnen de tijd"
    assert found["oudste"] is not None
    assert (lines["180"]["stand"], lines["180"]["toestand"], lines["180"]["oudste"]) == ("loopt", "gesloten", None)
    failed = application.as_(Rol.OPERATOR, "GET", f"{API}/leveringen?toestand=mislukt").json()["items"]
    assert [d["id"] for d in failed] == [dead]
    waiting = application.as_(Rol.OPERATOR, "GET", f"{API}/leveringen?toestand=wachtend").json()["items"]
    assert [d["id"] for d in waiting] == [waits]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/berichten?zorgkass=180"), ("GET", "/lijnen?zorgkas=180"), ("POST", "/register/attest/schorsing?nummer=X&reden=y")],
)
def test_a_parameter_that_an_address_does_not_know_is_refused_by_name(application: Application, method: str, path: str) -> None:
    answer = application.as_(Rol.OPERATOR, method, f"{API}{path}", **({"json": {"reden": "x"}} if method == "POST" else {}))
    assert (answer.status_code, answer.json()["code"]) == (422, "VSB-API-008")
    assert answer.json()["fouten"][0]["plaats"] == f"query/{path.rpartition('?')[2].rpartition('&')[2].partition('=')[0]}"


def test_who_may_not_ask_hears_that_first(application: Application) -> None:
    assert application.as_(None, "GET", f"{API}/berichten?x=1").status_code == 401
    assert application.as_(Rol.ZORGKAS, "GET", f"{API}/berichten?x=1").status_code == 403
