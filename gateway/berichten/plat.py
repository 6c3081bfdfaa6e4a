"""The federal flat layout: records of 350 positions, cut in zones (facts vsb.md §5.6).

Positions count from 1. N is zero-padded on the left, A space-padded on the right, D a day as YYYYMMDD, S a sign and digits. What
no zone uses is filled with zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

LENGTE, SEGMENT_200, SEGMENT_300 = 350, 67, 160
_MODULO = 97


class Vorm(StrEnum):
    """How a zone is written."""

    N = "N"
    A = "A"
    D = "D"
    S = "S"

    @property
    def uitleg(self) -> str:
        return {"N": "cijfers", "A": "tekst in ASCII", "D": "een dag als JJJJMMDD", "S": "een teken + of - en cijfers"}[
            self.value
        ]


@dataclass(frozen=True)
class Zone:
    """One zone of a record or a segment."""

    nummer: str
    """As the instructions number it; of a zone over several numbers the first one and the last."""
    van: int
    tot: int
    vorm: Vorm
    naam: str

    @property
    def breedte(self) -> int:
        return self.tot - self.van + 1

    def lees(self, record: str) -> str:
        """The value without padding.

        Raises:
            ValueError: it is not written in the zone's form.
        """
        ruw = record[self.van - 1 : self.tot]
        if self.vorm is Vorm.A:
            if not (ruw.isascii() and ruw.isprintable()):
                raise ValueError(ruw)
            return ruw.rstrip(" ")
        if self.vorm is Vorm.S and ruw[0] not in "+-":
            raise ValueError(ruw)
        cijfers = ruw[1:] if self.vorm is Vorm.S else ruw
        if not (cijfers.isascii() and cijfers.isdigit()):
            raise ValueError(ruw)
        if self.vorm is Vorm.D:
            return date(int(ruw[:4]), int(ruw[4:6]), int(ruw[6:])).isoformat()
        return str(int(ruw)) if self.vorm is Vorm.S else ruw

    def schrijf(self, waarde: str) -> str:
        """The value with its padding.

        Raises:
            ValueError: it does not fit.
        """
        if self.vorm is Vorm.A:
            tekst = waarde.ljust(self.breedte)
        elif self.vorm is Vorm.D:
            tekst = waarde.replace("-", "")
        elif self.vorm is Vorm.S:
            tekst = f"{'-' if waarde.startswith('-') else '+'}{waarde.lstrip('+-').rjust(self.breedte - 1, '0')}"
        else:
            tekst = waarde.rjust(self.breedte, "0")
        if len(tekst) != self.breedte or not tekst.isascii():
            raise ValueError(f"zone {self.nummer} ({self.naam}): {waarde!r} past niet in {self.breedte} posities")
        return tekst


def zones(*regels: tuple[str, int, int, str, str]) -> dict[str, Zone]:
    """Zones by name: number, first and last position, form, name."""
    return {naam: Zone(nummer, van, tot, Vorm(vorm), naam) for nummer, van, tot, vorm, naam in regels}


_KOP = (("1", 1, 2, "N", "recordtype"), ("2", 3, 8, "N", "volgnummer record"))
_PERSOON = (("7", 33, 35, "N", "ziekenfonds van aansluiting"), ("8", 36, 48, "N", "INSZ"))
_REKENING = (("31-34", 167, 177, "A", "BIC"), ("36-41", 179, 212, "A", "IBAN"))
_EINDE = (("98", 347, 348, "N", "controlegetal"), ("99", 349, 350, "N", "controlegetal van het record"))

RECORDS: Mapping[str, Mapping[str, Zone]] = {
    "10": zones(
        *_KOP,
        ("3", 9, 9, "N", "aantal rekeningen"),
        ("4", 10, 16, "N", "versie van de instructies"),
        ("7", 33, 35, "N", "nummer zending"),
        ("13", 53, 55, "N", "inhoud van de facturering"),
        ("14", 56, 67, "N", "nummer derdebetalende"),
        ("22", 108, 112, "N", "gefactureerd jaar"),
        ("23", 113, 114, "N", "gefactureerde maand"),
        ("25-26", 120, 127, "D", "datum van opstelling"),
        ("27", 128, 137, "N", "KBO-nummer"),
        ("28", 138, 162, "A", "referentie van de instelling"),
        *_REKENING,
        _EINDE[1],
    ),
    "20": zones(
        *_KOP,
        *_PERSOON,
        ("10", 50, 50, "N", "type factuur"),
        ("11", 51, 51, "N", "type facturering"),
        ("14", 56, 67, "N", "facturerende instelling"),
        ("18", 85, 87, "N", "ziekenfonds van bestemming"),
        ("24-25", 115, 126, "N", "nummer individuele factuur"),
        ("28", 138, 162, "A", "referentie van de instelling"),
        ("29-31", 163, 174, "N", "nummer vorige factuur"),
        ("34-36", 177, 179, "N", "nummer vorige zending"),
        ("41", 207, 212, "N", "vorig gefactureerd jaar en maand"),
        ("47", 262, 269, "D", "datum facturering"),
        _EINDE[1],
    ),
    "30": zones(
        *_KOP,
        ("4", 10, 16, "N", "prestatiecode"),
        ("5", 17, 24, "D", "eerste dag"),
        ("6", 25, 32, "D", "laatste dag"),
        *_PERSOON,
        ("17-18", 81, 87, "N", "betrekkelijke verstrekking"),
        ("19", 88, 99, "S", "bedrag tegemoetkoming"),
        ("22", 108, 112, "S", "aantal dagen"),
        ("27", 128, 137, "S", "persoonlijk aandeel"),
        ("28", 138, 162, "A", "referentie van de instelling"),
        _EINDE[1],
    ),
    "80": zones(
        *_KOP,
        *_PERSOON,
        ("19", 88, 99, "S", "totaal rekening A"),
        ("20-21", 100, 107, "D", "datum facturering"),
        ("24-25", 115, 126, "N", "nummer individuele factuur"),
        ("27", 128, 137, "S", "totaal persoonlijk aandeel"),
        *_EINDE,
    ),
    "90": zones(
        *_KOP,
        ("7", 33, 35, "N", "nummer zending"),
        ("14", 56, 67, "N", "nummer derdebetalende"),
        ("19", 88, 99, "S", "totaal rekening A"),
        ("22", 108, 112, "N", "gefactureerd jaar"),
        ("23", 113, 114, "N", "gefactureerde maand"),
        ("27", 128, 137, "N", "KBO-nummer"),
        *_REKENING,
        *_EINDE,
    ),
}
"""Record type to its zones by name, in the order of their positions."""

SEGMENTEN: Mapping[str, tuple[int, Mapping[str, Zone]]] = {
    "200": (
        SEGMENT_200,
        zones(
            ("200", 1, 6, "N", "type bericht"),
            ("201", 9, 10, "N", "versie van het bericht"),
            ("202", 13, 14, "N", "productie of test"),
            ("203", 21, 34, "N", "referentie van de afzender"),
        ),
    ),
    "300": (
        SEGMENT_300,
        zones(
            ("300", 1, 6, "N", "gefactureerd jaar en maand"),
            ("301", 9, 11, "N", "nummer zending"),
            ("302", 14, 21, "D", "datum van opstelling"),
            ("303", 24, 36, "N", "referentie van de factuur"),
            ("304", 39, 45, "N", "versie van de instructies"),
            ("308", 133, 134, "N", "type factuur"),
        ),
    ),
}


def code(record: str, zone: Zone, aard: str) -> str:
    """RRZZSS: record type, zone, kind of error (facts vsb.md §5.5)."""
    return f"{record}{zone.nummer.partition('-')[0]:0>2}{aard}"


_GEWICHT = bytes(t - 48 if 48 <= t <= 57 else 10 if t == 32 else t - 54 if 65 <= t <= 90 else 37 for t in range(256))


def gewicht(octets: bytes) -> int:
    """What these positions add to a check number: digits count for themselves, a space 10, A to Z 11 to 36, others 37."""
    return sum(octets.translate(_GEWICHT))


def als_controlegetal(som: int) -> str:
    """Mod 97, and 0 is 97."""
    return f"{som % _MODULO or _MODULO:02}"


def controlegetal(tekst: str) -> str:
    """Check number of a record (Z99) of the positions before it."""
    return als_controlegetal(gewicht(tekst.encode("latin-1", "replace")))


def controlegetal_codes(codes: list[str]) -> str:
    """Check number of an invoice or a file (Z98): the sum of its performance codes mod 97, 0 is 97."""
    return als_controlegetal(sum(map(int, codes)))


def schrijf_record(soort: str, waarden: Mapping[str, str], nummer: int) -> str:
    """A record of 350 positions with its check number.

    Raises:
        ValueError: a value does not fit in its zone.
    """
    tekst = vul(RECORDS[soort], LENGTE, {**waarden, "recordtype": soort, "volgnummer record": f"{nummer}"})[:-2]
    return tekst + controlegetal(tekst)


def schrijf_segment(soort: str, waarden: Mapping[str, str]) -> str:
    """Segment 200 or 300."""
    lengte, delen = SEGMENTEN[soort]
    return vul(delen, lengte, waarden)


def vul(delen: Mapping[str, Zone], lengte: int, waarden: Mapping[str, str]) -> str:
    """Positions with these values in their zones; what has none is spaces in a text and zeros elsewhere.

    Raises:
        ValueError: a value does not fit in its zone.
    """
    posities = ["0"] * lengte
    for naam, waarde in waarden.items():
        zone = delen[naam]
        posities[zone.van - 1 : zone.tot] = zone.schrijf(waarde)
    for naam, zone in delen.items():
        if zone.vorm is Vorm.A and naam not in waarden:
            posities[zone.van - 1 : zone.tot] = " " * zone.breedte
    return "".join(posities)
