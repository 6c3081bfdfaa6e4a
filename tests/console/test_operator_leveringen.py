"""Deliveries and lines on the operator's screens, over HTTP: what happened to each is told as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from gateway.clock import BRUSSELS
from gateway.observe.alarmen import Bewaking, waak
from gateway.paths import data_dir
from gateway.store.identifiers import message_id
from gateway.store.tables import levensstap, levering, lijn, poging
from gateway.trust.chain import load_trust_store
from gateway.trust.revocation import RevocationMode
from tests.api.conftest import Application, running_application
from tests.console.test_operator import ask, message


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with running_application(tmp_path_factory.mktemp("leveringen")) as found:
        yield found


def delivery(
    application: Application, state: str = "mislukt", zorgkas: str = "280", failed: str = "Fault s:Client", **columns: Any
) -> str:
    """A delivery of a message of its own, with one attempt that failed; its id is the message's."""
    now = datetime.now(UTC)
    name = message(application, zorgkas=zorgkas)
    values = {
        "id": name,
        "bericht_id": name,
        "bestemming": f"zorgkas:{zorgkas}",
        "transport": "soap",
        "message_name": "Melding",
        "input_reference": name,
        "hash": "0" * 64,
        "toestand": state,
        "pogingen": 1,
        "volgende_poging": now - timedelta(minutes=5),
        "aangemaakt_op": now,
        **columns,
    }
    tried = {"levering_id": values["id"], "begin": now, "einde": now, "gelukt": False, "melding": failed}
    with application.store.writing() as conn:
        conn.execute(insert(levering).values(**values))
        conn.execute(insert(poging).values(**tried))
    return str(values["id"])


def row(page: str, name: str) -> str:
    return next(r for r in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if name in r)


def test_a_delivery_that_was_given_up_is_told_so_and_never_as_confirmed(application: Application) -> None:
    name = delivery(application)
    assert ask(application, "POST", f"/leveringen/{name}/opgeven", reden="dubbel gemeld").status_code == 303
    page = ask(application, "GET", f"/berichten/{name}").text
    assert "<b>opgegeven</b>" in page
    assert "dubbel gemeld" in page
    shown = page[page.index('id="h-lev"') :]
    confirmed = row(shown, "Melding").split("<td")[6]
    assert "<time" in confirmed
    assert "opgegeven" in confirmed
    assert confirmed.index("–") < confirmed.index("opgegeven") < confirmed.index("<time")
    line = ask(application, "GET", "/lijnen/280").text
    assert "<time" not in row(line[line.index('id="h-r"') :], name).split("<td")[5]


def test_a_failed_attempt_comes_before_what_it_brought_about(application: Application) -> None:
    name = delivery(application)
    with application.store.writing() as conn:
        moment = conn.execute(select(poging.c.einde).where(poging.c.levering_id == name)).scalar_one()
        step = {"bericht_id": name, "stap": "aflevering_mislukt", "tijdstip": moment, "actor": "gateway"}
        conn.execute(insert(levensstap).values(**step))
    page = ask(application, "GET", f"/berichten/{name}").text
    assert page.index("<b>poging mislukt</b>") < page.index("<b>aflevering mislukt</b>")


def test_the_list_says_of_whom_a_delivery_is_and_what_the_receiver_answered(application: Application) -> None:
    name = delivery(application, failed="Fault s:Client: Het dossier is gesloten", zorgkas="180")
    away = delivery(application, failed="ConnectionError: verbinding geweigerd", zorgkas="180")
    page = ask(application, "GET", "/leveringen?zorgkas=180&toestand=mislukt").text
    assert "72090103000" in row(page, name)
    assert "het bericht geweigerd: Het dossier is gesloten" in row(page, name)
    assert "geen verbinding met de ontvanger: verbinding geweigerd" in row(page, away)


def test_an_interrupted_line_says_why_and_what_waits_says_for_what(application: Application) -> None:
    name = delivery(application, "wachtend", zorgkas="380", failed="SSLError")
    now = datetime.now(UTC)
    broken = {"bestemming": "zorgkas:380", "toestand": "open", "fouten": 7, "sinds": now, "open_tot": now}
    with application.store.writing() as conn:
        conn.execute(insert(lijn).values(**broken))
    page = ask(application, "GET", "/lijnen/380").text
    assert "TLS mislukt: het certificaat van de ontvanger wordt niet aanvaard" in page[page.index("Laatste fout") :]
    assert "wacht op de lijn" in row(ask(application, "GET", "/leveringen?zorgkas=380").text, name)


def test_after_an_act_one_is_back_at_the_next_row_of_the_list(application: Application) -> None:
    first, second = (delivery(application, zorgkas="680") for _ in range(2))
    page = ask(application, "GET", "/leveringen?zorgkas=680&toestand=mislukt").text
    link = re.search(rf'href="/console(/leveringen/{first}/opnieuw\?[^"]+)"', page)
    assert link is not None
    form = ask(application, "GET", link[1].replace("&amp;", "&")).text
    action = re.search(r'action="/console(/leveringen/[^"]+)"', form)
    assert action is not None
    answer = ask(application, "POST", action[1].replace("&amp;", "&"), reden="weer bereikbaar")
    where, _, anchor = answer.headers["location"].partition("#")
    assert where == "/console/leveringen?zorgkas=680&toestand=mislukt"
    again = ask(application, "GET", where.removeprefix("/console")).text
    assert f'id="{anchor}"' in row(again, second)
    assert first not in again


def test_a_list_without_deliveries_says_so(application: Application) -> None:
    answer = ask(application, "GET", "/leveringen?zorgkas=280&toestand=opgehaald")
    assert (answer.status_code, "Er wacht niets." in answer.text) == (200, True)


def test_a_delivery_in_the_audit_log_leads_to_its_message(application: Application) -> None:
    name = delivery(application, id=message_id(datetime.now(UTC)))
    with application.store.reading() as conn:
        about = conn.execute(select(levering.c.bericht_id).where(levering.c.id == name)).scalar()
    answer = ask(application, "GET", f"/leveringen/{name}")
    assert answer.headers["location"] == f"/console/berichten/{about}#leveringen"


def test_an_alarm_leads_to_where_one_acts_and_counts_what_the_line_counts(application: Application) -> None:
    names = [delivery(application, zorgkas="180") for _ in range(2)]
    with application.store.writing() as conn:
        conn.execute(update(levering).where(levering.c.bestemming == "zorgkas:180").values(toestand="bevestigd"))
        conn.execute(update(levering).where(levering.c.id.in_(names)).values(toestand="mislukt"))
    watch = Bewaking(
        trust=load_trust_store(data_dir("certs-sample") / "ca-bundle.pem", [], RevocationMode.GRACE),
        eigen={},
        opslag=None,
        wachtrij=timedelta(days=1),
        min_vrij=0,
    )
    ask(application, "POST", f"/leveringen/{names[0]}/opgeven", reden="dubbel gemeld")
    with application.store.writing() as conn:
        waak(conn, watch, datetime.now(UTC))
    page = ask(application, "GET", "/alarmen").text
    alarm = page[page.index("zorgkas=180&amp;toestand=mislukt") :]
    assert alarm.index("1 levering mislukt") < 200
    assert "vsb-gateway" not in page
    assert "<b>1</b><span>mislukt" in ask(application, "GET", "/lijnen/180").text


def test_the_audit_log_is_filtered_by_who_about_what_and_when_and_leads_there(application: Application) -> None:
    name = delivery(application)
    ask(application, "POST", f"/leveringen/{name}/opnieuw", reden="weer bereikbaar")
    today = datetime.now(BRUSSELS).date().isoformat()
    fields = {"actor": "olga", "onderwerp": f" {name}", "van": today, "tot": today, "soort": ""}
    where = ask(application, "POST", "/audit/zoek", **fields).headers["location"].removeprefix("/console")
    page = ask(application, "GET", where).text
    assert f'href="/console/leveringen/{name}"' in page
    assert page.count("<tr>") == 2
    assert "<tr>" not in ask(application, "GET", where.replace("actor=olga", "actor=bea")).text
    assert "<tr>" not in ask(application, "GET", f"/audit?onderwerp={name}&tot=2020-01-01").text


def test_a_persons_number_is_no_filter_of_the_audit_log(application: Application) -> None:
    answer = ask(application, "POST", "/audit/zoek", actor="12.07.17-960.93")
    assert (answer.status_code, "location" in answer.headers) == (422, False)
    for name in ("bf9ea349-f628-48cf-a3ec-b31139943166", "bericht:a4b30457-2826-40f0-8296-781e2ac281e7"):
        assert "location" in ask(application, "POST", "/audit/zoek", onderwerp=name).headers, name
