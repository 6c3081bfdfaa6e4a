"""Every rule on an aanvraag of every pillar fires where it must, and keeps silent on the nearest case where it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.central import geval
from gateway.central.aanvraag import beoordeel_aanvraag
from gateway.central.bevinding import CONTROLES
from gateway.central.cookbook import Familie
from gateway.cookbook.laden import load_cookbooks
from tests.central import gevallen_dossier, gevallen_veld  # noqa: F401
from tests.central.gevallen import MAKERS, Geval, Zaak

COOKBOOKS = load_cookbooks(Path(__file__).parents[2] / "cookbooks")
ZAKEN = [
    Zaak(cookbook, regel, soort)
    for cookbook in COOKBOOKS.values()
    for regel in cookbook.regels
    if regel.familie is Familie.AANVRAAG
    for soort in cookbook.soorten
    if not regel.soorten or soort in regel.soorten
]


def ident(zaak: Zaak) -> str:
    return f"{zaak.cookbook.pijler}-{zaak.regel.id}-{zaak.soortnaam}"


def rule_runs(zaak: Zaak, gegeven: Geval) -> bool:
    return geval.Geval(gegeven[0], gegeven[1], zaak.cookbook, zaak.regel).geldt()


@pytest.mark.parametrize("zaak", ZAKEN, ids=ident)
def test_a_rule_fires_and_its_twin_keeps_silent(zaak: Zaak) -> None:
    fires, silent = MAKERS[zaak.regel.controle](zaak)
    redenen = [r for r in beoordeel_aanvraag(*fires, zaak.cookbook).redenen if r.code == zaak.regel.id]
    assert redenen, "it must fire"
    for reden in redenen:
        assert (reden.effect, reden.tekst, reden.bron) == (zaak.regel.effect, zaak.regel.tekst, zaak.regel.bron)
        assert reden.tekst_en
        assert reden.remedie
        assert reden.plaats is not None
        assert reden.plaats.startswith("/IndienenRequest/Aanvraag/")
    assert rule_runs(zaak, silent), "a twin on which the rule does not run proves nothing"
    beslissing = beoordeel_aanvraag(*silent, zaak.cookbook)
    assert zaak.regel.id in beslissing.gecontroleerd
    assert zaak.regel.id not in {r.code for r in beslissing.redenen}


def test_every_check_of_an_aanvraag_has_its_case_and_every_case_its_check() -> None:
    checks = {naam for soort, naam in CONTROLES if soort == "aanvraag"}
    assert checks - set(MAKERS) == set(), "write a maker in gevallen_dossier.py or gevallen_veld.py"
    assert set(MAKERS) - checks == set(), "the check is gone"


def test_every_check_is_used_by_some_rule() -> None:
    used = {zaak.regel.controle for zaak in ZAKEN}
    assert {naam for soort, naam in CONTROLES if soort == "aanvraag"} - used == set()


def test_no_rule_is_left_out() -> None:
    rules = {(c.pijler, r.id) for c in COOKBOOKS.values() for r in c.regels if r.familie is Familie.AANVRAAG}
    assert {(z.cookbook.pijler, z.regel.id) for z in ZAKEN} == rules, "a rule whose kinds of message its pillar does not have"
