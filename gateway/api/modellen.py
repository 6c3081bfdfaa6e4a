"""What the API gives and takes; names as the domain writes them, moments in UTC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
TEKST = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: they are in no name, and a database may refuse them."""

Reden = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
"""Why, for the audit chain; no personal data."""
Riziv = Annotated[str, Field(pattern=r"^[0-9]{11}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Model(BaseModel):
    """Made from a row, and closed: an unknown field in a request is a mistake."""

    model_config = ConfigDict(from_attributes=True, extra="forbid", use_attribute_docstrings=True)


class Bladzijde(Model, Generic[T]):
    """A page; `volgende` asks for the page after it."""

    items: list[T]
    volgende: str | None = None


class MetReden(Model):
    """An act."""

    reden: Reden


class Bericht(Model):
    """A stored message; no personal data."""

    id: str
    """MessageId that the gateway gave: UUID version 7."""
    dienst: str
    """Service: aanvraag, facturatie or zorgkas."""
    afzender: str
    """Who sent it: riziv:<8 digits> or zorgkas:<code>."""
    bedrijfs_id: str
    """BerichtId or InputReference that the sender gave."""
    pijler: str
    """Pillar, as eibwfin; empty of what a zorgkas sent."""
    soort: str
    """Kind: StartVerblijf, Zending …"""
    test: bool
    """Sent as a test message."""
    stap: str
    """Last step of its life: ontvangen, technisch_aanvaard, gerouteerd …"""
    uitkomst: str | None
    """aanvaard, geweigerd or in_beraad; null: not judged yet."""
    ontvangen_op: datetime
    octetten: int
    """Of the HTTP body."""
    sha256: str
    """Of the HTTP body, hex."""
    inhoud_sha256: str
    """Of the canonical payload, or of what is in the blob, hex."""
    voorziening: str | None
    """RIZIV number, 11 digits, of the facility that it is about."""
    zorgkas: str | None
    """Code of the zorgkas that it goes to."""
    dossiernummer: str | None


class Stap(Model):
    stap: str
    tijdstip: datetime
    actor: str
    toelichting: str | None


class Beslissing(Model):
    uitkomst: str
    door: str
    op: datetime
    cookbook: str
    redenen: list[dict[str, Any]]


class Levering(Model):
    """What goes to a receiver."""

    id: str
    bericht_id: str
    bestemming: str
    transport: str
    soort: str
    message_name: str
    toestand: str
    pogingen: int
    weigeringen: int
    aangemaakt_op: datetime
    volgende_poging: datetime
    afgeleverd_op: datetime | None
    bevestigd_op: datetime | None


class Berichtpagina(Bericht):
    """A message with its whole life."""

    levensloop: list[Stap]
    beslissingen: list[Beslissing]
    leveringen: list[Levering]


class Lijn(Model):
    """The line to a zorgkas."""

    bestemming: str
    zorgkas: str
    naam: str
    stand: Annotated[
        Literal["loopt", "onderbroken", "probeert opnieuw", "gepauzeerd"],
        Field(description="How the line is, in the words of the screens: only when it is `loopt` deliveries go out."),
    ]
    toestand: Annotated[
        Literal["gesloten", "open", "halfopen"],
        Field(description="The circuit breaker: `gesloten` (closed) lets deliveries through, `open` stops them."),
    ]
    gepauzeerd_door: str | None
    gepauzeerd_reden: str | None
    wachtend: Annotated[int, Field(description="Deliveries that are not closed yet; counted to 10,000.")]
    oudste: Annotated[datetime | None, Field(description="When the oldest of these was made.")]
    mislukt: Annotated[int, Field(description="Dead letters, without what was given up; counted to 10,000.")]
    laatste_fout: Annotated[str | None, Field(description="Of a line with failures: what the last one was.")]
    laatste_fout_op: datetime | None


class Gedaan(Model):
    """An act was done."""

    gedaan: str


class Attest(Model):
    nummer: str
    leverancier: str
    product: str
    versie_van: str
    versie_tot: str
    pijlers: list[str]
    van: date
    tot: date | None
    geschorst: bool
    licentie_gebruiker: str | None


class NieuwAttest(MetReden):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "nummer": "VSB-2026-0007", "leverancier": "Zorgsoft NV", "product": "ZorgSoft", "versie_van": "3.0",
                    "versie_tot": "3.99", "pijlers": ["eibwfin"], "van": "2026-01-01", "reden": "Attestatie geslaagd.",
                }
            ]
        }
    )  # fmt: skip

    nummer: Annotated[str, Field(max_length=32)]
    leverancier: Annotated[str, Field(max_length=128)]
    product: Annotated[str, Field(max_length=128)]
    versie_van: Annotated[str, Field(max_length=32)]
    versie_tot: Annotated[str, Field(max_length=32)]
    pijlers: Annotated[list[str], Field(min_length=1, max_length=20)]
    van: date
    tot: date | None = None
    licentie_gebruiker: Annotated[str, Field(max_length=64)] | None = None
    licentie_hash: Sha256 | None = None
    """SHA-256 of the licence password."""


class Einde(MetReden):
    """A last day."""

    tot: date


class Periode(Model):
    """A declaration, recognition or mandate; what a list does not have is null."""

    voorziening: str
    naam: str
    pijler: str | None
    gemachtigde: str | None
    van: date
    tot: date | None


class NieuwePeriode(MetReden):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"voorziening": "72090103000", "pijler": "eibwfin", "van": "2026-01-01", "reden": "Erkend bij besluit."}]
        }
    )

    voorziening: Riziv
    pijler: Annotated[str, Field(max_length=16)] | None = None
    gemachtigde: Riziv | None = None
    van: date
    tot: date | None = None


class Periodeinde(MetReden):
    voorziening: Riziv
    pijler: Annotated[str, Field(max_length=16)] | None = None
    gemachtigde: Riziv | None = None
    tot: date


class Rapport(Model):
    """Rows of a report: `kolommen` says what stands where in each row; amounts are cents."""

    rapport: str
    bijgewerkt_op: datetime | None
    kolommen: list[str]
    rijen: list[list[str | int | None]]
    volgende: str | None = None


class Doorlooptijd(Model):
    """Seconds from receipt to the zorgkas."""

    pijler: str
    zorgkas: str
    berichten: int
    p50: int
    p90: int
    p99: int
    op_tijd: int
    belofte: int | None


class Bestand(Model):
    naam: str
    octetten: int
    sha256: str


class Invoer(Model):
    """Reference files that were sent; `verslag` tells what the check found."""

    id: str
    toestand: str
    bestanden: list[Bestand]
    gelezen: int
    door: str
    gemaakt_op: datetime
    bijgewerkt_op: datetime
    probleem: str | None


class Invoerverslag(Invoer):
    verslag: dict[str, Any] | None


class Akkoord(Model):
    """The SHA-256 of each file as it was shown, in its order."""

    sha256: Annotated[list[Sha256], Field(min_length=1, max_length=12)]


class Pijler(Model):
    pijler: str
    naam: str
    versie: str
    ingangsdatum: date
    belofte_minuten: int


class Regel(Model):
    code: str
    familie: str
    weigert: str
    soorten: list[str]
    tekst: str
    tekst_en: str
    remedie: str
    bron: str
    sinds: date | None
    gewijzigd: date | None


class Prijs(Model):
    prestatiecode: str
    voorziening: str | None
    van: date
    tot: date | None
    bedrag: int
    bron: str


class Prijswijziging(Model):
    prestatiecode: str
    voorziening: str | None
    was: int | None
    wordt: int | None
    sinds: date | None


class Wijziging(Model):
    dag: date
    soort: str
    wat: str
    code: str
    tekst: str


class Wijzigingen(Model):
    regels: list[Wijziging]
    prijzen: list[Prijswijziging]


class Ik(Model):
    """Who asks."""

    account: str
    """account:<name>, or oidc:<subject>@<host of the provider>; stands in the audit log."""
    naam: str
    rol: str
    """The role of this request; X-Vsb-Rol chooses another."""
    zorgkas: str | None
    """Code, of role zorgkas."""
    voorzieningen: list[str]
    """RIZIV numbers of role voorziening: 8 digits stand for every qualification."""
    attesten: list[str]
    """Attest numbers of role leverancier."""
    rechten: list[str]
    """What this role may: `x-recht` of an operation is one of these."""
    doelen: list[str]
    """What X-Vsb-Doel may say."""
    csrf: str | None
    """What X-CSRF-Token must say in an act of this session; null with a token, which needs none."""


class Beraad(Model):
    """A message that waits for a zorgkas's decision."""

    bericht_id: str
    pijler: str
    soort: str
    voorziening: str | None
    voorziening_naam: str | None
    dossiernummer: str | None
    referentiedatum: date | None
    test: bool
    sinds: datetime
    vervalt_op: date


class Besluit(Model):
    """What is decided, and what the facility will read."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"uitkomst": "aanvaard", "motivering": "De overmacht is met stukken aangetoond."}]}
    )

    uitkomst: Literal["aanvaard", "geweigerd"]
    motivering: Annotated[str, Field(min_length=10, max_length=2000)]


class Stuk(Model):
    bericht_id: str
    soort: str
    dag: date
    status: str
    ontvangen_op: datetime
    zorgkas: str | None


class Dossier(Model):
    dossiernummer: str
    pijler: str
    voorziening: str
    start: date
    einde: date | None
    type_verblijf: str
    status: str
    stukken: list[Stuk]


class Dossiers(Model):
    """As they were known at the end of a day."""

    op: date
    dossiers: list[Dossier]
