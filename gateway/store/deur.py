"""What was refused at the door, on disk: writing in batches, lists by key, and clearing away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.reference import lookup
from gateway.store.deur_tables import deurtelling, deurweigering
from gateway.store.eigen import Eigen
from gateway.store.engine import Store
from gateway.store.identifiers import LAATSTE, eerste_id
from gateway.trust.admission import check_licence

PAGINA = 50
STUK = 8_000
"""Refusals that one page looks at, at most."""
RECENT_MEEST = 1_000
_RECENT = timedelta(days=31)
ONBEWEZEN = "onbewezen"
"""Asks for refusals of which no sender was proven."""


@dataclass(frozen=True, kw_only=True)
class Deurweigering:
    """One fault that was answered; never the message itself."""

    ticket: str
    op: datetime
    dienst: str
    code: str
    soa: str
    faultcode: str
    bevindingen: Sequence[Mapping[str, Any]]
    weggelaten: int = 0
    octetten: int | None = None
    sha256: str | None = None
    certificaat_sha256: str | None = None
    identiteit: str | None = None
    """Set only when a signature over the content was proven; so are the rest."""
    riziv: str | None = None
    """The eight digits in the holder's certificate."""
    kbo: str | None = None
    """Enterprise number in the holder's certificate; perhaps a zorgkas's."""
    voorziening: str | None = None
    attest: str | None = None
    licentie: tuple[str, str] | None = field(default=None, repr=False)
    """User and password, that tell the attest; they are compared and not kept."""
    bedrijfs_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Teller:
    """How many faults of one code a service answered in one minute."""

    minuut: datetime
    dienst: str
    code: str
    aantal: int
    los: int
    """Of which have no row of their own."""


def bewaar(conn: Connection, weigeringen: Sequence[Deurweigering], tellers: Iterable[Teller]) -> None:
    """Write a batch; a ticket that is there already stays as it is."""
    if weigeringen:
        conn.execute(_invoer(conn, deurweigering).on_conflict_do_nothing(), [_rij(conn, w) for w in weigeringen])
    opdracht = _invoer(conn, deurtelling)
    erbij = {n: deurtelling.c[n] + opdracht.excluded[n] for n in ("aantal", "los")}
    # In one order, or two processes wait for each other's rows.
    rijen = [
        {"minuut": t.minuut, "dienst": t.dienst, "code": t.code, "aantal": t.aantal, "los": t.los}
        for t in sorted(tellers, key=lambda t: (t.minuut, t.dienst, t.code))
    ]
    if rijen:
        conn.execute(opdracht.on_conflict_do_update(index_elements=["minuut", "dienst", "code"], set_=erbij), rijen)


def _invoer(conn: Connection, tabel: Table) -> Any:
    return (postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert)(tabel)


def _rij(conn: Connection, w: Deurweigering) -> dict[str, Any]:
    namen = (
        *("ticket", "op", "dienst", "code", "soa", "faultcode", "bevindingen", "weggelaten", "octetten", "sha256"),
        *("certificaat_sha256", "identiteit", "voorziening", "bedrijfs_id"),
    )
    attest = w.attest
    if attest is None and w.licentie is not None and (gekend := check_licence(conn, *w.licentie)) is not None:
        attest = gekend.nummer
    afzender = None if w.riziv is None else f"riziv:{w.riziv}"
    if w.kbo is not None and (kas := lookup.zorgkas_van_kbo(conn, w.kbo)) is not None:
        afzender = f"zorgkas:{kas.code}"
    return {n: getattr(w, n) for n in namen} | {"afzender": afzender, "attest": attest}


@dataclass(frozen=True, kw_only=True)
class Deurvraag:
    """Which refusals; None: any."""

    code: str | None = None
    afzender: str | None = None
    """riziv:<8 digits>, zorgkas:<code> or ONBEWEZEN."""
    dienst: str | None = None
    voor: str = LAATSTE
    """Ticket of the last row of the page before."""


@dataclass(frozen=True, kw_only=True)
class Deurpagina:
    """One page, newest first."""

    rijen: Sequence[Row[Any]]
    volgende: str | None
    """Key of the next page; None: this is all."""


def lijst(conn: Connection, vraag: Deurvraag) -> Deurpagina:
    """One page of refusals: one index leads, the rest is looked at in a bounded stretch."""
    d = deurweigering.c
    afzender = d.identiteit.is_(None) if vraag.afzender == ONBEWEZEN else d.afzender == vraag.afzender
    gevraagd = [
        voorwaarde
        for waarde, voorwaarde in (
            (vraag.afzender, afzender),
            (vraag.code, d.code == vraag.code),
            (vraag.dienst, d.dienst == vraag.dienst),
        )
        if waarde is not None
    ]
    return _blader(conn, gevraagd[:1] or [d.ticket != ""], gevraagd[1:], vraag.voor)


def van_eigen(conn: Connection, eigen: Eigen, voor: str = LAATSTE) -> Deurpagina:
    """One page of what was refused of a facility or of a vendor's software: its sender was proven."""
    return _blader(conn, _eigen(eigen), [], voor)


def recent_van_eigen(conn: Connection, eigen: Eigen, nu: datetime) -> int:
    """How many of one's own were refused in the last 31 days; stops counting at RECENT_MEEST."""
    d, tickets = deurweigering.c, set[str]()
    for leider in _eigen(eigen):
        vraag = select(d.ticket).where(leider, d.ticket >= eerste_id(nu - _RECENT)).limit(RECENT_MEEST)
        tickets |= set(conn.execute(vraag).scalars())
    return min(len(tickets), RECENT_MEEST)


def een(conn: Connection, ticket: str) -> Row[Any] | None:
    """One refusal by the id that its fault carried."""
    return conn.execute(select(deurweigering).where(deurweigering.c.ticket == ticket)).first()


def per_code(conn: Connection, sinds: datetime | None, meest: int) -> list[tuple[str, int]]:
    """Codes and how many faults had them since a moment, most frequent first."""
    t = deurtelling.c
    som = func.sum(t.aantal)
    vraag = select(t.code, som).group_by(t.code).order_by(som.desc(), t.code).limit(meest)
    if sinds is not None:
        vraag = vraag.where(t.minuut >= sinds)
    return [(code, int(aantal)) for code, aantal in conn.execute(vraag)]


def _eigen(eigen: Eigen) -> list[ColumnElement[bool]]:
    d = deurweigering.c
    gevonden: list[ColumnElement[bool]] = [d.attest == a for a in eigen.attesten]
    for riziv in eigen.voorzieningen:
        zelf = d.afzender == f"riziv:{riziv[:8]}"
        # A certificate says 8 digits: of one qualification nothing but what is about it is its own.
        gevonden.append(zelf if len(riziv) == 8 else and_(d.voorziening == riziv, zelf))
    return gevonden


def _blader(
    conn: Connection, leiders: Sequence[ColumnElement[bool]], rest: Sequence[ColumnElement[bool]], voor: str
) -> Deurpagina:
    d, gevonden, tot = deurweigering.c, dict[str, Row[Any]](), ""
    for leider in leiders:
        vraag = select(deurweigering).where(leider, d.ticket < voor).order_by(d.ticket.desc()).limit(PAGINA + 1)
        if rest:
            binnen = select(d.ticket).where(leider, d.ticket < voor).order_by(d.ticket.desc()).limit(STUK).subquery()
            vraag = select(deurweigering).join(binnen, binnen.c.ticket == d.ticket).where(*rest)
            vraag = vraag.order_by(d.ticket.desc()).limit(PAGINA + 1)
            aantal, laatste = conn.execute(select(func.count(), func.min(binnen.c.ticket))).one()
            tot = max(tot, laatste) if aantal == STUK else tot
        gevonden |= {r.ticket: r for r in conn.execute(vraag)}
    tickets = [t for t in sorted(gevonden, reverse=True) if t >= tot]
    pagina = [gevonden[t] for t in tickets[:PAGINA]]
    return Deurpagina(rijen=pagina, volgende=tickets[PAGINA - 1] if len(tickets) > PAGINA else tot or None)


@dataclass(frozen=True, kw_only=True)
class Bewaring:
    """How long refusals stay, and how many at most."""

    bewezen: timedelta = timedelta(days=90)
    onbewezen: timedelta = timedelta(days=7)
    """Of these nobody knows who sent them; they serve the operator who gets a call."""
    meest_bewezen: int = 1_000_000
    meest_onbewezen: int = 100_000
    """Whoever sends garbage from many addresses fills no disk: some 60 MB."""
    stap: int = 500
    """Rows that one transaction deletes."""
    stappen: int = 40
    """Transactions of one round; what is left waits for the next."""


def ruim_op(store: Store, bewaring: Bewaring, nu: datetime) -> int:
    """Delete what is too old or too much, a small step at a time so that nobody waits for it; returns how many rows went."""
    d = deurweigering.c
    weg = 0
    for soort, duur, meest in (
        (d.identiteit.is_(None), bewaring.onbewezen, bewaring.meest_onbewezen),
        (d.identiteit.is_not(None), bewaring.bewezen, bewaring.meest_bewezen),
    ):
        with store.reading() as conn:
            grens = max(eerste_id(nu - duur), _teveel(conn, soort, meest))
        oudste = select(d.ticket).where(soort, d.ticket < grens).order_by(d.ticket).limit(bewaring.stap)
        weg += _in_stappen(store, oudste, d.ticket, bewaring.stappen)
    t = deurtelling.c
    oud = select(t.minuut).where(t.minuut < nu - bewaring.bewezen).distinct().order_by(t.minuut).limit(bewaring.stap)
    return weg + _in_stappen(store, oud, t.minuut, bewaring.stappen)


def _in_stappen(store: Store, gezocht: Select[Any], sleutel: Column[Any], stappen: int) -> int:
    weg = 0
    for _ in range(stappen):
        # Looked up before the lock is taken.
        with store.reading() as conn:
            sleutels = list(conn.execute(gezocht).scalars())
        if not sleutels:
            break
        with store.writing() as conn:
            weg += conn.execute(delete(sleutel.table).where(sleutel.in_(sleutels))).rowcount
    return weg


def _teveel(conn: Connection, soort: ColumnElement[bool], meest: int) -> str:
    """The ticket below which there are more rows than may stay."""
    d = deurweigering.c
    gevonden = conn.execute(select(d.ticket).where(soort).order_by(d.ticket.desc()).offset(meest - 1).limit(1)).scalar()
    return str(gevonden or "")
