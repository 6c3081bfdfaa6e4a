"""first schema"""

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0001"
down_revision = None
stage = "pre"


def upgrade() -> None:
    op.create_table(
        "attest",
        sa.Column("nummer", sa.String(length=32), nullable=False),
        sa.Column("leverancier", sa.String(length=128), nullable=False),
        sa.Column("product", sa.String(length=128), nullable=False),
        sa.Column("versie_van", sa.String(length=32), nullable=False),
        sa.Column("versie_tot", sa.String(length=32), nullable=False),
        sa.Column("pijlers", sa.JSON(), nullable=False, comment="list of pillar names"),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date(), nullable=True),
        sa.Column("geschorst", sa.Boolean(), nullable=False),
        sa.Column("licentie_gebruiker", sa.String(length=64), nullable=True),
        sa.Column("licentie_hash", sa.String(length=64), nullable=True, comment="SHA-256 of the licence password, hex"),
        sa.PrimaryKeyConstraint("nummer", name=op.f("pk_attest")),
        sa.UniqueConstraint("licentie_gebruiker", name=op.f("uq_attest_licentie_gebruiker")),
    )
    op.create_table(
        "audit",
        sa.Column(
            "volgnr",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="1, 2, 3 … without gaps",
        ),
        sa.Column("tijdstip", sa.String(length=27), nullable=False, comment="UTC, 2026-01-31T12:00:00.000000Z"),
        sa.Column("gebeurtenis", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("onderwerp", sa.String(length=128), nullable=False),
        sa.Column("gegevens", sa.Text(), nullable=False, comment="canonical JSON, without personal data"),
        sa.Column("vorige_hash", sa.String(length=64), nullable=False, comment="hash of the record before, hex"),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="SHA-256 over the canonical JSON of all the above, hex"),
        sa.PrimaryKeyConstraint("volgnr", name=op.f("pk_audit")),
    )
    op.create_table(
        "audit_zegel",
        sa.Column("dag", sa.Date(), nullable=False, comment="Belgian day that was over when it was sealed"),
        sa.Column("laatste_volgnr", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="of the record with that number, hex"),
        sa.Column("document", sa.LargeBinary(), nullable=False, comment="the signed Auditzegel"),
        sa.PrimaryKeyConstraint("dag", name=op.f("pk_audit_zegel")),
    )
    op.create_table(
        "bericht",
        sa.Column("id", sa.String(length=36), nullable=False, comment="UUID version 7, made by the gateway"),
        sa.Column("dienst", sa.String(length=32), nullable=False),
        sa.Column("afzender", sa.String(length=64), nullable=False, comment="riziv:<8 digits> or zorgkas:<code>"),
        sa.Column("bedrijfs_id", sa.String(length=64), nullable=False, comment="BerichtId or InputReference of the sender"),
        sa.Column("pijler", sa.String(length=16), nullable=False),
        sa.Column("soort", sa.String(length=32), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("stap", sa.String(length=32), nullable=False, comment="last step of its life"),
        sa.Column("uitkomst", sa.String(length=16), nullable=True),
        sa.Column("ontvangen_op", Moment(), nullable=False),
        sa.Column("octetten", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the HTTP body"),
        sa.Column(
            "inhoud_sha256", sa.String(length=64), nullable=False, comment="of the canonical payload or the blob's content"
        ),
        sa.Column("identiteit", sa.String(length=128), nullable=False),
        sa.Column("certificaat_sha256", sa.String(length=64), nullable=False),
        sa.Column("voorziening", sa.String(length=11), nullable=True),
        sa.Column("insz", sa.String(length=11), nullable=True),
        sa.Column("dossiernummer", sa.String(length=32), nullable=True),
        sa.Column("zorgkas", sa.String(length=3), nullable=True),
        sa.Column("referentiedatum", sa.Date(), nullable=True),
        sa.Column(
            "antwoord", sa.LargeBinary(), nullable=True, comment="payload of the first answer, given again to the same message"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bericht")),
        sa.UniqueConstraint("afzender", "dienst", "bedrijfs_id", name=op.f("uq_bericht_afzender")),
    )
    with op.batch_alter_table("bericht", schema=None) as batch_op:
        batch_op.create_index("ix_bericht_ontvangen", ["ontvangen_op", "id"], unique=False)
        batch_op.create_index("ix_bericht_sha256", ["sha256"], unique=False)

    op.create_table(
        "certificaat",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sha1", sa.String(length=40), nullable=False),
        sa.Column("ski", sa.String(length=128), nullable=False),
        sa.Column("serienummer", sa.String(length=64), nullable=False, comment="hex"),
        sa.Column("identiteit", sa.String(length=128), nullable=False),
        sa.Column("geldig_tot", Moment(), nullable=False),
        sa.Column("eerst_gezien", Moment(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_certificaat")),
    )
    with op.batch_alter_table("certificaat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificaat_geldig_tot"), ["geldig_tot"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificaat_serienummer"), ["serienummer"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificaat_sha1"), ["sha1"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificaat_ski"), ["ski"], unique=False)

    op.create_table(
        "gezien",
        sa.Column("sleutel", sa.String(length=64), nullable=False, comment="SHA-256 over certificate and SignedInfo"),
        sa.Column("tot", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("sleutel", name=op.f("pk_gezien")),
    )
    with op.batch_alter_table("gezien", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_gezien_tot"), ["tot"], unique=False)

    op.create_table(
        "laadbeurt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("bestand", sa.String(length=255), nullable=False),
        sa.Column("soort", sa.String(length=32), nullable=False),
        sa.Column("rijen", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("wanneer", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_laadbeurt")),
    )
    op.create_table(
        "persoon",
        sa.Column("insz", sa.String(length=11), nullable=False),
        sa.Column("naam", sa.String(length=128), nullable=False),
        sa.Column("voornaam", sa.String(length=128), nullable=False),
        sa.Column("geboortedatum", sa.Date(), nullable=True),
        sa.Column("geslacht", sa.String(length=1), nullable=True, comment="M, V or X"),
        sa.Column("adres", sa.String(length=256), nullable=True),
        sa.Column("overlijdensdatum", sa.Date(), nullable=True),
        sa.Column("aansluiting_mogelijk", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("insz", name=op.f("pk_persoon")),
    )
    op.create_table(
        "raadpleging",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tijdstip", Moment(), nullable=False),
        sa.Column("afzender", sa.String(length=64), nullable=False),
        sa.Column("bericht_id", sa.String(length=64), nullable=False),
        sa.Column("insz", sa.String(length=11), nullable=False),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raadpleging")),
    )
    op.create_table(
        "voorziening",
        sa.Column("riziv", sa.String(length=11), nullable=False),
        sa.Column("naam", sa.String(length=128), nullable=False),
        sa.Column("kwaliteit", sa.String(length=64), nullable=False, comment="eHealth quality, for example NIHII-PROT_ACC"),
        sa.Column("kbo", sa.String(length=10), nullable=True),
        sa.Column("iban", sa.String(length=34), nullable=True),
        sa.PrimaryKeyConstraint("riziv", name=op.f("pk_voorziening")),
    )
    op.create_table(
        "zorgkas",
        sa.Column("code", sa.String(length=3), nullable=False),
        sa.Column("naam", sa.String(length=128), nullable=False),
        sa.Column("kbo", sa.String(length=10), nullable=False),
        sa.Column("levering", sa.String(length=8), nullable=False, comment="pull or soap"),
        sa.Column("endpoint", sa.String(length=512), nullable=True, comment="address to push to, when levering is soap"),
        sa.Column("actief", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_zorgkas")),
        sa.UniqueConstraint("kbo", name=op.f("uq_zorgkas_kbo")),
    )
    op.create_table(
        "aansluiting",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("insz", sa.String(length=11), nullable=False),
        sa.Column("zorgkas", sa.String(length=3), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False, comment="officieel or administratief"),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["insz"], ["persoon.insz"], name=op.f("fk_aansluiting_insz_persoon")),
        sa.ForeignKeyConstraint(["zorgkas"], ["zorgkas.code"], name=op.f("fk_aansluiting_zorgkas_zorgkas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aansluiting")),
    )
    with op.batch_alter_table("aansluiting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_aansluiting_insz"), ["insz"], unique=False)

    op.create_table(
        "bericht_inhoud",
        sa.Column("bericht_id", sa.String(length=36), nullable=False),
        sa.Column("content_type", sa.String(length=255), nullable=False),
        sa.Column("octetten", sa.LargeBinary(), nullable=False, comment="HTTP body, byte for byte"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("fk_bericht_inhoud_bericht_id_bericht")),
        sa.PrimaryKeyConstraint("bericht_id", name=op.f("pk_bericht_inhoud")),
    )
    op.create_table(
        "beslissing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("bericht_id", sa.String(length=36), nullable=False),
        sa.Column("uitkomst", sa.String(length=16), nullable=False),
        sa.Column("door", sa.String(length=64), nullable=False, comment="gateway or zorgkas:<code>"),
        sa.Column("op", Moment(), nullable=False),
        sa.Column("redenen", sa.JSON(), nullable=False),
        sa.Column("gecontroleerd", sa.JSON(), nullable=False),
        sa.Column("cookbook", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("fk_beslissing_bericht_id_bericht")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beslissing")),
    )
    with op.batch_alter_table("beslissing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_beslissing_bericht_id"), ["bericht_id"], unique=False)

    op.create_table(
        "dossier",
        sa.Column("dossiernummer", sa.String(length=32), nullable=False),
        sa.Column("pijler", sa.String(length=16), nullable=False),
        sa.Column("voorziening", sa.String(length=11), nullable=False),
        sa.Column("insz", sa.String(length=11), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("einde", sa.Date(), nullable=True),
        sa.Column("type_verblijf", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("bericht_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("fk_dossier_bericht_id_bericht")),
        sa.PrimaryKeyConstraint("dossiernummer", name=op.f("pk_dossier")),
    )
    with op.batch_alter_table("dossier", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dossier_insz"), ["insz"], unique=False)

    op.create_table(
        "erkenning",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("riziv", sa.String(length=11), nullable=False),
        sa.Column("pijler", sa.String(length=16), nullable=False),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["riziv"], ["voorziening.riziv"], name=op.f("fk_erkenning_riziv_voorziening")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erkenning")),
    )
    with op.batch_alter_table("erkenning", schema=None) as batch_op:
        batch_op.create_index("ix_erkenning_riziv_pijler", ["riziv", "pijler"], unique=False)

    op.create_table(
        "gefactureerde_dag",
        sa.Column("voorziening", sa.String(length=11), nullable=False),
        sa.Column("insz", sa.String(length=11), nullable=False),
        sa.Column("prestatiecode", sa.String(length=7), nullable=False),
        sa.Column("dag", sa.Date(), nullable=False),
        sa.Column("bericht_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("fk_gefactureerde_dag_bericht_id_bericht")),
        sa.PrimaryKeyConstraint("voorziening", "insz", "prestatiecode", "dag", name=op.f("pk_gefactureerde_dag")),
    )
    op.create_table(
        "levensstap",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("bericht_id", sa.String(length=36), nullable=False),
        sa.Column("stap", sa.String(length=32), nullable=False),
        sa.Column("tijdstip", Moment(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("toelichting", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("fk_levensstap_bericht_id_bericht")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_levensstap")),
    )
    with op.batch_alter_table("levensstap", schema=None) as batch_op:
        batch_op.create_index("ix_levensstap_bericht", ["bericht_id", "id"], unique=False)

    op.create_table(
        "levering",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("bericht_id", sa.String(length=36), nullable=False),
        sa.Column("bestemming", sa.String(length=64), nullable=False, comment="riziv:<8 digits> or zorgkas:<code>"),
        sa.Column("transport", sa.String(length=16), nullable=False, comment="pull or soap"),
        sa.Column("message_name", sa.String(length=64), nullable=False),
        sa.Column("input_reference", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="SHA-256 of the content, hex"),
        sa.Column("toestand", sa.String(length=16), nullable=False),
        sa.Column("pogingen", sa.Integer(), nullable=False),
        sa.Column("volgende_poging", Moment(), nullable=False),
        sa.Column("lease_tot", Moment(), nullable=True),
        sa.Column("aangemaakt_op", Moment(), nullable=False),
        sa.Column("bevestigd_op", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("fk_levering_bericht_id_bericht")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_levering")),
    )
    with op.batch_alter_table("levering", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_levering_bericht_id"), ["bericht_id"], unique=False)
        batch_op.create_index("ix_levering_bus", ["bestemming", "toestand", "aangemaakt_op", "id"], unique=False)
        batch_op.create_index("ix_levering_werk", ["transport", "toestand", "volgende_poging"], unique=False)

    op.create_table(
        "mandaat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("gemachtigde_riziv", sa.String(length=11), nullable=False),
        sa.Column("voorziening_riziv", sa.String(length=11), nullable=False),
        sa.Column("pijler", sa.String(length=16), nullable=False),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["voorziening_riziv"], ["voorziening.riziv"], name=op.f("fk_mandaat_voorziening_riziv_voorziening")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandaat")),
    )
    with op.batch_alter_table("mandaat", schema=None) as batch_op:
        batch_op.create_index("ix_mandaat_voorziening_gemachtigde", ["voorziening_riziv", "gemachtigde_riziv"], unique=False)

    op.create_table(
        "prijs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("prestatiecode", sa.String(length=7), nullable=False),
        sa.Column("riziv", sa.String(length=11), nullable=True, comment="no number: every facility"),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date(), nullable=True),
        sa.Column("bedrag", sa.BigInteger(), nullable=False, comment="cents per unit"),
        sa.Column("bron", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["riziv"], ["voorziening.riziv"], name=op.f("fk_prijs_riziv_voorziening")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prijs")),
    )
    with op.batch_alter_table("prijs", schema=None) as batch_op:
        batch_op.create_index("ix_prijs_riziv_prestatiecode", ["riziv", "prestatiecode"], unique=False)

    op.create_table(
        "taak",
        sa.Column("bericht_id", sa.String(length=36), nullable=False),
        sa.Column("pogingen", sa.Integer(), nullable=False),
        sa.Column("volgende_poging", Moment(), nullable=False),
        sa.Column("lease_tot", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("fk_taak_bericht_id_bericht")),
        sa.PrimaryKeyConstraint("bericht_id", name=op.f("pk_taak")),
    )
    with op.batch_alter_table("taak", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_taak_volgende_poging"), ["volgende_poging"], unique=False)

    op.create_table(
        "verklaring",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("riziv", sa.String(length=11), nullable=False),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["riziv"], ["voorziening.riziv"], name=op.f("fk_verklaring_riziv_voorziening")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verklaring")),
    )
    with op.batch_alter_table("verklaring", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verklaring_riziv"), ["riziv"], unique=False)

    op.create_table(
        "zending",
        sa.Column("bericht_id", sa.String(length=36), nullable=False),
        sa.Column("derdebetalende", sa.String(length=11), nullable=False),
        sa.Column("jaar", sa.Integer(), nullable=False),
        sa.Column("nummer", sa.String(length=3), nullable=False),
        sa.Column("maand", sa.Date(), nullable=False),
        sa.Column("zorgkas", sa.String(length=3), nullable=False),
        sa.Column("gevraagd", sa.BigInteger(), nullable=False),
        sa.Column("aanvaard", sa.BigInteger(), nullable=False),
        sa.Column("geweigerd", sa.BigInteger(), nullable=False),
        sa.Column("afgerekend", sa.BigInteger(), nullable=True, comment="accepted amount in the zorgkas's settlement"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name=op.f("fk_zending_bericht_id_bericht")),
        sa.PrimaryKeyConstraint("bericht_id", name=op.f("pk_zending")),
        sa.UniqueConstraint("derdebetalende", "jaar", "nummer", name=op.f("uq_zending_derdebetalende")),
    )
    op.create_table(
        "levering_inhoud",
        sa.Column("levering_id", sa.String(length=36), nullable=False),
        sa.Column("octetten", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["levering_id"], ["levering.id"], name=op.f("fk_levering_inhoud_levering_id_levering")),
        sa.PrimaryKeyConstraint("levering_id", name=op.f("pk_levering_inhoud")),
    )
    op.create_table(
        "poging",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("levering_id", sa.String(length=36), nullable=False),
        sa.Column("begin", Moment(), nullable=False),
        sa.Column("einde", Moment(), nullable=False),
        sa.Column("gelukt", sa.Boolean(), nullable=False),
        sa.Column("melding", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["levering_id"], ["levering.id"], name=op.f("fk_poging_levering_id_levering")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poging")),
    )
    with op.batch_alter_table("poging", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_poging_levering_id"), ["levering_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("poging", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_poging_levering_id"))

    op.drop_table("poging")
    op.drop_table("levering_inhoud")
    op.drop_table("zending")
    with op.batch_alter_table("verklaring", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_verklaring_riziv"))

    op.drop_table("verklaring")
    with op.batch_alter_table("taak", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_taak_volgende_poging"))

    op.drop_table("taak")
    with op.batch_alter_table("prijs", schema=None) as batch_op:
        batch_op.drop_index("ix_prijs_riziv_prestatiecode")

    op.drop_table("prijs")
    with op.batch_alter_table("mandaat", schema=None) as batch_op:
        batch_op.drop_index("ix_mandaat_voorziening_gemachtigde")

    op.drop_table("mandaat")
    with op.batch_alter_table("levering", schema=None) as batch_op:
        batch_op.drop_index("ix_levering_werk")
        batch_op.drop_index("ix_levering_bus")
        batch_op.drop_index(batch_op.f("ix_levering_bericht_id"))

    op.drop_table("levering")
    with op.batch_alter_table("levensstap", schema=None) as batch_op:
        batch_op.drop_index("ix_levensstap_bericht")

    op.drop_table("levensstap")
    op.drop_table("gefactureerde_dag")
    with op.batch_alter_table("erkenning", schema=None) as batch_op:
        batch_op.drop_index("ix_erkenning_riziv_pijler")

    op.drop_table("erkenning")
    with op.batch_alter_table("dossier", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dossier_insz"))

    op.drop_table("dossier")
    with op.batch_alter_table("beslissing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_beslissing_bericht_id"))

    op.drop_table("beslissing")
    op.drop_table("bericht_inhoud")
    with op.batch_alter_table("aansluiting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_aansluiting_insz"))

    op.drop_table("aansluiting")
    op.drop_table("zorgkas")
    op.drop_table("voorziening")
    op.drop_table("raadpleging")
    op.drop_table("persoon")
    op.drop_table("laadbeurt")
    with op.batch_alter_table("gezien", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_gezien_tot"))

    op.drop_table("gezien")
    with op.batch_alter_table("certificaat", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificaat_ski"))
        batch_op.drop_index(batch_op.f("ix_certificaat_sha1"))
        batch_op.drop_index(batch_op.f("ix_certificaat_serienummer"))
        batch_op.drop_index(batch_op.f("ix_certificaat_geldig_tot"))

    op.drop_table("certificaat")
    with op.batch_alter_table("bericht", schema=None) as batch_op:
        batch_op.drop_index("ix_bericht_sha256")
        batch_op.drop_index("ix_bericht_ontvangen")

    op.drop_table("bericht")
    op.drop_table("audit_zegel")
    op.drop_table("audit")
    op.drop_table("attest")
