"""The tables of the reference data. Both days of a period are inside it; no `tot` means it still runs."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table

from gateway.store.metadata import metadata
from gateway.store.types import Moment

_BigId = BigInteger().with_variant(Integer, "sqlite")

zorgkas = Table(
    "zorgkas",
    metadata,
    Column("code", String(3), primary_key=True),
    Column("naam", String(128), nullable=False),
    Column("kbo", String(10), nullable=False, unique=True),
    Column("levering", String(8), nullable=False, comment="pull, soap, map, sftp or s3"),
    Column("endpoint", String(512), comment="where to deliver, unless levering is pull"),
    Column("actief", Boolean, nullable=False),
)

persoon = Table(
    "persoon",
    metadata,
    Column("insz", String(11), primary_key=True),
    Column("naam", String(128), nullable=False),
    Column("voornaam", String(128), nullable=False),
    Column("geboortedatum", Date),
    Column("geslacht", String(1), comment="M, V or X"),
    Column("adres", String(256)),
    Column("overlijdensdatum", Date),
    Column("aansluiting_mogelijk", Boolean, nullable=False),
)

aansluiting = Table(
    "aansluiting",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("insz", String(11), ForeignKey("persoon.insz"), nullable=False, index=True),
    Column("zorgkas", String(3), ForeignKey("zorgkas.code"), nullable=False),
    Column("type", String(16), nullable=False, comment="officieel or administratief"),
    Column("van", Date, nullable=False),
    Column("tot", Date),
)

voorziening = Table(
    "voorziening",
    metadata,
    Column("riziv", String(11), primary_key=True),
    Column("naam", String(128), nullable=False),
    Column("kwaliteit", String(64), nullable=False, comment="eHealth quality, for example NIHII-PROT_ACC"),
    Column("kbo", String(10)),
    Column("iban", String(34)),
)

erkenning = Table(
    "erkenning",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("riziv", String(11), ForeignKey("voorziening.riziv"), nullable=False),
    Column("pijler", String(16), nullable=False),
    Column("van", Date, nullable=False),
    Column("tot", Date),
    Index("ix_erkenning_riziv_pijler", "riziv", "pijler"),
)

attest = Table(
    "attest",
    metadata,
    Column("nummer", String(32), primary_key=True),
    Column("leverancier", String(128), nullable=False),
    Column("product", String(128), nullable=False),
    Column("versie_van", String(32), nullable=False),
    Column("versie_tot", String(32), nullable=False),
    Column("pijlers", JSON, nullable=False, comment="list of pillar names"),
    Column("van", Date, nullable=False),
    Column("tot", Date),
    Column("geschorst", Boolean, nullable=False),
    Column("licentie_gebruiker", String(64), unique=True),
    Column("licentie_hash", String(64), comment="SHA-256 of the licence password, hex"),
)

attestatie = Table(
    "attestatie",
    metadata,
    Column("sessie", String(64), primary_key=True),
    Column("attest", String(32), ForeignKey("attest.nummer"), nullable=False, index=True),
    Column("pijler", String(16), nullable=False),
    Column("cookbook", String(32), nullable=False, comment="version of the pillar's cookbook that was attested"),
    Column("suite", String(32), nullable=False),
    Column("plan", String(64), nullable=False, comment="SHA-256, hex"),
    Column("bewijs", String(64), nullable=False, comment="SHA-256 of the list of evidence, hex"),
    Column("ondertekenaar", String(128), nullable=False),
    Column("geregistreerd_op", Moment, nullable=False),
    Column("verklaring", LargeBinary, nullable=False, comment="the sealed statement"),
)
"""Runs of the conformance suite that an attest rests on; a run is registered once."""

verklaring = Table(
    "verklaring",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("riziv", String(11), ForeignKey("voorziening.riziv"), nullable=False, index=True),
    Column("van", Date, nullable=False),
    Column("tot", Date),
)
"""Circle-of-trust declarations on honour (facts vsb.md §2.3)."""

mandaat = Table(
    "mandaat",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    # No foreign key: a mandatary need not be a facility itself.
    Column("gemachtigde_riziv", String(11), nullable=False),
    Column("voorziening_riziv", String(11), ForeignKey("voorziening.riziv"), nullable=False),
    Column("pijler", String(16), nullable=False),
    Column("van", Date, nullable=False),
    Column("tot", Date),
    Index("ix_mandaat_voorziening_gemachtigde", "voorziening_riziv", "gemachtigde_riziv"),
)

prijs = Table(
    "prijs",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("prestatiecode", String(7), nullable=False),
    Column("riziv", String(11), ForeignKey("voorziening.riziv"), comment="no number: every facility"),
    Column("van", Date, nullable=False),
    Column("tot", Date),
    Column("bedrag", BigInteger, nullable=False, comment="cents per unit"),
    Column("bron", String(256), nullable=False),
    Index("ix_prijs_riziv_prestatiecode", "riziv", "prestatiecode"),
)

statuut = Table(
    "statuut",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("insz", String(11), ForeignKey("persoon.insz"), nullable=False, index=True),
    Column("statuut", String(32), nullable=False),
    Column("van", Date, nullable=False),
    Column("tot", Date),
)
"""What lowers a person's own share (facts vsb.md §3.5, IncreasedAllowance)."""

betrekking = Table(
    "betrekking",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("prestatiecode", String(7), nullable=False),
    Column("betrekkelijk", String(7), nullable=False),
    Column("van", Date, nullable=False),
    Column("tot", Date),
    Column("bron", String(256), nullable=False),
    Index("ix_betrekking_prestatiecode", "prestatiecode"),
)
"""Which performance code asks for which other one beside it (betrekkelijke verstrekking, facts vsb.md §5)."""

capaciteit = Table(
    "capaciteit",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("riziv", String(11), ForeignKey("voorziening.riziv"), nullable=False),
    Column("pijler", String(16), nullable=False),
    Column("van", Date, nullable=False),
    Column("tot", Date),
    Column("plaatsen", Integer, nullable=False),
    Index("ix_capaciteit_riziv_pijler", "riziv", "pijler"),
)
"""Recognised places; a period is a calendar year as a rule (facts vsb.md §4.1)."""

laadbeurt = Table(
    "laadbeurt",
    metadata,
    Column("id", _BigId, primary_key=True, autoincrement=True),
    Column("bestand", String(255), nullable=False),
    Column("soort", String(32), nullable=False),
    Column("rijen", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("wanneer", Moment, nullable=False),
)
"""Which files made the reference data what it is."""

invoer = Table(
    "invoer",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("bestanden", JSON, nullable=False, comment="list of naam, octetten and sha256, in the order of sending"),
    Column("toestand", String(16), nullable=False),
    Column("gelezen", BigInteger, nullable=False, comment="octets read by the step under way"),
    Column("verslag", JSON, comment="what the check found, bounded"),
    Column("probleem", String(500), comment="why it failed, without personal data"),
    Column("door", String(128), nullable=False, comment="who sent it"),
    Column("gemaakt_op", Moment, nullable=False),
    Column("bijgewerkt_op", Moment, nullable=False, comment="the last sign of life of the step under way"),
    Index("ix_invoer_gemaakt", "gemaakt_op"),
)
"""Reference files that somebody sent by screen or API: checked, shown, and loaded when somebody agrees."""
