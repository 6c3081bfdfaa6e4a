"""sessions and logins of the console, and what people search messages by"""

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0009"
down_revision = "0008"
stage = "pre"

_ZOEK = {
    "ix_bericht_bedrijfs_id": ["bedrijfs_id"],
    "ix_bericht_inhoud_sha256": ["inhoud_sha256"],
    "ix_bericht_afzender": ["afzender", "id"],
    "ix_bericht_voorziening": ["voorziening", "id"],
    "ix_bericht_insz": ["insz", "id"],
    "ix_bericht_zorgkas": ["zorgkas", "id"],
    "ix_bericht_stroom": ["pijler", "stap", "id"],
    "ix_bericht_dossiernummer": ["dossiernummer", "id"],
}


def upgrade() -> None:
    op.create_table(
        "console_sessie",
        sa.Column("sleutel", sa.String(64), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("naam", sa.String(128), nullable=False),
        sa.Column("rol", sa.String(16), nullable=False),
        sa.Column("personen", sa.JSON(), nullable=False),
        sa.Column("doel", sa.String(32)),
        sa.Column("doel_verwijzing", sa.String(64)),
        sa.Column("melding", sa.JSON()),
        sa.Column("begonnen_op", Moment(), nullable=False),
        sa.Column("gezien_op", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("sleutel", name="pk_console_sessie"),
    )
    op.create_index("ix_console_sessie_gezien_op", "console_sessie", ["gezien_op"])
    op.create_table(
        "console_aanmelding",
        sa.Column("sleutel", sa.String(64), nullable=False),
        sa.Column("cookie", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(128), nullable=False),
        sa.Column("verder", sa.String(512), nullable=False),
        sa.Column("tot", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("sleutel", name="pk_console_aanmelding"),
    )
    op.create_index("ix_console_aanmelding_tot", "console_aanmelding", ["tot"])
    op.create_table(
        "console_poging",
        sa.Column("sleutel", sa.String(64), nullable=False),
        sa.Column("fouten", sa.Integer(), nullable=False),
        sa.Column("laatst", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("sleutel", name="pk_console_poging"),
    )
    op.create_index("ix_console_poging_laatst", "console_poging", ["laatst"])
    op.create_table(
        "console_concept",
        sa.Column("sleutel", sa.String(64), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("pad", sa.String(512), nullable=False),
        sa.Column("velden", sa.JSON(), nullable=False),
        sa.Column("tot", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("sleutel", name="pk_console_concept"),
    )
    op.create_index("ix_console_concept_tot", "console_concept", ["tot"])
    for name, columns in _ZOEK.items():
        op.create_index(name, "bericht", columns)
    op.create_index("ix_zending_nummer", "zending", ["nummer", "jaar", "bericht_id"])


def downgrade() -> None:
    op.drop_index("ix_zending_nummer", "zending")
    for name in _ZOEK:
        op.drop_index(name, "bericht")
    for table in ("console_concept", "console_poging", "console_aanmelding", "console_sessie"):
        op.drop_table(table)
