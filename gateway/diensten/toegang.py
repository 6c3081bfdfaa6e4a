"""Where a facility or a vendor stands: recognitions, declaration, mandates, attested software, on a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from gateway.reference import lookup
from gateway.reference import tables as t
from gateway.reference.model import Attest, Voorziening
from gateway.store.tables import bericht, certificaat

_RECENT = 500
"""Newest messages of a facility that are looked at for the software it uses."""


@dataclass(frozen=True, kw_only=True)
class Registerregel:
    """A line of the register with its period."""

    wat: str
    voor: str
    van: date
    tot: date | None
    stand: str
    """geldt, komt (later), voorbij or geschorst."""


@dataclass(frozen=True, kw_only=True)
class Toegangsbeeld:
    """Whether one may send, and if not, why not."""

    voorzieningen: tuple[Voorziening, ...]
    erkenningen: tuple[Registerregel, ...]
    verklaringen: tuple[Registerregel, ...]
    mandaten: tuple[Registerregel, ...]
    attesten: tuple[tuple[Attest, str], ...]
    """Each with its state."""
    certificaten: tuple[Row[Any], ...]


def toegang_van(conn: Connection, voorzieningen: Sequence[str], attesten: Sequence[str], vandaag: date) -> Toegangsbeeld:
    """Args:
    voorzieningen: RIZIV numbers of 8 or 11 digits.
    attesten: numbers of attests to show besides those of the software that the facilities used of late.
    """
    nummers = [*attesten, *_gebruikt(conn, voorzieningen)]
    gevonden = [a for n in dict.fromkeys(nummers) if (a := lookup.attest(conn, n)) is not None]
    return Toegangsbeeld(
        voorzieningen=tuple(_voorzieningen(conn, voorzieningen)),
        erkenningen=_rechten(conn, t.erkenning, t.erkenning.c.riziv, voorzieningen, vandaag),
        verklaringen=_rechten(conn, t.verklaring, t.verklaring.c.riziv, voorzieningen, vandaag),
        mandaten=(
            *_rechten(conn, t.mandaat, t.mandaat.c.voorziening_riziv, voorzieningen, vandaag),
            *_rechten(conn, t.mandaat, t.mandaat.c.gemachtigde_riziv, voorzieningen, vandaag),
        ),
        attesten=tuple((a, "geschorst" if a.geschorst else _stand(a.van, a.tot, vandaag)) for a in gevonden),
        certificaten=tuple(_certificaten(conn, voorzieningen)),
    )


def _voorzieningen(conn: Connection, nummers: Sequence[str]) -> list[Voorziening]:
    if not nummers:
        return []
    rows = conn.execute(
        select(t.voorziening.c.riziv).where(_een_van(t.voorziening.c.riziv, nummers)).order_by(t.voorziening.c.riziv)
    )
    return [v for r in rows.scalars() if (v := lookup.voorziening(conn, r)) is not None]


def _rechten(
    conn: Connection, tabel: Any, kolom: ColumnElement[str], nummers: Sequence[str], vandaag: date
) -> tuple[Registerregel, ...]:
    if not nummers:
        return ()
    rows = conn.execute(select(tabel).where(_een_van(kolom, nummers)).order_by(tabel.c.van.desc()))
    return tuple(
        Registerregel(
            wat=getattr(r, "pijler", ""),
            voor=f"{r.gemachtigde_riziv} voor {r.voorziening_riziv}" if tabel is t.mandaat else r.riziv,
            van=r.van,
            tot=r.tot,
            stand=_stand(r.van, r.tot, vandaag),
        )
        for r in rows
    )


def _stand(van: date, tot: date | None, vandaag: date) -> str:
    if vandaag < van:
        return "komt"
    return "geldt" if tot is None or vandaag <= tot else "voorbij"


def _een_van(kolom: ColumnElement[str], nummers: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(kolom.between(f"{n}000", f"{n}999") if len(n) == 8 else kolom == n for n in nummers))


def _gebruikt(conn: Connection, nummers: Sequence[str]) -> list[str]:
    gevonden: list[str] = []
    for n in nummers:
        b = bericht.c
        laatste = select(b.attest).where(b.afzender == f"riziv:{n[:8]}").order_by(b.id.desc()).limit(_RECENT).subquery()
        gevonden += [a for a in conn.execute(select(laatste.c.attest).distinct()).scalars() if a is not None]
    return sorted(set(gevonden))


def _certificaten(conn: Connection, nummers: Sequence[str]) -> list[Row[Any]]:
    c = certificaat.c
    if not nummers:
        return []
    van_ons = or_(*(c.identiteit.endswith(f"={n[:8]}", autoescape=True) for n in nummers))
    vraag = select(c.identiteit, c.geldig_tot, c.eerst_gezien, c.sha256).where(van_ons)
    return list(conn.execute(vraag.order_by(c.geldig_tot.desc()).limit(10)))
