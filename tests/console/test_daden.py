"""Every act of the operator and of the register: with a reason, on record under the person's name; over HTTP."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.clock import BRUSSELS
from gateway.console.beheer import register_attest, register_periode
from gateway.console.operator import daden
from gateway.console.rechten import Rol
from gateway.reference import tables as t
from gateway.store.audit_tables import audit
from gateway.store.console_tables import console_sessie
from gateway.store.tables import levering
from tests.api.conftest import Application, running_application
from tests.console.test_operator import ask, message
from tests.console.test_operator_leveringen import delivery

ATTEST = "VSB-2018-0004"
FACILITY = "94091186000"
MANDATE = {"gemachtigde_riziv": "72090202000", "voorziening_riziv": FACILITY, "pijler": "mohm"}
RECOGNITION = {"riziv": FACILITY, "pijler": "mohm"}
NEW_ATTEST = {
    "nummer": "VSB-2030-0001",
    "leverancier": "L",
    "product": "P",
    "versie_van": "1",
    "versie_tot": "2",
    "pijlers": "mohm",
}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("daden")) as found:
        with found.store.writing() as conn:
            conn.execute(t.verklaring.delete().where(t.verklaring.c.riziv == FACILITY))
        yield found


def records(application: Application) -> list[Any]:
    with application.store.reading() as conn:
        return list(conn.execute(select(audit).order_by(audit.c.volgnr)))


Act = tuple[str, str, dict[str, str], str]
"""Address, who, fields, and the event that must be on record."""


ACTS: dict[str, Callable[[Application], Act]] = {
    "/leveringen/{levering_id}/opnieuw": lambda a: (f"/leveringen/{delivery(a)}/opnieuw", "olga", {}, "levering_opnieuw"),
    "/leveringen/{levering_id}/opgeven": lambda a: (f"/leveringen/{delivery(a)}/opgeven", "olga", {}, "levering_opgegeven"),
    "/lijnen/{code}/pauzeer": lambda a: ("/lijnen/180/pauzeer", "olga", {}, "lijn_gepauzeerd"),
    "/lijnen/{code}/hervat": lambda a: ("/lijnen/180/hervat", "olga", {}, "lijn_hervat"),
    "/lijnen/{code}/omleiden": lambda a: (
        f"/lijnen/{(delivery(a, zorgkas='680'), '680')[1]}/omleiden",
        "olga",
        {},
        "leveringen_omgeleid",
    ),
    "/lijnen/{code}/opnieuw": lambda a: (
        f"/lijnen/{(delivery(a, zorgkas='380'), '380')[1]}/opnieuw",
        "olga",
        {},
        "levering_opnieuw",
    ),
    "/register/attest/nieuw": lambda a: (
        "/register/attest/nieuw",
        "bea",
        {**NEW_ATTEST, "van": "2030-01-01"},
        "attest_toegevoegd",
    ),
    "/register/attest/schorsen": lambda a: ("/register/attest/schorsen", "olga", {"nummer": ATTEST}, "attest_geschorst"),
    "/register/attest/hervatten": lambda a: ("/register/attest/hervatten", "olga", {"nummer": ATTEST}, "attest_hervat"),
    "/register/attest/beeindigen": lambda a: (
        "/register/attest/beeindigen",
        "bea",
        {"nummer": "VSB-2030-0001", "tot": "2030-02-01"},
        "attest_beeindigd",
    ),
}
for _name, _event, _key in (
    ("verklaringen", "verklaring", {"riziv": FACILITY}),
    ("erkenningen", "erkenning", RECOGNITION),
    ("mandaten", "mandaat", MANDATE),
):
    _new, _end = {**_key, "van": "2030-01-01"}, {**_key, "tot": "2030-06-30"}
    ACTS[f"/register/{_name}/nieuw"] = lambda a, n=_name, f=_new, e=_event: (f"/register/{n}/nieuw", "bea", f, f"{e}_toegevoegd")  # type: ignore[misc]
    ACTS[f"/register/{_name}/beeindigen"] = lambda a, n=_name, f=_end, e=_event: (
        f"/register/{n}/beeindigen",
        "bea",
        f,
        f"{e}_beeindigd",
    )  # type: ignore[misc]


def test_every_act_is_among_these() -> None:
    modules = (daden, register_attest, register_periode)
    assert {s.pad for module in modules for s in module.schermen.alle if s.methode == "POST"} == set(ACTS)


def test_every_act_asks_a_reason_and_is_on_record_with_who_and_why(application: Application) -> None:
    for path, prepare in ACTS.items():
        address, who, fields, event = prepare(application)
        role = Rol.OPERATOR if who == "olga" else Rol.BEHEERDER
        before = len(records(application))
        without = ask(application, "POST", address, who=role, **fields)
        assert (without.status_code, len(records(application))) == (422, before), path
        done = ask(application, "POST", address, who=role, **fields, reden=f"proef van {path}")
        assert done.status_code == 303, (path, done.text)
        new = records(application)[before:]
        assert new, path
        for record in new:
            said = (record.gebeurtenis, record.actor, json.loads(record.gegevens)["reden"])
            assert said == (event, f"account:{who} ({role.value})", f"proef van {path}")


def test_a_reroute_says_beforehand_how_many_it_concerns(application: Application) -> None:
    with application.store.writing() as conn:
        conn.execute(update(levering).where(levering.c.bestemming == "zorgkas:680").values(toestand="bevestigd"))
    delivery(application, zorgkas="680"), delivery(application, "wachtend", zorgkas="680", transport="s3")
    page = ask(application, "GET", "/lijnen/680/omleiden").text
    assert "1 leveringen die wachten, gaan voortaan langs" in page
    assert "1 mislukte leveringen krijgen nieuwe pogingen" in page
    assert ask(application, "POST", "/lijnen/680/omleiden", reden="ander adres").status_code == 303
    assert "Er is niets om te leiden" in ask(application, "GET", "/lijnen/680/omleiden").text


def told(application: Application, answer: Any) -> str:
    """The message of an act; the session of `ask` is new each time, so it is read from the database's newest session."""
    with application.store.reading() as conn:
        rows = conn.execute(select(console_sessie.c.melding).where(console_sessie.c.melding.is_not(None))).scalars().all()
    assert answer.status_code == 303, answer.text
    return json.dumps(rows[-1], ensure_ascii=False)


@pytest.mark.parametrize("at_once", [False, True], ids=["today", "at once"])
def test_a_mandate_that_ends_says_until_when_it_holds_and_can_be_put_back(application: Application, at_once: bool) -> None:
    today = datetime.now(BRUSSELS).date()
    key = {**MANDATE, "pijler": "edgfin" if at_once else "eibwfin"}
    new = {**key, "van": "2024-01-01", "tot": "2039-12-31", "reden": "x"}
    assert ask(application, "POST", "/register/mandaten/nieuw", who=Rol.BEHEERDER, **new).status_code == 303
    form = ask(application, "GET", f"/register/mandaten/beeindigen?{'&'.join(f'{k}={v}' for k, v in key.items())}").text
    assert f"laatste dag gisteren, {today - timedelta(days=1):%d-%m-%Y}" in form
    fields = {**key, "tot": today.isoformat(), "reden": "misbruik", **({"meteen": "1"} if at_once else {})}
    answer = ask(application, "POST", "/register/mandaten/beeindigen", who=Rol.BEHEERDER, **fields)
    last = today - timedelta(days=at_once)
    text = told(application, answer)
    assert (f"geldt nog tot en met {last:%d-%m-%Y}" if not at_once else f"de laatste dag was {last:%d-%m-%Y}") in text
    with application.store.reading() as conn:
        chosen = t.mandaat.c.pijler == key["pijler"], t.mandaat.c.voorziening_riziv == FACILITY
        assert conn.execute(select(t.mandaat.c.tot).where(*chosen)).scalar_one() == last
    undo = re.search(r"/console(/register/mandaten/nieuw\?[^\"\\ ]+)", text)
    assert undo is not None
    again = html.unescape(ask(application, "GET", undo[1], who=Rol.BEHEERDER).text)
    assert f'value="{last + timedelta(days=1)}"' in again
    assert 'value="2039-12-31"' in again


def test_suspending_tells_whom_it_stops_and_the_attest_who_did_it(application: Application) -> None:
    for sender in ("72090103", "72090103", "72090202"):
        message(application, attest=ATTEST, afzender=f"riziv:{sender}")
    page = ask(application, "GET", f"/register/attest/schorsen?nummer={ATTEST}").text
    facts = re.sub(r"<[^>]+>", " ", page)
    assert re.search(r"Voorzieningen die er de laatste 31 dagen mee stuurden\s+2\s", facts)
    assert re.search(r"Berichten van vandaag\s+3\s", facts)
    ask(application, "POST", "/register/attest/schorsen", nummer=ATTEST, reden="dubbele meldingen")
    shown = ask(application, "GET", f"/register/attest?nummer={ATTEST}").text
    assert "Geschorst door" in shown
    assert "account:olga (operator)" in shown
    assert "dubbele meldingen" in shown
