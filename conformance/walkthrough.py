"""The main job, walked through against a gateway with the sample data: what `make run` shows."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

from lxml import etree
from rich.console import Console
from rich.table import Table

from conformance.berichten.forged import FORGED, flawed
from conformance.berichten.messages import names
from conformance.berichten.sample import sample_price, sample_rows
from conformance.client import FacilityClient, GenericAsyncClient, zorgkas_client
from gateway.berichten.names import ANTWOORD, ZORGKAS
from gateway.clock import BRUSSELS, Clock, system_clock
from gateway.paths import data_dir
from gateway.trust.identity import read_identity
from gateway.trust.signing import Signer, load_signer
from gateway.wire.envelope import read_envelope
from gateway.wire.generic import read_post
from gateway.wire.parser import parse

PASSWORD = "vsb-sample"  # noqa: S105
PULL, PUSH = ("180", "380", "580"), ("280", "480", "680")
_PIJLER, _CODE = "eibwfin", "763055"


@cache
def sample_signer(name: str) -> Signer:
    """Signer of a sample certificate, or of a flawed twin of the gateway's (forged.FORGED)."""
    if name in FORGED:
        return flawed(sample_signer("gateway"), name.removeprefix("gateway-"))
    return load_signer((data_dir("certs-sample") / f"{name}.p12").read_bytes(), PASSWORD)


@dataclass(kw_only=True)
class _Line:
    what: str
    reference: str
    answer: str
    expected: str | None
    """Zorgkas at which the message must arrive; None when it must not."""
    message_id: str | None
    arrived: str = "–"


@dataclass(kw_only=True)
class Walkthrough:
    """One run against one gateway.

    Args:
        base: the gateway's address.
        delivered: folder in which the reference receiver keeps what was pushed.
    """

    base: str
    delivered: Path
    console: Console
    clock: Clock = system_clock
    lines: list[_Line] = field(default_factory=list)
    _dossiers: dict[str, tuple[str, str]] = field(default_factory=dict)

    def run(self) -> bool:
        """Walk through everything; True when each message ended where it should."""
        self._names = names()
        self._ibw1 = self._names["voorzieningen"]["ibw1"]
        self._facility = FacilityClient(self.base, sample_signer("facility-ibw-1"), self._ibw1, pijler=_PIJLER, clock=self.clock)
        self._kassen = {code: self._kas(code) for code in PULL}
        self._step("Is this person insured?", self._ask)
        self._step("Stays start", self._notify)
        self._step("A zorgkas decides on what was held in beraad", self._decide)
        self._step("A month is invoiced, one zending per zorgkas", self._invoice)
        self._step("Zorgkassen fetch, confirm and settle", self._collect)
        self._step("Answers return to the facility", self._answers)
        self._show_table()
        return all(
            (line.expected is None) == (line.arrived == "–") and line.expected in (None, line.arrived) for line in self.lines
        )

    def _step(self, title: str, work: Any) -> None:
        self.console.print(f"[bold]{title}[/]")
        for text in work():
            self.console.print(f"  {text}")

    def _kas(self, code: str) -> GenericAsyncClient:
        signer = sample_signer(f"zorgkas-{code}")
        return zorgkas_client(self.base, signer, read_identity(signer.certificate).number, self.clock)

    def _insz(self, name: str) -> str:
        return self._names["personen"][name]

    @property
    def _today(self) -> date:
        return self.clock().astimezone(BRUSSELS).date()

    def _ask(self) -> Iterator[str]:
        new_year = date(self._today.year, 1, 1)
        for name, van, tot in (
            ("els", self._today, self._today),
            ("bert", new_year - timedelta(days=10), new_year + timedelta(days=10)),
            ("lena", self._today, self._today),
        ):
            answer = self._facility.verzekerbaarheid(str(uuid4()), self._insz(name), van, tot)
            periods = [f"{p.Van} – {p.Tot} {p.Status} {p.Zorgkas or ''}".strip() for p in answer.Deelperiode]
            yield f"{name}: {'; '.join(periods)}"

    def _notify(self) -> Iterator[str]:
        start = self._today - timedelta(days=20)
        for name, code in (("els", "180"), ("piet", "280"), ("griet", "380"), ("wout", "480"), ("nele", "580"), ("omar", "680")):
            yield self._start(name, start, code)
        yield self._start("lena", start, None)
        yield self._start("sofie", self._today - timedelta(days=45), "180")

    def _start(self, name: str, start: date, expected: str | None) -> str:
        reference = str(uuid4())
        answer = self._facility.indienen(
            reference, self._insz(name), StartVerblijf={"Startdatum": start, "TypeVerblijf": "regulier"}
        )
        if answer.Dossiernummer:
            self._dossiers[name] = (answer.Dossiernummer, answer.Zorgkas)
        codes = ", ".join(r.Code for r in answer.Reden)
        said = f"{answer.Uitkomst}{' (' + codes + ')' if codes else ''}"
        self.lines.append(
            _Line(what=f"StartVerblijf {name}", reference=reference, answer=said, expected=expected, message_id=answer.MessageId)
        )
        return f"{name}: {said}{', dossier ' + answer.Dossiernummer if answer.Dossiernummer else ''}"

    def _decide(self) -> Iterator[str]:
        held = next(line for line in self.lines if line.what == "StartVerblijf sofie")
        content = (
            f'<z:Beslissing xmlns:z="{ZORGKAS}"><z:MessageId>{held.message_id}</z:MessageId><z:Zorgkas>180</z:Zorgkas>'
            "<z:Uitkomst>aanvaard</z:Uitkomst><z:Motivering>Overmacht aangetoond.</z:Motivering></z:Beslissing>"
        )
        self._kassen["180"].post(content.encode(), str(uuid4()), message_name="VSB-BESLISSING")
        held.answer += " → aanvaard door 180"
        yield "sofie: aanvaard door zorgkas 180"

    def _invoice(self) -> Iterator[str]:
        start = self._today - timedelta(days=20)
        first = start.replace(day=1)
        last = min(self._today - timedelta(days=1), (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        self._posted: dict[str, str] = {}
        for number, (name, (dossier, code)) in enumerate(((n, d) for n, d in self._dossiers.items() if n != "sofie"), 1):
            content = zending(
                riziv=self._ibw1,
                insz=self._insz(name),
                dossier=dossier,
                zorgkas=code,
                number=number,
                start=start,
                end=last,
                today=self._today,
            )
            reference = f"{self.clock():%y%m%d%H%M%S}{number:02d}"
            tack = self._facility.facturatie.post(content, reference)
            self._posted[reference] = tack.Reference
            self.lines.append(
                _Line(
                    what=f"Zending {number:03d} ({name})",
                    reference=reference,
                    answer="TAck",
                    expected=code,
                    message_id=tack.Reference,
                )
            )
            yield f"zending {number:03d} voor {code}: {tack.ResultMajor.rpartition(':')[2]}, {(last - start).days + 1} dagen"

    def _collect(self) -> Iterator[str]:
        wanted = {line.message_id for line in self.lines if line.expected in PULL}
        deadline = system_clock() + timedelta(seconds=60)
        fetched: dict[str, tuple[str, bytes]] = {}
        while set(fetched) != wanted and system_clock() < deadline:
            for code, kas in self._kassen.items():
                batch = kas.get()
                for _, content, _ in batch:
                    fetched[_message_id(content)] = (code, content)
                kas.confirm([digest for _, _, digest in batch])
        pushed = {line.message_id for line in self.lines if line.expected in PUSH}
        while not pushed <= set(self._pushed()) and system_clock() < deadline:
            pass
        for message_id, code in [*((m, c) for m, (c, _) in fetched.items()), *self._pushed().items()]:
            for line in self.lines:
                if line.message_id == message_id:
                    line.arrived = code
        yield f"opgehaald en bevestigd: {len(fetched)}; ontvangen door duwen: {len(self._pushed())}"
        yield from self._settle(fetched)

    def _settle(self, fetched: dict[str, tuple[str, bytes]]) -> Iterator[str]:
        for line in self.lines:
            if line.what.startswith("Zending") and line.expected == "180" and line.message_id in fetched:
                amount = _amount(fetched[line.message_id][1])
                content = (
                    f'<z:Afrekening xmlns:z="{ZORGKAS}"><z:MessageId>{line.message_id}</z:MessageId><z:Zorgkas>180</z:Zorgkas>'
                    f"<z:Gevraagd>{amount}</z:Gevraagd><z:Aanvaard>{amount}</z:Aanvaard><z:Geweigerd>0</z:Geweigerd>"
                    f"<z:Betaalreferentie>DEMO-{line.reference}</z:Betaalreferentie></z:Afrekening>"
                )
                self._kassen["180"].post(content.encode(), str(uuid4()), message_name="VSB-AFREKENING")
                yield f"{line.what}: afgerekend, {amount / 100:.2f} euro"

    def _pushed(self) -> dict[str, str]:
        return {path.stem: path.parent.name for code in PUSH for path in (self.delivered / code).glob("*.xml")}

    def _answers(self) -> Iterator[str]:
        labels: dict[str, list[str]] = {}
        while batch := self._facility.facturatie.get():
            for name, content, _ in batch:
                root = parse(content)
                reference = root.findtext(f"{{{ANTWOORD}}}InputReference") or root.findtext(f"{{{ANTWOORD}}}BerichtId") or ""
                label = root.findtext(f"{{{ANTWOORD}}}Label") or root.findtext(f"{{{ANTWOORD}}}Uitkomst") or ""
                codes = ", ".join(sorted({e.text or "" for e in root.iter(f"{{{ANTWOORD}}}Code")}))
                labels.setdefault(reference, []).append(label + (f" ({codes})" if codes else ""))
                yield f"{name}: {label} voor {reference}{' ' + codes if codes else ''}"
            self._facility.facturatie.confirm([digest for _, _, digest in batch])
        for line in self.lines:
            if line.what.startswith("Zending"):
                line.answer = ", ".join(["TAck", *labels.get(line.reference, [])])

    def _show_table(self) -> None:
        table = Table(title="What was sent, what was answered, where it went")
        for column in ("message", "answer", "expected at zorgkas", "arrived at zorgkas"):
            table.add_column(column, overflow="fold")
        for line in self.lines:
            table.add_row(line.what, line.answer, line.expected or "nowhere", line.arrived)
        self.console.print(table)
        good = sum((line.expected or "–") == line.arrived for line in self.lines)
        self.console.print(f"[bold]{good} of {len(self.lines)} messages are where they should be.[/]")

    def show_next_steps(self, commands: Sequence[str] = ()) -> None:
        """How to send the next one by hand.

        Args:
            commands: what to set first so that commands look into this gateway's database.
        """
        set_first = "".join(f"\n  {line}" for line in commands)
        self.console.print(
            f"""
Console:   {self.base}/console/  log in as olga (operator), karel (zorgkas 180), vera (voorziening), lode (leverancier),
           cis (controleur) or bea (beheerder), all with password vsb-sample
Cookbooks: {self.base}/cookbooks/      API: {self.base}/api/v1/
WSDLs:     {self.base}/soap/aanvraag/v1?wsdl  (also verzekerbaarheid, facturatie, zorgkas)

[bold]Send one yourself with curl[/] (sign a fresh question, then post it; a signature is good for some minutes):

  .venv/bin/vsb-conformance sign verzekerbaarheid --out /tmp/vraag.xml
  curl -sS -H 'Content-Type: text/xml; charset=utf-8' --data-binary @/tmp/vraag.xml {self.base}/soap/verzekerbaarheid/v1

[bold]… or with zeep[/] (.venv/bin/python):

  from datetime import date
  from conformance.client import FacilityClient
  from conformance.walkthrough import sample_signer
  client = FacilityClient("{self.base}", sample_signer("facility-ibw-1"), "{self._ibw1}", pijler="{_PIJLER}")
  print(client.verzekerbaarheid("mijn-vraag-0001", "{self._insz("els")}", date.today(), date.today()))

[bold]Commands beside it[/] (.venv/bin/vsb-gateway alarms, register, audit, deliveries …), in another terminal, first:
{set_first}

Ctrl-C stops everything.""",
            highlight=False,
            soft_wrap=True,
        )


def _message_id(levering: bytes) -> str:
    return parse(levering).findtext(f"{{{ZORGKAS}}}MessageId") or ""


def _amount(levering: bytes) -> int:
    original = base64.b64decode(parse(levering).findtext(f"{{{ZORGKAS}}}Origineel") or "")
    content = read_post(read_envelope(original).payload, max_blob=1 << 26).blob.content.whole()
    return int(etree.fromstring(content).findtext("{*}Totaal") or "0")


def zending(*, riziv: str, insz: str, dossier: str, zorgkas: str, number: int, start: date, end: date, today: date) -> bytes:
    """A zending with one person's days at the sample price."""
    days = (end - start).days + 1
    amount = sum(sample_price(riziv, start + timedelta(days=n), today) for n in range(days))
    facility = next(row for row in sample_rows("voorzieningen") if row["riziv"] == riziv)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Zending xmlns="urn:vsb-gateway:factuur:v1">
  <Pijler>{_PIJLER}</Pijler><Zendingnummer>{number:03d}</Zendingnummer><Maand>{start:%Y-%m}</Maand>
  <Opstellingsdatum>{today}</Opstellingsdatum><Facturatiedatum>{today}</Facturatiedatum><TypeFactuur>4</TypeFactuur>
  <Derdebetalende>{riziv}</Derdebetalende><Kbo>{facility["kbo"]}</Kbo><Iban>{facility["iban"]}</Iban><Zorgkas>{zorgkas}</Zorgkas>
  <Factuur>
    <Factuurnummer>{number}</Factuurnummer><TypeFacturering>0</TypeFacturering><Insz>{insz}</Insz>
    <Dossiernummer>{escape(dossier)}</Dossiernummer>
    <Lijn><Volgnummer>1</Volgnummer><Prestatiecode>{_CODE}</Prestatiecode><Van>{start}</Van><Tot>{end}</Tot><Aantal>{days}</Aantal><Bedrag>{amount}</Bedrag></Lijn>
    <Totaal>{amount}</Totaal>
  </Factuur>
  <Totaal>{amount}</Totaal>
</Zending>
""".encode()
