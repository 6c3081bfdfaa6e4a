"""What the addresses of settlements give and take; amounts are cents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from gateway.api.modellen import TEKST, Gedaan, Model, Sha256

TEGELIJK = 500
"""Records that one request ticks or unticks."""


class Zendingregel(Model):
    """An accepted zending of one facility; amounts are cents. No personal data."""

    bericht_id: str
    pijler: str
    test: bool
    derdebetalende: str
    voorziening_naam: str | None
    jaar: int
    nummer: str
    maand: date
    ontvangen_op: datetime
    gevraagd: int
    aanvaard: int
    """What the gateway accepted, and the zorgkas settles."""
    geweigerd: int


class Weigering(Model):
    """Why somebody of the zorgkas means to refuse a record."""

    code: str
    motivering: str
    persoon: str
    op: datetime


class Factuurrecord(Model):
    """One record of an invoice; amounts are cents."""

    factuurnummer: str
    volgnummer: int
    dossiernummer: str
    naam: str | None
    """Of the person."""
    prestatiecode: str
    van: date
    tot: date
    aantal: int
    bedrag: int
    aandeel: int
    toestand: Literal["telt", "geweigerd", "vast"]
    """`geweigerd` before; `vast`: a credit, or credited since. Only what counts (`telt`) can be refused."""
    voorstel: Weigering | None
    mee: bool
    """Refused along with a ticked day, whose personal share it is."""


class Zendingdossier(Zendingregel):
    """A zending with a page of its records and what is ticked in all of it."""

    stand: str
    """Digest of what is ticked; settling says with it what was seen."""
    te_weigeren: int
    te_betalen: int
    items: list[Factuurrecord]
    volgende: str | None = None


class Recordsleutel(Model):
    factuurnummer: Annotated[str, Field(min_length=1, max_length=12, pattern=TEKST)]
    volgnummer: Annotated[int, Field(ge=1, le=999_999_999)]


class Voorstel(Model):
    """Records to refuse, why, and what the facility will read."""

    lijnen: Annotated[list[Recordsleutel], Field(min_length=1, max_length=TEGELIJK)]
    code: Annotated[str, Field(max_length=40)]
    motivering: Annotated[str, Field(min_length=10, max_length=2000)]


class Voorgesteld(Gedaan):
    lijnen: int
    """How many were ticked or unticked by this request."""


class NieuweAfrekening(Model):
    """What is settled: the proposal as it was seen, and the reference of the payment of the rest."""

    betaalreferentie: Annotated[str, Field(min_length=1, max_length=22)]
    stand: Sha256
    te_weigeren: Annotated[int, Field(ge=0, le=10**15, description="Cents, as they were seen.")]


class Afrekening(Zendingregel):
    """What was settled; amounts are cents."""

    afgerekend: int | None
    """What the zorgkas pays."""
    afgerekend_op: datetime | None
    betaalreferentie: str | None
    ingetrokken_op: datetime | None
    """The facility took the zending back."""


class Geweigerd(Model):
    """A record that is not paid."""

    factuurnummer: str
    volgnummer: int
    prestatiecode: str
    bedrag: int
    code: str
    door: str
    """`gateway`, or the zorgkas by manual control."""
    motivering: str | None
    """The words of who refused it by hand; a settlement by message may have none."""
    naam: str | None
    """Of the member. This, the dossier and the days are null once the bytes of the zending are in the archive."""
    dossiernummer: str | None
    van: date | None
    tot: date | None


class Afrekeningdossier(Afrekening):
    """A settlement with a page of the records that are not paid."""

    door: str | None
    """Who settled; null: the zorgkas's software, by message."""
    items: list[Geweigerd]
    volgende: str | None = None
