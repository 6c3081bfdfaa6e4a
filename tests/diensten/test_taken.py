"""A stored zending is judged once, by whoever comes first, and is not left lying with who could not finish it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import Connection, delete, select, update

from gateway.app import make_gateway
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.diensten import taken
from gateway.diensten.kern import Gateway
from gateway.diensten.taken import doe_taak
from gateway.diensten.zending import verwerk
from gateway.diensten.zending_lezen import Gelezen, lees
from gateway.diensten.zending_oordeel import Inzending
from gateway.diensten.zending_vooraf import oordeel_vooraf
from gateway.reference.laden import laad
from gateway.settings import Settings
from gateway.store import berichten
from gateway.store.tables import taak
from tests.server.test_invoicing import month_of, per_day, stay
from tests.support import IBW1, PERSONS, RunningGateway

pytestmark = pytest.mark.both_engines


def test_a_worker_takes_up_again_at_once_what_a_database_that_went_away_left_in_its_name(
    start_gateway: Callable[..., AbstractContextManager[RunningGateway]],
) -> None:
    with start_gateway(options=("--no-worker",)) as running:
        facility = running.facility()
        reference = facility.facturatie.post(b"<x/>", "TAKEN000000001").Reference
        gateway = make_gateway(Settings(database_url=running.environment["VSB_DATABASE_URL"]))
        with gateway.store.writing() as conn:
            conn.execute(update(taak).values(lease_tot=gateway.clock() + timedelta(minutes=10), lease_van="w1"))
        assert not doe_taak(gateway, "w2", Random(1))
        assert doe_taak(gateway, "w1", Random(1))
        assert facility.raadplegen(MessageId=reference).Uitkomst == "geweigerd"
        assert not doe_taak(gateway, "w1", Random(1))
        gateway.store.engine.dispose()


def test_a_zending_that_takes_down_its_worker_counts_its_tries_and_lets_the_others_go_first(
    start_gateway: Callable[..., AbstractContextManager[RunningGateway]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(gateway: Gateway, conn: Connection, bericht_id: str) -> Gelezen:
        if bericht_id == bad:
            raise KeyboardInterrupt if deadly else RuntimeError
        return lees(gateway, conn, bericht_id)

    with start_gateway(options=("--no-worker",)) as running:
        facility = running.facility()
        bad = facility.facturatie.post(b"<x/>", "BAD").Reference
        good = facility.facturatie.post(b"<x/>", "GOOD").Reference
        gateway = make_gateway(Settings(database_url=running.environment["VSB_DATABASE_URL"]))
        monkeypatch.setattr(taken, "lees", trip)
        deadly = True
        for _ in range(5):
            with pytest.raises(KeyboardInterrupt):
                doe_taak(gateway, "w1", Random(1))
            with gateway.store.writing() as conn:
                taken.geef_taken_terug(conn, "w1")
        deadly = False
        assert doe_taak(gateway, "w1", Random(1))
        assert facility.raadplegen(MessageId=good).Uitkomst == "geweigerd"
        assert doe_taak(gateway, "w1", Random(1))
        with gateway.store.reading() as conn:
            assert [(r.bericht_id, r.pogingen) for r in conn.execute(select(taak))] == [(bad, 6)]
        assert not doe_taak(gateway, "w1", Random(1))
        gateway.store.engine.dispose()


@pytest.mark.parametrize("between", ["nothing", "another zending", "an end of stay", "other prices"])
def test_what_was_judged_beforehand_counts_only_while_nothing_has_changed(
    start_gateway: Callable[..., AbstractContextManager[RunningGateway]], between: str
) -> None:
    with start_gateway(options=("--no-worker",)) as running:
        days = month_of(running)
        dossier = stay(running, "els", 20)
        facility = running.facility()
        given = per_day(running, "els", dossier, 1, days)
        reference = facility.facturatie.post(schrijf_zending(given), "EERST").Reference
        gateway = make_gateway(Settings(database_url=running.environment["VSB_DATABASE_URL"]))
        with gateway.store.reading() as conn:
            gelezen = lees(gateway, conn, reference)
            assert gelezen.zending is not None
            vooraf = oordeel_vooraf(conn, gateway.cookbooks, Inzending.van(gelezen, gelezen.zending))
        if between == "another zending":
            facility.facturatie.post(schrijf_zending(per_day(running, "els", dossier, 2, days)), "TWEEDE")
            with gateway.store.writing() as conn:
                conn.execute(delete(taak).where(taak.c.bericht_id == reference))
            assert doe_taak(gateway, "w1", Random(1))
        elif between == "an end of stay":
            einde = {"Dossiernummer": dossier, "Einddatum": days[0] - timedelta(days=1), "Reden": "andere"}
            assert facility.indienen(str(uuid4()), PERSONS["els"], EindeVerblijf=einde).Uitkomst == "aanvaard"
        elif between == "other prices":
            prices = running.folder / "prijzen.csv"
            begin = f"{days[0].year}-01-01"
            prices.write_text(f"prestatiecode;riziv;van;tot;bedrag;bron\n763055;{IBW1};{begin};;1;proef\n", encoding="utf-8")
            assert laad(gateway.store.engine, [prices], days[0]).geschreven
        with gateway.store.writing() as conn:
            verwerk(gateway, conn, gelezen, vooraf)
        with gateway.store.reading() as conn:
            steps = [s.toelichting for s in berichten.levensloop(conn, reference)]
        expected = "INHOUD-AANVAARD" if between == "nothing" else "INHOUD-920099"
        assert any(expected in (s or "") for s in steps), steps
        gateway.store.engine.dispose()
