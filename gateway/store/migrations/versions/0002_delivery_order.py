"""deliveries in commit order, lines with a breaker, receipts"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.store.types import Moment

revision = "0002"
down_revision = "0001"
stage = "pre"

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OLD = (
    "id, bericht_id, bestemming, transport, message_name, input_reference, hash, toestand, pogingen, volgende_poging, "
    "lease_tot, aangemaakt_op, bevestigd_op"
)


def _old_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("bericht_id", sa.String(36), nullable=False),
        sa.Column("bestemming", sa.String(64), nullable=False),
        sa.Column("transport", sa.String(16), nullable=False),
        sa.Column("message_name", sa.String(64), nullable=False),
        sa.Column("input_reference", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("toestand", sa.String(16), nullable=False),
        sa.Column("pogingen", sa.Integer(), nullable=False),
        sa.Column("volgende_poging", Moment(), nullable=False),
        sa.Column("lease_tot", Moment()),
        sa.Column("aangemaakt_op", Moment(), nullable=False),
        sa.Column("bevestigd_op", Moment()),
    ]


def _new_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("soort", sa.String(8), nullable=False, server_default="bericht"),
        sa.Column("octetten", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("test", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("volgorde", sa.String(64)),
        sa.Column("weigeringen", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("proberen_tot", Moment()),
        sa.Column("lease_van", sa.String(64)),
        sa.Column("gepubliceerd_op", Moment()),
        sa.Column("afgeleverd_op", Moment()),
        sa.Column("ontvangst", sa.String(200)),
    ]


def _index_new() -> None:
    op.create_index("ix_levering_bericht_id", "levering", ["bericht_id"])
    op.create_index("ix_levering_werk", "levering", ["bestemming", "transport", "toestand", "volgende_poging"])
    op.create_index("ix_levering_bus", "levering", ["bestemming", "toestand", "nr"])
    op.create_index("ix_levering_volgorde", "levering", ["volgorde", "bestemming", "nr"])
    op.create_index("ix_levering_hash", "levering", ["hash"])


def _index_old() -> None:
    op.create_index("ix_levering_bericht_id", "levering", ["bericht_id"])
    op.create_index("ix_levering_bus", "levering", ["bestemming", "toestand", "aangemaakt_op", "id"])
    op.create_index("ix_levering_werk", "levering", ["transport", "toestand", "volgende_poging"])


def upgrade() -> None:
    # The primary key becomes a number that rises with the commits; neither engine can do that in place.
    op.create_table(
        "levering_nieuw",
        sa.Column("nr", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        *_old_columns(),
        *_new_columns(),
        sa.PrimaryKeyConstraint("nr", name="pk_levering_nr"),
        sa.UniqueConstraint("id", name="uq_levering_id"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_levering_bericht_id_bericht"),
    )
    op.execute(f"INSERT INTO levering_nieuw ({_OLD}) SELECT {_OLD} FROM levering ORDER BY aangemaakt_op, id")
    op.execute(
        "UPDATE levering_nieuw SET octetten = COALESCE((SELECT LENGTH(i.octetten) FROM levering_inhoud i"
        " WHERE i.levering_id = levering_nieuw.id), 0),"
        " test = COALESCE((SELECT b.test FROM bericht b WHERE b.id = levering_nieuw.bericht_id), test)"
    )
    _swap("levering_nieuw")
    _index_new()
    op.create_table(
        "lijn",
        sa.Column("bestemming", sa.String(64), nullable=False),
        sa.Column("toestand", sa.String(16), nullable=False),
        sa.Column("fouten", sa.Integer(), nullable=False),
        sa.Column("sinds", Moment(), nullable=False),
        sa.Column("open_tot", Moment()),
        sa.Column("gepauzeerd_door", sa.String(128)),
        sa.Column("gepauzeerd_reden", sa.String(200)),
        sa.PrimaryKeyConstraint("bestemming", name="pk_lijn"),
    )
    op.add_column("taak", sa.Column("lease_van", sa.String(64)))
    op.add_column("poging", sa.Column("werker", sa.String(64), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    op.drop_column("poging", "werker")
    op.drop_column("taak", "lease_van")
    op.drop_table("lijn")
    op.create_table(
        "levering_oud",
        sa.Column("id", sa.String(36), nullable=False),
        *_old_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_levering_id"),
        sa.ForeignKeyConstraint(["bericht_id"], ["bericht.id"], name="fk_levering_bericht_id_bericht"),
    )
    op.execute(f"INSERT INTO levering_oud ({_OLD}) SELECT {_OLD} FROM levering WHERE soort = 'bericht'")
    _swap("levering_oud")
    _index_old()


def _swap(new: str) -> None:
    """Put `new` in the place of levering, with the tables that point at it."""
    postgresql = op.get_context().dialect.name == "postgresql"
    if postgresql:
        op.drop_constraint("fk_levering_inhoud_levering_id_levering", "levering_inhoud", type_="foreignkey")
        op.drop_constraint("fk_poging_levering_id_levering", "poging", type_="foreignkey")
    op.drop_table("levering")
    op.rename_table(new, "levering")
    if postgresql:
        op.execute(f"ALTER INDEX {'pk_levering_nr' if new == 'levering_nieuw' else 'pk_levering_id'} RENAME TO pk_levering")
        op.create_foreign_key("fk_levering_inhoud_levering_id_levering", "levering_inhoud", "levering", ["levering_id"], ["id"])
        op.create_foreign_key("fk_poging_levering_id_levering", "poging", "levering", ["levering_id"], ["id"])
