"""Questions to the reference data. Every function works inside the caller's transaction and only reads.

A RIZIV number may have 11 digits, as in a message, or the 8 that identify, as in a certificate (facts vsb.md §7.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, bindparam, exists, or_, select

from gateway.central.model import Aansluiting, Betrekking, Periode, Persoon, Prijs
from gateway.reference import tables as t
from gateway.reference.model import Attest, Erkenning, Levering, Voorziening, Zorgkas

_BATCH = 500


_PERSOON = (
    select(t.persoon, t.aansluiting.c.zorgkas, t.aansluiting.c.type, t.aansluiting.c.van, t.aansluiting.c.tot)
    .outerjoin(t.aansluiting, t.aansluiting.c.insz == t.persoon.c.insz)
    .where(t.persoon.c.insz == bindparam("insz"))
    .order_by(t.aansluiting.c.van)
)


def persoon(conn: Connection, insz: str) -> Persoon | None:
    rijen = conn.execute(_PERSOON, {"insz": insz}).all()
    if not rijen:
        return None
    aansluitingen = [Aansluiting(zorgkas=r.zorgkas, type=r.type, van=r.van, tot=r.tot) for r in rijen if r.zorgkas is not None]
    return _persoon(rijen[0], aansluitingen)


def personen(conn: Connection, inszen: Iterable[str]) -> dict[str, Persoon]:
    """The persons that are known among these, with their affiliations in order of time."""
    gezocht = sorted(set(inszen))
    gevonden: dict[str, Persoon] = {}
    for begin in range(0, len(gezocht), _BATCH):
        deel = gezocht[begin : begin + _BATCH]
        aansluitingen: dict[str, list[Aansluiting]] = {}
        a = t.aansluiting.c
        for rij in conn.execute(select(a.insz, a.zorgkas, a.type, a.van, a.tot).where(a.insz.in_(deel)).order_by(a.van)):
            aansluiting = Aansluiting(zorgkas=rij.zorgkas, type=rij.type, van=rij.van, tot=rij.tot)
            aansluitingen.setdefault(rij.insz, []).append(aansluiting)
        for rij in conn.execute(select(t.persoon).where(t.persoon.c.insz.in_(deel))):
            gevonden[rij.insz] = _persoon(rij, aansluitingen.get(rij.insz, ()))
    return gevonden


def voorziening(conn: Connection, riziv: str) -> Voorziening | None:
    v = t.voorziening.c
    rij = conn.execute(select(t.voorziening).where(_nummer(v.riziv, riziv)).order_by(v.riziv).limit(1)).first()
    return None if rij is None else _voorziening(rij)


def voorzieningen(conn: Connection) -> tuple[Voorziening, ...]:
    rijen = conn.execute(select(t.voorziening).order_by(t.voorziening.c.riziv))
    return tuple(_voorziening(rij) for rij in rijen)


def erkenningen(conn: Connection, riziv: str) -> tuple[Erkenning, ...]:
    """Every recognition of a facility, also past and future ones."""
    e = t.erkenning.c
    rijen = conn.execute(select(t.erkenning).where(_nummer(e.riziv, riziv)).order_by(e.pijler, e.van))
    return tuple(Erkenning(riziv=rij.riziv, pijler=rij.pijler, van=rij.van, tot=rij.tot) for rij in rijen)


def erkend(conn: Connection, riziv: str, pijler: str, dag: date) -> bool:
    e = t.erkenning.c
    return _bestaat(conn, _nummer(e.riziv, riziv), e.pijler == pijler, _loopt(t.erkenning, dag))


def verklaring_op(conn: Connection, riziv: str, dag: date) -> bool:
    """Whether the organisation has a circle-of-trust declaration; it declares for all its qualifications at once."""
    return _bestaat(conn, _nummer(t.verklaring.c.riziv, riziv[:8]), _loopt(t.verklaring, dag))


def mandaat_op(conn: Connection, gemachtigde: str, voorziening: str, pijler: str, dag: date) -> bool:
    """Whether `gemachtigde` may send for `voorziening`; of a sender only the 8 digits of its certificate are proved."""
    m = t.mandaat.c
    return _bestaat(
        conn,
        _nummer(m.gemachtigde_riziv, gemachtigde[:8]),
        _nummer(m.voorziening_riziv, voorziening),
        m.pijler == pijler,
        _loopt(t.mandaat, dag),
    )


def prijzen(conn: Connection, voorziening: str) -> tuple[Prijs, ...]:
    """The facility's own prices first, then those of every facility: the first that holds is the one to use."""
    p = t.prijs.c
    rijen = conn.execute(
        select(t.prijs)
        .where(or_(p.riziv.is_(None), _nummer(p.riziv, voorziening)))
        .order_by(p.riziv.is_(None), p.prestatiecode, p.van)
    )
    return tuple(
        Prijs(prestatiecode=rij.prestatiecode, voorziening=rij.riziv, van=rij.van, tot=rij.tot, bedrag=rij.bedrag)
        for rij in rijen
    )


def betrekkingen(conn: Connection) -> tuple[Betrekking, ...]:
    """Every code that asks for another one beside it; some hundreds at most."""
    rijen = conn.execute(select(t.betrekking).order_by(t.betrekking.c.prestatiecode, t.betrekking.c.betrekkelijk))
    return tuple(
        Betrekking(prestatiecode=rij.prestatiecode, betrekkelijk=rij.betrekkelijk, van=rij.van, tot=rij.tot) for rij in rijen
    )


def verhoogd(conn: Connection, inszen: Iterable[str]) -> dict[str, tuple[Periode, ...]]:
    """When each of these persons has verhoogde tegemoetkoming; persons who never had it are absent."""
    gezocht = sorted(set(inszen))
    s = t.statuut.c
    gevonden: dict[str, tuple[Periode, ...]] = {}
    for begin in range(0, len(gezocht), _BATCH):
        for rij in conn.execute(select(s.insz, s.van, s.tot).where(s.insz.in_(gezocht[begin : begin + _BATCH]))):
            gevonden[rij.insz] = (*gevonden.get(rij.insz, ()), Periode(van=rij.van, tot=rij.tot))
    return gevonden


def erkend_in(conn: Connection, riziv: str, pijler: str) -> tuple[Periode, ...]:
    """The periods in which a facility is recognised for a pillar."""
    e = t.erkenning.c
    rijen = conn.execute(select(e.van, e.tot).where(_nummer(e.riziv, riziv), e.pijler == pijler).order_by(e.van))
    return tuple(Periode(van=rij.van, tot=rij.tot) for rij in rijen)


def plaatsen(conn: Connection, riziv: str, pijler: str, dag: date) -> int | None:
    """Recognised places of a facility for a pillar on a day, or None when none are registered."""
    c = t.capaciteit.c
    gevonden = conn.execute(select(c.plaatsen).where(_nummer(c.riziv, riziv), c.pijler == pijler, _loopt(t.capaciteit, dag)))
    return gevonden.scalar()


def attest(conn: Connection, nummer: str) -> Attest | None:
    return _attest(conn, t.attest.c.nummer == nummer)


def attest_van_licentie(conn: Connection, gebruiker: str) -> Attest | None:
    return _attest(conn, t.attest.c.licentie_gebruiker == gebruiker)


def zorgkas(conn: Connection, code: str) -> Zorgkas | None:
    return next(_zorgkassen(conn, t.zorgkas.c.code == code), None)


def zorgkas_van_kbo(conn: Connection, kbo: str) -> Zorgkas | None:
    return next(_zorgkassen(conn, t.zorgkas.c.kbo == kbo), None)


def zorgkassen(conn: Connection) -> tuple[Zorgkas, ...]:
    return tuple(_zorgkassen(conn))


def _nummer(kolom: ColumnElement[Any], riziv: str) -> ColumnElement[bool]:
    return kolom.between(f"{riziv}000", f"{riziv}999") if len(riziv) == 8 else kolom == riziv


def _loopt(tabel: FromClause, dag: date) -> ColumnElement[bool]:
    return (tabel.c.van <= dag) & (tabel.c.tot.is_(None) | (tabel.c.tot >= dag))


def _bestaat(conn: Connection, *voorwaarden: ColumnElement[bool]) -> bool:
    return bool(conn.execute(select(exists().where(*voorwaarden))).scalar_one())


def _persoon(rij: Row[*tuple[Any, ...]], aansluitingen: Iterable[Aansluiting]) -> Persoon:
    return Persoon(
        insz=rij.insz,
        naam=rij.naam,
        voornaam=rij.voornaam,
        geboortedatum=rij.geboortedatum,
        geslacht=rij.geslacht,
        adres=rij.adres,
        overlijdensdatum=rij.overlijdensdatum,
        aansluiting_mogelijk=rij.aansluiting_mogelijk,
        aansluitingen=tuple(aansluitingen),
    )


def _voorziening(rij: Row[*tuple[Any, ...]]) -> Voorziening:
    return Voorziening(riziv=rij.riziv, naam=rij.naam, kwaliteit=rij.kwaliteit, kbo=rij.kbo, iban=rij.iban)


def _attest(conn: Connection, voorwaarde: ColumnElement[bool]) -> Attest | None:
    rij = conn.execute(select(t.attest).where(voorwaarde)).first()
    if rij is None:
        return None
    return Attest(
        nummer=rij.nummer,
        leverancier=rij.leverancier,
        product=rij.product,
        versie_van=rij.versie_van,
        versie_tot=rij.versie_tot,
        pijlers=tuple(rij.pijlers),
        van=rij.van,
        tot=rij.tot,
        geschorst=rij.geschorst,
        licentie_gebruiker=rij.licentie_gebruiker,
        licentie_hash=rij.licentie_hash,
    )


def _zorgkassen(conn: Connection, *voorwaarden: ColumnElement[bool]) -> Iterator[Zorgkas]:
    for rij in conn.execute(select(t.zorgkas).where(*voorwaarden).order_by(t.zorgkas.c.code)):
        yield Zorgkas(
            code=rij.code,
            naam=rij.naam,
            kbo=rij.kbo,
            levering=Levering(rij.levering),
            endpoint=rij.endpoint,
            actief=rij.actief,
        )
