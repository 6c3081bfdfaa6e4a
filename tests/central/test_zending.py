"""Every rule on a zending: a case that fires it, and its twin that does not; then what the errors together decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.berichten.factuur import VorigeFactuur, Zending
from gateway.central.cookbook import Cookbook, Familie
from gateway.central.model import Aansluiting, Betrekking, Elders, Ernst, Periode, Prijs, Uitkomst, ZendingContext
from gateway.central.resultaat import Zendingresultaat
from gateway.central.zending import beoordeel_zending, controleer_zending
from gateway.cookbook.laden import load_cookbooks
from tests.central.build import COOKBOOK, INSZ, RIZIV, factuur, lijn, persoon, verblijf, zending, zendingcontext

VORIGE = VorigeFactuur(factuurnummer="1", zendingnummer="001", maand=date(2026, 5, 1))
MEI = date(2026, 5, 1)
ALLE = load_cookbooks(Path(__file__).parents[2] / "cookbooks")
Case = tuple[Zending, ZendingContext]
ZONDER_INSZ = replace(COOKBOOK, regels=tuple(r for r in COOKBOOK.regels if r.controle != "insz_controlegetal"))
"""For zendingen with more persons than there are invented numbers at hand."""
GOED: Case = (zending(), zendingcontext())


def gewijzigd(**anders: object) -> Case:
    return (zending(**anders), zendingcontext())


def met_lijn(*lijnen: object, **context: object) -> Case:
    return (zending(factuur(*lijnen)), zendingcontext(**context))  # type: ignore[arg-type]


def met_factuur(**anders: object) -> Case:
    return (zending(factuur(**anders)), zendingcontext())


HOORT_BIJ = (Betrekking(prestatiecode="763055", betrekkelijk="763999", van=MEI, tot=MEI),)
TOT_GISTEREN = (replace(HOORT_BIJ[0], van=date(2024, 1, 1), tot=date(2026, 4, 30)),)
CREDIT = lijn(aantal=-10, bedrag=-46890)
BEZET = frozenset((INSZ, "763055", date(2026, 5, d)) for d in range(1, 11))
TERUG = factuur(CREDIT, type_facturering="3", vorige=VORIGE)
OPNIEUW = factuur(factuurnummer="2", type_facturering="1", vorige=VORIGE)
TE_WEINIG_TERUG = factuur(lijn(aantal=-10, bedrag=-1), type_facturering="3", vorige=VORIGE)

TECHNISCH: dict[str, tuple[Case, Case]] = {
    "100721": ((zending(), zendingcontext(zendingnummer_gebruikt=True)), GOED),
    "101402": (gewijzigd(derdebetalende="72090104000"), GOED),
    "102702": (gewijzigd(kbo="0900177718"), GOED),
    "103602": (gewijzigd(iban="BE15100900111131"), GOED),
    "103620": (gewijzigd(iban="BE16100900222274"), GOED),
    "102310": (gewijzigd(maand=date(2026, 7, 1)), gewijzigd(maand=date(2026, 6, 1))),
    "VSB_ZND_001": (gewijzigd(maand=date(2023, 12, 1)), gewijzigd(maand=date(2024, 1, 1))),
    "204710": (gewijzigd(facturatiedatum=date(2026, 6, 21)), gewijzigd(facturatiedatum=date(2026, 6, 20))),
    "201003": (gewijzigd(type_factuur="1"), GOED),
    "202420": (
        (zending(factuur(), factuur(factuurnummer="01")), zendingcontext()),
        (zending(factuur(), factuur(factuurnummer="2")), zendingcontext()),
    ),
    "300210": (met_lijn(lijn(), lijn()), met_lijn(lijn(), lijn(volgnummer=2))),
    "801910": (met_factuur(totaal=1), GOED),
    "901910": (gewijzigd(totaal=1), GOED),
}
INHOUD: dict[str, tuple[Case, Case]] = {
    "200802": (met_factuur(insz="12071796093"), GOED),
    "200820": ((zending(), zendingcontext(personen={})), GOED),
    "200840": ((zending(), zendingcontext(personen={INSZ: persoon(aansluitingen=())})), GOED),
    "202910": (met_factuur(type_facturering="1"), met_factuur(type_facturering="1", vorige=VORIGE)),
    "203420": (
        met_factuur(type_facturering="1", vorige=replace(VORIGE, zendingnummer="002")),
        met_factuur(type_facturering="1", vorige=VORIGE),
    ),
    "201140": (
        met_factuur(type_facturering="3", vorige=VORIGE),
        (zending(factuur(CREDIT, type_facturering="3", vorige=VORIGE)), zendingcontext(gefactureerde_dagen=BEZET)),
    ),
    "300612": (met_lijn(lijn(date(2026, 5, 2), date(2026, 5, 1), aantal=1)), GOED),
    "300510": (met_lijn(lijn(date(2026, 5, 1), date(2026, 6, 21))), GOED),
    "300547": (met_lijn(lijn(date(2026, 4, 30), date(2026, 5, 3))), met_lijn(lijn(MEI, date(2026, 5, 31)))),
    "302240": (met_lijn(lijn(aantal=9)), GOED),
    "300541": (
        (zending(), zendingcontext(verblijven={INSZ: (verblijf(status="in_beraad"),)})),
        (zending(), zendingcontext(verblijven={INSZ: (verblijf(start=MEI),)})),
    ),
    "300613": (
        (zending(), zendingcontext(verblijven={INSZ: (verblijf(einde=date(2026, 5, 9)),)})),
        (zending(), zendingcontext(verblijven={INSZ: (verblijf(einde=date(2026, 5, 10)),)})),
    ),
    "300548": (
        (zending(), zendingcontext(verblijven={INSZ: (verblijf(akkoord_tot=date(2026, 5, 9)),)})),
        (zending(), zendingcontext(verblijven={INSZ: (verblijf(akkoord_tot=date(2026, 5, 10)),)})),
    ),
    "300546": (
        (zending(), zendingcontext(ontvangen_op=datetime(2028, 6, 1, 10, tzinfo=UTC))),
        (zending(), zendingcontext(ontvangen_op=datetime(2028, 5, 31, 10, tzinfo=UTC))),
    ),
    "VSB_ZND_003": (
        (zending(), zendingcontext(erkenningen=(Periode(van=MEI, tot=date(2026, 5, 9)),))),
        (zending(), zendingcontext(erkenningen=(Periode(van=MEI, tot=date(2026, 5, 10)),))),
    ),
    "302741": (met_lijn(lijn(aandeel=1)), GOED),
    "300445": (
        (zending(), zendingcontext(elders={INSZ: frozenset({Elders(pijler="ewzcfin", dag=date(2026, 5, 2))})})),
        (
            zending(),
            zendingcontext(
                elders={INSZ: frozenset({Elders(pijler="ewzcfin", dag=MEI), Elders(pijler="erevacfin", dag=date(2026, 5, 2))})}
            ),
        ),
    ),
    "300549": (
        (zending(), zendingcontext(personen={INSZ: persoon(overlijdensdatum=date(2026, 5, 9))})),
        (zending(), zendingcontext(personen={INSZ: persoon(overlijdensdatum=date(2026, 5, 10))})),
    ),
    "300540": ((zending(), zendingcontext(personen={INSZ: persoon(aansluitingen=())})), GOED),
    "201810": (
        (
            zending(),
            zendingcontext(
                personen={
                    INSZ: persoon(
                        aansluitingen=(
                            Aansluiting(zorgkas="180", type="officieel", van=date(2019, 1, 1), tot=date(2026, 5, 9)),
                            Aansluiting(zorgkas="580", type="officieel", van=date(2026, 5, 10), tot=None),
                        )
                    )
                }
            ),
        ),
        GOED,
    ),
    "300403": (met_lijn(lijn(prestatiecode="123456")), GOED),
    "300420": (met_lijn(lijn(date(2023, 12, 31), date(2023, 12, 31))), GOED),
    "300440": (met_lijn(lijn(prestatiecode="763070")), GOED),
    "301940": (met_lijn(lijn(bedrag=1)), GOED),
    "301740": (met_lijn(lijn(), betrekkingen=HOORT_BIJ), met_lijn(lijn(betrekkelijk="763999"), betrekkingen=HOORT_BIJ)),
    "301753": (
        met_lijn(lijn(betrekkelijk="763998"), betrekkingen=HOORT_BIJ),
        met_lijn(lijn(betrekkelijk="763999"), betrekkingen=HOORT_BIJ),
    ),
    "301742": (
        met_lijn(lijn(betrekkelijk="763999"), betrekkingen=TOT_GISTEREN),
        met_lijn(lijn(betrekkelijk="763999"), betrekkingen=HOORT_BIJ),
    ),
    "300423": (
        (zending(), zendingcontext(gefactureerde_dagen=frozenset({(INSZ, "763055", date(2026, 5, 10))}))),
        (zending(), zendingcontext(gefactureerde_dagen=frozenset({(INSZ, "763055", date(2026, 5, 11))}))),
    ),
    "VSB_ZND_002": (
        (zending(factuur(CREDIT, type_facturering="3", vorige=VORIGE)), zendingcontext()),
        (zending(factuur(CREDIT, type_facturering="3", vorige=VORIGE)), zendingcontext(gefactureerde_dagen=BEZET)),
    ),
    "300444": (
        met_lijn(lijn(), lijn(date(2026, 5, 10), date(2026, 5, 12), volgnummer=2, prestatiecode="763070")),
        met_lijn(lijn(), lijn(date(2026, 5, 11), date(2026, 5, 12), volgnummer=2, prestatiecode="763070")),
    ),
}
AFGELEID: dict[str, tuple[Case, Case]] = {
    "300119": (
        (zending(TE_WEINIG_TERUG, OPNIEUW), zendingcontext(gefactureerde_dagen=BEZET)),
        (zending(TERUG, OPNIEUW), zendingcontext(gefactureerde_dagen=BEZET)),
    ),
}


def judge(case: Case) -> Zendingresultaat:
    return beoordeel_zending(*case, COOKBOOK)


def test_every_rule_of_the_cookbook_has_a_case() -> None:
    assert set(TECHNISCH) == {r.id for r in COOKBOOK.regels if r.familie is Familie.ZENDING_TECHNISCH}
    assert set(INHOUD) == {r.id for r in COOKBOOK.regels if r.familie is Familie.ZENDING_INHOUD}
    assert set(AFGELEID) == {r.id for r in COOKBOOK.regels if r.familie is Familie.ZENDING_AFGELEID}


@pytest.mark.parametrize("code", TECHNISCH)
def test_a_technical_rule_fires_on_its_case_and_not_on_its_twin(code: str) -> None:
    fires, twin = TECHNISCH[code]
    assert code in {f.code for f in controleer_zending(*fires, COOKBOOK)}
    assert code not in {f.code for f in controleer_zending(*twin, COOKBOOK)}


@pytest.mark.parametrize("code", [*INHOUD, *AFGELEID])
def test_a_content_rule_fires_on_its_case_and_not_on_its_twin(code: str) -> None:
    fires, twin = (INHOUD | AFGELEID)[code]
    assert code in {f.code for f in judge(fires).fouten}
    assert code not in {f.code for f in judge(twin).fouten}


def test_a_zending_that_nothing_is_wrong_with_is_accepted_whole() -> None:
    assert controleer_zending(*GOED, COOKBOOK) == ()
    result = judge(GOED)
    assert (result.label, result.gevraagd, result.aanvaard, result.geweigerd) == ("INHOUD-AANVAARD", 46890, 46890, 0)
    assert len(result.aanvaarde_dagen) == 10


@pytest.mark.parametrize(
    ("bad", "total", "label"),
    [
        (0, 20, "INHOUD-AANVAARD"),
        (1, 20, "INHOUD-920098"),
        (1, 19, "INHOUD-920099"),
        (5, 100, "INHOUD-920098"),
        (6, 100, "INHOUD-920099"),
    ],
)
def test_exactly_five_percent_passes_and_just_above_refuses_the_whole(bad: int, total: int, label: str) -> None:
    facturen = []
    personen, verblijven = {}, {}
    for n in range(total):
        insz = f"{n:011d}"
        personen[insz], verblijven[insz] = persoon(insz=insz), (verblijf(insz=insz),)
        regel = lijn(bedrag=1) if n < bad else lijn()
        facturen.append(factuur(regel, factuurnummer=str(n + 1), insz=insz))
    result = beoordeel_zending(zending(*facturen), zendingcontext(personen=personen, verblijven=verblijven), ZONDER_INSZ)
    assert result.label == label
    accepted = 0 if label == "INHOUD-920099" else (total - bad) * 46890
    assert (result.aanvaard, result.gevraagd - result.geweigerd) == (accepted, accepted)
    assert result.uitkomst is (Uitkomst.GEWEIGERD if label == "INHOUD-920099" else Uitkomst.AANVAARD)


def test_a_price_that_changes_inside_the_period_counts_per_day() -> None:
    prijzen = (
        Prijs(prestatiecode="763055", voorziening=RIZIV, van=date(2026, 1, 1), tot=date(2026, 5, 5), bedrag=100),
        Prijs(prestatiecode="763055", voorziening=RIZIV, van=date(2026, 5, 6), tot=None, bedrag=200),
    )
    assert judge(met_lijn(lijn(bedrag=5 * 100 + 5 * 200), prijzen=prijzen)).label == "INHOUD-AANVAARD"
    assert {f.code for f in judge(met_lijn(lijn(bedrag=10 * 200), prijzen=prijzen)).fouten} == {"301940"}


def test_all_errors_are_told_not_the_first() -> None:
    result = judge(met_lijn(lijn(aantal=9, bedrag=1, prestatiecode="763055"), personen={INSZ: persoon(aansluitingen=())}))
    assert {"302240", "301940", "300540"} <= {f.code for f in result.fouten}
    assert all(f.tekst and f.tekst_en and f.plaats and f.remedie for f in result.fouten)


def test_a_code_may_change_its_version_inside_a_line() -> None:
    code = COOKBOOK.prestatiecodes[0]
    twee = (replace(code, tot=date(2026, 5, 5)), replace(code, van=date(2026, 5, 6)))
    assert beoordeel_zending(*GOED, replace(COOKBOOK, prestatiecodes=twee)).fouten == ()


def test_information_on_insurability_refuses_nothing_by_itself() -> None:
    tot = Aansluiting(zorgkas="180", type="officieel", van=date(2019, 1, 1), tot=date(2026, 5, 9))
    alleen_e = replace(COOKBOOK, regels=tuple(r for r in COOKBOOK.regels if r.id == "200840"))
    result = beoordeel_zending(zending(), zendingcontext(personen={INSZ: persoon(aansluitingen=(tot,))}), alleen_e)
    assert (result.label, [f.ernst.value for f in result.fouten]) == ("INHOUD-AANVAARD", ["E"])
    assert "2026-05-09" in (result.fouten[0].gevonden or "")


def test_a_blocking_error_refuses_the_whole_whatever_the_share() -> None:
    blokkerend = replace(
        COOKBOOK, drempel=100.0, regels=tuple(replace(r, ernst=Ernst.BLOKKEREND) for r in COOKBOOK.regels if r.id == "301940")
    )
    many = [factuur(factuurnummer=str(n)) for n in range(2, 60)]
    result = beoordeel_zending(zending(factuur(lijn(bedrag=1)), *many), zendingcontext(), blokkerend)
    assert (result.label, result.aanvaard, result.aanvaarde_dagen) == ("INHOUD-920099", 0, ())


@pytest.mark.parametrize("pijler", [naam for naam, c in ALLE.items() if c.type_factuur is not None])
def test_a_pillar_that_invoices_has_the_rules_tested_here(pijler: str) -> None:
    def rules(cookbook: Cookbook) -> set[tuple[object, ...]]:
        return {(r.id, r.familie, r.controle, r.ernst) for r in cookbook.regels if r.familie is not Familie.AANVRAAG}

    # What a pillar has beyond these, test_aandeel and test_eenmalig test.
    geen_dagprijs = {"300444", "300445"} if pijler in ("emdofin", "mohm") else set()
    assert rules(COOKBOOK) - rules(ALLE[pijler]) == {r for r in rules(COOKBOOK) if r[0] in geen_dagprijs}
