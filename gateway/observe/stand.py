"""Metrics of what all processes share, read from the database when Prometheus asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from gateway.clock import Clock
from gateway.exchange import lijn
from gateway.exchange.toestand import PENDING, Toestand
from gateway.observe.alarmen import Bewaking
from gateway.refusal import Refusal
from gateway.store.engine import Store
from gateway.store.tables import alarm, certificaat, levering, taak


class StandCollector(Collector):
    """Queues, lines, alarms and expiry dates; the same from every server process.

    Only open deliveries are counted, never a whole table.

    Args:
        beloften: minutes within which an accepted message is to be with its zorgkas, by pillar.
    """

    def __init__(self, store: Store, bewaking: Bewaking, clock: Clock, beloften: Mapping[str, int]) -> None:
        self._store = store
        self._beloften = beloften
        self._bewaking = bewaking
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """All families; when the database is away only what is known without it."""
        yield from self._certificates()
        promise = GaugeMetricFamily("vsb_turnaround_promise_seconds", "What the pillar's cookbook promises.", labels=["pijler"])
        for pijler, minuten in self._beloften.items():
            promise.add_metric([pijler], minuten * 60)
        yield promise
        up = GaugeMetricFamily("vsb_database_up", "1 when the database answers.")
        try:
            with self._store.reading() as conn:
                families = [
                    *self._deliveries(conn),
                    *self._lines(conn),
                    self._alarms(conn),
                    self._tasks(conn),
                    self._senders(conn),
                ]
        except Refusal:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from families

    def _deliveries(self, conn: Connection) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("vsb_deliveries", "Deliveries that are not closed.", labels=["to", "state"])
        oldest = GaugeMetricFamily("vsb_delivery_oldest_seconds", "Age of the oldest open delivery.", labels=["to"])
        states = [t.value for t in (*PENDING, Toestand.MISLUKT)]
        to_zorgkas = levering.c.bestemming.like("zorgkas:%")
        columns = (levering.c.bestemming, levering.c.toestand, func.count(), func.min(levering.c.aangemaakt_op))
        query = select(*columns).where(to_zorgkas, levering.c.toestand.in_(states))
        ages: dict[str, float] = {}
        for to, state, count, since in conn.execute(query.group_by(levering.c.bestemming, levering.c.toestand)).all():
            waiting.add_metric([to, state], count)
            ages[to] = max(ages.get(to, 0.0), (self._clock() - since).total_seconds())
        for to, age in ages.items():
            oldest.add_metric([to], age)
        yield waiting
        yield oldest

    def _lines(self, conn: Connection) -> Iterator[Metric]:
        open_ = GaugeMetricFamily("vsb_line_open", "1 while a zorgkas can not be reached or is paused.", labels=["to"])
        failures = GaugeMetricFamily("vsb_line_failures", "Failures in a row on the line to a zorgkas.", labels=["to"])
        for stand in lijn.alle(conn):
            open_.add_metric([stand.bestemming], 0 if stand.bereikbaar else 1)
            failures.add_metric([stand.bestemming], stand.fouten)
        yield open_
        yield failures

    def _alarms(self, conn: Connection) -> Metric:
        family = GaugeMetricFamily("vsb_alarm_open", "Open alarms.", labels=["kind", "severity"])
        query = select(alarm.c.soort, alarm.c.ernst, func.count()).where(alarm.c.gesloten_op.is_(None))
        for kind, severity, count in conn.execute(query.group_by(alarm.c.soort, alarm.c.ernst)).all():
            family.add_metric([kind, severity], count)
        return family

    def _tasks(self, conn: Connection) -> Metric:
        family = GaugeMetricFamily("vsb_tasks_waiting", "Zendingen that wait for their judgement.")
        family.add_metric([], conn.execute(select(func.count()).select_from(taak)).scalar() or 0)
        return family

    def _senders(self, conn: Connection) -> Metric:
        family = GaugeMetricFamily("vsb_senders_certificate_end_seconds", "When the first sender's certificate ends.")
        latest = select(func.max(certificaat.c.geldig_tot).label("tot")).group_by(certificaat.c.identiteit).subquery()
        ends = [r[0] for r in conn.execute(select(latest.c.tot)) if r[0] > self._clock()]
        if ends:
            family.add_metric([], min(ends).timestamp())
        return family

    def _certificates(self) -> Iterator[Metric]:
        own = GaugeMetricFamily("vsb_certificate_end_seconds", "When one of our certificates ends.", labels=["what"])
        for what, certificate in self._bewaking.eigen.items():
            own.add_metric([what], certificate.not_valid_after_utc.timestamp())
        crl = GaugeMetricFamily("vsb_crl_next_update_seconds", "When an issuer's next CRL is due.", labels=["issuer"])
        for issuer, end in self._bewaking.trust.revocation_ends().items():
            if end is not None:
                crl.add_metric([issuer], end.timestamp())
        yield own
        yield crl
