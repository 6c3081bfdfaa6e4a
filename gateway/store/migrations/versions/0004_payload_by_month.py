"""payload bytes by month, the archive, and triggers that keep what is not archived"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from gateway.store.bewaking import verwijder_bewaking, zet_bewaking
from gateway.store.identifiers import maand_van
from gateway.store.partities import INHOUD, maak_overig, maak_partities, zorg_voor_partities
from gateway.store.types import DezeMaand, Moment

revision = "0004"
down_revision = "0003"
stage = "pre"

# RFC 9562 §5.7: an id of version 7 begins with 48 bits of milliseconds.
_MAAND_VAN_ID = """(CASE WHEN substr({0}, 15, 1) = '7'
    THEN date_trunc('month', to_timestamp(('x' || translate(left({0}, 13), '-', ''))::bit(48)::bigint / 1000.0)
        AT TIME ZONE 'UTC')
    ELSE date_trunc('month', now() AT TIME ZONE 'UTC') END)::date"""
_TABELLEN = {
    "bericht_inhoud": ("bericht_id", "bericht", ("content_type",)),
    "levering_inhoud": ("levering_id", "levering", ()),
}


def upgrade() -> None:
    op.create_table(
        "archief",
        sa.Column("maand", sa.Date(), nullable=False),
        sa.Column("bestand", sa.String(80), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("vorige", sa.String(64), nullable=False),
        sa.Column("berichten", sa.BigInteger(), nullable=False),
        sa.Column("octetten", sa.BigInteger(), nullable=False),
        sa.Column("op", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("maand", name="pk_archief"),
        sa.UniqueConstraint("vorige", name="uq_archief_vorige"),
    )
    for tabel in _TABELLEN:
        _leg_opzij(tabel)
        _maak(tabel, per_maand=True)
    conn = op.get_bind()
    zet_bewaking(conn)
    if conn.dialect.name == "postgresql":
        _verdeel(conn)
    else:
        conn.connection.driver_connection.create_function(  # type: ignore[union-attr]
            "maand_van", 1, lambda i: maand_van(i).isoformat(), deterministic=True
        )
        for tabel in _TABELLEN:
            _zet_over(tabel, "maand_van({0})")
    for tabel in _TABELLEN:
        op.drop_table(f"{tabel}_oud")


def downgrade() -> None:
    verwijder_bewaking(op.get_bind())
    for tabel in _TABELLEN:
        _leg_opzij(tabel)
        _maak(tabel, per_maand=False)
        _zet_over(tabel, None)
        op.drop_table(f"{tabel}_oud")
    op.drop_table("archief")


def _leg_opzij(tabel: str) -> None:
    op.rename_table(tabel, f"{tabel}_oud")
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"ALTER INDEX pk_{tabel} RENAME TO pk_{tabel}_oud")


def _maak(tabel: str, *, per_maand: bool) -> None:
    van, ouder, eigen = _TABELLEN[tabel]
    # Before the bytes: SQLite reads what comes after them only by walking through them.
    maand = [sa.Column("maand", sa.Date(), nullable=False, server_default=DezeMaand())] if per_maand else []
    op.create_table(
        tabel,
        sa.Column(van, sa.String(36), nullable=False),
        *maand,
        *(sa.Column(naam, sa.String(255), nullable=False) for naam in eigen),
        sa.Column("octetten", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint([van], [f"{ouder}.id"], name=f"fk_{tabel}_{van}_{ouder}"),
        sa.PrimaryKeyConstraint(van, *(k.name for k in maand), name=f"pk_{tabel}"),
        postgresql_partition_by="RANGE (maand)" if per_maand else None,
    )


def _verdeel(conn: sa.Connection) -> None:
    for tabel in INHOUD:
        van = _TABELLEN[tabel.name][0]
        maak_overig(conn, tabel)
        maanden = conn.exec_driver_sql(f"SELECT DISTINCT {_MAAND_VAN_ID.format(van)} FROM {tabel.name}_oud ORDER BY 1")
        maak_partities(conn, tabel, list(maanden.scalars()))
        _zet_over(tabel.name, _MAAND_VAN_ID)
    zorg_voor_partities(conn, datetime.now(UTC))


def _zet_over(tabel: str, maand: str | None) -> None:
    van, _ouder, eigen = _TABELLEN[tabel]
    kolommen = ", ".join([van, *eigen, "octetten"])
    erbij, waarde = ("", "") if maand is None else (", maand", f", {maand.format(van)}")
    op.execute(sa.text(f"INSERT INTO {tabel} ({kolommen}{erbij}) SELECT {kolommen}{waarde} FROM {tabel}_oud".replace(":", r"\:")))
