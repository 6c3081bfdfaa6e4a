"""Answers in the flat layout, for who sends flat: segments 200 and 300, refused records of 800 positions, settlement 91 and 92.

The fields of the error block and of records 91 and 92 are known (facts vsb.md §5.6), their positions are not: those here are an
assumption, told in docs/flat-file.md.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from unicodedata import normalize

from gateway.berichten.antwoord import FacturatieAntwoord
from gateway.berichten.plat import (
    LENGTE,
    SEGMENT_200,
    SEGMENT_300,
    Zone,
    als_controlegetal,
    gewicht,
    schrijf_segment,
    vul,
    zones,
)
from gateway.central.model import Factuurfout

RETOUR, WEIGERING = 800, 610
_TYPE = {
    "DF011-931000": "931000",
    "DF012-920999": "920999",
    "INHOUD-AANVAARD": "920098",
    "INHOUD-920098": "920098",
    "INHOUD-920099": "920099",
    "AFREKENING-920900": "920900",
}
"""Label to message type; a zending without errors gets an empty 920098."""
FOUTBLOK: Mapping[str, Zone] = zones(
    ("500", 351, 353, "N", "nummer zending"),
    ("501", 354, 361, "D", "datum van opstelling"),
    ("502", 362, 367, "N", "jaar en maand"),
    ("503", 368, 370, "N", "zorgkas"),
    ("504", 371, 377, "A", "fout 1"),
    ("505", 378, 384, "A", "fout 2"),
    ("506", 385, 391, "A", "fout 3"),
    ("507", 392, 393, "N", "aantal fouten"),
    ("508", 394, 593, "A", "commentaar"),
    ("509", 594, 599, "N", "index"),
)
"""Behind the 350 positions of a refused record."""
AFREKENING: Mapping[str, Zone] = zones(
    ("1", 1, 2, "N", "recordtype"),
    ("2", 3, 8, "N", "volgnummer record"),
    ("7", 33, 35, "N", "zorgkas"),
    ("8", 36, 47, "S", "gevraagd rekening A"),
    ("9", 48, 59, "S", "aanvaard rekening A"),
    ("10", 60, 71, "S", "geweigerd rekening A"),
    ("11", 72, 83, "S", "gevraagd rekening B"),
    ("12", 84, 95, "S", "aanvaard rekening B"),
    ("13", 96, 107, "S", "geweigerd rekening B"),
    ("14", 108, 119, "S", "gevraagd totaal"),
    ("15", 120, 131, "S", "aanvaard totaal"),
    ("16", 132, 143, "S", "geweigerd totaal"),
    ("17", 144, 151, "N", "aantal records"),
    ("18", 152, 173, "A", "betaalreferentie"),
    ("99", 349, 350, "N", "controlegetal van het record"),
)
"""Records 91 (of the zorgkas) and 92 (of all); B is not used."""
_WEIGERING: Mapping[str, Zone] = zones(("310", 141, 145, "N", "foutpercentage"), ("311", 148, 149, "N", "soort weigering"))


def retour(steps: Iterable[bytes], antwoord: FacturatieAntwoord, *, test: bool = False) -> bytes:
    """An answer to a flat file.

    Args:
        steps: the file as it was sent, in steps.
        antwoord: what the XML says; the line of each error is the number of its record.
    """
    delen = [*_kop(antwoord, test), *_records(steps, antwoord)]
    if antwoord.label.startswith("AFREKENING"):
        delen += _afrekening(antwoord, len(delen) - 2)
    return b"".join(delen)


def _kop(antwoord: FacturatieAntwoord, test: bool) -> Iterator[bytes]:
    soort = _TYPE[antwoord.label]
    eerste = {"type bericht": soort, "versie van het bericht": "01", "productie of test": "92" if test else "12"}
    yield schrijf_segment("200", eerste).encode()
    tweede = {"datum van opstelling": f"{antwoord.tijdstip:%Y-%m-%d}"}
    if antwoord.zendingnummer is not None:
        tweede["nummer zending"] = antwoord.zendingnummer
    if antwoord.maand is not None:
        tweede["gefactureerd jaar en maand"] = f"{antwoord.maand:%Y%m}"
    segment = schrijf_segment("300", tweede)
    if soort not in ("920999", "920099"):
        yield segment.encode()
        return
    aandeel = antwoord.foutpercentage or 0.0
    blokkerend = any(f.ernst.value == "B" for f in antwoord.fouten) or soort == "920999"
    weigering = {"foutpercentage": f"{round(aandeel * 100)}", "soort weigering": "01" if blokkerend else "02"}
    achter = vul(_WEIGERING, WEIGERING, weigering)
    yield (segment[:140] + achter[140:]).encode()


def _records(steps: Iterable[bytes], antwoord: FacturatieAntwoord) -> Iterator[bytes]:
    """The records with an error, each with its errors, in their order; those of the file as a whole stand at record 10."""
    per_record: dict[int, list[Factuurfout]] = defaultdict(list)
    for fout in antwoord.fouten:
        per_record[fout.regel or 1].append(fout)
    nummers = sorted(per_record)
    for index, (nummer, record) in enumerate(zip(nummers, _gevraagd(steps, nummers), strict=True), 1):
        yield record.ljust(LENGTE, b"0") + _foutblok(antwoord, per_record[nummer], index).encode()


def _gevraagd(steps: Iterable[bytes], nummers: Sequence[int]) -> Iterator[bytes]:
    """The octets of these records, in their order; of one that is cut off or absent what there is."""
    plaatsen = deque(SEGMENT_200 + SEGMENT_300 + (nummer - 1) * LENGTE for nummer in nummers)
    rest, weg = b"", 0
    for step in steps:
        rest += step
        while plaatsen and plaatsen[0] + LENGTE <= weg + len(rest):
            begin = plaatsen.popleft() - weg
            yield rest[begin : begin + LENGTE]
        if not plaatsen:
            return
        af = max(0, min(plaatsen[0] - weg, len(rest)))
        rest, weg = rest[af:], weg + af
    for plaats in plaatsen:
        begin = plaats - weg
        yield rest[begin : begin + LENGTE]


def _foutblok(antwoord: FacturatieAntwoord, fouten: Sequence[Factuurfout], index: int) -> str:
    waarden = {
        "nummer zending": antwoord.zendingnummer or "0",
        "datum van opstelling": f"{antwoord.tijdstip:%Y-%m-%d}",
        "jaar en maand": "0" if antwoord.maand is None else f"{antwoord.maand:%Y%m}",
        "zorgkas": antwoord.zorgkas or "0",
        "aantal fouten": f"{min(len(fouten), 99)}",
        "commentaar": _ascii("; ".join(f"{f.code} {f.tekst}" for f in fouten))[:200],
        "index": f"{index}",
    }
    waarden |= {f"fout {n}": f"{f.ernst.value}{_kort(f.code)}" for n, f in enumerate(fouten[:3], 1)}
    return vul(FOUTBLOK, RETOUR, waarden)[LENGTE:]


def _afrekening(antwoord: FacturatieAntwoord, records: int) -> Iterator[bytes]:
    bedragen = {n: getattr(antwoord, n) or 0 for n in ("gevraagd", "aanvaard", "geweigerd")}
    for nummer, soort in enumerate(("91", "92"), records + 1):
        waarden = {"recordtype": soort, "volgnummer record": f"{nummer}", "zorgkas": antwoord.zorgkas or "0"}
        for naam, bedrag in bedragen.items():
            waarden |= {f"{naam} rekening A": f"{bedrag}", f"{naam} rekening B": "0", f"{naam} totaal": f"{bedrag}"}
        waarden |= {"aantal records": f"{records}", "betaalreferentie": _ascii(antwoord.betaalreferentie or "")}
        posities = vul(AFREKENING, LENGTE, waarden)[:-2].encode()
        yield posities + als_controlegetal(gewicht(posities)).encode()


def _kort(code: str) -> str:
    """A code of six characters; our own are longer, and stand whole in the comment."""
    return code if len(code) == 6 else f"VSB{code[-3:]}"


def _ascii(tekst: str) -> str:
    return normalize("NFKD", tekst).encode("ascii", "ignore").decode()
