"""the runs of the conformance suite that an attest rests on"""

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0012"
down_revision = "0011"
stage = "pre"


def upgrade() -> None:
    op.create_table(
        "attestatie",
        sa.Column("sessie", sa.String(64), nullable=False),
        sa.Column("attest", sa.String(32), nullable=False),
        sa.Column("pijler", sa.String(16), nullable=False),
        sa.Column("cookbook", sa.String(32), nullable=False),
        sa.Column("suite", sa.String(32), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("bewijs", sa.String(64), nullable=False),
        sa.Column("ondertekenaar", sa.String(128), nullable=False),
        sa.Column("geregistreerd_op", Moment(), nullable=False),
        sa.Column("verklaring", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sessie", name="pk_attestatie"),
        sa.ForeignKeyConstraint(["attest"], ["attest.nummer"], name="fk_attestatie_attest_attest"),
    )
    op.create_index("ix_attestatie_attest", "attestatie", ["attest"])


def downgrade() -> None:
    op.drop_table("attestatie")
