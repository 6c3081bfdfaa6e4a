"""An alarm opens once and closes once, for each thing that somebody must look at."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import delete, insert, select

from conformance.walkthrough import sample_signer
from gateway.clock import BRUSSELS
from gateway.exchange import beheer, lijn
from gateway.exchange.transport import Refused, Unreachable
from gateway.observe.alarmen import Bewaking, waak
from gateway.observe.audit_events import Gebeurtenis
from gateway.paths import data_dir
from gateway.store import berichten
from gateway.store.audit import noteer
from gateway.store.audit_tables import audit
from gateway.store.audit_zegels import verzegel
from gateway.store.identifiers import maand_van
from gateway.store.tables import alarm, certificaat, taak
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.revocation import RevocationMode
from tests.exchange.conftest import Outbox, Receiver, box, clock, postgresql, store  # noqa: F401

CERTS = data_dir("certs-sample")
CRLS = [CERTS / "crl/issuing-ca.crl", CERTS / "crl/root-ca.crl"]


def trust(crls: list[Path] = CRLS) -> TrustStore:
    return load_trust_store(CERTS / "ca-bundle.pem", crls, RevocationMode.STRICT)


def watching(**other: object) -> Bewaking:
    values = {"trust": trust(), "eigen": {}, "opslag": None, "wachtrij": timedelta(minutes=60), "min_vrij": 0, **other}
    return Bewaking(**values)  # type: ignore[arg-type]


def look(box: Outbox, bewaking: Bewaking | None = None) -> tuple[int, int]:  # noqa: F811
    with box.store.writing() as conn:
        return waak(conn, bewaking or watching(), box.clock())


def open_alarms(box: Outbox) -> list[tuple[str, str, str]]:  # noqa: F811
    with box.store.reading() as conn:
        rows = conn.execute(select(alarm).where(alarm.c.gesloten_op.is_(None)).order_by(alarm.c.id))
        return [(r.soort, r.onderwerp, r.ernst) for r in rows]


def test_a_quiet_gateway_has_no_alarms(box: Outbox) -> None:  # noqa: F811
    assert look(box) == (0, 0)


def test_a_delivery_that_waits_too_long_opens_one_alarm_and_its_arrival_closes_it(box: Outbox) -> None:  # noqa: F811
    box.put()
    box.clock.pass_(minutes=59)
    assert look(box) == (0, 0)
    box.clock.pass_(minutes=2)
    assert look(box) == (1, 0)
    box.put()
    box.clock.pass_(minutes=30)
    assert look(box) == (0, 0)
    assert open_alarms(box) == [("wachtrij", "zorgkas:280", "ernstig")]
    box.run(box.lane(Receiver()), 3)
    assert look(box) == (0, 1)
    assert look(box) == (0, 0)


def test_a_dead_letter_is_an_alarm_until_somebody_acts(box: Outbox) -> None:  # noqa: F811
    def no(_: object) -> None:
        raise Refused("Fault")

    box.put()
    box.run(box.lane(Receiver(no)), 200, step=10)
    look(box)
    assert ("mislukt", "zorgkas:280", "ernstig") in open_alarms(box)


def test_an_open_alarm_says_what_is_so_now(box: Outbox) -> None:  # noqa: F811
    def no(_: object) -> None:
        raise Refused("Fault")

    names = [box.put() for _ in range(2)]
    box.run(box.lane(Receiver(no)), 200, step=10)
    look(box)
    with box.store.writing() as conn:
        beheer.geef_op(conn, names[0], "os:jan", "dubbel", box.clock())
    assert look(box) == (0, 0)
    with box.store.reading() as conn:
        texts = conn.execute(select(alarm.c.toelichting).where(alarm.c.soort == "mislukt")).scalars().all()
    assert texts == ["1 levering mislukt"]


def test_an_alarm_names_a_moment_with_its_zone(box: Outbox) -> None:  # noqa: F811
    box.put()
    since = box.clock().astimezone(BRUSSELS)
    box.clock.pass_(minutes=61)
    look(box)
    with box.store.reading() as conn:
        text = conn.execute(select(alarm.c.toelichting)).scalar_one()
    assert text == f"1 levering wacht, de oudste sinds {since:%d-%m-%Y %H:%M %Z}"


def test_a_line_that_stays_open_and_one_that_is_paused_are_alarms(box: Outbox) -> None:  # noqa: F811
    def away(_: object) -> None:
        raise Unreachable("ConnectionError")

    box.put()
    box.run(box.lane(Receiver(away)), 120)
    assert look(box) == (0, 0)
    box.clock.pass_(minutes=16)
    with box.store.writing() as conn:
        lijn.pauzeer(conn, "zorgkas:380", "os:jan", "onderhoud", box.clock())
    look(box)
    assert set(open_alarms(box)) == {("lijn", "zorgkas:280", "ernstig"), ("gepauzeerd", "zorgkas:380", "waarschuwing")}


def test_a_zending_that_nobody_judges_is_an_alarm(box: Outbox) -> None:  # noqa: F811
    name = box.put()
    with box.store.writing() as conn:
        conn.execute(insert(taak).values(bericht_id=name, pogingen=0, volgende_poging=box.clock()))
    box.clock.pass_(minutes=31)
    look(box)
    assert ("taken", "zendingen", "ernstig") in open_alarms(box)


def test_zendingen_that_trip_our_own_code_again_and_again_are_named_each_and_not_counted_as_waiting(box: Outbox) -> None:  # noqa: F811
    *names, busy = [box.put() for _ in range(24)]
    with box.store.writing() as conn:
        for name in names:
            conn.execute(insert(taak).values(bericht_id=name, pogingen=5, volgende_poging=box.clock()))
        held = {"lease_tot": box.clock() + timedelta(minutes=1), "lease_van": "w1"}
        conn.execute(insert(taak).values(bericht_id=busy, pogingen=5, volgende_poging=box.clock(), **held))
    look(box)
    assert open_alarms(box) == [*(("taken", name, "ernstig") for name in sorted(names)[:20]), ("taken", "meer", "ernstig")]
    with box.store.writing() as conn:
        conn.execute(delete(taak))
    look(box)
    assert open_alarms(box) == []


def test_a_clock_that_jumped_back_is_an_alarm(box: Outbox) -> None:  # noqa: F811
    box.put()
    box.clock.pass_(minutes=-4)
    assert look(box) == (0, 0)
    box.clock.pass_(minutes=-2)
    look(box)
    assert open_alarms(box) == [("klok", "gateway", "kritiek")]


def test_a_day_that_nobody_sealed_is_an_alarm_from_two_hours_after_it(box: Outbox) -> None:  # noqa: F811
    signer = sample_signer("gateway")
    with box.store.writing() as conn:
        noteer(conn, Gebeurtenis.GESTART, actor="test", onderwerp="gateway", gegevens={}, tijdstip=box.clock())
    midnight = datetime.combine(box.clock().astimezone(BRUSSELS).date() + timedelta(days=1), time(), BRUSSELS)
    box.clock.pass_(seconds=(midnight - box.clock()).total_seconds() + 7199)
    assert look(box) == (0, 0)
    box.clock.pass_(seconds=1)
    look(box)
    assert open_alarms(box) == [("zegel", "audit", "kritiek")]
    with box.store.writing() as conn:
        verzegel(conn, signer, box.clock())
    look(box)
    assert open_alarms(box) == []


def test_a_month_that_should_have_been_archived_is_an_alarm_after_two_months_more(box: Outbox) -> None:  # noqa: F811
    arrived, months = box.clock(), 24
    # Ids of one process rise, so this one may be of a later month than the clock's.
    month = maand_van(box.put())
    number = month.year * 12 + month.month - 1 + months + 2 + 1
    due = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
    quiet = watching(bewaarmaanden=months, wachtrij=timedelta(days=9999))
    box.clock.pass_(seconds=(due - arrived).total_seconds() - 1)
    look(box, quiet)
    assert ("archief", "archief", "waarschuwing") not in open_alarms(box)
    box.clock.pass_(seconds=1)
    look(box, quiet)
    assert ("archief", "archief", "waarschuwing") in open_alarms(box)


def test_a_full_disk_is_an_alarm(box: Outbox, tmp_path: Path) -> None:  # noqa: F811
    look(box, watching(opslag=tmp_path, min_vrij=2**60))
    assert open_alarms(box) == [("schijf", "databank", "kritiek")]


def test_missing_revocation_data_is_an_outcome_of_its_own_in_the_audit_chain_too(box: Outbox) -> None:  # noqa: F811
    without, issuers = watching(trust=trust([CRLS[1]])), 1
    assert look(box, without) == (issuers, 0)
    assert look(box, without) == (0, 0)
    assert [a[0] for a in open_alarms(box)] == ["intrekking"]
    assert look(box) == (0, issuers)
    with box.store.reading() as conn:
        events = list(conn.execute(select(audit.c.gebeurtenis).order_by(audit.c.volgnr)).scalars())
    assert events == ["intrekking_ontbreekt", "intrekking_hersteld"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [(61, None), (59, "waarschuwing"), (29, "waarschuwing"), (13, "ernstig"), (6, "kritiek"), (-1, "kritiek")],
)
def test_our_own_certificate_warns_earlier_and_earlier(box: Outbox, days: int, expected: str | None) -> None:  # noqa: F811
    certificate = x509.load_pem_x509_certificate((CERTS / "gateway.pem").read_bytes())
    box.clock.now = certificate.not_valid_after_utc - timedelta(days=days)
    bewaking = watching(eigen={"gateway": certificate})
    with box.store.writing() as conn:
        opened = list(_certificates(conn, bewaking, box.clock()))
    assert [a[1] for a in opened] == ([] if expected is None else [expected])


def _certificates(conn: object, bewaking: Bewaking, now: datetime) -> list[tuple[str, str]]:
    from gateway.observe.alarmen import bepaal

    return [(a.onderwerp, a.ernst.value) for a in bepaal(conn, bewaking, now) if a.soort == "certificaat"]  # type: ignore[arg-type]


def test_each_threshold_of_a_certificate_opens_once(box: Outbox) -> None:  # noqa: F811
    with box.store.writing() as conn:
        conn.execute(insert(certificaat).values(**_known("NIHII=71000012", "a", box.clock() + timedelta(days=40))))
    assert look(box) == (1, 0)
    assert look(box) == (0, 0)
    box.clock.pass_(days=11)
    assert look(box)[0] >= 1
    assert ("certificaat", "NIHII=71000012 30d", "waarschuwing") in open_alarms(box)
    assert not [a for a in open_alarms(box) if a[1].endswith("60d")]


def test_a_renewed_certificate_needs_no_alarm(box: Outbox) -> None:  # noqa: F811
    with box.store.writing() as conn:
        conn.execute(insert(certificaat).values(**_known("NIHII=71000012", "a", box.clock() + timedelta(days=5))))
        conn.execute(insert(certificaat).values(**_known("NIHII=71000012", "b", box.clock() + timedelta(days=700))))
    assert look(box) == (0, 0)


def _known(label: str, sha: str, end: datetime) -> dict[str, object]:
    return {
        "sha256": sha * 64,
        "sha1": sha * 40,
        "ski": sha,
        "serienummer": sha,
        "identiteit": label,
        "geldig_tot": end,
        "eerst_gezien": end,
        "der": b"",
    }


def test_a_life_step_that_is_not_in_the_future_says_nothing(box: Outbox) -> None:  # noqa: F811
    name = box.put()
    with box.store.writing() as conn:
        berichten.stappen(conn, name, [(berichten.Stap.GEROUTEERD, None)], box.clock() - timedelta(days=1))
    assert look(box) == (0, 0)
    assert berichten.GATEWAY == "gateway"
