"""codes that ask for a related one (betrekkelijke verstrekking)"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
stage = "pre"


def upgrade() -> None:
    op.create_table(
        "betrekking",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("prestatiecode", sa.String(7), nullable=False),
        sa.Column("betrekkelijk", sa.String(7), nullable=False),
        sa.Column("van", sa.Date(), nullable=False),
        sa.Column("tot", sa.Date()),
        sa.Column("bron", sa.String(256), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_betrekking"),
    )
    op.create_index("ix_betrekking_prestatiecode", "betrekking", ["prestatiecode"])


def downgrade() -> None:
    op.drop_table("betrekking")
