"""A message's page leads to what is about it and to what it is about, and tells what a refused zending said; real messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.berichten.names import ZORGKAS
from gateway.store.tables import bericht
from tests.api.conftest import Application, application_on
from tests.console.test_operator import ask
from tests.console.wereld import Wereld, results, wereld
from tests.server.test_invoicing import month_of, per_day


@dataclass(kw_only=True)
class Both:
    """A gateway that messages go to, and the console on its database."""

    application: Application
    world: Wereld


@pytest.fixture(scope="module")
def w(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder, url = tmp_path_factory.mktemp("verband"), new_database()
    with wereld(folder, url) as world, application_on(url, folder) as application:
        yield Both(application=application, world=world)


def test_a_decision_and_the_message_it_is_about_lead_to_each_other(w: Both) -> None:
    about = w.world.in_beraad("sofie")
    words = (
        f'<z:Beslissing xmlns:z="{ZORGKAS}"><z:MessageId>{about}</z:MessageId><z:Zorgkas>180</z:Zorgkas>'
        "<z:Uitkomst>aanvaard</z:Uitkomst><z:Motivering>Overmacht aangetoond.</z:Motivering></z:Beslissing>"
    )
    tack = w.world.running.kas("180").post(words.encode(), "BESLISSING-1")
    decision = str(tack.Reference)
    assert f'href="/console/berichten/{about}"' in ask(w.application, "GET", f"/berichten/{decision}").text
    assert f'href="/console/berichten/{decision}"' in ask(w.application, "GET", f"/berichten/{about}").text


def test_a_refused_zending_tells_its_number_month_and_amount(w: Both) -> None:
    running = w.world.running
    dossier = str(w.world.meld("els", 20).Dossiernummer)
    given = per_day(running, "els", dossier, 7, month_of(running))
    facility = running.facility().facturatie
    facility.post(schrijf_zending(replace(given, totaal=given.totaal + 1)), "FOUT-1")
    results(facility, "FOUT-1", 1)
    with w.application.store.reading() as conn:
        name = conn.execute(select(bericht.c.id).where(bericht.c.bedrijfs_id == "FOUT-1")).scalar_one()
    page = ask(w.application, "GET", f"/berichten/{name}").text
    facts = page[page.index("Zending, niet aanvaard") :][:400]
    assert f"{given.zendingnummer}, {given.maand:%m-%Y}" in facts
    assert "€" in facts
