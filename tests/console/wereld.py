"""One gateway with work on it for people: messages in beraad, an accepted zending, and its parts to call directly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from gateway.app import make_gateway
from gateway.berichten.factuur import Zending
from gateway.berichten.factuur_schrijven import schrijf_zending
from gateway.diensten.kern import Gateway
from gateway.settings import Settings
from tests.server.test_invoicing import per_day
from tests.server.test_main_job import label, results, wait_for
from tests.support import PERSONS, RunningGateway, running_gateway


@dataclass(frozen=True, kw_only=True)
class Wereld:
    """A running gateway, and the same database opened here."""

    running: RunningGateway
    gateway: Gateway

    @property
    def vandaag(self) -> date:
        return self.running.today()

    def meld(self, persoon: str, dagen: int = 1, **soort: Any) -> Any:
        """A start so many days ago, or another kind of notification; returns the answer."""
        begin = {"StartVerblijf": {"Startdatum": self.vandaag - timedelta(days=dagen), "TypeVerblijf": "regulier"}}
        return self.running.facility().indienen(str(uuid4()), PERSONS[persoon], **(soort or begin))

    def in_beraad(self, persoon: str = "sofie") -> str:
        """A message that waits for its zorgkas: it came too late. Returns its MessageId."""
        answer = self.meld(persoon, 40)
        assert answer.Uitkomst == "in_beraad", answer
        return str(answer.MessageId)

    def zending(self, persoon: str, dossier: str, nummer: int, dagen: Sequence[date], referentie: str) -> tuple[str, Zending]:
        """An accepted zending with a line for each day; its MessageId and itself."""
        given = per_day(self.running, persoon, dossier, nummer, dagen)
        facility = self.running.facility().facturatie
        tack = facility.post(schrijf_zending(given), referentie)
        assert [label(r) for r in results(facility, referentie, 2)][-1] == "INHOUD-AANVAARD"
        return str(tack.Reference), given


@contextmanager
def wereld(folder: Path, database_url: str, **env: str) -> Iterator[Wereld]:
    with running_gateway(folder, VSB_DATABASE_URL=database_url, VSB_POLL_SECONDS="0", **env) as running:
        gateway = make_gateway(Settings(database_url=database_url))
        yield Wereld(running=running, gateway=gateway)
        gateway.store.engine.dispose()


__all__ = ["Wereld", "label", "results", "wait_for", "wereld"]
