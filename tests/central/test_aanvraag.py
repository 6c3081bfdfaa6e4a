"""Every rule on an aanvraag: a case that fires it alone, and its twin that does not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from gateway.berichten.aanvraag import Aanvraag, Kennisgeving
from gateway.central.aanvraag import beoordeel_aanvraag
from gateway.central.cookbook import Familie
from gateway.central.model import Aansluiting, AanvraagContext, Beslissing, Uitkomst
from tests.central.build import (
    COOKBOOK,
    DAG,
    ELDERS,
    INSZ,
    VANDAAG,
    aanvraag,
    annulering,
    bericht,
    context,
    einde,
    gebeurtenis,
    persoon,
    start,
    verblijf,
)

OPEN = context(verblijven=(verblijf(),))
MET_AFWEZIGHEID = context(verblijven=(verblijf(gebeurtenissen=(gebeurtenis(), gebeurtenis("Afwezigheid", date(2026, 6, 1)))),))


def overlijden(dag: date = VANDAAG) -> Kennisgeving:
    return bericht("Overlijden", Dossiernummer="D1", Datum=dag)


def wijziging(dag: date = VANDAAG, **velden: Any) -> Kennisgeving:
    return bericht("Wijziging", Dossiernummer="D1", Vanaf=dag, **velden)


def afwezig(dag: date = VANDAAG, **velden: Any) -> Kennisgeving:
    return bericht("Afwezigheid", **{"Dossiernummer": "D1", "Reden": "ziekenhuis", "Van": dag, **velden})


Case = tuple[Aanvraag, AanvraagContext]

FIRES: dict[str, tuple[Case, Case]] = {
    "VSB_ID_001": ((aanvraag(start(), insz="12071796093"), context(persoon=None)), (aanvraag(start()), context())),
    "VSB_ID_002": ((aanvraag(start(), voorziening="72090104000"), context()), (aanvraag(start()), context())),
    "VSB_STATUS_001": ((aanvraag(start()), context(persoon=None)), (aanvraag(start()), context())),
    "VSB_STATUS_002": (
        (
            aanvraag(start()),
            context(persoon=persoon(aansluitingen=(Aansluiting(zorgkas="180", type="officieel", van=VANDAAG + DAG, tot=None),))),
        ),
        (
            aanvraag(start()),
            context(persoon=persoon(aansluitingen=(Aansluiting(zorgkas="180", type="officieel", van=VANDAAG, tot=VANDAAG),))),
        ),
    ),
    "VSB_STATUS_003": (
        (aanvraag(start()), context(persoon=persoon(aansluiting_mogelijk=False, aansluitingen=()))),
        (aanvraag(start()), context(persoon=persoon(aansluiting_mogelijk=False))),
    ),
    "VSB_STATUS_004": (
        (aanvraag(start()), context(persoon=persoon(overlijdensdatum=VANDAAG - DAG))),
        (aanvraag(start()), context(persoon=persoon(overlijdensdatum=VANDAAG))),
    ),
    "IBW_START_101": (
        (aanvraag(start(date(2023, 12, 31))), context()),
        (aanvraag(start(date(2024, 1, 1))), context()),
    ),
    "IBW_START_102": ((aanvraag(start(VANDAAG + DAG)), context()), (aanvraag(start(VANDAAG)), context())),
    "IBW_START_103": (
        (aanvraag(start(VANDAAG - timedelta(days=31))), context()),
        (aanvraag(start(VANDAAG - timedelta(days=30))), context()),
    ),
    "IBW_START_104": ((aanvraag(start(soort="hotel")), context()), (aanvraag(start(soort="proef")), context())),
    "IBW_START_105": (
        (aanvraag(start()), OPEN),
        (
            aanvraag(start()),
            context(verblijven=(verblijf(einde=VANDAAG - DAG), verblijf(status="geannuleerd"), verblijf(status="geweigerd"))),
        ),
    ),
    "IBW_START_106": (
        (aanvraag(start()), context(verblijven=(verblijf(voorziening=ELDERS, pijler="ewzcfin", einde=VANDAAG + DAG),))),
        (aanvraag(start()), context(verblijven=(verblijf(voorziening=ELDERS, pijler="ewzcfin", einde=VANDAAG),))),
    ),
    "IBW_DOSSIER_201": ((aanvraag(einde(nummer="D2")), OPEN), (aanvraag(einde()), OPEN)),
    "IBW_DOSSIER_202": (
        (aanvraag(annulering()), context(verblijven=(verblijf(status="geannuleerd"),))),
        (aanvraag(annulering()), OPEN),
    ),
    "IBW_DOSSIER_203": (
        (aanvraag(einde()), context(verblijven=(verblijf(einde=VANDAAG - DAG),))),
        (aanvraag(annulering()), context(verblijven=(verblijf(einde=VANDAAG - DAG),))),
    ),
    "VSB_SOORT_001": (
        (aanvraag(bericht("Aflevering", Dossiernummer="D1", Afleverdatum=VANDAAG)), OPEN),
        (aanvraag(einde()), OPEN),
    ),
    "IBW_ANN_302": (
        (aanvraag(annulering(MessageId="bericht-x")), MET_AFWEZIGHEID),
        (aanvraag(annulering(MessageId="bericht-Afwezigheid")), MET_AFWEZIGHEID),
    ),
    "IBW_START_107": (
        (aanvraag(start()), context(capaciteit=2, bezet=2)),
        (aanvraag(start()), context(capaciteit=2, bezet=1)),
    ),
    "IBW_START_108": (
        (aanvraag(start(Einddatum=VANDAAG - DAG)), context()),
        (aanvraag(start(Einddatum=VANDAAG)), context()),
    ),
    "IBW_OVERLIJDEN_211": ((aanvraag(overlijden(date(2026, 4, 30))), OPEN), (aanvraag(overlijden(date(2026, 5, 1))), OPEN)),
    "IBW_OVERLIJDEN_212": ((aanvraag(overlijden(VANDAAG + DAG)), OPEN), (aanvraag(overlijden()), OPEN)),
    "IBW_OVERLIJDEN_213": (
        (
            aanvraag(overlijden(date(2026, 5, 9))),
            context(verblijven=(verblijf(),), laatst_gefactureerd={"D1": date(2026, 5, 10)}),
        ),
        (
            aanvraag(overlijden(date(2026, 5, 10))),
            context(verblijven=(verblijf(),), laatst_gefactureerd={"D1": date(2026, 5, 10)}),
        ),
    ),
    "IBW_WIJZIGING_301": (
        (aanvraag(wijziging(date(2026, 4, 30), TypeVerblijf="proef")), OPEN),
        (aanvraag(wijziging(date(2026, 4, 30), Correctie__Startdatum=date(2026, 4, 30))), OPEN),
    ),
    "IBW_WIJZIGING_302": (
        (aanvraag(wijziging(TypeVerblijf="proef")), context(verblijven=(verblijf(einde=VANDAAG - DAG),))),
        (aanvraag(wijziging(TypeVerblijf="proef")), context(verblijven=(verblijf(einde=VANDAAG),))),
    ),
    "IBW_WIJZIGING_303": (
        (aanvraag(wijziging(VANDAAG + DAG, TypeVerblijf="proef")), OPEN),
        (aanvraag(wijziging(TypeVerblijf="proef")), OPEN),
    ),
    "IBW_WIJZIGING_304": (
        (aanvraag(wijziging(TypeVerblijf="hotel")), OPEN),
        (aanvraag(wijziging(TypeVerblijf="proef")), OPEN),
    ),
    "IBW_WIJZIGING_305": (
        (aanvraag(wijziging(NieuwInsz=INSZ)), OPEN),
        (aanvraag(wijziging(NieuwInsz="06062999747")), OPEN),
    ),
    "IBW_WIJZIGING_306": (
        (
            aanvraag(wijziging(Correctie__Einddatum=date(2026, 5, 9))),
            context(verblijven=(verblijf(),), laatst_gefactureerd={"D1": date(2026, 5, 10)}),
        ),
        (
            aanvraag(wijziging(Correctie__Einddatum=date(2026, 5, 10))),
            context(verblijven=(verblijf(),), laatst_gefactureerd={"D1": date(2026, 5, 10)}),
        ),
    ),
    "IBW_WIJZIGING_307": (
        (aanvraag(wijziging(Correctie__Reden="zomaar")), OPEN),
        (aanvraag(wijziging(Correctie__Reden="andere")), OPEN),
    ),
    "IBW_WIJZIGING_308": (
        (aanvraag(wijziging(Correctie__Startdatum=VANDAAG + DAG)), OPEN),
        (aanvraag(wijziging(Correctie__Startdatum=VANDAAG)), OPEN),
    ),
    "IBW_WIJZIGING_309": (
        (aanvraag(wijziging(VANDAAG - 31 * DAG, TypeVerblijf="proef")), OPEN),
        (aanvraag(wijziging(VANDAAG - 30 * DAG, TypeVerblijf="proef")), OPEN),
    ),
    "IBW_WIJZIGING_310": (
        (aanvraag(wijziging(Correctie__Startuur="10:00:00")), OPEN),
        (aanvraag(wijziging(TypeVerblijf="proef")), OPEN),
    ),
    "IBW_AFWEZIG_401": ((aanvraag(afwezig(date(2026, 4, 30))), OPEN), (aanvraag(afwezig(date(2026, 5, 1))), OPEN)),
    "IBW_AFWEZIG_402": (
        (aanvraag(afwezig()), context(verblijven=(verblijf(einde=VANDAAG - DAG),))),
        (aanvraag(afwezig()), context(verblijven=(verblijf(einde=VANDAAG),))),
    ),
    "IBW_AFWEZIG_403": ((aanvraag(afwezig(Reden="zomaar")), OPEN), (aanvraag(afwezig()), OPEN)),
    "IBW_AFWEZIG_404": ((aanvraag(afwezig(Tot=VANDAAG - DAG)), OPEN), (aanvraag(afwezig(Tot=VANDAAG)), OPEN)),
    "IBW_AFWEZIG_405": (
        (aanvraag(afwezig(date(2026, 6, 5))), MET_AFWEZIGHEID),
        (aanvraag(afwezig(date(2026, 6, 1), Tot=date(2026, 6, 9))), MET_AFWEZIGHEID),
    ),
    "IBW_AFWEZIG_406": ((aanvraag(afwezig(VANDAAG + DAG)), OPEN), (aanvraag(afwezig()), OPEN)),
    "IBW_EINDE_203": ((aanvraag(einde(date(2026, 4, 30))), OPEN), (aanvraag(einde(date(2026, 5, 1))), OPEN)),
    "IBW_EINDE_204": ((aanvraag(einde(VANDAAG + DAG)), OPEN), (aanvraag(einde(VANDAAG)), OPEN)),
    "IBW_EINDE_205": ((aanvraag(einde(reden="zomaar")), OPEN), (aanvraag(einde(reden="overlijden")), OPEN)),
    "IBW_EINDE_206": (
        (aanvraag(einde(date(2026, 5, 9))), context(verblijven=(verblijf(),), laatst_gefactureerd={"D1": date(2026, 5, 10)})),
        (aanvraag(einde(date(2026, 5, 10))), context(verblijven=(verblijf(),), laatst_gefactureerd={"D1": date(2026, 5, 10)})),
    ),
    "IBW_ANN_301": (
        (aanvraag(annulering()), context(verblijven=(verblijf(),), laatst_gefactureerd={"D1": date(2026, 5, 10)})),
        (aanvraag(annulering()), OPEN),
    ),
}


def decide(case: Case) -> Beslissing:
    return beoordeel_aanvraag(*case, COOKBOOK)


def test_every_rule_of_the_cookbook_has_a_case() -> None:
    assert set(FIRES) == {r.id for r in COOKBOOK.regels if r.familie is Familie.AANVRAAG}


@pytest.mark.parametrize("code", FIRES)
def test_a_rule_fires_on_its_case_and_not_on_its_twin(code: str) -> None:
    fires, twin = FIRES[code]
    assert code in {r.code for r in decide(fires).redenen}
    assert code not in {r.code for r in decide(twin).redenen}


def test_a_message_that_nothing_is_wrong_with_is_accepted() -> None:
    decision = decide((aanvraag(start()), context()))
    assert (decision.uitkomst, decision.redenen, decision.referentiedatum) == (Uitkomst.AANVAARD, (), VANDAAG)


def test_late_alone_is_held_and_late_with_a_refusal_is_refused() -> None:
    late = start(VANDAAG - timedelta(days=40))
    assert decide((aanvraag(late), context())).uitkomst is Uitkomst.IN_BERAAD
    assert decide((aanvraag(late), context(persoon=None))).uitkomst is Uitkomst.GEWEIGERD


def test_every_reason_is_told_with_its_place_line_and_remedy_and_no_insz() -> None:
    decision = decide((aanvraag(start(VANDAAG + DAG, soort="hotel"), insz="12071796093"), context(persoon=None)))
    assert {"VSB_ID_001", "IBW_START_102", "IBW_START_104"} <= {r.code for r in decision.redenen}
    assert all(r.plaats and r.remedie and r.tekst and r.tekst_en and r.bron for r in decision.redenen)
    assert next(r.regel for r in decision.redenen if r.code == "IBW_START_102") == 7
    assert "12071796093" not in repr(decision.redenen)


def test_the_end_is_judged_on_its_own_facility_only() -> None:
    elsewhere = context(verblijven=(verblijf(voorziening=ELDERS),))
    assert [r.code for r in decide((aanvraag(einde()), elsewhere)).redenen] == ["IBW_DOSSIER_201"]


def test_days_of_an_earlier_stay_do_not_stop_an_annulment() -> None:
    earlier = {"D1": date(2026, 4, 30)}
    assert decide((aanvraag(annulering()), context(verblijven=(verblijf(),), laatst_gefactureerd=earlier))).redenen == ()


def test_the_zorgkas_is_that_of_the_start_the_end_or_the_annulled_stay() -> None:
    known, unknown = (aanvraag(annulering()), OPEN), (aanvraag(annulering("D2")), OPEN)
    assert decide((aanvraag(start(VANDAAG - DAG)), context())).referentiedatum == VANDAAG - DAG
    assert decide((aanvraag(einde(date(2026, 6, 1))), OPEN)).referentiedatum == date(2026, 6, 1)
    assert decide(known).referentiedatum == date(2026, 5, 1)
    assert decide(unknown).referentiedatum == VANDAAG


def test_the_report_names_every_rule_that_ran_and_no_other() -> None:
    ran = decide((aanvraag(einde()), OPEN)).gecontroleerd
    assert ran == tuple(
        r.id for r in COOKBOOK.regels if r.familie is Familie.AANVRAAG and (not r.soorten or "EindeVerblijf" in r.soorten)
    )
