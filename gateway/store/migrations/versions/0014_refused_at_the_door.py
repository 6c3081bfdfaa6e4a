"""what was answered with a fault: a row for each, as far as a flood allows, and a count of all"""

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0014"
down_revision = "0013"
stage = "pre"

_KEYS = ("afzender", "voorziening", "attest", "code", "dienst", "identiteit")


def upgrade() -> None:
    op.create_table(
        "deurweigering",
        sa.Column("ticket", sa.String(36), nullable=False),
        sa.Column("op", Moment(), nullable=False),
        sa.Column("dienst", sa.String(32), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("soa", sa.String(16), nullable=False),
        sa.Column("faultcode", sa.String(32), nullable=False),
        sa.Column("bevindingen", sa.JSON(), nullable=False),
        sa.Column("weggelaten", sa.Integer(), nullable=False),
        sa.Column("octetten", sa.BigInteger()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("certificaat_sha256", sa.String(64)),
        sa.Column("identiteit", sa.String(128)),
        sa.Column("afzender", sa.String(64)),
        sa.Column("voorziening", sa.String(11)),
        sa.Column("attest", sa.String(32)),
        sa.Column("bedrijfs_id", sa.String(64)),
        sa.PrimaryKeyConstraint("ticket", name="pk_deurweigering"),
    )
    for key in _KEYS:
        op.create_index(f"ix_deurweigering_{key}", "deurweigering", [key, "ticket"])
    op.create_table(
        "deurtelling",
        sa.Column("minuut", Moment(), nullable=False),
        sa.Column("dienst", sa.String(32), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("aantal", sa.BigInteger(), nullable=False),
        sa.Column("los", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minuut", "dienst", "code", name="pk_deurtelling"),
    )


def downgrade() -> None:
    op.drop_table("deurtelling")
    op.drop_table("deurweigering")
