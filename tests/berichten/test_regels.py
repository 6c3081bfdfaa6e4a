"""The line that an error names is the line of the element that is wrong, however the zending was written."""

from __future__ import annotations

from datetime import date

import pytest
from lxml import etree

from gateway.berichten.factuur import Factuur
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.berichten.plat_schrijven import naar_plat
from gateway.diensten.zending_lezen import lees_inhoud
from gateway.wire.content import Content
from tests.central.build import factuur, lijn, zending

DAY = date(2026, 5, 4)
LINES = [lijn(DAY, DAY, volgnummer=n) for n in range(1, 6)] + [
    lijn(DAY, DAY, volgnummer=6, aandeel=5),
    lijn(DAY, DAY, volgnummer=7),
    lijn(DAY, DAY, volgnummer=8),
]


def written(how: str) -> bytes:
    root = etree.fromstring(schrijf_zending(zending(factuur(*LINES), factuur(*LINES[:1]), factuur(*LINES[:4]))))
    if how != "one line":
        etree.indent(root)
    text = etree.tostring(root, encoding="unicode")
    if how == "by hand":
        text = text.replace("<Volgnummer>3</Volgnummer>\n", "<Volgnummer>3</Volgnummer>\n\n\n").replace(
            "<Aantal>1", "<Aantal>\n1", 1
        )
        text = text.replace("<Factuurnummer>", "\n\n<Factuurnummer>", 1)
    return text.encode()


@pytest.mark.parametrize("how", ["one line", "indented", "by hand"])
def test_every_element_of_every_line_has_its_own_line(how: str) -> None:
    octets = written(how)
    facturen = lees_inhoud(Content.plain(octets)).facturen
    for f, element in enumerate(etree.fromstring(octets).iterchildren("{*}Factuur")):
        for child in element.iterchildren():
            name = etree.QName(child).localname
            if name != "Lijn":
                assert facturen[f].regel_van(name) == child.sourceline, name
        for n, line in enumerate(element.iterchildren("{*}Lijn"), 1):
            for child in line:
                assert facturen[f].regel_van(etree.QName(child).localname, n) == child.sourceline, (n, child.tag)


def test_of_a_flat_file_the_line_is_the_record() -> None:
    given = zending(factuur(*LINES))
    (one,) = lees_inhoud(Content.plain(naar_plat(given))).facturen
    assert isinstance(one, Factuur)
    assert [one.regel_van("Bedrag", n) for n in range(1, 9)] == list(range(3, 11))
    assert (one.regel_van("Insz"), one.regel_van("Totaal")) == (2, 11)
