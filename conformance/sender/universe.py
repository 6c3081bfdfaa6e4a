"""The reference central application: the real gateway in this process, its clock to be set, its database fresh at will."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from lxml.etree import _Element as Element
from starlette.types import ASGIApp

from conformance.client import Software
from gateway.app import create_app, make_gateway
from gateway.clock import BRUSSELS, ClockGuard, system_clock
from gateway.diensten import zorgkas
from gateway.diensten.kern import Gateway, Verzoek, prove
from gateway.diensten.taken import doe_taak
from gateway.exchange import mailbox
from gateway.paths import data_dir
from gateway.reference.geheugen import Registergeheugen
from gateway.reference.laden import laad
from gateway.reference.voorbeeld import voorbeeldbestanden
from gateway.settings import Settings
from gateway.soap import SoapServices
from gateway.store.certificaten import CertificateFile
from gateway.store.engine import Store, make_engine
from gateway.store.identifiers import message_id
from gateway.store.migrate import upgrade
from gateway.wire.generic import Outgoing
from gateway.wire.http import XML_CONTENT_TYPE
from gateway.wire.limits import RateLimit

PILLARS = "edgfin,eibwfin,emdofin,epvtfin,erevacfin,erevazfin,ewzcfin,mohm"


@dataclass
class SettableClock:
    """The time of day, shifted by what a scenario asks."""

    shift: timedelta = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.shift

    def put(self, moment: datetime) -> None:
        self.shift = moment - system_clock()

    def guard(self) -> ClockGuard:
        """A guard that finds a set clock normal."""
        epoch = datetime(2000, 1, 1, tzinfo=UTC)
        return ClockGuard(self, lambda: self() - epoch)


@dataclass(kw_only=True)
class Universe:
    """One fresh central application, for one scenario."""

    gateway: Gateway
    clock: SettableClock
    services: ASGIApp
    path: Path
    held: int = 0
    """Questions to the mailbox that must come before zendingen are judged."""

    def asked(self) -> None:
        """A question to the mailbox was answered."""
        self.held = max(0, self.held - 1)
        self.settle()

    def settle(self) -> None:
        """Judge what was posted, unless it must wait."""
        while not self.held and doe_taak(self.gateway, "suite", Random(0)):  # noqa: S311
            pass

    def waiting(self, certificate_number: str) -> tuple[Outgoing, ...]:
        """What waits in a facility's mailbox, unconfirmed."""
        with self.gateway.store.reading() as conn:
            return mailbox.wachtend(conn, f"riziv:{certificate_number}", (), MAILBOX)

    def waiting_tacks(self, certificate_number: str) -> int:
        """How many TAcks wait in a facility's mailbox."""
        with self.gateway.store.reading() as conn:
            return len(mailbox.wachtende_tacks(conn, f"riziv:{certificate_number}", MAILBOX))

    def as_zorgkas(self, envelope: bytes) -> Element:
        """What a zorgkas sends, and the answer.

        Raises:
            Refusal: the gateway does not take it.
        """
        verzoek = Verzoek(raw=envelope, content_type=XML_CONTENT_TYPE, soap_action="", ticket=message_id(self.clock()))
        return zorgkas.behandel(self.gateway, prove(self.gateway, zorgkas.DIENST, verzoek))

    def close(self) -> None:
        self.gateway.store.engine.dispose()
        for file in self.path.parent.glob(f"{self.path.name}*"):
            file.unlink(missing_ok=True)


MAILBOX = 100
"""Messages that are looked at."""


@dataclass(kw_only=True)
class Universes:
    """Makes them: the database is filled once, each gets a copy.

    Args:
        folder: where the databases lie.
        software: the vendor's package, attested for every pillar beside the samples.
        poll_seconds: what the mailbox asks between two questions while it is empty.
    """

    folder: Path
    software: Software | None = None
    poll_seconds: float = 1.0
    overrides: Mapping[str, object] = field(default_factory=dict)
    _templates: dict[date, Path] = field(default_factory=dict)
    _base: Gateway | None = None
    _rest: ASGIApp | None = None
    _count: int = 0

    @property
    def rest(self) -> ASGIApp:
        """The gateway's pages, WSDLs and schemas."""
        self._start()
        assert self._rest is not None
        return self._rest

    def _settings(self) -> Settings:
        url = f"sqlite:///{self.folder}/leeg.sqlite"
        known: dict[str, object] = {
            "database_url": url,
            "sts_certificates": data_dir("certs-sample") / "sts.pem",
            "poll_seconds": self.poll_seconds,
            "log_level": "ERROR",
            "rate_address": 0,
            "rate_sender": 0,
        }
        return Settings(**{**known, **self.overrides})  # type: ignore[arg-type]

    def _start(self) -> Gateway:
        if self._base is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            for old in self.folder.glob("*.sqlite*"):
                old.unlink()
            settings = self._settings()
            self._base, self._rest = make_gateway(settings), create_app(settings)
        return self._base

    def _template(self, today: date) -> Path:
        if today not in self._templates:
            path = self.folder / f"begin-{today}.sqlite"
            engine = make_engine(f"sqlite:///{path}")
            upgrade(engine)
            with TemporaryDirectory() as folder:
                files = [Path(shutil.copy(file, folder)) for file in voorbeeldbestanden()]
                self._attest(next(f for f in files if f.name == "attesten.csv"))
                report = laad(engine, files, today)
            if report.fouten:
                raise RuntimeError(f"the sample data do not load: {report.fouten[0]}")
            engine.dispose()
            self._templates[today] = path
        return self._templates[today]

    def _attest(self, file: Path) -> None:
        if (own := self.software) is None:
            return
        digest = sha256(own.wachtwoord.encode()).hexdigest()
        row = f"{own.attest};{own.naam};{own.naam};0;99999;{PILLARS};2018-01-01;;nee;{own.licentie};{digest}\n"
        file.write_text(file.read_text(encoding="utf-8").rstrip("\n") + "\n" + row, encoding="utf-8")

    def fresh(self, moment: datetime | None = None) -> Universe:
        """A new one, whose clock stands at a moment, or at the time of day."""
        base = self._start()
        clock = SettableClock()
        if moment is not None:
            clock.put(moment)
        template = self._template(clock().astimezone(BRUSSELS).date())
        self._count += 1
        path = self.folder / f"heelal-{self._count}.sqlite"
        with sqlite3.connect(template) as source, sqlite3.connect(path) as target:
            source.backup(target)
        store = Store(make_engine(f"sqlite:///{path}"))
        gateway = replace(
            base,
            store=store,
            certificates=CertificateFile(store),
            register=Registergeheugen(),
            address_limit=RateLimit(0, 1, "adres"),
            sender_limit=RateLimit(0, 1, "afzender"),
            clock=clock,
            clock_guard=clock.guard(),
        )
        return Universe(gateway=gateway, clock=clock, services=SoapServices(gateway, self.rest), path=path)
