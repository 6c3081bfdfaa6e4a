"""alarms that open and close once, the digest of a question, the last question to a mailbox, the values of TAcks"""

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0003"
down_revision = "0002"
stage = "pre"


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("soort", sa.String(32), nullable=False),
        sa.Column("onderwerp", sa.String(128), nullable=False),
        sa.Column("ernst", sa.String(16), nullable=False),
        sa.Column("toelichting", sa.String(500), nullable=False),
        sa.Column("geopend_op", Moment(), nullable=False),
        sa.Column("gesloten_op", Moment()),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
    )
    still_open = sa.text("gesloten_op IS NULL")
    op.create_index(
        "ix_alarm_open", "alarm", ["soort", "onderwerp"], unique=True, sqlite_where=still_open, postgresql_where=still_open
    )
    op.create_index("ix_alarm_geopend", "alarm", ["geopend_op"])
    op.add_column("raadpleging", sa.Column("inhoud_sha256", sa.String(64)))
    op.create_index("ix_raadpleging_afzender", "raadpleging", ["afzender", "bericht_id"])
    op.create_table(
        "tack_waarde",
        sa.Column("bericht_id", sa.String(36), nullable=False),
        sa.Column("geslaagd", sa.String(64), nullable=False),
        sa.Column("mislukt", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_tack_waarde_bericht_id_bericht"),
        sa.PrimaryKeyConstraint("bericht_id", name="pk_tack_waarde"),
    )
    op.create_table(
        "postbus_vraag",
        sa.Column("bestemming", sa.String(64), nullable=False),
        sa.Column("laatst", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("bestemming", name="pk_postbus_vraag"),
    )


def downgrade() -> None:
    op.drop_table("postbus_vraag")
    op.drop_table("tack_waarde")
    op.drop_index("ix_raadpleging_afzender", "raadpleging")
    op.drop_column("raadpleging", "inhoud_sha256")
    op.drop_table("alarm")
