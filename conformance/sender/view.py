"""What the page and the API show of a session: plain values, made from its state; nothing here is trusted markup."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lxml import etree

from conformance.berichten.world import riziv_of, software_of
from conformance.plan import Scenario
from conformance.requirements import texts
from conformance.sender.answers import WAYS
from conformance.sender.fields import Line, diff, fold, pretty
from conformance.sender.session import Session, stem
from conformance.sender.stage import Stage
from conformance.sender.task import Task, sentence
from conformance.traffic import masked
from conformance.verdict import Result, Verdict
from gateway.refusal import Refusal
from gateway.wire.parser import Bounds, parse

_BOUNDS = Bounds(octets=16 * 1024 * 1024, markup=2_000_000)
_FIELDS = 14
"""Fields shown as a table; a longer message is shown as XML only."""
_ROWS = 2_000
"""Lines of a comparison that a page shows."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A message that came beside one that passes."""

    name: str
    step: str
    lines: tuple[Line, ...]
    differs: bool
    came: bool


def overview(stage: Stage) -> dict[str, Any]:
    """The session in a few values."""
    session = stage.session
    plan = session.plan()
    with stage.conductor.tap.changed:
        queued = [s.id for s in stage.queue]
    must = [s.id for s in plan if s.niveau.value == "must"]
    results = session.run.results
    now = stage.conductor.now
    return {
        "session": session.run.id,
        "pillar": session.options.pijler,
        "product": session.run.product,
        "version": session.run.version,
        "vendor": session.run.vendor,
        "suite": session.run.suite,
        "endpoint": stage.conductor.base,
        "started": session.run.started,
        "finished": session.run.finished,
        "state": "bezig" if stage.busy else "gepauzeerd" if stage.paused else "klaar" if not session.pending() else "wacht",
        "paused": stage.paused,
        "current": None if now.scenario is None else now.scenario.id,
        "queued": queued,
        "total": len(plan),
        "done": len(results),
        "must": len(must),
        "must_passed": sum(i in results and results[i].ok and results[i].verdict is not Verdict.SKIPPED for i in must),
        "counts": session.run.counts(),
        "passed": session.passed,
        "mutable": stage.conductor.version,
    }


def row(session: Session, scenario: Scenario) -> dict[str, Any]:
    """A scenario in the list."""
    result = session.run.results.get(scenario.id)
    return {
        "id": scenario.id,
        "title": scenario.titel,
        "family": scenario.familie,
        "level": scenario.niveau.value,
        "verdict": None if result is None else result.verdict.value,
        "requirements": list(scenario.eis),
        "overridden": result is not None and result.override is not None,
    }


def families(session: Session) -> list[tuple[str, list[dict[str, Any]]]]:
    """The list, by family, in the order of the plan."""
    found: dict[str, list[dict[str, Any]]] = {}
    for scenario in session.plan():
        found.setdefault(scenario.familie, []).append(row(session, scenario))
    return list(found.items())


def step_now(stage: Stage) -> dict[str, Any] | None:
    """The step that is under way: what is asked, and what came so far."""
    now, watch = stage.conductor.now, stage.conductor.tap.watch
    if now.scenario is None or now.task is None:
        return None
    universe = stage.conductor.tap.universe
    return {
        "scenario": now.scenario.id,
        "title": now.scenario.titel,
        "number": now.number,
        "of": len(now.scenario.stappen),
        "intro": now.scenario.stappen[now.number - 1].tekst if now.number else "",
        "asked": _asked(now.task),
        "text": now.task.text,
        "action": now.task.action,
        "certificate": now.task.certificate,
        "head": _head(stage, now.task),
        "seconds_left": max(0, int(now.deadline - time.monotonic())),
        "clock": None if universe is None else universe.clock().strftime("%Y-%m-%d %H:%M:%S UTC"),
        "arrivals": [] if watch is None else [_arrival(a) for a in list(watch.arrivals)],
        "checks": [c.__dict__ for c in now.checks],
    }


def _head(stage: Stage, task: Task) -> list[tuple[str, str]]:
    """What stands in every message, and what a post needs besides."""
    software = stage.session.options.software or software_of(task.certificate)
    return [
        ("Pijler", stage.session.options.pijler),
        ("RizivNummer", riziv_of(task.certificate)),
        ("Software", f"{software.naam}, versie {software.versie}, attest {software.attest}"),
        ("License van get, post en confirm", f"{software.licentie} / {software.wachtwoord}"),
    ]


def _asked(task: Task) -> list[dict[str, Any]]:
    found = []
    for one in task.messages:
        lines = pretty(etree.fromstring(one.text.encode()))
        fields = one.fields
        shown = fields if len(fields) <= _FIELDS else []
        found.append(
            {
                "sentence": sentence(one),
                "fields": [(path.replace("/", " › "), value) for path, value in shown],
                "count": len(fields),
                "xml": "\n".join(lines),
                "service": f"/soap/{one.example.dienst}/v1",
                "operation": one.operation,
                "certificate": one.certificate,
            }
        )
    return found


def _arrival(arrival: Any) -> dict[str, Any]:
    answer = arrival.answer
    got = "nog geen antwoord" if not arrival.done else answer.fault or answer.outcome or str(arrival.status or "geen antwoord")
    return {
        "at": arrival.at.strftime("%H:%M:%S"),
        "operation": arrival.operation,
        "reference": arrival.reference,
        "how": arrival.how,
        "how_text": WAYS[arrival.how].tekst,
        "status": arrival.status,
        "answer": got,
    }


def cookbook_page(requirement: str, text: str, base: str) -> str:
    """Where a requirement stands in the cookbooks that the reference application serves."""
    book, _, rest = requirement.partition(" ")
    place = f"{rest.lstrip('§')} {text}" if rest.startswith("§") and "." in rest else rest.lstrip("§")
    return f"{base}/cookbooks/{quote(book)}.html#:~:text={quote(place, safe='')}"


def detail(session: Session, scenario: Scenario, base: str) -> dict[str, Any]:
    """One scenario with its result, checks, comparison and evidence."""
    result = session.run.results.get(scenario.id)
    known = texts()
    return {
        **row(session, scenario),
        "steps": [s.tekst or s.doe for s in scenario.stappen],
        "paragraphs": [(e, known.get(e, ""), cookbook_page(e, known.get(e, ""), base)) for e in scenario.eis],
        "example": scenario.voorbeeld,
        "result": result,
        "wrong": [] if result is None else [c for c in result.checks if c.verdict is not Verdict.PASS],
        "right": [] if result is None else [c for c in result.checks if c.verdict is Verdict.PASS],
        "compared": [] if result is None else compared(session, scenario.id),
        "traffic": [] if result is None else list(result.traffic),
    }


def compared(session: Session, scenario: str) -> list[Compared]:
    """Every message of a scenario beside one that passes."""
    found = []
    for path in sorted(session.texts.glob(f"{stem(scenario)}.stap-*.voorbeeld.xml")):
        step, _, name = path.name.removeprefix(f"{stem(scenario)}.stap-").removesuffix(".voorbeeld.xml").partition(".")
        came = path.with_name(path.name.replace(".voorbeeld.", ".gekomen."))
        found.append(_compare(step, name.partition("-")[2], path.read_bytes(), came.read_bytes() if came.is_file() else b""))
    return found


def _compare(step: str, name: str, passes: bytes, came: bytes) -> Compared:
    expected = parse(passes, _BOUNDS)
    try:
        lines = fold(diff(parse(came, _BOUNDS), expected)) if came else [Line(kind="weg", text=t) for t in pretty(expected)]
    except Refusal:
        lines = [Line(kind="weg", text=t) for t in pretty(expected)]
    return Compared(
        name=name,
        step=step,
        lines=tuple(lines[:_ROWS]),
        differs=any(line.kind != "gelijk" for line in lines),
        came=bool(came),
    )


def evidence(session: Session, name: str) -> bytes | None:
    """A file of the evidence, None when there is none of that name; persons' numbers masked."""
    if not _NAME.fullmatch(name):
        return None
    path = session.evidence / name
    return masked(path.read_bytes()) if path.is_file() else None


def as_json(result: Result | None) -> Any:
    return None if result is None else result.as_json()
