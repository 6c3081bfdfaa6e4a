"""Dossiers on a running gateway: what a facility may see, what lapses by itself, what a change of zorgkas sets going."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from lxml import etree
from zeep.exceptions import Fault

from gateway.berichten.names import ANTWOORD, ZORGKAS
from gateway.schema import registry
from tests.server.test_main_job import wait_for
from tests.support import IBW2, PERSONS, RunningGateway, running_gateway, running_receiver


def notify(gateway: RunningGateway, person: str, days: int = 1, **kind: object) -> object:
    body = kind or {"StartVerblijf": {"Startdatum": gateway.today() - timedelta(days=days), "TypeVerblijf": "regulier"}}
    return gateway.facility().indienen(str(uuid4()), PERSONS[person], **body)


def mail(client: object, name: str) -> list[etree._Element]:
    found = [etree.fromstring(content) for n, content, _ in client.get() if n == name]  # type: ignore[attr-defined]
    for root in found:
        registry.check(root)
    return found


def at(gateway: RunningGateway, later: timedelta) -> None:
    """Start the gateway again with its clock so much further on."""
    gateway.stop()
    moment = datetime.now(UTC) + later
    gateway.environment["VSB_CLOCK"] = moment.isoformat()
    gateway.offset = moment.timestamp() - time.time()
    gateway.start()


def move(gateway: RunningGateway, folder: Path, zorgkas: str) -> int:
    """Els goes to another zorgkas on 1 January next; returns the year before."""
    year = gateway.today().year
    rows = f"{PERSONS['els']};180;officieel;2019-01-01;{year}-12-31\n{PERSONS['els']};{zorgkas};officieel;{year + 1}-01-01;\n"
    (folder / "aansluitingen.csv").write_text(f"insz;zorgkas;type;van;tot\n{rows}", encoding="utf-8")
    load = [sys.executable, "-m", "gateway", "reference", "load", str(folder / "aansluitingen.csv")]
    subprocess.run(load, env=gateway.environment, check=True, capture_output=True)
    gateway.stop()
    gateway.start()
    return year


@pytest.fixture
def gateway(tmp_path: Path):  # type: ignore[no-untyped-def]
    with running_gateway(tmp_path / "g", VSB_POLL_SECONDS="0") as running:
        yield running


def test_a_facility_sees_its_own_dossier_with_every_message_and_no_others(gateway: RunningGateway) -> None:
    number = notify(gateway, "els").Dossiernummer  # type: ignore[attr-defined]
    notify(gateway, "els", Afwezigheid={"Dossiernummer": number, "Reden": "ziekenhuis", "Van": gateway.today()})
    facility = gateway.facility()
    for found in (facility.dossiers(Insz=PERSONS["els"]), facility.dossiers(Dossiernummer=number)):
        (dossier,) = found
        assert (dossier.Dossiernummer, dossier.Status, dossier.Type) == (number, "aanvaard", "regulier")
        assert [g.Soort for g in dossier.Gebeurtenis] == ["StartVerblijf", "Afwezigheid"]
        assert [z._value_1 for z in dossier.Zorgkas] == ["180"]
    other = gateway.facility("facility-ibw-2", IBW2)
    assert other.dossiers(Dossiernummer=number) == other.dossiers(Insz=PERSONS["els"]) == []
    other.riziv = facility.riziv
    with pytest.raises(Fault):
        other.dossiers(Insz=PERSONS["els"])


def test_what_waits_too_long_for_a_decision_is_refused_by_itself_after_reminders(gateway: RunningGateway) -> None:
    held = notify(gateway, "sofie", days=40)
    assert held.Uitkomst == "in_beraad"  # type: ignore[attr-defined]
    at(gateway, timedelta(days=40))
    wait_for(lambda: len(mail(gateway.kas("180"), "VSB-HERINNERING")) == 1)
    (reminder,) = mail(gateway.kas("180"), "VSB-HERINNERING")
    assert reminder.findtext(f"{{{ZORGKAS}}}OverBericht") == held.MessageId  # type: ignore[attr-defined]
    assert gateway.facility().raadplegen(MessageId=held.MessageId).Uitkomst == "in_beraad"  # type: ignore[attr-defined]
    at(gateway, timedelta(days=63))
    wait_for(lambda: bool(mail(gateway.facility().facturatie, "VSB-BESLISSING")))
    (decision,) = mail(gateway.facility().facturatie, "VSB-BESLISSING")
    assert decision.findtext(f"{{{ANTWOORD}}}Uitkomst") == "geweigerd"
    assert (decision.findtext(f"{{{ANTWOORD}}}Motivering") or "").startswith("VSB_BERAAD_001")
    life = gateway.facility().raadplegen(MessageId=held.MessageId)  # type: ignore[attr-defined]
    assert (life.Uitkomst, [r.Code for r in life.Reden]) == ("geweigerd", ["IBW_START_103", "VSB_BERAAD_001"])
    assert life.Stap[-1].Naam == "beslist"
    assert [d.Status for d in gateway.facility().dossiers(Insz=PERSONS["sofie"])] == ["geweigerd"]
    wait_for(lambda: len(mail(gateway.kas("180"), "VSB-VERVALLEN")) == 1)
    assert len(mail(gateway.kas("180"), "VSB-HERINNERING")) == 1, "one reminder for the day that was reached"
    steps = gateway.facility().raadplegen(MessageId=held.MessageId).Stap  # type: ignore[attr-defined]
    assert steps[-1].Naam == "beslist", "what speaks of a message, given later, does not move it back"


def test_a_change_of_zorgkas_is_told_once_and_the_new_one_gets_the_whole_dossier(gateway: RunningGateway, tmp_path: Path) -> None:
    number = notify(gateway, "els").Dossiernummer  # type: ignore[attr-defined]
    year = move(gateway, tmp_path, "580")
    wait_for(lambda: bool(mail(gateway.kas("580"), "VSB-MUTATIE")))
    (old,), (new,) = (mail(gateway.kas(kas), "VSB-MUTATIE") for kas in ("180", "580"))
    assert old.find(f"{{{ZORGKAS}}}Dossier") is None
    assert new.findtext(f"{{{ZORGKAS}}}Dossier/{{{ANTWOORD}}}Dossiernummer") == number
    assert [z.text for z in new.iter(f"{{{ANTWOORD}}}Zorgkas")] == ["180", "580"]
    (told,) = mail(gateway.facility().facturatie, "VSB-MUTATIE")
    assert [told.findtext(f"{{{ANTWOORD}}}{n}") for n in ("VanZorgkas", "NaarZorgkas", "Vanaf")] == [
        "180",
        "580",
        f"{year + 1}-01-01",
    ]
    gateway.stop()
    gateway.start()
    time.sleep(3)
    assert len(mail(gateway.kas("580"), "VSB-MUTATIE")) == 1


def test_a_zorgkas_that_is_pushed_to_gets_a_mededeling_as_it_gets_a_levering(tmp_path: Path) -> None:
    with running_receiver(tmp_path / "in") as address, running_gateway(tmp_path / "g", push_base=address) as gateway:
        number = notify(gateway, "els").Dossiernummer  # type: ignore[attr-defined]
        move(gateway, tmp_path, "280")
        wait_for(lambda: bool(list((tmp_path / "in/280").glob("*.xml"))))
        (file,) = (tmp_path / "in/280").glob("*.xml")
        root = etree.fromstring(file.read_bytes())
        assert (root.tag, root.findtext(f"{{{ZORGKAS}}}MessageId")) == (f"{{{ZORGKAS}}}Mededeling", file.stem)
        assert root.findtext(f"{{{ZORGKAS}}}Dossier/{{{ANTWOORD}}}Dossiernummer") == number
