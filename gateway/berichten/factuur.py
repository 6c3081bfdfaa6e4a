"""Zending: one facility's invoices of one month for one zorgkas."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from operator import attrgetter, sub
from typing import NamedTuple

from lxml import etree
from lxml.etree import _Element as Element

from gateway.berichten.lezen import datum, kind, tekst, tekst_of_none
from gateway.berichten.names import FACTUUR

FACTUUR_TAG, _LIJN = f"{{{FACTUUR}}}Factuur", f"{{{FACTUUR}}}Lijn"
_NUMMERS = etree.XPath("f:Lijn/f:Volgnummer", namespaces={"f": FACTUUR})
_TEKSTEN = etree.XPath("f:Lijn/*/text()", namespaces={"f": FACTUUR}, smart_strings=False)
_HOOFDING = etree.XPath("*[not(self::f:Lijn)]", namespaces={"f": FACTUUR})
_VAST = 6
"""Elements that every line has."""


class Lijn(NamedTuple):
    """Record 30: days, a lump sum or the person's own share. A tuple, because a zending has 300,000 of them."""

    volgnummer: int
    regel: int | None
    """Line in the blob."""
    prestatiecode: str
    van: date
    tot: date
    aantal: int
    bedrag: int
    """Cents, negative on a credit note."""
    betrekkelijk: str | None = None
    """Code of the performance that this one belongs to (betrekkelijke verstrekking)."""
    aandeel: int = 0
    """Cents that the person pays (persoonlijk aandeel), negative on a credit note."""

    @property
    def vorm(self) -> Vorm:
        """All but its place: lines of one form are right or wrong together, where no person or day of a person counts."""
        return self[2:]


Vorm = tuple[str, date, date, int, int, "str | None", int]


@dataclass(frozen=True, kw_only=True)
class VorigeFactuur:
    """The invoice that a correction or credit note points back to."""

    factuurnummer: str
    zendingnummer: str
    maand: date


Afstanden = Mapping[str, int]
_GEEN: Afstanden = {}


@dataclass(frozen=True, kw_only=True)
class Factuur:
    """Records 20 to 80: the invoice of one person."""

    factuurnummer: str
    type_facturering: str
    """0 original, 1 correction, 3 credit note."""
    insz: str
    dossiernummer: str
    vorige: VorigeFactuur | None
    lijnen: tuple[Lijn, ...]
    totaal: int
    regel: int | None
    hoofding: Afstanden = field(default_factory=lambda: _GEEN, compare=False, repr=False)
    """Lines from `regel` to its own elements, and to none of a line."""
    afstanden: tuple[Afstanden, ...] = field(default=(), compare=False, repr=False)
    """For each of `lijnen` how far its elements are from its `regel`, or one for all; none: they stand where the line does."""

    def regel_van(self, element: str, n: int | None = None) -> int | None:
        """Line of an element in the blob.

        Args:
            n: number of the line that it stands in, from 1; None: it stands in the invoice itself.
        """
        if n is None:
            return None if self.regel is None else self.regel + self.hoofding.get(element, 0)
        regel = self.lijnen[n - 1].regel
        if regel is None or not self.afstanden:
            return regel
        return regel + self.afstanden[min(n, len(self.afstanden)) - 1].get(element, 0)

    @cached_property
    def van(self) -> date:
        """First day of any line."""
        return min(lijn.van for lijn in self.lijnen)

    @cached_property
    def tot(self) -> date:
        """Last day of any line."""
        return max(lijn.tot for lijn in self.lijnen)


@dataclass(frozen=True, kw_only=True)
class Zending:
    """Records 10 to 90: the whole file."""

    pijler: str
    zendingnummer: str
    maand: date
    """First day of the invoiced month."""
    opstellingsdatum: date
    facturatiedatum: date
    type_factuur: str
    derdebetalende: str
    kbo: str
    iban: str
    zorgkas: str
    facturen: tuple[Factuur, ...]
    totaal: int
    bic: str = ""

    @cached_property
    def vormen(self) -> Mapping[Vorm, Lijn]:
        """Each form that a line has, with one of the lines that have it."""
        return {lijn.vorm: lijn for factuur in self.facturen for lijn in factuur.lijnen}

    @cached_property
    def dubbel(self) -> frozenset[str]:
        """INSZ of the persons whose days can coincide here: more than one invoice, or one with lines that overlap."""
        tellingen = Counter(f.insz for f in self.facturen)
        return frozenset(f.insz for f in self.facturen if tellingen[f.insz] > 1 or _overlapt(f.lijnen))


def _overlapt(lijnen: tuple[Lijn, ...]) -> bool:
    perioden = sorted((lijn.prestatiecode, lijn.van, lijn.tot) for lijn in lijnen)
    return any(eerst[0] == dan[0] and dan[1] <= eerst[2] for eerst, dan in pairwise(perioden))


class Zendinglezer:
    """Reads a schema-valid Zending invoice by invoice, so that no more than one stands in memory as a tree."""

    def __init__(self) -> None:
        self.naast: deque[list[Lijn]] = deque()
        """For each invoice to come the lines that do not stand in its XML, when the source has any such."""
        self._facturen: list[Factuur] = []
        self._vormen: dict[tuple[str, ...], Vorm] = {}
        self._afstanden: dict[tuple[tuple[str, int], ...], Afstanden] = {}

    def neem(self, element: Element) -> None:
        """Read the next Factuur."""
        hoofding = _HOOFDING(element)
        nummer, soort, insz, dossiernummer, *vorige, totaal = hoofding
        lijnen, afstanden = self._alle_lijnen(element)
        self._facturen.append(
            Factuur(
                factuurnummer=nummer.text.strip(),
                type_facturering=soort.text.strip(),
                insz=insz.text.strip(),
                dossiernummer=dossiernummer.text.strip(),
                vorige=_lees_vorige(vorige[0]) if vorige else None,
                lijnen=lijnen,
                totaal=int(totaal.text),
                regel=element.sourceline,
                hoofding=self._afstand(element.sourceline, hoofding),
                afstanden=afstanden,
            )
        )

    def klaar(self, element: Element) -> Zending:
        """The whole, from what stands beside the invoices."""
        return Zending(
            pijler=tekst(element, FACTUUR, "Pijler"),
            zendingnummer=tekst(element, FACTUUR, "Zendingnummer"),
            maand=_maand(tekst(element, FACTUUR, "Maand")),
            opstellingsdatum=datum(tekst(element, FACTUUR, "Opstellingsdatum")),
            facturatiedatum=datum(tekst(element, FACTUUR, "Facturatiedatum")),
            type_factuur=tekst(element, FACTUUR, "TypeFactuur"),
            derdebetalende=tekst(element, FACTUUR, "Derdebetalende"),
            kbo=tekst(element, FACTUUR, "Kbo"),
            iban=tekst(element, FACTUUR, "Iban"),
            zorgkas=tekst(element, FACTUUR, "Zorgkas"),
            facturen=tuple(self._facturen),
            totaal=int(tekst(element, FACTUUR, "Totaal")),
            bic=tekst_of_none(element, FACTUUR, "Bic") or "",
        )

    def _alle_lijnen(self, element: Element) -> tuple[tuple[Lijn, ...], tuple[Afstanden, ...]]:
        nummers = _NUMMERS(element)
        teksten = _TEKSTEN(element)
        gewoon = len(teksten) == _VAST * len(nummers)
        lijnen = self._lijnen(nummers, teksten) if gewoon else tuple(self._lijn(x) for x in element.iterchildren(_LIJN))
        if not self.naast or not (naast := self.naast.popleft()):
            return lijnen, self._afstanden_van(nummers, [lijn.regel for lijn in lijnen], gewoon=gewoon)
        # Only of a flat file are there lines beside the XML: each is a record, on a line of its own.
        return tuple(sorted((*lijnen, *naast), key=attrgetter("regel"))), ()

    def _afstanden_van(self, nummers: Sequence[Element], regels: Sequence[int | None], *, gewoon: bool) -> tuple[Afstanden, ...]:
        """Of each line how far its elements are from it; one for all when they stand alike.

        Args:
            gewoon: no line has more than what every line has.
        """
        if not regels or None in regels:
            return ()
        bekend = [r for r in regels if r is not None]
        stappen = list(map(sub, bekend[1:], bekend))
        eerste, laatste = self._op_lijn(nummers[0]), self._op_lijn(nummers[-1])
        # Written by a program all lines are alike, and what is the same from first to last need not be measured in between.
        if gewoon and eerste is laatste and len(set(stappen)) <= 1:
            return (eerste,)
        gelezen = [eerste]
        for n in range(1, len(nummers) - 1):
            zelfde = gewoon and stappen[n] == stappen[n - 1]
            gelezen.append(gelezen[-1] if zelfde else self._op_lijn(nummers[n]))
        return (*gelezen, laatste)[: len(nummers)]

    def _op_lijn(self, nummer: Element) -> Afstanden:
        ouder = nummer.getparent()
        return _GEEN if ouder is None else self._afstand(nummer.sourceline, ouder)

    def _afstand(self, begin: int | None, elementen: Iterable[Element]) -> Afstanden:
        """Lines from a first one to each element; one mapping for all that stand alike."""
        if begin is None:
            return _GEEN
        sleutel = tuple((str(e.tag), (e.sourceline or begin) - begin) for e in elementen)
        if (bekend := self._afstanden.get(sleutel)) is None:
            bekend = self._afstanden[sleutel] = {tag.rpartition("}")[2]: verschil for tag, verschil in sleutel}
        return bekend

    def _lijnen(self, nummers: Sequence[Element], teksten: Sequence[str]) -> tuple[Lijn, ...]:
        # A call for each value is what costs: the six that every line has come out of libxml2 at once.
        gelezen = []
        for nummer, volgnummer, *rest in zip(nummers, *(teksten[n::_VAST] for n in range(_VAST)), strict=True):
            if (vorm := self._vormen.get(sleutel := tuple(rest))) is None:
                code, van, tot, aantal, bedrag = sleutel
                vorm = self._vormen[sleutel] = (code, datum(van), datum(tot), int(aantal), int(bedrag), None, 0)
            gelezen.append(Lijn._make((int(volgnummer), nummer.sourceline, *vorm)))
        return tuple(gelezen)

    @staticmethod
    def _lijn(element: Element) -> Lijn:
        return Lijn(
            volgnummer=int(tekst(element, FACTUUR, "Volgnummer")),
            prestatiecode=tekst(element, FACTUUR, "Prestatiecode"),
            van=datum(tekst(element, FACTUUR, "Van")),
            tot=datum(tekst(element, FACTUUR, "Tot")),
            aantal=int(tekst(element, FACTUUR, "Aantal")),
            bedrag=int(tekst(element, FACTUUR, "Bedrag")),
            # Of an element with a text libxml2 knows the line also beyond 65,535.
            regel=kind(element, FACTUUR, "Volgnummer").sourceline,
            betrekkelijk=tekst_of_none(element, FACTUUR, "BetrekkelijkeVerstrekking"),
            aandeel=int(tekst_of_none(element, FACTUUR, "PersoonlijkAandeel") or 0),
        )


def lees_zending(element: Element) -> Zending:
    """Read a schema-valid Zending that stands in memory whole."""
    lezer = Zendinglezer()
    for factuur in element.iterchildren(FACTUUR_TAG):
        lezer.neem(factuur)
    return lezer.klaar(element)


def _maand(waarde: str) -> date:
    return date.fromisoformat(f"{waarde[:7]}-01")


def _lees_vorige(element: Element) -> VorigeFactuur:
    return VorigeFactuur(
        factuurnummer=tekst(element, FACTUUR, "Factuurnummer"),
        zendingnummer=tekst_of_none(element, FACTUUR, "Zendingnummer") or "",
        maand=_maand(tekst(element, FACTUUR, "Maand")),
    )
