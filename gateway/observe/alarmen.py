"""Alarms: what an operator must know now. Each opens once and closes once, however often and by whomever it is looked at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import structlog
from cryptography import x509
from sqlalchemy import Connection, and_, func, insert, not_, or_, select, update

from gateway.clock import BRUSSELS, ClockGuard
from gateway.exchange import lijn
from gateway.exchange.lijn import Schakelaar
from gateway.exchange.toestand import PENDING, Toestand
from gateway.observe.audit_events import Gebeurtenis
from gateway.observe.bewaring import archief_te_laat, zegel_te_laat
from gateway.store.audit import noteer
from gateway.store.berichten import GATEWAY
from gateway.store.slot import slot
from gateway.store.tables import alarm, certificaat, levensstap, levering, taak
from gateway.trust.chain import TrustStore

log = structlog.get_logger("alarm")
_LINE_OPEN = timedelta(minutes=15)
_TASK_WAITS = timedelta(minutes=30)
_TASK_TRIES = 5
"""Tries that failed by an error of our own."""
_NAMED = 20
"""Zendingen that get an alarm of their own."""
_CLOCK_BACK = timedelta(minutes=5)
_DAYS = (7, 14, 30, 60)
"""Days before a certificate ends at which an alarm opens; the nearest holds."""


class Ernst(StrEnum):
    """How soon somebody must look."""

    WAARSCHUWING = "waarschuwing"
    ERNSTIG = "ernstig"
    KRITIEK = "kritiek"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One thing that is wrong now; `soort` and `onderwerp` together are what opens and closes."""

    soort: str
    onderwerp: str
    ernst: Ernst
    toelichting: str


@dataclass(frozen=True, kw_only=True)
class Bewaking:
    """What is watched beside the database.

    Args:
        eigen: certificates of the gateway itself, by what they are for.
        opslag: a folder whose disk must not fill up; None: the database is elsewhere.
        wachtrij: how long a delivery may wait for its zorgkas before somebody is told.
        min_vrij: bytes that must stay free in `opslag`.
        clock_guard: of the process that watches.
        bewaarmaanden: months that bytes stay in the database before the archive takes them.
    """

    trust: TrustStore
    eigen: dict[str, x509.Certificate]
    opslag: Path | None
    wachtrij: timedelta
    min_vrij: int
    clock_guard: ClockGuard | None = None
    bewaarmaanden: int | None = None


def waak(conn: Connection, bewaking: Bewaking, now: datetime) -> tuple[int, int]:
    """Compare what is wrong now with what is open; write only the difference, also when what an open alarm says changed.

    Returns:
        How many alarms opened and how many closed.
    """
    slot(conn, "alarmen")
    current = {(a.soort, a.onderwerp): a for a in bepaal(conn, bewaking, now)}
    known = {(r.soort, r.onderwerp): r for r in conn.execute(select(alarm).where(alarm.c.gesloten_op.is_(None)))}
    opened = [a for key, a in current.items() if key not in known]
    closed = [key for key in known if key not in current]
    for a in opened:
        conn.execute(
            insert(alarm).values(
                soort=a.soort, onderwerp=a.onderwerp, ernst=a.ernst.value, toelichting=a.toelichting[:500], geopend_op=now
            )
        )
        log.error("alarm_opened", kind=a.soort, subject=a.onderwerp, severity=a.ernst.value, what=a.toelichting)
    for a in (a for key, a in current.items() if key in known):
        row, nieuw = known[a.soort, a.onderwerp], {"ernst": a.ernst.value, "toelichting": a.toelichting[:500]}
        if (row.ernst, row.toelichting) != tuple(nieuw.values()):
            conn.execute(update(alarm).where(alarm.c.id == row.id).values(nieuw))
    for key in closed:
        conn.execute(update(alarm).where(alarm.c.id == known[key].id).values(gesloten_op=now))
        log.warning("alarm_closed", kind=key[0], subject=key[1])
    _noteer_intrekking(conn, [a.onderwerp for a in opened if a.soort == "intrekking"], now, ontbreekt=True)
    _noteer_intrekking(conn, [o for s, o in closed if s == "intrekking"], now, ontbreekt=False)
    return len(opened), len(closed)


def bepaal(conn: Connection, bewaking: Bewaking, now: datetime) -> Iterator[Alarm]:
    """Everything that is wrong at this moment."""
    yield from _wachtrijen(conn, bewaking.wachtrij, now)
    yield from _lijnen(conn, now)
    yield from _taken(conn, now)
    yield from _klok(conn, bewaking.clock_guard, now)
    yield from _boeken(conn, bewaking.bewaarmaanden, now)
    yield from _certificaten(conn, bewaking.eigen, now)
    for issuer in bewaking.trust.without_revocation_data(now):
        tekst = "geen verse CRL of OCSP: in strict wordt elke afzender met een certificaat van deze uitgever nu tegengehouden"
        yield Alarm(soort="intrekking", onderwerp=issuer[:128], ernst=Ernst.KRITIEK, toelichting=tekst)
    if bewaking.opslag is not None and (free := shutil.disk_usage(bewaking.opslag).free) < bewaking.min_vrij:
        tekst = f"nog {free // 2**20} MiB vrij; op een volle schijf wordt niets meer aanvaard"
        yield Alarm(soort="schijf", onderwerp="databank", ernst=Ernst.KRITIEK, toelichting=tekst)


def _wachtrijen(conn: Connection, limit: timedelta, now: datetime) -> Iterator[Alarm]:
    to_zorgkas = levering.c.bestemming.like("zorgkas:%")
    pending = levering.c.toestand.in_([t.value for t in PENDING])
    query = select(levering.c.bestemming, func.count(), func.min(levering.c.aangemaakt_op)).where(to_zorgkas, pending)
    for bestemming, count, oldest in conn.execute(query.group_by(levering.c.bestemming)).all():
        if now - oldest > limit:
            tekst = f"{_aantal(count)} {'wacht' if count == 1 else 'wachten'}, de oudste sinds {_hier(oldest)}"
            yield Alarm(soort="wachtrij", onderwerp=bestemming, ernst=Ernst.ERNSTIG, toelichting=tekst)
    dead = select(levering.c.bestemming, func.count()).where(levering.c.toestand == Toestand.MISLUKT.value)
    for bestemming, count in conn.execute(dead.group_by(levering.c.bestemming)).all():
        yield Alarm(soort="mislukt", onderwerp=bestemming, ernst=Ernst.ERNSTIG, toelichting=f"{_aantal(count)} mislukt")


def _lijnen(conn: Connection, now: datetime) -> Iterator[Alarm]:
    for stand in lijn.alle(conn):
        if stand.gepauzeerd_door is not None:
            tekst = f"stilgelegd door {stand.gepauzeerd_door}: {stand.gepauzeerd_reden}"
            yield Alarm(soort="gepauzeerd", onderwerp=stand.bestemming, ernst=Ernst.WAARSCHUWING, toelichting=tekst)
        elif stand.toestand is not Schakelaar.GESLOTEN and stand.sinds is not None and now - stand.sinds > _LINE_OPEN:
            tekst = f"onbereikbaar sinds {_hier(stand.sinds)}, {stand.fouten} pogingen na elkaar mislukt"
            yield Alarm(soort="lijn", onderwerp=stand.bestemming, ernst=Ernst.ERNSTIG, toelichting=tekst)


def _taken(conn: Connection, now: datetime) -> Iterator[Alarm]:
    # A try counts when it begins: of one that is under way nobody knows yet.
    failing = or_(taak.c.pogingen > _TASK_TRIES, and_(taak.c.pogingen == _TASK_TRIES, taak.c.lease_van.is_(None)))
    named = select(taak.c.bericht_id, taak.c.pogingen).where(failing).order_by(taak.c.bericht_id)
    for bericht_id, tries in conn.execute(named.limit(_NAMED)).all():
        tekst = (
            f"{tries} keer geprobeerd en niet beoordeeld door een fout van de gateway zelf; zoek task_failed met dit MessageId "
            "in het log. De zending blijft bewaard en wordt opnieuw geprobeerd, na de andere"
        )
        yield Alarm(soort="taken", onderwerp=bericht_id, ernst=Ernst.ERNSTIG, toelichting=tekst)
    more = conn.execute(select(func.count()).select_from(taak).where(failing)).scalar_one() - _NAMED
    if more > 0:
        tekst = f"nog {more} zendingen worden niet beoordeeld door een fout van de gateway zelf; zoek task_failed in het log"
        yield Alarm(soort="taken", onderwerp="meer", ernst=Ernst.ERNSTIG, toelichting=tekst)
    waiting = select(func.count(), func.min(taak.c.volgende_poging)).where(not_(failing))
    count, oldest = conn.execute(waiting).one()
    if count and now - oldest > _TASK_WAITS:
        tekst = f"{count} zendingen wachten op beoordeling, de oudste sinds {oldest:%Y-%m-%d %H:%M}; draait er een worker?"
        yield Alarm(soort="taken", onderwerp="zendingen", ernst=Ernst.ERNSTIG, toelichting=tekst)


def _klok(conn: Connection, guard: ClockGuard | None, now: datetime) -> Iterator[Alarm]:
    if guard is not None and (jump := guard.jump()) is not None:
        tekst = f"de klok van de worker versprong {jump.total_seconds():+.0f} s"
        yield Alarm(soort="klok", onderwerp="worker", ernst=Ernst.KRITIEK, toelichting=tekst)
    last = conn.execute(select(levensstap.c.tijdstip).order_by(levensstap.c.id.desc()).limit(1)).scalar()
    if last is not None and last - now > _CLOCK_BACK:
        tekst = f"de klok staat op {_hier(now)}, maar er is al een stap van {_hier(last)}"
        yield Alarm(soort="klok", onderwerp="gateway", ernst=Ernst.KRITIEK, toelichting=tekst)


def _boeken(conn: Connection, bewaarmaanden: int | None, now: datetime) -> Iterator[Alarm]:
    if (dag := zegel_te_laat(conn, now)) is not None:
        tekst = f"{dag:%d-%m-%Y} is niet verzegeld; draait er een worker?"
        yield Alarm(soort="zegel", onderwerp="audit", ernst=Ernst.KRITIEK, toelichting=tekst)
    if bewaarmaanden is not None and (maand := archief_te_laat(conn, bewaarmaanden, now)) is not None:
        tekst = f"{maand:%m-%Y} hoort in het archief"
        yield Alarm(soort="archief", onderwerp="archief", ernst=Ernst.WAARSCHUWING, toelichting=tekst)


def _certificaten(conn: Connection, eigen: dict[str, x509.Certificate], now: datetime) -> Iterator[Alarm]:
    for what, certificate in eigen.items():
        yield from _einde(what, certificate.not_valid_after_utc, now, eigen=True)
    # After a renewal only the certificate that lives longest counts.
    latest = select(certificaat.c.identiteit, func.max(certificaat.c.geldig_tot).label("tot")).group_by(certificaat.c.identiteit)
    for identiteit, tot in conn.execute(latest.having(func.max(certificaat.c.geldig_tot) < now + timedelta(days=60))).all():
        yield from _einde(identiteit, tot, now, eigen=False)


def _einde(what: str, tot: datetime, now: datetime, *, eigen: bool) -> Iterator[Alarm]:
    left = tot - now
    threshold = next((d for d in _DAYS if left <= timedelta(days=d)), None)
    if threshold is None or (not eigen and left < -timedelta(days=60)):
        return
    ernst = Ernst.WAARSCHUWING if threshold > 14 else Ernst.ERNSTIG if threshold > 7 or not eigen else Ernst.KRITIEK
    tekst = f"geldig tot {_hier(tot)}" if left > timedelta(0) else f"verlopen op {_hier(tot)}"
    yield Alarm(soort="certificaat", onderwerp=f"{what} {threshold}d"[:128], ernst=ernst, toelichting=tekst)


def _noteer_intrekking(conn: Connection, issuers: list[str], now: datetime, *, ontbreekt: bool) -> None:
    event = Gebeurtenis.INTREKKING_ONTBREEKT if ontbreekt else Gebeurtenis.INTREKKING_HERSTELD
    for issuer in issuers:
        noteer(conn, event, actor=GATEWAY, onderwerp=issuer, gegevens={}, tijdstip=now)


def _aantal(count: int) -> str:
    return f"{count} levering{'' if count == 1 else 'en'}"


def _hier(moment: datetime) -> str:
    """A moment as the people who read it have it, with its zone: the text stands on screens and in terminals."""
    return f"{moment.astimezone(BRUSSELS):%d-%m-%Y %H:%M %Z}"
