"""The tables of messages, their lives, dossiers, invoices and deliveries.

Payload bytes stand apart from the rows that are searched. Reference data has its own tables in gateway/reference.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from gateway.store.metadata import metadata
from gateway.store.types import Moment, maandkolom

_BigId = BigInteger().with_variant(Integer, "sqlite")

bericht = Table(
    "bericht",
    metadata,
    Column("id", String(36), primary_key=True, comment="UUID version 7, made by the gateway"),
    Column("dienst", String(32), nullable=False),
    Column("afzender", String(64), nullable=False, comment="riziv:<8 digits> or zorgkas:<code>"),
    Column("bedrijfs_id", String(64), nullable=False, comment="BerichtId or InputReference of the sender"),
    Column("pijler", String(16), nullable=False),
    Column("soort", String(32), nullable=False),
    Column("test", Boolean, nullable=False),
    Column("stap", String(32), nullable=False, comment="last step of its life"),
    Column("uitkomst", String(16)),
    Column("ontvangen_op", Moment, nullable=False),
    Column("octetten", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False, comment="of the HTTP body"),
    Column("inhoud_sha256", String(64), nullable=False, comment="of the canonical payload or the blob's content"),
    Column("identiteit", String(128), nullable=False),
    Column("certificaat_sha256", String(64), nullable=False),
    Column("voorziening", String(11)),
    Column("insz", String(11)),
    Column("dossiernummer", String(32)),
    Column("zorgkas", String(3)),
    Column("referentiedatum", Date),
    Column("antwoord", LargeBinary, comment="payload of the first answer, given again to the same message"),
    Column("attest", String(32), comment="number of the software's attest"),
    UniqueConstraint("afzender", "dienst", "bedrijfs_id"),
    Index("ix_bericht_sha256", "sha256"),
    Index("ix_bericht_ontvangen", "ontvangen_op", "id"),
    Index("ix_bericht_attest", "attest", "id"),
    # What people search by; an id sorts by time, so behind each key it is the key of the next page.
    Index("ix_bericht_bedrijfs_id", "bedrijfs_id"),
    Index("ix_bericht_inhoud_sha256", "inhoud_sha256"),
    Index("ix_bericht_afzender", "afzender", "id"),
    Index("ix_bericht_voorziening", "voorziening", "id"),
    Index("ix_bericht_insz", "insz", "id"),
    Index("ix_bericht_zorgkas", "zorgkas", "id"),
    Index("ix_bericht_stroom", "pijler", "stap", "id"),
    Index("ix_bericht_dossiernummer", "dossiernummer", "id"),
)

bericht_inhoud = Table(
    "bericht_inhoud",
    metadata,
    Column("bericht_id", String(36), ForeignKey("bericht.id"), primary_key=True),
    maandkolom("bericht_id"),
    Column("content_type", String(255), nullable=False),
    Column("octetten", LargeBinary, nullable=False, comment="HTTP body, byte for byte"),
    postgresql_partition_by="RANGE (maand)",
)

levensstap = Table(
    "levensstap",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("bericht_id", String(36), ForeignKey("bericht.id"), nullable=False),
    Column("stap", String(32), nullable=False),
    Column("tijdstip", Moment, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("toelichting", Text),
    Index("ix_levensstap_bericht", "bericht_id", "id"),
)

beslissing = Table(
    "beslissing",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("bericht_id", String(36), ForeignKey("bericht.id"), nullable=False, index=True),
    Column("uitkomst", String(16), nullable=False),
    Column("door", String(64), nullable=False, comment="gateway or zorgkas:<code>"),
    Column("op", Moment, nullable=False),
    Column("redenen", JSON, nullable=False),
    Column("gecontroleerd", JSON, nullable=False),
    Column("cookbook", String(64), nullable=False),
)

dossier = Table(
    "dossier",
    metadata,
    Column("dossiernummer", String(32), primary_key=True),
    Column("pijler", String(16), nullable=False),
    Column("voorziening", String(11), nullable=False),
    Column("insz", String(11), nullable=False, index=True),
    Column("start", Date, nullable=False),
    Column("einde", Date),
    Column("type_verblijf", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("bericht_id", String(36), ForeignKey("bericht.id"), nullable=False),
    Column("akkoord_tot", Date),
    Column("categorie", String(128)),
    Index("ix_dossier_voorziening", "voorziening", "pijler", "start"),
)
"""How each dossier stands now; made from its events, so that it can be made again."""

dossierverloop = Table(
    "dossierverloop",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("dossiernummer", String(32), ForeignKey("dossier.dossiernummer"), nullable=False),
    Column("bericht_id", String(36), ForeignKey("bericht.id"), nullable=False, unique=True),
    Column("soort", String(32), nullable=False),
    Column("dag", Date, nullable=False),
    Column("tot", Date),
    Column("velden", JSON, nullable=False, comment="what the message said, by path"),
    Column("status", String(16), nullable=False),
    Index("ix_dossierverloop_dossiernummer", "dossiernummer", "id"),
)

dossierzorgkas = Table(
    "dossierzorgkas",
    metadata,
    Column("dossiernummer", String(32), ForeignKey("dossier.dossiernummer"), primary_key=True),
    Column("van", Date, primary_key=True, comment="first day at the zorgkas, from the person's affiliation"),
    Column("zorgkas", String(3), nullable=False),
    Column("gemeld_op", Moment, nullable=False),
)
"""Changes of zorgkas that facility and zorgkassen were told of."""

beraad = Table(
    "beraad",
    metadata,
    Column("bericht_id", String(36), ForeignKey("bericht.id"), primary_key=True),
    Column("zorgkas", String(3), nullable=False),
    Column("sinds", Moment, nullable=False),
    Column("vervalt_op", Date, nullable=False, comment="the day on which it is refused by itself"),
    Column("herinnerd_op", Date, comment="the day that the last reminder was for"),
    Column("gesloten_op", Moment),
    Column("pijler", String(16), comment="of the message; so that the index alone leaves out what is of another"),
    Index("ix_beraad_vervalt", "gesloten_op", "vervalt_op"),
    Index("ix_beraad_zorgkas", "zorgkas", "gesloten_op", "vervalt_op", "bericht_id", "pijler"),
)
"""Messages that wait, or waited, for a zorgkas's decision."""

zending = Table(
    "zending",
    metadata,
    Column("bericht_id", String(36), ForeignKey("bericht.id"), primary_key=True),
    Column("derdebetalende", String(11), nullable=False),
    Column("jaar", Integer, nullable=False),
    Column("nummer", String(3), nullable=False),
    Column("maand", Date, nullable=False),
    Column("zorgkas", String(3), nullable=False),
    Column("gevraagd", BigInteger, nullable=False),
    Column("aanvaard", BigInteger, nullable=False),
    Column("geweigerd", BigInteger, nullable=False),
    Column("afgerekend", BigInteger, comment="accepted amount in the zorgkas's settlement"),
    Column("afgerekend_op", Moment),
    Column("betaalreferentie", String(22)),
    Column("ingetrokken_op", Moment, comment="taken back by the facility"),
    UniqueConstraint("derdebetalende", "jaar", "nummer"),
    Index("ix_zending_maand", "derdebetalende", "maand"),
    Index("ix_zending_nummer", "nummer", "jaar", "bericht_id"),
    Index("ix_zending_zorgkas", "zorgkas", "afgerekend_op", "bericht_id"),
)
"""Only accepted zendingen: a refused one leaves its number free (facts vsb.md §5.4)."""

gefactureerde_dag = Table(
    "gefactureerde_dag",
    metadata,
    Column("voorziening", String(11), primary_key=True),
    Column("insz", String(11), primary_key=True),
    Column("prestatiecode", String(7), primary_key=True),
    Column("dag", Date, primary_key=True),
    Column("bericht_id", String(36), ForeignKey("bericht.id"), nullable=False),
    Index("ix_gefactureerde_dag_insz", "insz", "dag"),
    Index("ix_gefactureerde_dag_bericht", "bericht_id"),
)

geweigerde_lijn = Table(
    "geweigerde_lijn",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("bericht_id", String(36), ForeignKey("bericht.id"), nullable=False),
    Column("factuurnummer", String(12), nullable=False),
    Column("volgnummer", Integer, nullable=False),
    Column("prestatiecode", String(7), nullable=False),
    Column("bedrag", BigInteger, nullable=False),
    Column("code", String(40), nullable=False, comment="the first reason for it, or the zorgkas's"),
    Column("door", String(64), nullable=False, comment="gateway, or zorgkas:<code> by manual control"),
    Column("motivering", Text, comment="the words of who refused it by hand; a settlement by message may have none"),
    Index("ix_geweigerde_lijn_bericht", "bericht_id", "factuurnummer", "volgnummer"),
)
"""Records of an accepted zending that are not paid."""

taak = Table(
    "taak",
    metadata,
    Column("bericht_id", String(36), ForeignKey("bericht.id"), primary_key=True),
    Column("pogingen", Integer, nullable=False),
    Column("volgende_poging", Moment, nullable=False, index=True),
    Column("lease_tot", Moment),
    Column("lease_van", String(64)),
)
"""Accepted for processing and not processed yet; the row goes in the transaction that decides."""

levering = Table(
    "levering",
    metadata,
    Column("nr", _BigId, primary_key=True, autoincrement=True, comment="rises in the order in which deliveries were committed"),
    Column("id", String(36), nullable=False, unique=True),
    Column("bericht_id", String(36), ForeignKey("bericht.id"), nullable=False, index=True),
    Column("bestemming", String(64), nullable=False, comment="riziv:<8 digits> or zorgkas:<code>"),
    Column("transport", String(16), nullable=False, comment="pull, or one of the transports that push"),
    Column("soort", String(8), nullable=False, server_default="bericht", comment="bericht or tack"),
    Column("message_name", String(64), nullable=False),
    Column("input_reference", String(64), nullable=False),
    Column("hash", String(64), nullable=False, comment="SHA-256 of the content, or the value of a TAck, hex"),
    Column("octetten", BigInteger, nullable=False, server_default="0"),
    Column("test", Boolean, nullable=False, server_default=false()),
    Column("volgorde", String(64), comment="deliveries with the same key go in order; a digest, not an INSZ"),
    Column("toestand", String(16), nullable=False),
    Column("pogingen", Integer, nullable=False),
    Column("weigeringen", Integer, nullable=False, server_default="0", comment="attempts that reached the receiver and failed"),
    Column("volgende_poging", Moment, nullable=False),
    Column("proberen_tot", Moment, comment="set when a person sends it again; else the policy's days after it was made"),
    Column("lease_tot", Moment),
    Column("lease_van", String(64), comment="the worker that holds it"),
    Column("gepubliceerd_op", Moment, comment="when its id last went to the broker"),
    Column("aangemaakt_op", Moment, nullable=False),
    Column("afgeleverd_op", Moment),
    Column("bevestigd_op", Moment),
    Column("ontvangst", String(200), comment="reference of the receiver's own receipt"),
    Index("ix_levering_werk", "bestemming", "transport", "toestand", "volgende_poging"),
    Index("ix_levering_bus", "bestemming", "toestand", "nr"),
    Index("ix_levering_volgorde", "volgorde", "bestemming", "nr"),
    Index("ix_levering_hash", "hash"),
)

levering_inhoud = Table(
    "levering_inhoud",
    metadata,
    Column("levering_id", String(36), ForeignKey("levering.id"), primary_key=True),
    maandkolom("levering_id"),
    Column("octetten", LargeBinary, nullable=False),
    postgresql_partition_by="RANGE (maand)",
)

lijn = Table(
    "lijn",
    metadata,
    Column("bestemming", String(64), primary_key=True),
    Column("toestand", String(16), nullable=False, comment="gesloten, open or halfopen: a circuit breaker"),
    Column("fouten", Integer, nullable=False, comment="failures in a row"),
    Column("sinds", Moment, nullable=False),
    Column("open_tot", Moment, comment="when the next probe may go"),
    Column("gepauzeerd_door", String(128), comment="the operator who stopped deliveries; none: not paused"),
    Column("gepauzeerd_reden", String(200)),
)
"""The line to a receiver, shared by all workers; no row: closed, never failed."""

poging = Table(
    "poging",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("levering_id", String(36), ForeignKey("levering.id"), nullable=False, index=True),
    Column("begin", Moment, nullable=False),
    Column("einde", Moment, nullable=False),
    Column("gelukt", Boolean, nullable=False),
    Column("werker", String(64), nullable=False, server_default=text("''")),
    Column("melding", String(500), nullable=False),
)

gezien = Table(
    "gezien",
    metadata,
    Column("sleutel", String(64), primary_key=True, comment="SHA-256 over certificate and SignedInfo"),
    Column("tot", Moment, nullable=False, index=True),
)
"""Signatures that bind no content (Timestamp-only), remembered for as long as their Timestamp could be accepted."""

certificaat = Table(
    "certificaat",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("sha1", String(40), nullable=False, index=True),
    Column("ski", String(128), nullable=False, index=True),
    Column("serienummer", String(64), nullable=False, index=True, comment="hex"),
    Column("identiteit", String(128), nullable=False),
    Column("geldig_tot", Moment, nullable=False, index=True),
    Column("eerst_gezien", Moment, nullable=False),
    Column("der", LargeBinary, nullable=False),
)
"""Certificates of proven senders."""

raadpleging = Table(
    "raadpleging",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("tijdstip", Moment, nullable=False),
    Column("afzender", String(64), nullable=False),
    Column("bericht_id", String(64), nullable=False),
    Column("insz", String(11), nullable=False),
    Column("van", Date, nullable=False),
    Column("tot", Date, nullable=False),
    Column("inhoud_sha256", String(64), comment="of the canonical question"),
    Index("ix_raadpleging_afzender", "afzender", "bericht_id"),
)
"""Who asked about whom: every look at a person's insurability."""

alarm = Table(
    "alarm",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("soort", String(32), nullable=False),
    Column("onderwerp", String(128), nullable=False),
    Column("ernst", String(16), nullable=False),
    Column("toelichting", String(500), nullable=False),
    Column("geopend_op", Moment, nullable=False),
    Column("gesloten_op", Moment),
    Index(
        "ix_alarm_open",
        "soort",
        "onderwerp",
        unique=True,
        sqlite_where=text("gesloten_op IS NULL"),
        postgresql_where=text("gesloten_op IS NULL"),
    ),
    Index("ix_alarm_geopend", "geopend_op"),
)
"""What an operator must know; one open row for each kind and subject."""

postbus_vraag = Table(
    "postbus_vraag",
    metadata,
    Column("bestemming", String(64), primary_key=True),
    Column("laatst", Moment, nullable=False),
)
"""When a mailbox last said that it is empty."""

tack_waarde = Table(
    "tack_waarde",
    metadata,
    Column("bericht_id", String(36), ForeignKey("bericht.id"), primary_key=True),
    Column("geslaagd", String(64), nullable=False, comment="HMAC of the request keyed with success, hex"),
    Column("mislukt", String(64), nullable=False),
)
"""What later TAcks over a post say, computed while its content is at hand."""
