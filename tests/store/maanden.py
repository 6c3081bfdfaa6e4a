"""Months with messages in a database, as the gateway leaves them, for the tests of partitions and archive."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select, text, update

from gateway.exchange import outbox
from gateway.exchange.beleid import Beleid
from gateway.exchange.outbox import Poging
from gateway.exchange.toestand import Toestand
from gateway.paths import data_dir
from gateway.store import berichten, dossiers
from gateway.store.archief import Archiefkast
from gateway.store.berichten import Ontvangst, Stap
from gateway.store.engine import Store
from gateway.store.partities import INHOUD
from gateway.store.tables import levering
from gateway.trust.signing import Signer, load_signer

NU = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)
"""Today, in these tests."""
JAN, FEB, MRT = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
"""Months that are more than 24 months old: the first two of them."""


def dag(maand: date, nummer: int = 10) -> datetime:
    return datetime(maand.year, maand.month, nummer, 12, tzinfo=UTC)


def bericht(conn: Connection, op: datetime, content: bytes) -> str:
    """One message with its first steps and a decision; returns its id."""
    # Ids of one process only rise, so the id of a month that went by is made from one of another process.
    name = oude_id(op, content)
    ontvangst = Ontvangst(
        id=name,
        dienst="aanvraag",
        afzender="riziv:72090103",
        bedrijfs_id=name,
        pijler="eibwfin",
        soort="StartVerblijf",
        test=False,
        ontvangen_op=op,
        octetten=content,
        content_type="text/xml",
        sha256=hashlib.sha256(content).digest(),
        inhoud_sha256=hashlib.sha256(content).digest(),
        identiteit="NIHII-PROT_ACC=72090103",
        certificaat_sha256=b"\0" * 32,
    )
    berichten.bewaar(conn, ontvangst, [(Stap.TECHNISCH_AANVAARD, None), (Stap.AANVAARD, None)], antwoord=b"<antwoord/>")
    dossiers.bewaar_beslissing(
        conn, name, uitkomst="aanvaard", door="gateway", op=op, redenen=[], gecontroleerd=["R1"], cookbook="eibwfin 1"
    )
    return name


def lever(
    conn: Connection, bericht_id: str, op: datetime, content: bytes, *, naar: str = "zorgkas:280", klaar: bool = True
) -> str:
    """A delivery of a message, handed over and confirmed unless it is not `klaar`; returns its id."""
    name = oude_id(op, content + naar.encode())
    outbox.plaats(
        conn,
        levering_id=name,
        bericht_id=bericht_id,
        bestemming=naar,
        transport="pull" if naar.startswith("riziv:") else "soap",
        message_name="VSB-AANVRAAG",
        input_reference=bericht_id,
        content=content,
        now=op,
    )
    if klaar and not naar.startswith("riziv:"):
        (claim,) = outbox.claim(conn, naar, 1, "w1", op, Beleid())
        outbox.bevestigd(conn, claim, Poging(begin=op, einde=op + timedelta(seconds=1), melding="R-1"))
    elif klaar:
        conn.execute(update(levering).where(levering.c.id == name).values(toestand=Toestand.BEVESTIGD.value))
    return name


def vul(store: Store, maand: date, aantal: int = 3, *, grootte: int = 300) -> list[str]:
    """So many messages in a month, each delivered; returns their ids."""
    names = []
    for nummer in range(aantal):
        content = f"<bericht nr='{maand}-{nummer}'>{'x' * grootte}</bericht>".encode()
        with store.writing() as conn:
            op = dag(maand) + timedelta(minutes=nummer)
            names.append(bericht(conn, op, content))
            lever(conn, names[-1], op, b"<levering>" + content)
    return names


def oude_id(op: datetime, content: bytes) -> str:
    """A UUIDv7 of a moment that went by, the same for the same content."""
    stamp = f"{int(op.timestamp() * 1000):012x}"
    tail = hashlib.sha256(content).hexdigest()
    return f"{stamp[:8]}-{stamp[8:]}-7{tail[:3]}-8{tail[3:6]}-{tail[6:18]}"


def inhoud(store: Store) -> dict[str, bytes]:
    """All payload bytes in the database."""
    with store.reading() as conn:
        return {f"{t.name}/{r[0]}": r.octetten for t in INHOUD for r in conn.execute(select(t))}


def maanden(store: Store) -> set[date]:
    """Months of which payload bytes are in the database."""
    with store.reading() as conn:
        return {r for t in INHOUD for r in conn.execute(select(t.c.maand)).scalars()}


def tabellen(store: Store, like: str) -> list[str]:
    """Names of PostgreSQL's tables and partitions."""
    with store.reading() as conn:
        names = text("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname LIKE :like ORDER BY relname")
        return list(conn.execute(names, {"like": like}).scalars())


def sample(name: str = "gateway") -> Signer:
    return load_signer((data_dir("certs-sample") / f"{name}.p12").read_bytes(), "vsb-sample")


def kast(store: Store, folder: Path, signer: Signer | None = None) -> Archiefkast:
    return Archiefkast(store=store, folder=folder, signer=signer or sample(), klok=lambda: NU, actor="os:test")
