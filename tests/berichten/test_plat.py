"""The flat layout says the same as the XML, there and back; every error is told with its record, zone and code."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.berichten.factuur import Factuur, Lijn, VorigeFactuur, Zending, lees_zending
from gateway.berichten.plat import LENGTE, RECORDS, SEGMENT_200, SEGMENT_300, controlegetal
from gateway.berichten.plat_lezen import UITLEG, Platfout, PlatProblem, codes, is_plat, naar_xml
from gateway.berichten.plat_schrijven import naar_plat
from gateway.diensten.zending_lezen import lees_inhoud
from gateway.schema import registry
from gateway.wire.content import Content
from gateway.wire.parser import parse
from tests.central.build import factuur, lijn, zending

HOOFD = SEGMENT_200 + SEGMENT_300
DAGEN = st.dates(date(2019, 1, 1), date(2199, 12, 31))
CODES = st.from_regex(r"[0-9]{6}", fullmatch=True)
BEDRAGEN = st.integers(-99_999_999_999, 99_999_999_999)
LIJNEN = st.builds(
    Lijn,
    volgnummer=st.integers(1, 999_999),
    prestatiecode=CODES,
    van=DAGEN,
    tot=DAGEN,
    aantal=st.integers(-9999, 9999),
    bedrag=BEDRAGEN,
    regel=st.none(),
    betrekkelijk=st.none() | CODES.filter(lambda c: c != "000000"),
    aandeel=st.integers(-200_000_000, 200_000_000),
)
VORIGE = st.builds(
    VorigeFactuur,
    factuurnummer=st.integers(1, 10**12 - 1).map(str),
    zendingnummer=st.from_regex(r"[0-9]{3}", fullmatch=True),
    maand=DAGEN.map(lambda d: d.replace(day=1)),
)
FACTUREN = st.builds(
    Factuur,
    factuurnummer=st.integers(1, 10**12 - 1).map(str),
    type_facturering=st.sampled_from("013"),
    insz=st.from_regex(r"[0-9]{11}", fullmatch=True),
    dossiernummer=st.from_regex(r"[A-Za-z0-9\-]{1,25}", fullmatch=True),
    vorige=st.none() | VORIGE,
    lijnen=st.lists(LIJNEN, min_size=1, max_size=4).map(tuple),
    totaal=BEDRAGEN,
    regel=st.none(),
)
ZENDINGEN = st.builds(
    Zending,
    pijler=st.sampled_from(["eibwfin", "ewzcfin", "erevazfin"]),
    zendingnummer=st.from_regex(r"[0-9]{3}", fullmatch=True),
    maand=DAGEN.map(lambda d: d.replace(day=1)),
    opstellingsdatum=DAGEN,
    facturatiedatum=DAGEN,
    type_factuur=st.sampled_from("134569"),
    derdebetalende=st.from_regex(r"[0-9]{11}", fullmatch=True),
    kbo=st.from_regex(r"[01][0-9]{9}", fullmatch=True),
    iban=st.from_regex(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", fullmatch=True),
    zorgkas=st.sampled_from(["180", "680"]),
    facturen=st.lists(FACTUREN, min_size=1, max_size=3).map(tuple),
    totaal=BEDRAGEN,
    bic=st.just("") | st.from_regex(r"[A-Z0-9]{8}([A-Z0-9]{3})?", fullmatch=True),
)


def read(octets: bytes) -> Zending:
    root = parse(naar_xml(octets))
    registry.check(root)
    return lees_zending(root)


def without_lines(gelezen: Zending) -> Zending:
    def plain(f: Factuur) -> Factuur:
        return replace(f, regel=None, lijnen=tuple(x._replace(regel=None) for x in f.lijnen))

    return replace(gelezen, facturen=tuple(map(plain, gelezen.facturen)))


@given(ZENDINGEN)
def test_nothing_is_lost_there_and_back(gegeven: Zending) -> None:
    octets = naar_plat(gegeven)
    assert is_plat(octets)
    assert (len(octets) - HOOFD) % LENGTE == 0
    assert without_lines(read(octets)) == gegeven


def test_the_line_of_a_finding_is_the_record() -> None:
    octets = naar_plat(zending(factuur(), factuur(lijn(), lijn(volgnummer=2), factuurnummer="2")))
    gelezen = read(octets)
    assert [[x.regel for x in f.lijnen] for f in gelezen.facturen] == [[3], [6, 7]]


def record(nummer: int) -> slice:
    return slice(HOOFD + (nummer - 1) * LENGTE, HOOFD + nummer * LENGTE)


def changed(nummer: int, naam: str, tekst: str, *, resealed: bool = True) -> bytes:
    """The good file with one zone changed, its record's check number made right again."""
    octets = naar_plat(zending(factuur(lijn(), lijn(volgnummer=2))))
    oud = octets[record(nummer)].decode()
    zone = RECORDS[oud[:2]][naam]
    assert len(tekst) == zone.breedte
    nieuw = oud[: zone.van - 1] + tekst + oud[zone.tot :]
    if resealed:
        nieuw = nieuw[:-2] + controlegetal(nieuw[:-2])
    return octets[: record(nummer).start] + nieuw.encode("latin-1") + octets[record(nummer).stop :]


def errors(octets: bytes) -> list[tuple[str, int, str]]:
    with pytest.raises(PlatProblem) as caught:
        naar_xml(octets)
    assert all(f.verwacht and f.code in codes() and f.code[4:] in UITLEG for f in caught.value.fouten)
    return [(f.code, f.record, f.zone) for f in caught.value.fouten]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (changed(1, "KBO-nummer", "09001777x7"), ("102701", 1, "27")),
        (changed(3, "eerste dag", "20260230"), ("300501", 3, "5")),
        (changed(3, "bedrag tegemoetkoming", "000000046890"), ("301901", 3, "19")),
        (changed(2, "referentie van de instelling", "é".ljust(25)), ("202801", 2, "28")),
        (changed(3, "aantal dagen", "+0011", resealed=False), ("309902", 3, "99")),
        (changed(5, "controlegetal", "01"), ("809802", 5, "98")),
        (changed(6, "controlegetal", "01"), ("909802", 6, "98")),
        (changed(3, "INSZ", "0006062999747"), ("300810", 3, "8")),
        (changed(6, "nummer zending", "999"), ("900710", 6, "7")),
        (changed(4, "volgnummer record", "000009"), ("300203", 4, "2")),
    ],
)
def test_an_error_is_told_with_its_code_record_and_zone(octets: bytes, expected: tuple[str, int, str]) -> None:
    assert errors(octets) == [expected]


def test_all_errors_are_told_not_the_first() -> None:
    octets = changed(3, "eerste dag", "20260230")
    anders = changed(4, "aantal dagen", "+00x1")
    both = octets[: record(4).start] + anders[record(4)] + octets[record(4).stop :]
    assert [code for code, *_ in errors(both)] == ["300501", "302201"]


def problem(octets: bytes) -> list[Platfout]:
    with pytest.raises(PlatProblem) as caught:
        naar_xml(octets)
    return list(caught.value.fouten)


@pytest.mark.parametrize(
    ("n", "words"), [(1, "1 positie naar rechts"), (2, "2 posities naar rechts"), (-1, "1 positie naar links")]
)
def test_a_record_that_is_shifted_says_so_first_and_then_its_zones_in_their_order(n: int, words: str) -> None:
    octets = naar_plat(zending(factuur(lijn(), lijn(volgnummer=2))))
    one = octets[record(3)].decode()
    # Too much before the INSZ, and as much less before the check number; or the other way round.
    moved = one[:32] + "0" * n + one[32 : 348 - n] if n > 0 else one[: 32 + n] + one[32:348] + "0" * -n
    moved += controlegetal(moved)
    first, *others = problem(octets[: record(3).start] + moved.encode() + octets[record(3).stop :])
    assert (first.code, first.record) == ("300104", 3)
    assert words in first.gevonden
    assert "vanaf zone 8 (INSZ, positie 36-48)" in first.gevonden
    assert [f.positie for f in others] == sorted(f.positie for f in others)
    assert others
    assert all("(positie " in f.verwacht for f in others)


@pytest.mark.parametrize(("n", "words"), [(1, "record 3 is 1 positie te lang"), (-1, "record 3 is 1 positie te kort")])
def test_a_file_of_a_wrong_length_says_in_which_record_it_goes_wrong(n: int, words: str) -> None:
    octets = naar_plat(zending(factuur(lijn(), lijn(volgnummer=2))))
    one = octets[record(3)]
    moved = one[:32] + b"0" + one[32:] if n > 0 else one[:32] + one[33:]
    (only,) = problem(octets[: record(3).start] + moved + octets[record(3).stop :])
    assert (only.code, only.record) == ("300103", 3)
    assert words in only.gevonden
    assert f"1 positie naar {'rechts' if n > 0 else 'links'}" in only.gevonden


def test_one_wrong_zone_is_no_shift() -> None:
    for name, text in (("eerste dag", "2026-5-1"), ("bedrag tegemoetkoming", "000000046890")):
        assert [f.code[4:] for f in problem(changed(3, name, text))] == ["01"]


def test_a_file_that_is_wrong_all_over_is_read_no_further_than_a_thousand_errors() -> None:
    one = naar_plat(zending())
    bad = one[record(3)].replace(b"20260501", b"2026xx01")
    assert len(errors(one[: record(3).start] + bad * 5_000 + one[record(4).start :])) in range(1_000, 1_010)


@pytest.mark.parametrize("cut", [1, LENGTE, LENGTE * 2])
def test_a_file_that_is_not_whole_is_told(cut: int) -> None:
    octets = naar_plat(zending())
    assert [code[4:] for code, *_ in errors(octets[:-cut])] == ["03"]


def test_records_out_of_order_are_told_where_the_order_breaks() -> None:
    octets = naar_plat(zending())
    twisted = octets[: record(2).start] + octets[record(3)] + octets[record(2)] + octets[record(3).stop :]
    assert errors(twisted) == [("100103", 2, "1")]


def test_a_value_that_does_not_fit_its_zone_is_refused_and_not_cut() -> None:
    with pytest.raises(ValueError, match="referentie van de instelling"):
        naar_plat(zending(factuur(dossiernummer="D" * 26)))


def invoice(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "invoice", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_person_can_look_at_a_zending_convert_and_check_it(tmp_path: Path) -> None:
    plat, xml, fout = tmp_path / "zending", tmp_path / "zending.xml", tmp_path / "fout"
    plat.write_bytes(naar_plat(zending()))
    assert invoice("convert", str(plat), "--out", str(xml)).returncode == 0
    assert "46890 cent" in invoice("check", str(xml)).stdout
    shown = invoice("show", str(xml))
    assert (shown.returncode, "|0012071796092|" in shown.stdout) == (0, True)
    fout.write_bytes(changed(3, "eerste dag", "20260230"))
    for command in ("check", "show"):
        told = invoice(command, str(fout))
        assert (told.returncode, "300501  record 3 (30), zone 5 eerste dag" in told.stdout + told.stderr) == (1, True)


def test_a_file_put_together_by_hand_says_what_its_xml_says_and_is_written_the_same() -> None:
    golden = Path(__file__).parent / "golden"
    octets = (golden / "zending.plat").read_bytes()
    root = parse((golden / "zending.xml").read_bytes())
    registry.check(root)
    assert without_lines(read(octets)) == without_lines(lees_zending(root))
    assert naar_plat(read(octets)) == octets


def test_a_file_is_read_part_by_part_as_it_is_read_whole() -> None:
    octets = (Path(__file__).parent / "golden" / "zending.plat").read_bytes()
    assert lees_inhoud(Content.plain(octets)) == read(octets)


@given(ZENDINGEN, st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=4))
def test_lines_that_say_the_same_are_read_the_same(gegeven: Zending, wie: list[list[int]]) -> None:
    # Together they may not outgrow the zone of the total.
    alle = [x._replace(aandeel=x.aandeel // 10) for f in gegeven.facturen for x in f.lijnen]
    facturen = [
        replace(
            gegeven.facturen[0],
            factuurnummer=str(n),
            lijnen=tuple(alle[k % len(alle)]._replace(volgnummer=v) for v, k in enumerate(welke, 1)),
        )
        for n, welke in enumerate(wie, 1)
    ]
    octets = naar_plat(replace(gegeven, facturen=tuple(facturen)))
    assert lees_inhoud(Content.plain(octets)) == read(octets)
