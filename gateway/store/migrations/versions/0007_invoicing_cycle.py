"""what invoicing needs beyond the zending: refused records, settlements, persons' status, days by person"""

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0007"
down_revision = "0006"
stage = "pre"

_BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "statuut",
        sa.Column("id", _BigId, autoincrement=True, nullable=False),
        sa.Column("insz", sa.String(11), nullable=False),
        sa.Column("statuut", sa.String(32), nullable=False),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_statuut"),
        sa.ForeignKeyConstraint(["insz"], ["persoon.insz"], name="fk_statuut_insz_persoon"),
    )
    op.create_index("ix_statuut_insz", "statuut", ["insz"])
    op.create_table(
        "geweigerde_lijn",
        sa.Column("id", _BigId, autoincrement=True, nullable=False),
        sa.Column("bericht_id", sa.String(36), nullable=False),
        sa.Column("factuurnummer", sa.String(12), nullable=False),
        sa.Column("volgnummer", sa.Integer(), nullable=False),
        sa.Column("prestatiecode", sa.String(7), nullable=False),
        sa.Column("bedrag", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("door", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_geweigerde_lijn"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_geweigerde_lijn_bericht_id_bericht"),
    )
    op.create_index("ix_geweigerde_lijn_bericht", "geweigerde_lijn", ["bericht_id", "factuurnummer", "volgnummer"])
    op.create_index("ix_gefactureerde_dag_insz", "gefactureerde_dag", ["insz", "dag"])
    op.create_index("ix_gefactureerde_dag_bericht", "gefactureerde_dag", ["bericht_id"])
    op.add_column("zending", sa.Column("afgerekend_op", Moment()))
    op.add_column("zending", sa.Column("betaalreferentie", sa.String(22)))
    op.add_column("zending", sa.Column("ingetrokken_op", Moment()))


def downgrade() -> None:
    with op.batch_alter_table("zending") as zending:
        zending.drop_column("ingetrokken_op")
        zending.drop_column("betaalreferentie")
        zending.drop_column("afgerekend_op")
    op.drop_index("ix_gefactureerde_dag_bericht", table_name="gefactureerde_dag")
    op.drop_index("ix_gefactureerde_dag_insz", table_name="gefactureerde_dag")
    op.drop_table("geweigerde_lijn")
    op.drop_table("statuut")
