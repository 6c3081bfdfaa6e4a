"""Work for the people of the tests: messages that wait, zendingen that are not settled, texts of somebody who means harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import update

from conformance.berichten.sample import sample_rows
from conformance.walkthrough import zending
from gateway.app import make_gateway
from gateway.berichten.factuur import Zending, lees_zending
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.diensten.controle import trek_steekproef
from gateway.diensten.kas_afrekenen import stel_voor
from gateway.settings import Settings
from gateway.store.steekproef import Criteria
from gateway.store.tables import beraad
from gateway.wire.parser import parse
from tests.e2e.conftest import ConsoleUnderTest
from tests.server.test_invoicing import month_of, with_lines
from tests.server.test_main_job import label, results
from tests.support import IBW1, PERSONS, RunningGateway

HOSTILE = "\"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1>{{7*7}}"
_ZENDING = count(601)


class Werk:
    """Makes work on one running gateway; each person is used once."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.facility = gateway.facility()
        bekend = set(PERSONS.values())
        rijen = [r for r in sample_rows("aansluitingen") if r["insz"] not in bekend]
        self._leden = {z: iter([r["insz"] for r in rijen if r["zorgkas"] == z and not r["tot"]]) for z in ("180", "280")}

    def start(self, dagen: int, zorgkas: str = "180", **velden: Any) -> Any:
        """A stay of a new person that began so many days ago; the gateway's answer."""
        begin = {"Startdatum": self.gateway.today() - timedelta(days=dagen), "TypeVerblijf": "regulier", **velden}
        for insz in self._leden[zorgkas]:
            answer = self.facility.indienen(str(uuid4()), insz, StartVerblijf=begin)
            if answer.Zorgkas == zorgkas or velden:
                return answer
        raise AssertionError("no sample persons are left")

    def in_beraad(self, zorgkas: str = "180", **velden: Any) -> str:
        """MessageId of a message that waits for a zorgkas."""
        answer = self.start(40, zorgkas, **velden)
        assert answer.Uitkomst == "in_beraad", answer
        return str(answer.MessageId)

    def zending(self, personen: int = 1) -> str:
        """MessageId of an accepted zending of two lines a person for zorgkas 180 that is not settled."""
        nummer, dagen = next(_ZENDING), month_of(self.gateway)
        zendingen = [self._een(nummer, dagen) for _ in range(personen)]
        facturen = tuple(replace(z.facturen[0], factuurnummer=str(n)) for n, z in enumerate(zendingen, 1))
        heel = replace(zendingen[0], facturen=facturen, totaal=sum(f.totaal for f in facturen))
        facility, reference = self.facility.facturatie, f"WERK{nummer}"
        tack = facility.post(schrijf_zending(heel), reference)
        assert [label(r) for r in results(facility, reference, 2)][-1] == "INHOUD-AANVAARD"
        return str(tack.Reference)

    def _een(self, nummer: int, dagen: Sequence[date]) -> Zending:
        """A zending of these days of a new person."""
        verblijf = self.start(20)
        een = zending(
            riziv=IBW1,
            insz=self.facility.dossiers(Dossiernummer=verblijf.Dossiernummer)[0].Insz,
            dossier=verblijf.Dossiernummer,
            zorgkas="180",
            number=nummer,
            start=dagen[0],
            end=dagen[0],
            today=self.gateway.today(),
        )
        gelezen = lees_zending(parse(een))
        lijn = gelezen.facturen[0].lijnen[0]
        return with_lines(gelezen, [lijn._replace(volgnummer=n, van=d, tot=d) for n, d in enumerate(dagen, 1)])


_WERK: dict[str, Werk] = {}


def werk_op(gateway: RunningGateway) -> Werk:
    """One for each gateway, so that no person is used twice."""
    return _WERK.setdefault(gateway.base, Werk(gateway))


def voor_de_platen(console: ConsoleUnderTest) -> dict[str, str]:
    """Work that the pictures show; returns what stands in their addresses."""
    running = console.gateway
    werk, vandaag = werk_op(running), running.today()
    wachtend = [werk.in_beraad(Overmacht="De software van onze leverancier lag drie dagen stil; ticket 4711.") for _ in range(4)]
    start = {"Startdatum": date(vandaag.year - 1, 12, 20), "TypeVerblijf": "regulier"}
    bert = werk.facility.indienen(str(uuid4()), PERSONS["bert"], StartVerblijf=start).Dossiernummer
    afwezig = {"Dossiernummer": bert, "Reden": "ziekenhuis", "Van": vandaag}
    werk.facility.indienen(str(uuid4()), PERSONS["bert"], Afwezigheid=afwezig)
    zending_id = werk.zending(3)
    gateway = make_gateway(Settings(database_url=running.environment["VSB_DATABASE_URL"]))
    with gateway.store.writing() as conn:
        for bericht_id, dagen in zip(wachtend, (1, 4, 19, 33), strict=True):
            termijn = vandaag + timedelta(days=dagen)
            conn.execute(update(beraad).where(beraad.c.bericht_id == bericht_id).values(vervalt_op=termijn))
    afwezig_woorden = "Afwezig volgens het register van de voorziening."
    karel, cis = "account:karel (zorgkas)", "account:cis (controleur)"
    stel_voor(gateway, "180", zending_id, [("1", 1)], reden="300430", motivering=afwezig_woorden, persoon=karel)
    doel, criteria = "Nazicht van late meldingen", Criteria(van=vandaag, tot=vandaag, dienst="aanvraag")
    steekproef = trek_steekproef(gateway, criteria, aantal=6, zaad="2026-k4", doel=doel, persoon=cis)
    gateway.store.engine.dispose()
    els = werk.facility.dossiers(Insz=PERSONS["els"])[-1].Dossiernummer
    lena = console.message("StartVerblijf lena")
    return {"beraad": wachtend[0], "open": zending_id, "els": els, "bert": bert, "lena": lena, "steekproef": steekproef}
