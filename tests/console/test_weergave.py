"""What a rule found stands at the very element, and what is stored stays text."""

from __future__ import annotations

from gateway.console.bericht.weergave import fouten_per_plaats, toon
from gateway.wire.parser import parse

XML = b"""<Zending xmlns="urn:x"><Totaal>1</Totaal><Factuur><Insz>a</Insz></Factuur>
<Factuur soort="&lt;b&gt;"><Lijn><Aantal>1</Aantal></Lijn><Lijn><Aantal>99</Aantal></Lijn></Factuur>
<Password>secret</Password></Zending>"""


def lines(*places: str | None) -> dict[int, list[str]]:
    found = [{"code": f"C{n}", "tekst": "t", "plaats": p} for n, p in enumerate(places)]
    shown = toon(parse(XML), fouten_per_plaats(found))
    marked = {r.nummer: [f.code for f in r.fouten] for r in shown.regels if r.fouten}
    return marked | ({0: [f.code for f in shown.elders]} if shown.elders else {})


def text(number: int) -> str:
    return "".join(t for _, t in toon(parse(XML), {}).regels[number - 1].stukken)


def test_a_finding_stands_at_its_element_by_number() -> None:
    (marked,) = lines("/Zending/Factuur[2]/Lijn[2]/Aantal")
    assert text(marked) == "<Aantal>99</Aantal>"
    (first,) = lines("/Zending/Factuur[1]/Insz")
    assert text(first) == "<Insz>a</Insz>"


def test_a_finding_without_a_place_or_with_one_that_is_not_there_is_not_lost() -> None:
    assert lines(None, "/Zending/Elders") == {0: ["C0", "C1"]}


def test_a_password_is_not_shown_and_markup_stays_text() -> None:
    shown = ["".join(t for _, t in r.stukken) for r in toon(parse(XML), {}).regels]
    assert "secret" not in "".join(shown)
    assert '<Factuur soort="<b>">' in shown


def test_a_namespace_is_shown_where_it_is_not_that_of_the_parent() -> None:
    right = b'<a xmlns="urn:x" xmlns:c="urn:c"><c:Van><c:Dag>1</c:Dag></c:Van><b/></a>'
    shown = ["".join(t for _, t in r.stukken) for r in toon(parse(right), {}).regels]
    assert shown == ['<a xmlns="urn:x">', '<Van xmlns="urn:c">', "<Dag>1</Dag>", "</Van>", "<b/>", "</a>"]
    wrong = right.replace(b"c:", b"").replace(b'xmlns:c="urn:c"', b"")
    assert "xmlns" not in "".join("".join(t for _, t in r.stukken) for r in toon(parse(wrong), {}).regels[1:])


def test_a_large_message_is_cut_and_says_so() -> None:
    shown = toon(parse(b"<a>" + b"<b/>" * 5000 + b"</a>"), {}, meest=100)
    assert (len(shown.regels), shown.meer) == (100, True)


def test_a_deep_message_is_shown() -> None:
    assert len(toon(parse(b"<a>" * 60 + b"</a>" * 60), {}).regels) == 119
