"""Keep the sums that reports read: what changed since the last time is counted again, a facility's month at a time.

Every change in a message's life is a step (levensstap), so the steps after the last one that was counted name the facilities and
months to count again. Counting replaces, so doing it twice, or by two workers at once, changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Table, and_, case, delete, func, insert, select, update

from gateway.clock import BRUSSELS
from gateway.store import telling_tables as t
from gateway.store.engine import Store
from gateway.store.identifiers import eerste_id
from gateway.store.slot import slot
from gateway.store.tables import bericht, beslissing, geweigerde_lijn, levensstap, levering, zending

KLASSEN = (
    *(1, 2, 3, 5, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10_800, 14_400, 21_600),
    *(28_800, 43_200, 86_400, 172_800, 259_200, 432_000, 864_000, 31_536_000),
)
"""Upper bounds in seconds of the classes in which turnaround is counted; the last takes what is longer too."""

DOOR_ZORGKAS = "zorgkas"
"""Stands for a reason's code where a zorgkas refused in its own words."""

_NAAM = "rapporten"
_STAPPEN = 20_000
"""Steps looked at in one round."""
_PER_TRANSACTIE = 25
"""Facilities' months counted under one lock."""
_EEN_DAG = timedelta(days=1)
_NAIJLING = timedelta(minutes=2)
"""On PostgreSQL a transaction may commit a step after one with a higher number: the last minutes are looked at again."""


@dataclass(frozen=True, kw_only=True)
class TeTellen:
    """What to count again."""

    ontvangen: frozenset[tuple[date, str]]
    """First day of the Belgian month of receipt, and facility."""
    gefactureerd: frozenset[tuple[date, str]]
    """First day of the invoiced month, and facility."""


def werk_bij(store: Store, beloften: Mapping[str, int], nu: datetime) -> int:
    """Bring the sums up to date; returns how many facilities' months were counted.

    Args:
        beloften: pillar to the minutes within which its messages are with their zorgkas.
    """
    geteld = 0
    while True:
        with store.reading() as conn:
            vanaf = _stand(conn)
            if vanaf is None:
                te_tellen, tot, klaar = _alles(conn), _laatste(conn), True
            else:
                te_tellen, tot, klaar = _sinds(conn, vanaf, nu)
        geteld += _tel(store, te_tellen, beloften)
        with store.writing() as conn:
            _zet_stand(conn, tot, nu)
        if klaar:
            return geteld


def tel_alles(store: Store, beloften: Mapping[str, int], nu: datetime) -> int:
    """Forget every sum and count from the beginning."""
    with store.writing() as conn:
        for tabel in (t.telling_bericht, t.telling_reden, t.telling_duur, t.telling_factuur, t.telling_lijn, t.telling_stand):
            conn.execute(delete(tabel))
    return werk_bij(store, beloften, nu)


def bijgewerkt_op(conn: Connection) -> datetime | None:
    """Until when the sums tell; None when they were never made."""
    return conn.execute(select(t.telling_stand.c.op).where(t.telling_stand.c.naam == _NAAM)).scalar()


def _stand(conn: Connection) -> int | None:
    return conn.execute(select(t.telling_stand.c.stap).where(t.telling_stand.c.naam == _NAAM)).scalar()


def _zet_stand(conn: Connection, stap: int, nu: datetime) -> None:
    slot(conn, _NAAM)
    s = t.telling_stand
    vorige = _stand(conn)
    if vorige is None:
        conn.execute(insert(s).values(naam=_NAAM, stap=stap, op=nu))
    else:
        conn.execute(update(s).where(s.c.naam == _NAAM).values(stap=max(stap, vorige), op=nu))


def _laatste(conn: Connection) -> int:
    return int(conn.execute(select(func.max(levensstap.c.id))).scalar() or 0)


def _alles(conn: Connection) -> TeTellen:
    eerste, laatste = conn.execute(select(func.min(bericht.c.ontvangen_op), func.max(bericht.c.ontvangen_op))).one()
    ontvangen: set[tuple[date, str]] = set()
    if eerste is not None:
        maand, einde = _maand(eerste), _maand(laatste)
        while maand <= einde:
            begin, tot = _grenzen(maand)
            in_maand = (bericht.c.ontvangen_op >= begin, bericht.c.ontvangen_op < tot)
            van = select(func.coalesce(bericht.c.voorziening, "")).where(*in_maand).distinct()
            ontvangen |= {(maand, v) for v in conn.execute(van).scalars()}
            maand = volgende(maand)
    gefactureerd = conn.execute(select(zending.c.maand, zending.c.derdebetalende).distinct())
    return TeTellen(ontvangen=frozenset(ontvangen), gefactureerd=frozenset((r[0], r[1]) for r in gefactureerd))


def _sinds(conn: Connection, vanaf: int, nu: datetime) -> tuple[TeTellen, int, bool]:
    """What the steps after a number touch, the number up to which none can still come in between, and whether that is all."""
    vraag = (
        select(levensstap.c.id, levensstap.c.tijdstip, bericht.c.ontvangen_op, bericht.c.voorziening)
        .add_columns(zending.c.maand, zending.c.derdebetalende)
        .join(bericht, bericht.c.id == levensstap.c.bericht_id)
        .outerjoin(zending, zending.c.bericht_id == levensstap.c.bericht_id)
        .where(levensstap.c.id > vanaf)
        .order_by(levensstap.c.id)
        .limit(_STAPPEN)
    )
    rijen = conn.execute(vraag).all()
    naijling = _NAIJLING if conn.dialect.name == "postgresql" else timedelta(0)
    tot = vanaf
    for rij in rijen:
        if rij.tijdstip > nu - naijling:
            break
        tot = rij.id
    te_tellen = TeTellen(
        ontvangen=frozenset((_maand(r.ontvangen_op), r.voorziening or "") for r in rijen),
        gefactureerd=frozenset((r.maand, r.derdebetalende) for r in rijen if r.maand is not None),
    )
    return te_tellen, tot, len(rijen) < _STAPPEN or tot == vanaf


def _tel(store: Store, te_tellen: TeTellen, beloften: Mapping[str, int]) -> int:
    for deel in _delen(sorted(te_tellen.ontvangen)):
        with store.writing() as conn:
            slot(conn, _NAAM)
            for maand, voorziening in deel:
                _tel_ontvangen(conn, maand, voorziening, beloften)
    for deel in _delen(sorted(te_tellen.gefactureerd)):
        with store.writing() as conn:
            slot(conn, _NAAM)
            for maand, voorziening in deel:
                _tel_gefactureerd(conn, maand, voorziening)
    return len(te_tellen.ontvangen) + len(te_tellen.gefactureerd)


def _tel_ontvangen(conn: Connection, maand: date, voorziening: str, beloften: Mapping[str, int]) -> None:
    begin, einde = _grenzen(maand)
    b = bericht.c
    van = b.voorziening.is_(None) if voorziening == "" else b.voorziening == voorziening
    # The id says within a day when a message came, and the index on facilities goes on with it.
    ongeveer = b.id.between(eerste_id(begin - _EEN_DAG), eerste_id(einde + _EEN_DAG))
    deze = and_(van, ongeveer, b.ontvangen_op >= begin, b.ontvangen_op < einde, b.test.is_(False))
    sleutel = (b.pijler, func.coalesce(b.zorgkas, "").label("zorgkas"), b.dienst)
    aantallen: dict[tuple[str, str, str], dict[str, int]] = {}
    for rij in conn.execute(select(*sleutel, b.uitkomst, func.count().label("n")).where(deze).group_by(*sleutel, b.uitkomst)):
        maten = aantallen.setdefault((rij.pijler, rij.zorgkas, rij.dienst), dict.fromkeys(_MATEN, 0))
        maten["berichten"] += rij.n
        if rij.uitkomst in _UITKOMSTEN:
            maten[rij.uitkomst] += rij.n
    duren: Counter[tuple[str, str, int]] = Counter()
    for rij in conn.execute(_afgeleverd().where(deze).group_by(b.id)):
        seconden = (rij.afgeleverd_op - rij.ontvangen_op).total_seconds()
        duren[(rij.pijler, rij.zorgkas, klasse(seconden))] += 1
        maten = aantallen[(rij.pijler, rij.zorgkas, rij.dienst)]
        maten["afgeleverd"] += 1
        maten["op_tijd"] += seconden <= 60 * beloften.get(rij.pijler, 0)
    redenen: Counter[tuple[str, str, str]] = Counter()
    geweigerd = (
        select(b.id, b.pijler, func.coalesce(b.zorgkas, "").label("zorgkas"), beslissing.c.redenen, beslissing.c.door)
        .join(beslissing, beslissing.c.bericht_id == b.id)
        .where(deze, b.uitkomst == "geweigerd", beslissing.c.uitkomst == "geweigerd")
    )
    for rij in conn.execute(geweigerd):
        # A zorgkas that refuses what was in beraad gives its own words, and no code.
        codes = {r["code"] for r in rij.redenen if r.get("effect", "geweigerd") == "geweigerd"}
        if not codes and rij.door.startswith("zorgkas:"):
            codes = {DOOR_ZORGKAS}
        redenen.update((rij.pijler, rij.zorgkas, code) for code in codes)
    vast = {"maand": maand, "voorziening": voorziening}
    _vervang(conn, t.telling_bericht, vast, ({"pijler": p, "zorgkas": z, "dienst": d, **m} for (p, z, d), m in aantallen.items()))
    _vervang(
        conn, t.telling_duur, vast, ({"pijler": p, "zorgkas": z, "seconden": s, "berichten": n} for (p, z, s), n in duren.items())
    )
    _vervang(
        conn, t.telling_reden, vast, ({"pijler": p, "zorgkas": z, "code": c, "berichten": n} for (p, z, c), n in redenen.items())
    )


_UITKOMSTEN = ("aanvaard", "geweigerd", "in_beraad")
_MATEN = ("berichten", *_UITKOMSTEN, "afgeleverd", "op_tijd")


# Of a push that was answered with its receipt only the receipt was kept before.
_OP = func.coalesce(levering.c.afgeleverd_op, case((levering.c.toestand == "bevestigd", levering.c.bevestigd_op)))


def _afgeleverd() -> Any:
    """Messages with the moment at which they first were with their zorgkas."""
    b = bericht.c
    return select(
        b.pijler,
        func.coalesce(b.zorgkas, "").label("zorgkas"),
        b.dienst,
        b.ontvangen_op,
        func.min(_OP).label("afgeleverd_op"),
    ).join(
        levering,
        and_(
            levering.c.bericht_id == b.id,
            levering.c.bestemming == "zorgkas:" + b.zorgkas,
            levering.c.soort == "bericht",
            _OP.is_not(None),
        ),
    )


def _tel_gefactureerd(conn: Connection, maand: date, voorziening: str) -> None:
    z, g = zending.c, geweigerde_lijn.c
    deze = and_(z.derdebetalende == voorziening, z.maand == maand)
    betaald = func.coalesce(z.afgerekend, z.aanvaard)
    per = (bericht.c.pijler, z.zorgkas)
    sommen = (
        select(
            *per,
            func.count().label("zendingen"),
            func.sum(z.gevraagd).label("gevraagd"),
            func.sum(betaald).label("aanvaard"),
            func.sum(z.gevraagd - betaald).label("geweigerd"),
            func.sum(func.coalesce(z.afgerekend, 0)).label("afgerekend"),
            func.sum(case((z.afgerekend.is_(None), z.aanvaard), else_=0)).label("open"),
        )
        .join(bericht, bericht.c.id == z.bericht_id)
        .where(deze)
        .group_by(*per)
    )
    verloren = (
        select(*per, g.code, g.door, func.count().label("records"), func.sum(g.bedrag).label("bedrag"))
        .join(zending, z.bericht_id == g.bericht_id)
        .join(bericht, bericht.c.id == g.bericht_id)
        .where(deze)
        .group_by(*per, g.code, g.door)
    )
    vast = {"maand": maand, "voorziening": voorziening}
    _vervang(conn, t.telling_factuur, vast, (dict(r._mapping) for r in conn.execute(sommen)))
    _vervang(conn, t.telling_lijn, vast, (dict(r._mapping) for r in conn.execute(verloren)))


def _vervang(conn: Connection, tabel: Table, vast: Mapping[str, Any], rijen: Iterable[Mapping[str, Any]]) -> None:
    nieuw = [{**vast, **rij} for rij in rijen]
    conn.execute(delete(tabel).where(tabel.c.maand == vast["maand"], tabel.c.voorziening == vast["voorziening"]))
    if nieuw:
        conn.execute(insert(tabel), nieuw)


def klasse(seconden: float) -> int:
    """The class that a turnaround is counted in."""
    return next((k for k in KLASSEN if seconden <= k), KLASSEN[-1])


def volgende(maand: date) -> date:
    """First day of the next month."""
    return (maand.replace(day=28) + timedelta(days=4)).replace(day=1)


def _grenzen(maand: date) -> tuple[datetime, datetime]:
    return datetime.combine(maand, time(), BRUSSELS), datetime.combine(volgende(maand), time(), BRUSSELS)


def _maand(moment: datetime) -> date:
    return moment.astimezone(BRUSSELS).date().replace(day=1)


def _delen(sleutels: list[tuple[date, str]]) -> Iterator[list[tuple[date, str]]]:
    return (sleutels[n : n + _PER_TRANSACTIE] for n in range(0, len(sleutels), _PER_TRANSACTIE))
