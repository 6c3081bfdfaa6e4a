"""Reports: sums over months, facilities, pillars and zorgkassen, from the tables that `tellingen` keeps. Amounts are cents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Table, cast, false, func, literal, or_, select, tuple_

from gateway.clock import BRUSSELS
from gateway.store import telling_tables as t
from gateway.store.tables import zending
from gateway.store.tellingen import KLASSEN


@dataclass(frozen=True, kw_only=True)
class Selectie:
    """Which sums count."""

    van: date
    """First day of the first month."""
    tot: date
    """First day of the last month."""
    voorzieningen: tuple[str, ...] | None = None
    """RIZIV numbers of facilities, any of them; 8 digits stand for every qualification of an organisation. None: all."""
    zorgkas: str | None = None
    pijler: str | None = None

    def voorwaarden(self, tabel: Table) -> list[ColumnElement[bool]]:
        c = tabel.c
        gevonden: list[ColumnElement[bool]] = [c.maand.between(self.van, self.tot)]
        if self.voorzieningen is not None:
            gevonden.append(or_(false(), *(_van_voorziening(c.voorziening, v) for v in self.voorzieningen)))
        if self.zorgkas is not None:
            gevonden.append(c.zorgkas == self.zorgkas)
        if self.pijler is not None:
            gevonden.append(c.pijler == self.pijler)
        return gevonden


def _van_voorziening(kolom: ColumnElement[str], riziv: str) -> ColumnElement[bool]:
    # A range finds its index on every engine; LIKE does not.
    return kolom == riziv if len(riziv) >= 11 else kolom.between(riziv, riziv.ljust(11, "9"))


@dataclass(frozen=True, kw_only=True)
class Rapport:
    """One report: what its rows are about and what is summed in them."""

    naam: str
    """Also the name of its command, its address and its file."""
    tabel: Table
    sleutels: tuple[str, ...]
    """A row is about one value of each; a reader may ask for fewer."""
    maten: tuple[str, ...]
    geld: frozenset[str] = frozenset()
    """Those that are cents."""

    @property
    def kolommen(self) -> tuple[str, ...]:
        return (*self.sleutels, *self.maten)


_SLEUTEL = ("maand", "pijler", "zorgkas", "voorziening")
BEDRAGEN = Rapport(
    naam="amounts",
    tabel=t.telling_factuur,
    sleutels=_SLEUTEL,
    maten=("zendingen", "gevraagd", "aanvaard", "geweigerd", "afgerekend", "open"),
    geld=frozenset({"gevraagd", "aanvaard", "geweigerd", "afgerekend", "open"}),
)
"""Accepted zendingen by invoiced month; `open` is accepted and not settled yet. What a zorgkas refused counts as refused."""
WEIGERINGEN = Rapport(
    naam="refusals",
    tabel=t.telling_lijn,
    sleutels=(*_SLEUTEL, "code", "door"),
    maten=("records", "bedrag"),
    geld=frozenset({"bedrag"}),
)
"""Records that accepted zendingen lost, by reason and by who refused them."""
BERICHTEN = Rapport(
    naam="messages",
    tabel=t.telling_bericht,
    sleutels=(*_SLEUTEL, "dienst"),
    maten=("berichten", "aanvaard", "geweigerd", "in_beraad", "afgeleverd", "op_tijd"),
)
"""Messages by month of receipt, with what became of them."""
REDENEN = Rapport(naam="reasons", tabel=t.telling_reden, sleutels=(*_SLEUTEL, "code"), maten=("berichten",))
"""Refused messages by reason; one with three reasons counts in three rows."""
DUREN = Rapport(naam="durations", tabel=t.telling_duur, sleutels=(*_SLEUTEL, "seconden"), maten=("berichten",))
"""Messages by the class of their turnaround; `doorlooptijden` makes percentiles of them."""
RAPPORTEN = {r.naam: r for r in (BEDRAGEN, WEIGERINGEN, BERICHTEN, REDENEN, DUREN)}


def lees(
    conn: Connection,
    rapport: Rapport,
    keuze: Selectie,
    per: Sequence[str] | None = None,
    *,
    grootste: str | None = None,
    na: Sequence[Any] | None = None,
    hoogstens: int | None = None,
) -> list[Row[Any]]:
    """The rows of a report, with its columns.

    Args:
        per: keys to keep apart, in their order; all when left out.
        grootste: the measure by which the largest come first; in the order of the keys when left out.
        na: the keys of the last row that was read, when in their order.
        hoogstens: at most so many rows.
    """
    return conn.execute(_vraag(rapport, keuze, per, grootste, na, hoogstens)).all()  # type: ignore[return-value]


def stroom(conn: Connection, rapport: Rapport, keuze: Selectie, per: Sequence[str] | None = None) -> Iterator[Row[Any]]:
    """As `lees`, without holding them all."""
    yield from conn.execution_options(yield_per=1_000).execute(_vraag(rapport, keuze, per, None, None, None))


def _vraag(
    rapport: Rapport,
    keuze: Selectie,
    per: Sequence[str] | None,
    grootste: str | None,
    na: Sequence[Any] | None,
    hoogstens: int | None,
) -> Any:
    tabel = rapport.tabel
    sleutels = [tabel.c[n] for n in (rapport.sleutels if per is None else per)]
    maten = {n: cast(func.coalesce(func.sum(tabel.c[n]), 0), BigInteger).label(n) for n in rapport.maten}
    vraag = select(*sleutels, *maten.values()).where(*keuze.voorwaarden(tabel))
    if sleutels:
        vraag = vraag.group_by(*sleutels)
    if na is not None:
        vraag = vraag.where(tuple_(*sleutels) > tuple_(*(literal(w, k.type) for w, k in zip(na, sleutels, strict=True))))
    vraag = vraag.order_by(*sleutels) if grootste is None else vraag.order_by(maten[grootste].desc(), *sleutels)
    return vraag.limit(hoogstens)


ALLE = ""
"""Stands for every zorgkas together."""


class Doorlooptijd(NamedTuple):
    """How long messages took from receipt to their zorgkas; a percentile is the upper bound of the class that it falls in."""

    pijler: str
    zorgkas: str
    """ALLE: whichever."""
    berichten: int
    p50: int
    """Seconds."""
    p90: int
    p99: int
    op_tijd: int
    """Messages within the promise of their cookbook."""


def doorlooptijden(conn: Connection, keuze: Selectie) -> list[Doorlooptijd]:
    """By pillar, with ALLE for the zorgkas, and after it by pillar and zorgkas."""
    op_tijd: Counter[tuple[str, str]] = Counter()
    klassen: dict[tuple[str, str], Counter[int]] = {}
    per = ("pijler", "zorgkas")
    for r in lees(conn, BERICHTEN, keuze, per):
        op_tijd.update({(r.pijler, r.zorgkas): r.op_tijd, (r.pijler, ALLE): r.op_tijd})
    for r in lees(conn, DUREN, keuze, ("maand", *per, "seconden")):
        for sleutel in ((r.pijler, ALLE), (r.pijler, r.zorgkas)):
            klassen.setdefault(sleutel, Counter())[r.seconden] += r.berichten
    return [
        Doorlooptijd(
            pijler=sleutel[0],
            zorgkas=sleutel[1],
            berichten=n.total(),
            p50=percentiel(n, 50),
            p90=percentiel(n, 90),
            p99=percentiel(n, 99),
            op_tijd=op_tijd[sleutel],
        )
        for sleutel, n in sorted(klassen.items())
    ]


def percentiel(klassen: Mapping[int, int], p: float) -> int:
    """The smallest class within which at least `p` percent of all lie.

    Args:
        klassen: upper bound to how many; not empty.
    """
    nodig, samen = sum(klassen.values()) * p / 100, 0
    for klasse in sorted(klassen):
        samen += klassen[klasse]
        if samen >= nodig:
            return klasse
    return KLASSEN[-1]


def te_betalen(conn: Connection, zorgkas: str, van: date, tot: date) -> list[Row[Any]]:
    """Zendingen of a zorgkas that it settled in a period of Belgian days, both inside, in the order of settlement."""
    z = zending.c
    begin, einde = (datetime.combine(dag, time(), BRUSSELS) for dag in (van, tot + timedelta(days=1)))
    query = select(z.derdebetalende, z.nummer, z.maand, z.afgerekend, z.betaalreferentie).where(
        z.zorgkas == zorgkas, z.afgerekend_op >= begin, z.afgerekend_op < einde
    )
    return list(conn.execute(query.order_by(z.afgerekend_op, z.bericht_id)))
