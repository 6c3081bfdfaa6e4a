"""What central validation takes and gives: frozen data, no behaviour beyond derived values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property


class Effect(StrEnum):
    """What a rule that fires does to the message (facts vsb.md §4.1)."""

    GEWEIGERD = "geweigerd"
    IN_BERAAD = "in_beraad"
    SIGNAAL = "signaal"


class Uitkomst(StrEnum):
    """The decision on a message."""

    AANVAARD = "aanvaard"
    GEWEIGERD = "geweigerd"
    IN_BERAAD = "in_beraad"


class Ernst(StrEnum):
    """Severity letter of an invoice error (facts vsb.md §5.5)."""

    BLOKKEREND = "B"
    FACTUUR = "F"
    RECORD = "R"
    SIGNAAL = "S"
    VERZEKERBAARHEID = "E"


@dataclass(frozen=True, kw_only=True)
class Reden:
    """One rule that fired, worded for the vendor."""

    code: str
    effect: Effect
    tekst: str
    tekst_en: str
    plaats: str | None = None
    """XPath-like path in the message."""
    regel: int | None = None
    """Line number in the message, when known."""
    verwacht: str | None = None
    gevonden: str | None = None
    """What stood there; never a whole INSZ."""
    remedie: str | None = None
    bron: str | None = None
    """Fact, law or assumption the rule rests on."""


@dataclass(frozen=True, kw_only=True)
class Factuurfout:
    """One error in a zending, in the RRZZSS manner."""

    code: str
    ernst: Ernst
    tekst: str
    tekst_en: str
    record: str | None = None
    zone: str | None = None
    factuurnummer: str | None = None
    volgnummer: int | None = None
    plaats: str | None = None
    regel: int | None = None
    verwacht: str | None = None
    gevonden: str | None = None
    remedie: str | None = None


@dataclass(frozen=True, kw_only=True)
class Aansluiting:
    """A person's affiliation to a zorgkas; both days inside, no end means still running."""

    zorgkas: str
    type: str
    """officieel or administratief."""
    van: date
    tot: date | None

    def dekt(self, dag: date) -> bool:
        return self.van <= dag and (self.tot is None or dag <= self.tot)

    def raakt(self, van: date, tot: date) -> bool:
        return self.van <= tot and (self.tot is None or van <= self.tot)


@dataclass(frozen=True, kw_only=True)
class Persoon:
    """A person as the members' reference data knows them."""

    insz: str
    naam: str
    voornaam: str
    geboortedatum: date | None
    geslacht: str | None
    adres: str | None
    overlijdensdatum: date | None
    aansluiting_mogelijk: bool
    """False for whom no affiliation is possible (facts vsb.md §3.2)."""
    aansluitingen: tuple[Aansluiting, ...]

    def aansluiting_op(self, dag: date) -> Aansluiting | None:
        return next((a for a in self.aansluitingen if a.dekt(dag)), None)


class Status(StrEnum):
    """Of a dossier, and of each event in it."""

    AANVAARD = "aanvaard"
    IN_BERAAD = "in_beraad"
    GEWEIGERD = "geweigerd"
    GEANNULEERD = "geannuleerd"


@dataclass(frozen=True, kw_only=True)
class Gebeurtenis:
    """One message in a dossier; never taken out, only given another status."""

    message_id: str
    soort: str
    """Kind of message, as in aanvraag.xsd."""
    dag: date
    tot: date | None
    """Last day of what was told, where the kind has one."""
    velden: Mapping[str, str]
    """What it said, by path; of a repeated field the first."""
    status: str

    @property
    def telt(self) -> bool:
        return self.status in (Status.AANVAARD, Status.IN_BERAAD)


@dataclass(frozen=True, kw_only=True)
class Verblijf:
    """A dossier: a person's track at a facility, as its events in order make it (central/dossier.py).

    It hangs on person and facility; which zorgkas has it is a matter of date (facts vsb.md §3.4).
    """

    dossiernummer: str
    pijler: str
    voorziening: str
    """RIZIV number, 11 digits."""
    insz: str
    start: date
    einde: date | None
    """Last day, inside the stay."""
    type_verblijf: str
    status: str
    """Only a dossier that is aanvaard or in_beraad counts against another."""
    akkoord_tot: date | None = None
    """Last day of the agreement, where the pillar works with terms."""
    categorie: str | None = None
    gebeurtenissen: tuple[Gebeurtenis, ...] = ()

    @property
    def telt(self) -> bool:
        return self.status in (Status.AANVAARD, Status.IN_BERAAD)

    def dekt(self, dag: date) -> bool:
        return self.start <= dag and (self.einde is None or dag <= self.einde)

    def overlapt(self, van: date, tot: date | None) -> bool:
        return (tot is None or self.start <= tot) and (self.einde is None or van <= self.einde)

    def van_soort(self, *soorten: str) -> tuple[Gebeurtenis, ...]:
        """The events of these kinds that count, in order."""
        return tuple(g for g in self.gebeurtenissen if g.soort in soorten and g.telt)


@dataclass(frozen=True, kw_only=True)
class Prijs:
    """Price of a performance code at a facility, in cents per unit; both days inside."""

    prestatiecode: str
    voorziening: str | None
    """RIZIV number of 11 digits, or None for every facility."""
    van: date
    tot: date | None
    bedrag: int

    def geldt(self, voorziening: str, dag: date) -> bool:
        return self.voorziening in (None, voorziening) and self.van <= dag and (self.tot is None or dag <= self.tot)


@dataclass(frozen=True, kw_only=True)
class Betrekking:
    """A performance code that is only invoiced with another one beside it; both days inside."""

    prestatiecode: str
    betrekkelijk: str
    van: date
    tot: date | None

    def geldt(self, dag: date) -> bool:
        return self.van <= dag and (self.tot is None or dag <= self.tot)


@dataclass(frozen=True, kw_only=True)
class Periode:
    """From a day to a day, both inside; without an end it still runs."""

    van: date
    tot: date | None


@dataclass(frozen=True, kw_only=True)
class Elders:
    """A day that another facility invoiced for a person."""

    pijler: str
    dag: date


@dataclass(frozen=True, kw_only=True)
class AanvraagContext:
    """All that the rules on an aanvraag may look at, gathered before they run."""

    ontvangen_op: datetime
    """Moment of receipt, timezone-aware."""
    persoon: Persoon | None
    verblijven: tuple[Verblijf, ...]
    """Every dossier known of this person, at any facility and pillar."""
    laatst_gefactureerd: Mapping[str, date] = field(default_factory=dict)
    """Dossiernummer to its last accepted invoiced day."""
    capaciteit: int | None = None
    """Recognised places of the facility for the pillar in the year of the care date; None when none is registered."""
    bezet: int = 0
    """Other persons' dossiers that count at the facility and pillar on the care date."""

    @property
    def vandaag(self) -> date:
        return self.ontvangen_op.date()


@dataclass(frozen=True, kw_only=True)
class ZendingContext:
    """All that the rules on a zending may look at."""

    ontvangen_op: datetime
    afzender: str
    """RIZIV number of 11 digits that the sender proved."""
    kbo: str | None
    """Enterprise number of the facility in the reference data."""
    iban: str | None
    personen: Mapping[str, Persoon]
    verblijven: Mapping[str, tuple[Verblijf, ...]]
    """INSZ to every stay known."""
    prijzen: tuple[Prijs, ...]
    gefactureerde_dagen: frozenset[tuple[str, str, date]]
    """(INSZ, performance code, day) accepted in earlier zendingen of this facility and not credited."""
    zendingnummer_gebruikt: bool
    """This number was used by an accepted zending of this third payer in this year."""
    betrekkingen: tuple[Betrekking, ...] = ()
    """Which code asks for which betrekkelijke verstrekking."""
    erkenningen: tuple[Periode, ...] = (Periode(van=date.min, tot=None),)
    """When the facility is recognised for the pillar."""
    verhoogd: Mapping[str, tuple[Periode, ...]] = field(default_factory=dict)
    """INSZ to the periods with verhoogde tegemoetkoming, in which no personal share is due."""
    elders: Mapping[str, frozenset[Elders]] = field(default_factory=dict)
    """INSZ to what other facilities invoiced, in the months of this zending."""
    bij_andere_zorgkas: Mapping[tuple[str, str, date], str] = field(default_factory=dict)
    """Of gefactureerde_dagen those that a zending for another zorgkas claims, with that zorgkas."""
    eerdere_zendingen: frozenset[tuple[str, date]] = frozenset()
    """(Number, first day of the month) of every accepted zending of this third payer."""

    @cached_property
    def al_gefactureerd(self) -> frozenset[str]:
        """INSZ of whom days were invoiced before."""
        return frozenset(insz for insz, _, _ in self.gefactureerde_dagen)

    @property
    def vandaag(self) -> date:
        return self.ontvangen_op.date()


@dataclass(frozen=True, kw_only=True)
class Beslissing:
    """The decision on an aanvraag."""

    uitkomst: Uitkomst
    redenen: tuple[Reden, ...]
    referentiedatum: date
    """The care date that decides which zorgkas."""
    gecontroleerd: tuple[str, ...]
    """Ids of every rule that ran, fired or not."""
