"""what zorgkassen and controllers do on screens: acts, refusals being prepared, samples; and the order of their lists"""

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0010"
down_revision = "0009"
stage = "pre"

_BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "zorgkashandeling",
        sa.Column("id", _BigId, autoincrement=True, nullable=False),
        sa.Column("bericht_id", sa.String(36), nullable=False),
        sa.Column("soort", sa.String(16), nullable=False),
        sa.Column("zorgkas", sa.String(3), nullable=False),
        sa.Column("persoon", sa.String(128)),
        sa.Column("op", Moment(), nullable=False),
        sa.Column("uitkomst", sa.String(16), nullable=False),
        sa.Column("motivering", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_zorgkashandeling"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_zorgkashandeling_bericht_id_bericht"),
    )
    op.create_index("ix_zorgkashandeling_bericht", "zorgkashandeling", ["bericht_id", "soort"])
    op.create_table(
        "weigervoorstel",
        sa.Column("bericht_id", sa.String(36), nullable=False),
        sa.Column("factuurnummer", sa.String(12), nullable=False),
        sa.Column("volgnummer", sa.Integer(), nullable=False),
        sa.Column("bedrag", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("motivering", sa.Text(), nullable=False),
        sa.Column("persoon", sa.String(128), nullable=False),
        sa.Column("op", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("bericht_id", "factuurnummer", "volgnummer", name="pk_weigervoorstel"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_weigervoorstel_bericht_id_bericht"),
    )
    op.create_table(
        "steekproef",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("persoon", sa.String(128), nullable=False),
        sa.Column("op", Moment(), nullable=False),
        sa.Column("doel", sa.Text(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("zaad", sa.String(64), nullable=False),
        sa.Column("aantal", sa.Integer(), nullable=False),
        sa.Column("populatie", sa.BigInteger(), nullable=False),
        sa.Column("populatie_sha256", sa.String(64), nullable=False),
        sa.Column("berichten", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_steekproef"),
    )
    op.create_index("ix_audit_onderwerp", "audit", ["onderwerp", "volgnr"])
    op.add_column("bericht", sa.Column("attest", sa.String(32)))
    op.create_index("ix_bericht_attest", "bericht", ["attest", "id"])
    op.create_index("ix_beraad_zorgkas", "beraad", ["zorgkas", "gesloten_op", "vervalt_op", "bericht_id"])
    op.create_index("ix_zending_zorgkas", "zending", ["zorgkas", "afgerekend_op", "bericht_id"])


def downgrade() -> None:
    op.drop_index("ix_zending_zorgkas", table_name="zending")
    op.drop_index("ix_beraad_zorgkas", table_name="beraad")
    op.drop_index("ix_audit_onderwerp", table_name="audit")
    op.drop_index("ix_bericht_attest", table_name="bericht")
    # Not in a batch: SQLite would build the table anew and lose the triggers that guard it.
    op.drop_column("bericht", "attest")
    op.drop_table("steekproef")
    op.drop_table("weigervoorstel")
    op.drop_table("zorgkashandeling")
