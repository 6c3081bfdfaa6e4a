"""Seals on the audit chain: for every finished day a signed checkpoint that names the last record and the seal before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from lxml import etree
from lxml.etree import _Element as Element
from sqlalchemy import Connection, Row, insert, select

from gateway.clock import BRUSSELS
from gateway.store.audit import BEGIN, tijdstip_tekst
from gateway.store.audit_tables import audit, audit_zegel
from gateway.store.slot import slot
from gateway.trust.signing import Signer, seal
from gateway.wire.build import moment, sub

AUDIT = "urn:vsb-gateway:audit:v1"
"""Namespace of the Auditzegel."""

_VELDEN = ("Dag", "LaatsteVolgnummer", "Hash", "VorigZegel", "GemaaktOp")


@dataclass(frozen=True, kw_only=True)
class Zegel:
    """What an Auditzegel says."""

    dag: date
    """The Belgian day that it closes."""
    laatste_volgnr: int
    """The last record it covers; on a day without records the same as the day before."""
    hash: str
    """That record's hash, hex."""
    vorig_zegel: str
    """SHA-256 of the previous seal's document, hex; zeros in the first."""
    gemaakt_op: str


class KetenVerbroken(Exception):
    """The chain no longer holds what was sealed; `audit verify` says where."""


def verzegel(conn: Connection, signer: Signer, now: datetime) -> tuple[date, ...]:
    """Seal every finished day that has no seal, in the caller's write transaction.

    The first day is the first record's; from there on no day is left out, so that a seal that was taken away is missed.

    Returns:
        The days sealed now.

    Raises:
        KetenVerbroken: the record that the last seal names is gone; nothing is sealed over that.
    """
    slot(conn, "audit")
    vorige = conn.execute(select(audit_zegel).order_by(audit_zegel.c.dag.desc()).limit(1)).first()
    nummer, vorig_zegel = (0, BEGIN) if vorige is None else (vorige.laatste_volgnr, _sha256(vorige.document))
    gemaakt: list[date] = []
    for dag in _open_dagen(conn, vorige, now):
        nummer, hash_ = _laatste_voor(conn, dag + timedelta(days=1), nummer)
        zegel = Zegel(dag=dag, laatste_volgnr=nummer, hash=hash_, vorig_zegel=vorig_zegel, gemaakt_op=moment(now))
        document = seal(_schrijf(zegel), signer, now)
        conn.execute(insert(audit_zegel).values(dag=dag, laatste_volgnr=nummer, hash=hash_, document=document))
        vorig_zegel = _sha256(document)
        gemaakt.append(dag)
    return tuple(gemaakt)


def zegel_van(conn: Connection, dag: date) -> bytes | None:
    """The signed document of a day, to keep elsewhere."""
    document: bytes | None = conn.execute(select(audit_zegel.c.document).where(audit_zegel.c.dag == dag)).scalar()
    return document


def lees_zegel(element: Element) -> Zegel:
    """Read the content of a verified Auditzegel.

    Raises:
        ValueError: it is not an Auditzegel as `verzegel` writes it.
    """
    if element.tag != f"{{{AUDIT}}}Auditzegel" or [c.tag for c in element] != [f"{{{AUDIT}}}{n}" for n in _VELDEN]:
        raise ValueError("not an Auditzegel")
    dag, nummer, hash_, vorig, gemaakt_op = (c.text or "" for c in element)
    return Zegel(dag=date.fromisoformat(dag), laatste_volgnr=int(nummer), hash=hash_, vorig_zegel=vorig, gemaakt_op=gemaakt_op)


def _schrijf(zegel: Zegel) -> Element:
    element = etree.Element(f"{{{AUDIT}}}Auditzegel", nsmap={None: AUDIT})
    waarden = (zegel.dag.isoformat(), str(zegel.laatste_volgnr), zegel.hash, zegel.vorig_zegel, zegel.gemaakt_op)
    for naam, waarde in zip(_VELDEN, waarden, strict=True):
        sub(element, AUDIT, naam, waarde)
    return element


def _open_dagen(conn: Connection, vorige: Row[tuple[date, int, str, bytes]] | None, now: datetime) -> Iterator[date]:
    if vorige is not None:
        dag = vorige.dag + timedelta(days=1)
    else:
        eerste = conn.execute(select(audit.c.tijdstip).order_by(audit.c.volgnr).limit(1)).scalar()
        if eerste is None:
            return
        dag = datetime.fromisoformat(eerste).astimezone(BRUSSELS).date()
    while dag < now.astimezone(BRUSSELS).date():
        yield dag
        dag += timedelta(days=1)


def _laatste_voor(conn: Connection, dag: date, minstens: int) -> tuple[int, str]:
    """Number and hash of the last record before a day began, and never of one before those that are sealed already."""
    grens = tijdstip_tekst(datetime.combine(dag, time(), BRUSSELS))
    rij = conn.execute(
        select(audit.c.volgnr, audit.c.hash)
        .where((audit.c.tijdstip < grens) | (audit.c.volgnr == minstens))
        .order_by(audit.c.volgnr.desc())
        .limit(1)
    ).first()
    if rij is None or rij[0] < minstens:
        raise KetenVerbroken(f"record {minstens} is sealed and gone")
    return rij[0], rij[1]


def _sha256(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()
