"""Every rule on an aanvraag: a case that fires it alone, and its twin that does not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gateway.berichten.aanvraag import Aanvraag
from gateway.central.aanvraag import beoordeel_aanvraag
from gateway.central.cookbook import Familie
from gateway.central.model import Aansluiting, AanvraagContext, Beslissing, Uitkomst
from tests.central.build import (
    COOKBOOK,
    DAG,
    ELDERS,
    VANDAAG,
    aanvraag,
    annulering,
    context,
    einde,
    persoon,
    start,
    verblijf,
)

OPEN = context(verblijven=(verblijf(),))
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
    "IBW_EINDE_201": ((aanvraag(einde(nummer="D2")), OPEN), (aanvraag(einde()), OPEN)),
    "IBW_EINDE_202": (
        (aanvraag(annulering()), context(verblijven=(verblijf(status="geannuleerd"),))),
        (aanvraag(annulering()), OPEN),
    ),
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
    assert [r.code for r in decide((aanvraag(einde()), elsewhere)).redenen] == ["IBW_EINDE_201"]


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
