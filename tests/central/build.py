"""Small builders for the rules' tests: a message and its context that nothing is wrong with, to change one thing in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.berichten.aanvraag import Aanvraag, Afzender, Hoofding, Kennisgeving, Software
from gateway.berichten.factuur import Factuur, Lijn, Zending
from gateway.berichten.soorten import SOORTEN
from gateway.central.model import Aansluiting, AanvraagContext, Gebeurtenis, Persoon, Prijs, Verblijf, ZendingContext
from gateway.cookbook.laden import load_cookbook

COOKBOOK = load_cookbook(Path(__file__).parents[2] / "cookbooks" / "eibwfin")
RIZIV, ELDERS, INSZ = "72090103000", "72090202000", "12071796092"
VANDAAG = date(2026, 6, 20)
DAG = timedelta(days=1)


def persoon(**anders: Any) -> Persoon:
    standaard = Persoon(
        insz=INSZ,
        naam="Elsen",
        voornaam="Els",
        geboortedatum=None,
        geslacht=None,
        adres=None,
        overlijdensdatum=None,
        aansluiting_mogelijk=True,
        aansluitingen=(Aansluiting(zorgkas="180", type="officieel", van=date(2019, 1, 1), tot=None),),
    )
    return replace(standaard, **anders)


def verblijf(**anders: Any) -> Verblijf:
    standaard = Verblijf(
        dossiernummer="D1",
        pijler="eibwfin",
        voorziening=RIZIV,
        insz=INSZ,
        start=date(2026, 5, 1),
        einde=None,
        type_verblijf="regulier",
        status="aanvaard",
    )
    return replace(standaard, **anders)


def bericht(soort: str, **velden: Any) -> Kennisgeving:
    """A message of a kind; a double underscore parts the steps of a path, a tuple repeats a field, None leaves it out."""
    gevuld = {pad.replace("__", "/"): w if isinstance(w, tuple) else (w,) for pad, w in velden.items() if w is not None}
    return Kennisgeving(soort=SOORTEN[soort], velden={pad: tuple(map(str, waarden)) for pad, waarden in gevuld.items()})


def start(dag: date = VANDAAG, soort: str = "regulier", **velden: Any) -> Kennisgeving:
    return bericht("StartVerblijf", Startdatum=dag, TypeVerblijf=soort, **velden)


def einde(dag: date = VANDAAG, nummer: str = "D1", reden: str = "andere") -> Kennisgeving:
    return bericht("EindeVerblijf", Dossiernummer=nummer, Einddatum=dag, Reden=reden)


def annulering(nummer: str = "D1", **velden: Any) -> Kennisgeving:
    return bericht("Annulering", Dossiernummer=nummer, Motivering="vergissing", **velden)


def gebeurtenis(soort: str = "StartVerblijf", dag: date = date(2026, 5, 1), **anders: Any) -> Gebeurtenis:
    standaard = Gebeurtenis(message_id=f"bericht-{soort}", soort=soort, dag=dag, tot=None, velden={}, status="aanvaard")
    return replace(standaard, **anders)


def aanvraag(kennisgeving: Kennisgeving, **anders: Any) -> Aanvraag:
    hoofding = Hoofding(
        bericht_id="bericht-0001",
        pijler="eibwfin",
        test=False,
        aanmaaktijdstip=datetime(2026, 6, 20, tzinfo=UTC),
        afzender=Afzender(riziv=RIZIV, software=Software(naam="x", versie="1", attest="a")),
    )
    standaard = Aanvraag(
        hoofding=hoofding, voorziening=RIZIV, insz=INSZ, kennisgeving=kennisgeving, regels={"StartVerblijf/Startdatum": 7}
    )
    return replace(standaard, **anders)


def context(**anders: Any) -> AanvraagContext:
    standaard = AanvraagContext(ontvangen_op=datetime(2026, 6, 20, 10, tzinfo=UTC), persoon=persoon(), verblijven=())
    return replace(standaard, **anders)


def lijn(van: date = date(2026, 5, 1), tot: date = date(2026, 5, 10), **anders: Any) -> Lijn:
    dagen = (tot - van).days + 1
    standaard = Lijn(volgnummer=1, prestatiecode="763055", van=van, tot=tot, aantal=dagen, bedrag=dagen * 4689, regel=9)
    return standaard._replace(**anders)


def factuur(*lijnen: Lijn, **anders: Any) -> Factuur:
    regels = lijnen or (lijn(),)
    standaard = Factuur(
        factuurnummer="1",
        type_facturering="0",
        insz=INSZ,
        dossiernummer="D1",
        vorige=None,
        lijnen=regels,
        totaal=sum(x.bedrag for x in regels),
        regel=8,
    )
    return replace(standaard, **anders)


def zending(*facturen: Factuur, **anders: Any) -> Zending:
    alle = facturen or (factuur(),)
    standaard = Zending(
        pijler="eibwfin",
        zendingnummer="001",
        maand=date(2026, 5, 1),
        opstellingsdatum=VANDAAG,
        facturatiedatum=VANDAAG,
        type_factuur="4",
        derdebetalende=RIZIV,
        kbo="0900177717",
        iban="BE15100900111130",
        zorgkas="180",
        facturen=alle,
        totaal=sum(f.totaal for f in alle),
    )
    return replace(standaard, **anders)


def zendingcontext(**anders: Any) -> ZendingContext:
    standaard = ZendingContext(
        ontvangen_op=datetime(2026, 6, 20, 10, tzinfo=UTC),
        afzender=RIZIV,
        kbo="0900177717",
        iban="BE15100900111130",
        personen={INSZ: persoon()},
        verblijven={INSZ: (verblijf(),)},
        prijzen=(Prijs(prestatiecode="763055", voorziening=RIZIV, van=date(2026, 1, 1), tot=None, bedrag=4689),),
        gefactureerde_dagen=frozenset(),
        zendingnummer_gebruikt=False,
        eerdere_zendingen=frozenset({("001", date(2026, 5, 1))}),
    )
    return replace(standaard, **anders)
