"""sums that reports read, kept beside the messages; reference files on their way in by screen"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0011"
down_revision = "0010"
stage = "pre"

_SLEUTEL = ("maand", "voorziening", "pijler", "zorgkas")
_TELLINGEN: dict[str, tuple[dict[str, sa.types.TypeEngine[Any]], tuple[str, ...]]] = {
    "telling_bericht": (
        {"dienst": sa.String(32)},
        ("berichten", "aanvaard", "geweigerd", "in_beraad", "afgeleverd", "op_tijd"),
    ),
    "telling_reden": ({"code": sa.String(40)}, ("berichten",)),
    "telling_duur": ({"seconden": sa.Integer()}, ("berichten",)),
    "telling_factuur": ({}, ("zendingen", "gevraagd", "aanvaard", "geweigerd", "afgerekend", "open")),
    "telling_lijn": ({"code": sa.String(40), "door": sa.String(64)}, ("records", "bedrag")),
}


def upgrade() -> None:
    for tabel, (meer, maten) in _TELLINGEN.items():
        op.create_table(
            tabel,
            sa.Column("maand", sa.Date(), nullable=False),
            sa.Column("voorziening", sa.String(11), nullable=False),
            sa.Column("pijler", sa.String(16), nullable=False),
            sa.Column("zorgkas", sa.String(3), nullable=False),
            *(sa.Column(naam, soort, nullable=False) for naam, soort in meer.items()),
            *(sa.Column(maat, sa.BigInteger(), nullable=False) for maat in maten),
            sa.PrimaryKeyConstraint(*_SLEUTEL, *meer, name=f"pk_{tabel}"),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{tabel}_zorgkas", tabel, ["zorgkas", "maand"])
        op.create_index(f"ix_{tabel}_voorziening", tabel, ["voorziening", "maand"])
    op.create_table(
        "telling_stand",
        sa.Column("naam", sa.String(32), nullable=False),
        sa.Column("stap", sa.BigInteger(), nullable=False),
        sa.Column("op", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("naam", name="pk_telling_stand"),
    )
    op.create_table(
        "invoer",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("bestanden", sa.JSON(), nullable=False),
        sa.Column("toestand", sa.String(16), nullable=False),
        sa.Column("gelezen", sa.BigInteger(), nullable=False),
        sa.Column("verslag", sa.JSON()),
        sa.Column("probleem", sa.String(500)),
        sa.Column("door", sa.String(128), nullable=False),
        sa.Column("gemaakt_op", Moment(), nullable=False),
        sa.Column("bijgewerkt_op", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invoer"),
    )
    op.create_index("ix_invoer_gemaakt", "invoer", ["gemaakt_op"])
    op.create_index("ix_zending_maand", "zending", ["derdebetalende", "maand"])


def downgrade() -> None:
    op.drop_index("ix_zending_maand", table_name="zending")
    op.drop_table("invoer")
    op.drop_table("telling_stand")
    for tabel in reversed(_TELLINGEN):
        op.drop_table(tabel)
