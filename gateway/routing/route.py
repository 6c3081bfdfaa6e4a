"""Which zorgkas insures a person, per day and per period. Pure: all it knows is the person it is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from gateway.central.model import Persoon

_DAG = timedelta(days=1)


class Status(StrEnum):
    """A person's insurability over some days (facts vsb.md §3.3)."""

    AANGESLOTEN = "AANGESLOTEN"
    NIET_AANGESLOTEN = "NIET_AANGESLOTEN"  # known, may join, did not
    GEEN_AANSLUITING_MOGELIJK = "GEEN_AANSLUITING_MOGELIJK"  # known, may not join (facts vsb.md §3.2)
    ONBEKEND_INSZ = "ONBEKEND_INSZ"
    OVERLEDEN = "OVERLEDEN"  # from the day after the day of death


class MutatieSoort(StrEnum):
    """Kinds of change, with the federal GenIns words (facts vsb.md §3.3)."""

    CHANGE_DURING = "changeDuring"  # another zorgkas from some day inside the period
    CLOSED_BEFORE = "closedBefore"  # no affiliation in the period, the last one ended before it
    START_LATER = "startLater"  # no affiliation in the period, the next one starts after it


@dataclass(frozen=True, kw_only=True)
class Deelperiode:
    """Days in a row, both ends inside, on which a person's insurability is one and the same."""

    van: date
    tot: date
    status: Status
    zorgkas: str | None = None
    """Only when AANGESLOTEN, like the type."""
    type: str | None = None
    """officieel or administratief."""


@dataclass(frozen=True, kw_only=True)
class Mutatie:
    """A change of zorgkas that whoever asked about a period should know of."""

    soort: MutatieSoort
    datum: date
    """First day at the new zorgkas, or last day at the old one for closedBefore."""
    van_zorgkas: str | None = None
    naar_zorgkas: str | None = None


def zorgkas_van_dienst(persoon: Persoon, dag: date) -> str | None:
    """Code of the zorgkas that insures the person on a care date, or None when none does."""
    return _op(persoon, dag)[1]


def deelperioden(persoon: Persoon | None, van: date, tot: date) -> tuple[Deelperiode, ...]:
    """The period cut where insurability changes: every day of it in exactly one part, gaps as parts of their own.

    Raises:
        ValueError: `tot` lies before `van`.
    """
    _eis_periode(van, tot)
    if persoon is None:
        return (Deelperiode(van=van, tot=tot, status=Status.ONBEKEND_INSZ),)
    delen: list[Deelperiode] = []
    begin = van
    stand = _op(persoon, van)
    for snede in _sneden(persoon, van, tot):
        nieuw = _op(persoon, snede)
        if nieuw != stand:
            delen.append(_deel(begin, snede - _DAG, stand))
            begin, stand = snede, nieuw
    return (*delen, _deel(begin, tot, stand))


def mutaties(persoon: Persoon, van: date, tot: date) -> tuple[Mutatie, ...]:
    """Changes of zorgkas inside the period; without any affiliation in it, the nearest before and after.

    Raises:
        ValueError: `tot` lies before `van`.
    """
    kassen = [d for d in deelperioden(persoon, van, tot) if d.zorgkas is not None]
    if kassen:
        return tuple(
            Mutatie(soort=MutatieSoort.CHANGE_DURING, datum=nieuw.van, van_zorgkas=oud.zorgkas, naar_zorgkas=nieuw.zorgkas)
            for oud, nieuw in pairwise(kassen)
            if oud.zorgkas != nieuw.zorgkas
        )
    levend = persoon.overlijdensdatum or date.max
    geweest = [(min(a.tot or date.max, levend), a.zorgkas) for a in persoon.aansluitingen if a.van <= min(van, levend)]
    komend = [(a.van, a.zorgkas) for a in persoon.aansluitingen if tot < a.van <= levend]
    gevonden: list[Mutatie] = []
    if geweest:
        datum, kas = max(geweest)
        gevonden.append(Mutatie(soort=MutatieSoort.CLOSED_BEFORE, datum=datum, van_zorgkas=kas))
    if komend:
        datum, kas = min(komend)
        gevonden.append(Mutatie(soort=MutatieSoort.START_LATER, datum=datum, naar_zorgkas=kas))
    return tuple(gevonden)


_Stand = tuple[Status, str | None, str | None]
"""Status, zorgkas and type on one day."""


def _op(persoon: Persoon, dag: date) -> _Stand:
    if persoon.overlijdensdatum is not None and dag > persoon.overlijdensdatum:
        return (Status.OVERLEDEN, None, None)
    aansluiting = persoon.aansluiting_op(dag)
    if aansluiting is not None:
        return (Status.AANGESLOTEN, aansluiting.zorgkas, aansluiting.type)
    # Who may not join now can have been affiliated before: only the days without affiliation take this status.
    mogelijk = persoon.aansluiting_mogelijk
    return (Status.NIET_AANGESLOTEN if mogelijk else Status.GEEN_AANSLUITING_MOGELIJK, None, None)


def _sneden(persoon: Persoon, van: date, tot: date) -> list[date]:
    """Every day after `van` on which something can begin to be different."""
    begin = {a.van for a in persoon.aansluitingen}
    einde = {a.tot for a in persoon.aansluitingen} | {persoon.overlijdensdatum}
    # Days are added only below `tot`, since the day after date.max does not exist.
    na_einde = {dag + _DAG for dag in einde if dag is not None and dag < tot}
    return sorted(dag for dag in begin | na_einde if van < dag <= tot)


def _deel(van: date, tot: date, stand: _Stand) -> Deelperiode:
    status, zorgkas, soort = stand
    return Deelperiode(van=van, tot=tot, status=status, zorgkas=zorgkas, type=soort)


def _eis_periode(van: date, tot: date) -> None:
    if tot < van:
        raise ValueError(f"the period ends ({tot}) before it starts ({van})")
