"""A stored zending is judged once, by whoever comes first, and is not left lying with who could not finish it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import update

from gateway.app import make_gateway
from gateway.diensten.taken import doe_taak
from gateway.settings import Settings
from gateway.store.tables import taak
from tests.support import RunningGateway

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
