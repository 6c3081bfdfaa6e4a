"""What a schema refuses is told to people: one finding for one mistake, what is wanted, and what to do about that kind of mistake."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.refusal import Code, Finding, Refusal
from gateway.schema import registry
from tests.central.build import zending

GOOD = schrijf_zending(zending()).decode()
VRAAG = (
    '<RaadplegenRequest xmlns="urn:vsb-gateway:verzekerbaarheid:v1" xmlns:c="urn:vsb-gateway:common:v1"><Hoofding>'
    "<c:BerichtId>12345678</c:BerichtId><c:Pijler>eibwfin</c:Pijler><c:Test>ja</c:Test>"
    "<c:Aanmaaktijdstip>2026-05-04T10:00:00Z</c:Aanmaaktijdstip><c:Afzender><c:RizivNummer>72090103000</c:RizivNummer>"
    "<c:Software><c:Naam>x</c:Naam><c:Versie>1</c:Versie><c:Attest>A</c:Attest></c:Software></c:Afzender></Hoofding>"
    "<Insz>00000000097</Insz><Periode><c:Van>2026-05-04</c:Van></Periode></RaadplegenRequest>"
)


def findings(xml: str) -> tuple[Finding, ...]:
    with pytest.raises(Refusal) as refusal:
        registry.check(etree.fromstring(xml.encode()))
    assert refusal.value.code is Code.SCHEMA
    return refusal.value.findings


@pytest.mark.parametrize(
    ("right", "wrong", "expected", "remedy"),
    [
        ("<Van>2026-05-01", "<Van>01/05/2026", "een datum als jjjj-mm-dd", "Schrijf in Van een datum als jjjj-mm-dd."),
        ("<Bedrag>46890", "<Bedrag>93,78", "een heel getal (eurocent, zonder komma)", "zonder komma"),
        ("<Maand>2026-05", "<Maand>05/2026", "een maand als jjjj-mm", "Maand"),
        ("<Zorgkas>180", "<Zorgkas>Cm", "180, 280, 380, 480, 580, 680", "letter voor letter"),
        ("<Zendingnummer>001", "<Zendingnummer>1", "3 cijfers", "Zendingnummer"),
        ("<Zendingnummer>001</Zendingnummer>", "", "Zendingnummer", "Voeg Zendingnummer toe, voor Maand."),
        ("</Zending>", "<Extra/></Zending>", "geen element meer", "Laat Extra weg"),
        (
            "<Zendingnummer>001</Zendingnummer><Maand>2026-05</Maand>",
            "<Maand>2026-05</Maand><Zendingnummer>001</Zendingnummer>",
            "Zendingnummer",
            "Zet Zendingnummer voor Maand",
        ),
        ("<Van>2026-05-01</Van>", "", "Van", "Voeg Van toe, voor Tot."),
        ("<Kbo>0900177717", "<Kbo>", "10 cijfers", "Vul Kbo in"),
    ],
)
def test_one_mistake_in_a_zending_is_one_finding_in_words_for_people(right: str, wrong: str, expected: str, remedy: str) -> None:
    changed = GOOD.replace(right, wrong, 1)
    assert changed != GOOD
    (finding,) = findings(changed)
    assert expected in str(finding.expected)
    assert remedy in str(finding.remedy)
    assert "[0-9]" not in str(finding.expected)
    assert "01/05/2026" not in f"{finding.found}{finding.nl}"


def test_a_boolean_is_told_as_true_or_false() -> None:
    (finding,) = findings(VRAAG)
    assert (finding.expected, finding.remedy) == ("true of false", "Schrijf in Test true of false.")


def test_names_that_look_equal_are_told_with_their_namespaces() -> None:
    right = VRAAG.replace(">ja<", ">true<")
    registry.check(etree.fromstring(right))
    (finding,) = findings(right.replace("<c:Van>2026-05-04</c:Van>", "<Van>2026-05-04</Van>"))
    assert finding.expected == "{urn:vsb-gateway:common:v1}Van"
    assert finding.found == "{urn:vsb-gateway:verzekerbaarheid:v1}Van"
    assert "urn:vsb-gateway:common:v1" in str(finding.remedy)


@pytest.mark.parametrize("namespace", ["", ' xmlns="urn:vsb-gateway:factuur:v2"'])
def test_a_root_in_no_namespace_or_anothers_is_told_which_it_should_have(namespace: str) -> None:
    (finding,) = findings(f"<Zending{namespace}/>")
    assert finding.expected == "{urn:vsb-gateway:factuur:v1}Zending"
    assert str(finding.found).startswith("{")
    assert "urn:vsb-gateway:factuur:v1" in str(finding.remedy)
