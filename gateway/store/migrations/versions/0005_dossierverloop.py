"""dossiers from their events, messages in beraad with their term, recognised places"""

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0005"
down_revision = "0004"
stage = "pre"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EERSTE = """
INSERT INTO dossierverloop (dossiernummer, bericht_id, soort, dag, velden, status)
SELECT dossiernummer, bericht_id, 'StartVerblijf', start, {velden},
       CASE WHEN status = 'geannuleerd' THEN 'aanvaard' ELSE status END
FROM dossier
"""
_LATER = """
INSERT INTO dossierverloop (dossiernummer, bericht_id, soort, dag, velden, status)
SELECT b.dossiernummer, b.id, b.soort, b.referentiedatum, '{}', 'aanvaard' FROM bericht b
JOIN dossier d ON d.dossiernummer = b.dossiernummer AND d.bericht_id <> b.id
WHERE b.dienst = 'aanvraag' AND b.uitkomst = 'aanvaard' AND b.soort IN ('EindeVerblijf', 'Annulering')
ORDER BY b.ontvangen_op, b.id
"""


def upgrade() -> None:
    op.create_table(
        "dossierverloop",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("dossiernummer", sa.String(32), nullable=False),
        sa.Column("bericht_id", sa.String(36), nullable=False),
        sa.Column("soort", sa.String(32), nullable=False),
        sa.Column("dag", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date()),
        sa.Column("velden", sa.JSON(), nullable=False, comment="what the message said, by path"),
        sa.Column("status", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["dossiernummer"], ["dossier.dossiernummer"], name="fk_dossierverloop_dossiernummer_dossier"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_dossierverloop_bericht_id_bericht"),
        sa.PrimaryKeyConstraint("id", name="pk_dossierverloop"),
        sa.UniqueConstraint("bericht_id", name="uq_dossierverloop_bericht_id"),
    )
    op.create_index("ix_dossierverloop_dossiernummer", "dossierverloop", ["dossiernummer", "id"])
    op.add_column("dossier", sa.Column("akkoord_tot", sa.Date()))
    op.add_column("dossier", sa.Column("categorie", sa.String(128)))
    op.create_index("ix_dossier_voorziening", "dossier", ["voorziening", "pijler", "start"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    velden = "json_object('TypeVerblijf', type_verblijf)" if sqlite else "json_build_object('TypeVerblijf', type_verblijf)"
    op.execute(_EERSTE.format(velden=velden))
    op.execute(_LATER)
    op.create_table(
        "dossierzorgkas",
        sa.Column("dossiernummer", sa.String(32), nullable=False),
        sa.Column("van", sa.Date(), nullable=False, comment="first day at the zorgkas, from the person's affiliation"),
        sa.Column("zorgkas", sa.String(3), nullable=False),
        sa.Column("gemeld_op", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["dossiernummer"], ["dossier.dossiernummer"], name="fk_dossierzorgkas_dossiernummer_dossier"),
        sa.PrimaryKeyConstraint("dossiernummer", "van", name="pk_dossierzorgkas"),
    )
    op.create_table(
        "beraad",
        sa.Column("bericht_id", sa.String(36), nullable=False),
        sa.Column("zorgkas", sa.String(3), nullable=False),
        sa.Column("sinds", Moment(), nullable=False),
        sa.Column("vervalt_op", sa.Date(), nullable=False, comment="the day on which it is refused by itself"),
        sa.Column("herinnerd_op", sa.Date(), comment="the day that the last reminder was for"),
        sa.Column("gesloten_op", Moment()),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_beraad_bericht_id_bericht"),
        sa.PrimaryKeyConstraint("bericht_id", name="pk_beraad"),
    )
    op.create_index("ix_beraad_vervalt", "beraad", ["gesloten_op", "vervalt_op"])
    maanden = "date(ontvangen_op, '+2 months')" if sqlite else "(ontvangen_op + interval '2 months')::date"
    op.execute(
        "INSERT INTO beraad (bericht_id, zorgkas, sinds, vervalt_op) "
        f"SELECT id, zorgkas, ontvangen_op, {maanden} FROM bericht WHERE uitkomst = 'in_beraad' AND zorgkas IS NOT NULL"
    )
    op.create_table(
        "capaciteit",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("riziv", sa.String(11), nullable=False),
        sa.Column("pijler", sa.String(16), nullable=False),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date()),
        sa.Column("plaatsen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["riziv"], ["voorziening.riziv"], name="fk_capaciteit_riziv_voorziening"),
        sa.PrimaryKeyConstraint("id", name="pk_capaciteit"),
    )
    op.create_index("ix_capaciteit_riziv_pijler", "capaciteit", ["riziv", "pijler"])


def downgrade() -> None:
    op.drop_table("capaciteit")
    op.drop_table("beraad")
    op.drop_table("dossierzorgkas")
    op.drop_index("ix_dossier_voorziening", "dossier")
    op.drop_column("dossier", "categorie")
    op.drop_column("dossier", "akkoord_tot")
    op.drop_table("dossierverloop")
