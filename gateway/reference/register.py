"""The register that admission asks: circle-of-trust declarations, recognitions, mandates; attests are in register_attesten.

Every change is written in the caller's transaction together with its record in the audit chain. Admission reads these
tables at each request, so a change holds in every process from the moment it is committed. What a column may hold is what a
reference file may hold there (soorten).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, insert, or_, select, update

from gateway.observe.audit_events import Gebeurtenis
from gateway.reference import tables as t
from gateway.reference.soorten import SOORTEN, Soort
from gateway.store.audit import noteer
from gateway.store.slot import slot

_SOORT = {s.naam: s for s in SOORTEN}


@dataclass(frozen=True, kw_only=True)
class Door:
    """Who changes the register, when and why."""

    actor: str
    tijdstip: datetime
    reden: str | None = None
    """For the audit chain; None where nobody asked for one."""


class Fout(Enum):
    """Why a change is not made; the value is for people, in Dutch."""

    WAARDE = "deze waarde kan hier niet staan"
    ONBEKENDE_VOORZIENING = "deze voorziening is niet gekend; laad haar met vsb-gateway reference load"
    ONBEKEND = "dit staat niet in het register"
    BESTAAT = "dit staat al in het register"
    OVERLAP = "deze periode heeft dagen samen met een periode die er al staat"
    EINDE_VOOR_BEGIN = "de laatste dag ligt voor de eerste"
    AL_BEEINDIGD = "er loopt geen periode meer op die dag"
    AL_ZO = "er verandert niets"


class Registerfout(Exception):
    """A change that is not made; nothing was written."""

    def __init__(self, fout: Fout, veld: str, *, gevonden: str, verwacht: str | None = None) -> None:
        super().__init__(f"{veld}: {fout.value}")
        self.fout = fout
        self.veld = veld
        self.gevonden = gevonden
        self.verwacht = verwacht


class Periodelijst(Enum):
    """The three lists of periods, each by its table's kind, with its events and a name for people."""

    VERKLARING = ("verklaringen", "verklaring", Gebeurtenis.VERKLARING_TOEGEVOEGD, Gebeurtenis.VERKLARING_BEEINDIGD)
    ERKENNING = ("erkenningen", "erkenning", Gebeurtenis.ERKENNING_TOEGEVOEGD, Gebeurtenis.ERKENNING_BEEINDIGD)
    MANDAAT = ("mandaten", "mandaat", Gebeurtenis.MANDAAT_TOEGEVOEGD, Gebeurtenis.MANDAAT_BEEINDIGD)

    @property
    def soort(self) -> Soort:
        return _SOORT[self.value[0]]

    @property
    def naam(self) -> str:
        return self.value[1]

    @property
    def voorziening(self) -> str:
        """The column with the facility."""
        return next(iter(self.soort.verwijst))


@dataclass(frozen=True, kw_only=True)
class Wijziging:
    """What was changed, to confirm it."""

    naam: str
    onderwerp: str
    voor: Mapping[str, Any]
    """Empty for what is new."""
    na: Mapping[str, Any]
    auditrecord: int


def voeg_periode_toe(
    conn: Connection, lijst: Periodelijst, sleutel: Mapping[str, str], van: date, tot: date | None, door: Door
) -> Wijziging:
    """Add a period: a declaration, a recognition or a mandate.

    Args:
        sleutel: the columns that say whose period it is, as in the reference file of this kind.
        tot: last day inside; None while it runs.

    Raises:
        Registerfout: WAARDE, EINDE_VOOR_BEGIN, ONBEKENDE_VOORZIENING or OVERLAP.
    """
    waarden = _sleutel(conn, lijst.soort, sleutel)
    check_periode(van, tot)
    voorziening = waarden[lijst.voorziening]
    if conn.execute(select(t.voorziening.c.riziv).where(t.voorziening.c.riziv == voorziening)).first() is None:
        raise Registerfout(Fout.ONBEKENDE_VOORZIENING, lijst.voorziening, gevonden=voorziening)
    tabel = lijst.soort.tabel
    raakt = or_(tabel.c.tot.is_(None), tabel.c.tot >= van)
    if tot is not None:
        raakt &= tabel.c.van <= tot
    ander = conn.execute(select(tabel.c.van, tabel.c.tot).where(_van(tabel, waarden), raakt).order_by(tabel.c.van)).first()
    if ander is not None:
        raise Registerfout(
            Fout.OVERLAP, "van", gevonden=periode(van, tot), verwacht=f"geen dag samen met {periode(ander.van, ander.tot)}"
        )
    na = {"van": van, "tot": tot}
    conn.execute(insert(tabel).values(**waarden, **na))
    return leg_vast(conn, lijst.value[2], lijst.naam, f"riziv:{voorziening}", {}, {**waarden, **na}, door)


def beeindig_periode(conn: Connection, lijst: Periodelijst, sleutel: Mapping[str, str], tot: date, door: Door) -> Wijziging:
    """Give the period that runs on a day that day as its last.

    Raises:
        Registerfout: WAARDE, ONBEKEND, EINDE_VOOR_BEGIN, AL_BEEINDIGD or AL_ZO.
    """
    waarden = _sleutel(conn, lijst.soort, sleutel)
    tabel = lijst.soort.tabel
    rijen = conn.execute(select(tabel).where(_van(tabel, waarden)).order_by(tabel.c.van)).all()
    if not rijen:
        raise Registerfout(Fout.ONBEKEND, lijst.soort.sleutel[0], gevonden=", ".join(waarden.values()))
    lopend = next((r for r in rijen if r.van <= tot and (r.tot is None or tot <= r.tot)), None)
    if lopend is None:
        raise _geen_periode(rijen, tot)
    if lopend.tot == tot:
        raise Registerfout(Fout.AL_ZO, "tot", gevonden=periode(lopend.van, lopend.tot))
    conn.execute(update(tabel).where(tabel.c.id == lopend.id).values(tot=tot))
    na = {**waarden, "van": lopend.van, "tot": tot}
    return leg_vast(conn, lijst.value[3], lijst.naam, f"riziv:{waarden[lijst.voorziening]}", {**na, "tot": lopend.tot}, na, door)


def periode(van: date, tot: date | None) -> str:
    return f"{van} tot {'…' if tot is None else tot}"


def _sleutel(conn: Connection, soort: Soort, sleutel: Mapping[str, str]) -> dict[str, str]:
    waarden = {naam: lees_veld(soort, naam, sleutel[naam]) for naam in soort.sleutel}
    # Two changes of one key must see each other's period.
    slot(conn, "/".join((soort.naam, *waarden.values())))
    return waarden


def _geen_periode(rijen: Sequence[Row[Any]], tot: date) -> Registerfout:
    later = next((r for r in rijen if r.van > tot), None)
    if later is not None:
        return Registerfout(Fout.EINDE_VOOR_BEGIN, "tot", gevonden=str(tot), verwacht=f"een dag vanaf {later.van}")
    return Registerfout(
        Fout.AL_BEEINDIGD, "tot", gevonden=str(tot), verwacht=f"een dag in {periode(rijen[-1].van, rijen[-1].tot)}"
    )


def _van(tabel: Table, waarden: Mapping[str, str]) -> ColumnElement[bool]:
    voorwaarde: ColumnElement[bool] = tabel.c.id.is_not(None)
    for naam, waarde in waarden.items():
        voorwaarde &= tabel.c[naam] == waarde
    return voorwaarde


def check_periode(van: date, tot: date | None) -> None:
    """Both days are inside, so they may be the same.

    Raises:
        Registerfout: EINDE_VOOR_BEGIN.
    """
    if tot is not None and tot < van:
        raise Registerfout(Fout.EINDE_VOOR_BEGIN, "tot", gevonden=str(tot), verwacht=f"een dag vanaf {van}")


def lees_veld(soort: Soort, naam: str, waarde: str | None, *, verplicht: bool = True) -> Any:
    """Read a value as a reference file of this kind does.

    Raises:
        Registerfout: WAARDE.
    """
    kolom = next(k for k in soort.kolommen if k.naam == naam)
    if not waarde and not verplicht:
        return None
    if not waarde:
        raise Registerfout(Fout.WAARDE, naam, gevonden="", verwacht=kolom.verwacht)
    try:
        return kolom.lees(waarde, date.min)
    except ValueError:
        raise Registerfout(Fout.WAARDE, naam, gevonden=kolom.toon(waarde), verwacht=kolom.verwacht) from None


def leg_vast(
    conn: Connection,
    gebeurtenis: Gebeurtenis,
    naam: str,
    onderwerp: str,
    voor: Mapping[str, Any],
    na: Mapping[str, Any],
    door: Door,
) -> Wijziging:
    """Write a change in the audit chain: every new value, and `voor_…` for each old value that it replaced."""
    gegevens = {f"voor_{k}": v for k, v in voor.items() if v != na.get(k)} | dict(na)
    if door.reden is not None:
        gegevens["reden"] = door.reden
    nummer = noteer(
        conn,
        gebeurtenis,
        actor=door.actor,
        onderwerp=onderwerp,
        gegevens={k: _gegeven(k, v) for k, v in gegevens.items()},
        tijdstip=door.tijdstip,
    )
    return Wijziging(naam=naam, onderwerp=onderwerp, voor=voor, na=na, auditrecord=nummer)


def _gegeven(naam: str, waarde: Any) -> Any:
    if isinstance(waarde, date):
        return waarde.isoformat()
    return f"riziv:{waarde}" if naam.endswith("riziv") else waarde
