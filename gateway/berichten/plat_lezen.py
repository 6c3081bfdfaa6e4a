"""A zending in the flat layout, read into the XML of factuur.xsd; both say the same.

Assumed, since no source says it for VSB: the pillar stands in R10 Z28, the dossiernummer in R20 Z28 and the line's Volgnummer in
R30 Z28, each a reference of the facility's own; positions that no zone uses are zeros; there is nothing between two records.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple
from xml.sax.saxutils import escape

from gateway.berichten.factuur import Lijn, Vorm
from gateway.berichten.names import FACTUUR
from gateway.berichten.plat import (
    LENGTE,
    RECORDS,
    SEGMENT_200,
    SEGMENT_300,
    SEGMENTEN,
    Zone,
    als_controlegetal,
    code,
    controlegetal,
    gewicht,
)
from gateway.berichten.plat_verschuiving import eerste_scheve, verschuiving

_HOOFD = SEGMENT_200 + SEGMENT_300
_HOOGSTENS = 1_000
"""Errors after which reading stops: such a file is wrong in one way."""
_HOOGSTENS_BEKEND = 20_000
_PER_STUK = 500
_VOLGNUMMER = re.compile(rb"[1-9][0-9]{0,5}\Z")
_VOLGENDE = {"": "10", "10": "20", "20": "30", "30": "30 80", "80": "20 90", "90": ""}
"""Record type to the types that may follow it."""


UITLEG: Mapping[str, tuple[str, str, str]] = {
    "01": (
        "De zone is niet in haar vorm geschreven.",
        "The zone is not written in its form.",
        "Schrijf de zone zoals de verwachting zegt.",
    ),
    "02": (
        "Het controlegetal klopt niet.",
        "The check number is wrong.",
        "Bereken het controlegetal opnieuw over de posities ervoor, of over de prestatiecodes.",
    ),
    "03": (
        "De records staan niet in hun volgorde, of het bestand is niet heel.",
        "The records are not in their order, or the file is not whole.",
        "Begin met segment 200 en 300 en record 10, sluit elke factuur met record 80 en het bestand met record 90.",
    ),
    "04": (
        "Het record is verschoven: vanaf een zone staat alles een of meer posities te ver naar rechts of naar links.",
        "The record is shifted: from some zone on everything stands one or more positions too far to the right or to the left.",
        "Zoek voor de genoemde zone wat te veel of te weinig posities heeft. De andere opmerkingen op dit record volgen daaruit.",
    ),
    "10": (
        "De zone zegt iets anders dan waar ze eerder stond.",
        "The zone says something else than where it stood before.",
        "Neem de waarde over van het record dat de verwachting noemt.",
    ),
}
"""Last two characters of a code to what it means in Dutch, in English, and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Platfout:
    """One error in a flat file."""

    code: str
    record: int
    """Number of the record in the file, from 1; 0 for the segments before it."""
    soort: str
    zone: str
    verwacht: str
    gevonden: str
    positie: int = 0
    """Where in the record the zone begins; 0 of the record as a whole."""


class PlatProblem(Exception):
    """The file can not be read as a zending; `fouten` has every reason that could be seen, a thousand at most."""

    def __init__(self, fouten: Sequence[Platfout]) -> None:
        super().__init__(f"{len(fouten)} fouten")
        self.fouten = tuple(fouten)


def is_plat(begin: bytes) -> bool:
    """Whether what begins so is meant as a flat file: the message type of segment 200 comes first."""
    return begin[:6].isdigit()


def codes() -> list[str]:
    """Every code that reading a flat file can give."""
    vorm = {code(soort, zone, "01") for soort, zones in RECORDS.items() for zone in zones.values()}
    controle = {f"{soort}9902" for soort in RECORDS} | {"809802", "909802"}
    gelijk = {code(soort, RECORDS[soort][naam], "10") for soort, naam, _, _ in _HERHAALD}
    volgorde = {
        code(soort, zones[naam], "03") for soort, zones in RECORDS.items() for naam in ("recordtype", "volgnummer record")
    }
    verschoven = {code(soort, zones["recordtype"], "04") for soort, zones in RECORDS.items()}
    return sorted(vorm | controle | gelijk | volgorde | verschoven)


_HERHAALD = (
    ("30", "INSZ", "20", "INSZ"),
    ("80", "INSZ", "20", "INSZ"),
    ("80", "nummer individuele factuur", "20", "nummer individuele factuur"),
    ("80", "datum facturering", "20", "datum facturering"),
    ("90", "nummer zending", "10", "nummer zending"),
    ("90", "nummer derdebetalende", "10", "nummer derdebetalende"),
    ("90", "gefactureerd jaar", "10", "gefactureerd jaar"),
    ("90", "gefactureerde maand", "10", "gefactureerde maand"),
    ("90", "KBO-nummer", "10", "KBO-nummer"),
)
"""What repeats what: record type and zone, and where it stood first."""


class _Bekend(NamedTuple):
    """The rest of the XML of a right record 30, the same as the model has it, its code and its weight."""

    xml: str
    vorm: Vorm
    code: int
    gewicht: int


@dataclass
class _Lezer:
    """Reads record after record; remembers the last of each type."""

    fouten: list[Platfout] = field(default_factory=list)
    laatste: dict[str, dict[str, str]] = field(default_factory=dict)
    codes: int = 0
    """Sum of the performance codes of the invoice that is being read."""
    alle_codes: int = 0
    _bekend: dict[tuple[bytes, bytes, bytes], _Bekend] = field(default_factory=dict)
    """What a right record 30 says besides its own numbers and the person's."""

    def lees_30(self, nummer: int, record: bytes) -> _Bekend | None:
        """What a record 30 says that says what a right one said before, which nearly all do; None for any other."""
        verwijzing = record[137:162].rstrip(b" ")
        bekend = self._bekend.get((record[8:35], record[48:137], record[162:348]))
        if bekend is None or not _VOLGNUMMER.match(verwijzing) or record[35:48] != self.laatste["20"]["INSZ"].encode():
            return None
        som = bekend.gewicht + gewicht(record[:8]) + gewicht(record[35:48]) + gewicht(record[137:162])
        if record[2:8] != b"%06d" % nummer or record[348:] != als_controlegetal(som).encode():
            return None
        self.codes += bekend.code
        self.alle_codes += bekend.code
        return bekend

    def onthoud_30(self, record: bytes, waarden: Mapping[str, str], xml: str) -> None:
        """A record 30 without errors, for the ones that say the same."""
        sleutel = record[8:35], record[48:137], record[162:348]
        if len(self._bekend) < _HOOGSTENS_BEKEND:
            self._bekend[sleutel] = _Bekend(
                xml=xml.partition("</Volgnummer>")[2],
                vorm=_vorm(waarden),
                code=int(waarden["prestatiecode"]),
                gewicht=sum(map(gewicht, sleutel)),
            )

    def lees(self, nummer: int, soort: str, tekst: str) -> dict[str, str]:
        waarden: dict[str, str] = {}
        eerder = len(self.fouten)
        for naam, zone in RECORDS[soort].items():
            try:
                waarden[naam] = zone.lees(tekst)
            except ValueError:
                self._fout(nummer, soort, naam, "01", zone.vorm.uitleg, tekst[zone.van - 1 : zone.tot])
        if tekst[-2:] != (juist := controlegetal(tekst[:-2])):
            self._fout(nummer, soort, "controlegetal van het record", "02", juist, tekst[-2:])
        if waarden.get("volgnummer record", f"{nummer:06}") != f"{nummer:06}":
            self._fout(nummer, soort, "volgnummer record", "03", f"{nummer:06}", waarden["volgnummer record"])
        for zelf, naam, bron, daar in _HERHAALD:
            oud = self.laatste.get(bron, {}).get(daar)
            if zelf == soort and naam in waarden and oud is not None and waarden[naam] != oud:
                self._fout(nummer, soort, naam, "10", f"hetzelfde als in record {bron}", "iets anders")
        self._controleer_codes(nummer, soort, waarden)
        if len(self.fouten) > eerder:
            self._orden(nummer, soort, tekst, eerder)
        self.laatste[soort] = waarden
        return waarden

    def _orden(self, nummer: int, soort: str, tekst: str, eerder: int) -> None:
        """The errors of one record in the order of its positions, and first of all that it is shifted when it is."""
        hier = sorted(self.fouten[eerder:], key=lambda f: f.positie)
        if (schuif := verschuiving(soort, tekst, gemeld=frozenset(f.positie for f in hier))) is not None:
            begin = RECORDS[soort]["recordtype"]
            geen = "elke zone op haar posities"
            hier.insert(0, self._maak(code(soort, begin, "04"), nummer, soort, schuif.zone.nummer, geen, schuif.uitleg))
        self.fouten[eerder:] = hier

    def _controleer_codes(self, nummer: int, soort: str, waarden: Mapping[str, str]) -> None:
        if soort == "30" and "prestatiecode" in waarden:
            self.codes += int(waarden["prestatiecode"])
            self.alle_codes += int(waarden["prestatiecode"])
        if soort in ("80", "90"):
            juist = als_controlegetal(self.codes if soort == "80" else self.alle_codes)
            if waarden.get("controlegetal", juist) != juist:
                self._fout(nummer, soort, "controlegetal", "02", juist, waarden["controlegetal"])
            self.codes = 0

    def _fout(self, nummer: int, soort: str, naam: str, aard: str, verwacht: str, gevonden: str) -> None:
        zone = RECORDS[soort][naam]
        # An INSZ in a wrong place must not come out in a finding.
        kort = gevonden if len(gevonden) <= 8 and gevonden.isprintable() else f"{len(gevonden)} posities"
        waar = f"{naam} (positie {zone.van}-{zone.tot}): {verwacht}"
        fout = self._maak(code(soort, zone, aard), nummer, soort, zone.nummer, waar, kort)
        self.fouten.append(replace(fout, positie=zone.van))

    @staticmethod
    def _maak(code_: str, nummer: int, soort: str, zone: str, verwacht: str, gevonden: str) -> Platfout:
        return Platfout(code=code_, record=nummer, soort=soort, zone=zone, verwacht=verwacht, gevonden=gevonden)


def records(steps: Iterable[bytes], size: int) -> Iterator[tuple[int, bytes]]:
    """Number and octets of each record.

    Args:
        steps: the file, in steps of any length.
        size: its octets in all.

    Raises:
        PlatProblem: the length is not that of two segments and whole records.
    """
    if size < _HOOFD + LENGTE or (size - _HOOFD) % LENGTE:
        raise PlatProblem([_lengtefout(steps, size)])
    yield from _stukken_van_350(steps)


def _lengtefout(steps: Iterable[bytes], size: int) -> Platfout:
    verwacht = f"{SEGMENT_200} + {SEGMENT_300} + een veelvoud van {LENGTE} posities"
    gevonden = f"{size} posities"
    if size < _HOOFD + LENGTE:
        return _Lezer._maak("100103", 0, "10", "1", verwacht, gevonden)
    nummer, soort, over, tekst = eerste_scheve(_stukken_van_350(steps), (size - _HOOFD) % LENGTE)
    gevonden += f"; record {nummer} is {abs(over)} positie{'' if abs(over) == 1 else 's'} te {'lang' if over > 0 else 'kort'}"
    if (schuif := verschuiving(soort, tekst, over)) is not None:
        gevonden += f": {schuif.uitleg}"
    return _Lezer._maak(code(soort, RECORDS[soort]["recordtype"], "03"), nummer, soort, "1", verwacht, gevonden)


def _stukken_van_350(steps: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    nummer, begin, rest = 0, _HOOFD, b""
    for step in steps:
        rest += step
        while begin + LENGTE <= len(rest):
            nummer += 1
            yield nummer, rest[begin : begin + LENGTE]
            begin += LENGTE
        rest, begin = rest[begin:], max(0, begin - len(rest))


def naar_xml(octets: bytes) -> bytes:
    """The zending as XML that factuur.xsd describes; record n stands on line n, so that a finding's line is its record.

    Raises:
        PlatProblem: with every error in form, check numbers, order and repeated zones.
    """
    return b"".join(stukken([octets], len(octets)))


def stukken(steps: Iterable[bytes], size: int, naast: deque[list[Lijn]] | None = None) -> Iterator[bytes]:
    """The same piece by piece; what came before an error is of no use.

    Args:
        naast: gets for each invoice the lines that say what an earlier one said, all but the first; they are left out of the
            XML, where they would cost most of the time and tell a schema nothing new.
    """
    lezer, regels, vorige, nummer = _Lezer(), [""], "", 0
    for nummer, record in records(steps, size):
        soort = record[:2].decode("latin-1")
        if soort not in _VOLGENDE[vorige].split():
            mag = _VOLGENDE[vorige].replace(" ", " of ") or "geen record meer"
            lezer.fouten.append(_Lezer._maak("100103", nummer, vorige or "10", "1", f"record {mag}", soort))
            break
        eerder, vorige = vorige, soort
        if soort == "20" and naast is not None:
            naast.append([])
        bekend = lezer.lees_30(nummer, record) if soort == "30" and not lezer.fouten else None
        if bekend is not None:
            verwijzing = record[137:162].decode().rstrip()
            if naast is not None and eerder == "30":
                naast[-1].append(Lijn._make((int(verwijzing), nummer, *bekend.vorm)))
                xml = ""
            else:
                xml = f"<Lijn><Volgnummer>{verwijzing}</Volgnummer>{bekend.xml}"
        else:
            waarden = lezer.lees(nummer, soort, record.decode("latin-1"))
            if len(lezer.fouten) >= _HOOGSTENS:
                break
            if lezer.fouten:
                continue
            if nummer == 2:
                # The first invoice says what the XML says once for the whole file.
                regels[0] = _xml_10(lezer.laatste["10"], waarden)
            xml = "" if nummer == 1 else _ALS_XML[soort](waarden)
            if soort == "30":
                lezer.onthoud_30(record, waarden, xml)
        if nummer > 1:
            regels.append(xml)
        if len(regels) > _PER_STUK:
            yield ("\n".join(regels) + "\n").encode()
            regels.clear()
    if vorige != "90" and not lezer.fouten:
        lezer.fouten.append(_Lezer._maak("100103", nummer + 1, "90", "1", "record 90 aan het einde", "geen"))
    if lezer.fouten:
        raise PlatProblem(lezer.fouten)
    yield "\n".join(regels).encode()


def _element(naam: str, waarde: str) -> str:
    return f"<{naam}>{escape(waarde)}</{naam}>"


def _getal(waarde: str) -> str:
    return waarde.lstrip("0") or "0"


def _xml_10(w: Mapping[str, str], eerste: Mapping[str, str]) -> str:
    velden = (
        ("Pijler", w["referentie van de instelling"]),
        ("Zendingnummer", w["nummer zending"]),
        ("Maand", f"{int(w['gefactureerd jaar']):04}-{w['gefactureerde maand']}"),
        ("Opstellingsdatum", w["datum van opstelling"]),
        ("Facturatiedatum", eerste["datum facturering"]),
        ("TypeFactuur", eerste["type factuur"]),
        ("Derdebetalende", w["nummer derdebetalende"][1:]),
        ("Kbo", w["KBO-nummer"]),
        ("Iban", w["IBAN"]),
        *((("Bic", w["BIC"]),) if w["BIC"] else ()),
        ("Zorgkas", eerste["ziekenfonds van bestemming"]),
    )
    return f'<Zending xmlns="{FACTUUR}">' + "".join(_element(n, v) for n, v in velden)


def _xml_20(w: Mapping[str, str]) -> str:
    vorige = ""
    if int(w["nummer vorige factuur"]) or int(w["nummer vorige zending"]):
        maand = w["vorig gefactureerd jaar en maand"]
        delen = (
            ("Factuurnummer", _getal(w["nummer vorige factuur"])),
            ("Zendingnummer", w["nummer vorige zending"]),
            ("Maand", f"{maand[:4]}-{maand[4:]}"),
        )
        vorige = f"<VorigeFactuur>{''.join(_element(n, v) for n, v in delen)}</VorigeFactuur>"
    velden = (
        ("Factuurnummer", _getal(w["nummer individuele factuur"])),
        ("TypeFacturering", w["type facturering"]),
        ("Insz", w["INSZ"][2:]),
        ("Dossiernummer", w["referentie van de instelling"]),
    )
    return "<Factuur>" + "".join(_element(n, v) for n, v in velden) + vorige


def _vorm(w: Mapping[str, str]) -> Vorm:
    """What _xml_30 says, as the model has it."""
    betrekkelijk = w["betrekkelijke verstrekking"][1:]
    return (
        w["prestatiecode"][1:],
        date.fromisoformat(w["eerste dag"]),
        date.fromisoformat(w["laatste dag"]),
        int(w["aantal dagen"]),
        int(w["bedrag tegemoetkoming"]),
        betrekkelijk if int(betrekkelijk) else None,
        int(w["persoonlijk aandeel"]),
    )


def _xml_30(w: Mapping[str, str]) -> str:
    betrekkelijk = w["betrekkelijke verstrekking"][1:]
    velden = (
        ("Volgnummer", w["referentie van de instelling"]),
        ("Prestatiecode", w["prestatiecode"][1:]),
        *((("BetrekkelijkeVerstrekking", betrekkelijk),) if int(betrekkelijk) else ()),
        ("Van", w["eerste dag"]),
        ("Tot", w["laatste dag"]),
        ("Aantal", w["aantal dagen"]),
        ("Bedrag", w["bedrag tegemoetkoming"]),
        *((("PersoonlijkAandeel", w["persoonlijk aandeel"]),) if int(w["persoonlijk aandeel"]) else ()),
    )
    return "<Lijn>" + "".join(_element(n, v) for n, v in velden) + "</Lijn>"


_ALS_XML: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "20": _xml_20,
    "30": _xml_30,
    "80": lambda w: f"{_element('Totaal', w['totaal rekening A'])}</Factuur>",
    "90": lambda w: f"{_element('Totaal', w['totaal rekening A'])}</Zending>",
}


def toon(octets: bytes) -> Iterator[tuple[int, str, list[tuple[str, str, str]]]]:
    """For a person: each record with its number, type and zones (number, name, text as it stands).

    Raises:
        PlatProblem: the length is not that of a flat file.
    """
    tekst, begin = octets.decode("latin-1"), 0
    for soort, (lengte, zones) in SEGMENTEN.items():
        yield 0, soort, _in_zones(tekst[begin : begin + lengte], zones)
        begin += lengte
    for nummer, record in records([octets], len(octets)):
        leesbaar = record.decode("latin-1")
        yield nummer, leesbaar[:2], _in_zones(leesbaar, RECORDS.get(leesbaar[:2], {}))


def _in_zones(record: str, zones: Mapping[str, Zone]) -> list[tuple[str, str, str]]:
    return [(z.nummer, z.naam, record[z.van - 1 : z.tot]) for z in zones.values()]
