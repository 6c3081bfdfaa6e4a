"""Plays a scenario: a fresh central application, each step asked, watched and judged, the result kept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from hashlib import sha256

from conformance.berichten.world import riziv_of
from conformance.plan import Level, PlanError, Scenario, Step
from conformance.sender.answers import read_script
from conformance.sender.arrival import Arrival, Mail
from conformance.sender.hook import Hook, HookResult, called
from conformance.sender.judge import judge
from conformance.sender.memory import complete, remember
from conformance.sender.seen import Memory, Seen
from conformance.sender.session import Session, stem, utc
from conformance.sender.tap import Tap, Watch
from conformance.sender.task import Play, Task, build, for_hook
from conformance.sender.universe import Universe, Universes
from conformance.sender.zorgkas import act
from conformance.traffic import masked
from conformance.verdict import Check, Result, Verdict, worst
from gateway.berichten.voorbeelden import VoorbeeldError
from gateway.clock import BRUSSELS

_WAIT_DAY = 28
"""The examples of a month of invoices are made for this day."""


class Stopped(Exception):
    """The session ends while a step is under way; it is done again later."""


class Abandoned(Exception):
    """A person left a scenario before it came to anything."""


@dataclass
class Control:
    """What a person pressed, on the page or the keyboard."""

    word: str = ""
    """`klaar`, `overslaan`, or `weg`: leave the scenario without a result."""
    stop: bool = False


@dataclass(kw_only=True)
class Now:
    """What is under way, for who looks."""

    scenario: Scenario | None = None
    number: int = 0
    task: Task | None = None
    checks: list[Check] = field(default_factory=list)
    deadline: float = 0.0
    kept: int = 0
    """Messages of this scenario in the evidence."""


@dataclass(kw_only=True)
class Conductor:
    """Runs the scenarios of one session, one at a time, in the thread that calls it.

    Args:
        base: address that the vendor's software sends to.
        hook: the vendor's program; None: a person.
    """

    session: Session
    universes: Universes
    tap: Tap
    base: str
    hook: Hook | None = None
    control: Control = field(default_factory=Control)
    now: Now = field(default_factory=Now)
    version: int = 0
    """Grows whenever there is something new to see."""

    def play(self, scenario: Scenario) -> Result:
        """Run one scenario and keep its result.

        Raises:
            Stopped: the session ends.
            Abandoned: a person left it.
        """
        session = self.session
        session.clear(scenario.id)
        session.current = scenario.id
        session.save_place()
        self.control.word = ""
        begun, started = time.monotonic(), utc()
        universe = self.universes.fresh(self._moment())
        self._enter(universe)
        try:
            checks, files = self._steps(scenario, universe)
        finally:
            self._leave()
        result = Result(
            scenario=scenario.id,
            title=scenario.titel,
            pillar=scenario.pijler,
            family=scenario.familie,
            level=scenario.niveau.value,
            requirements=scenario.eis,
            checks=tuple(checks),
            started=started,
            seconds=round(time.monotonic() - begun, 3),
            traffic=tuple(files),
            example=scenario.voorbeeld,
        )
        session.current = ""
        session.put(result)
        self._changed()
        return result

    def _moment(self) -> datetime | None:
        if self.session.options.klok != "volgt":
            return None
        today = datetime.now(BRUSSELS)
        month = today if today.day >= _WAIT_DAY else today.replace(day=1) - timedelta(days=1)
        return month.replace(day=_WAIT_DAY, hour=10, minute=0, second=0, microsecond=0).astimezone(UTC)

    def _enter(self, universe: Universe) -> None:
        with self.tap.changed:
            before, self.tap.universe = self.tap.universe, universe
        if before is not None:
            before.close()

    def _leave(self) -> None:
        # It goes on answering, so that software that polls its mailbox meets no closed door between two scenarios.
        with self.tap.changed:
            self.tap.watch = None
        self.now = Now()

    def close(self) -> None:
        """Let go of the last central application."""
        if self.tap.universe is not None:
            self.tap.universe.close()

    def _changed(self) -> None:
        with self.tap.changed:
            self.version += 1
            self.tap.changed.notify_all()

    def _steps(self, scenario: Scenario, universe: Universe) -> tuple[list[Check], list[str]]:
        play = Play(scenario=scenario, start=universe.clock(), software=self.session.options.software)
        checks: list[Check] = []
        files: list[str] = []
        self.now = Now(scenario=scenario, checks=checks)
        for number, step in enumerate(scenario.stappen, 1):
            try:
                found, traffic = self._step(play, step, number, universe)
            except (PlanError, VoorbeeldError) as error:
                found = [_broken(number, str(error))]
                traffic = []
            checks += found
            files += traffic
            self._changed()
            if self.control.word == "overslaan":
                checks.append(_skipped(number))
                break
            if worst(c.verdict for c in found) is Verdict.FAIL:
                break
        return checks, files

    def _step(self, play: Play, step: Step, number: int, universe: Universe) -> tuple[list[Check], list[str]]:
        self._set_clock(step, universe)
        act(step.met.get("kas", ""), play, universe)
        universe.held = int(step.met.get("houd", universe.held))
        task = build(play, step, universe.clock())
        script = read_script("" if step.antwoord == "gewoon" else step.antwoord, task.operation)
        watch = Watch(script=script)
        earlier = [str(e["referentie"]) for e in play.earlier]
        self.now = replace(self.now, number=number, task=task, deadline=time.monotonic() + self.session.options.step_timeout)
        begun = time.monotonic()
        with self.tap.changed:
            self.control.word = ""
            self.tap.watch = watch
        self._changed()
        hooked, stopped = self._perform(play, step, task, watch, universe, number)
        arrivals = self._close(watch)
        seen = Seen(
            step=step,
            number=number,
            task=task,
            script=script,
            arrivals=arrivals,
            decided=self._decided(task, universe),
            waiting=self._waiting(task, universe),
            waiting_tacks=universe.waiting_tacks(self._number(task)),
            memory=Memory(references=self.session.references),
            hook=hooked,
            stopped=stopped,
            poll_seconds=self.session.options.poll_seconds,
            earlier=earlier,
            begun=begun,
        )
        checks = judge(seen, strict=play.scenario.niveau is Level.MUST)
        remember(play, seen)
        self._keep_texts(play.scenario, number, task, seen)
        return checks, [f for a in arrivals for f in a.files]

    def _set_clock(self, step: Step, universe: Universe) -> None:
        wanted = step.met.get("klok", "")
        if not wanted or self.session.options.klok != "volgt":
            return
        local = universe.clock().astimezone(BRUSSELS)
        if wanted.startswith("+"):
            universe.clock.put(universe.clock() + timedelta(days=int(wanted.strip("+d"))))
        else:
            universe.clock.put(datetime.combine(local.date(), time_of_day.fromisoformat(wanted), BRUSSELS).astimezone(UTC))

    def _perform(
        self, play: Play, step: Step, task: Task, watch: Watch, universe: Universe, number: int
    ) -> tuple[HookResult | None, str]:
        if self.hook is not None:
            data = for_hook(
                play,
                task,
                base=self.base,
                clock=universe.clock(),
                session=self.session.run.id,
                number=number,
                poll_seconds=self.session.options.poll_seconds,
            )
            result = called(self.hook, {**data, "expect": len(step.verwacht.get("labels", ()))})
            # The program is done at once; what works in the background behind it may not be.
            self._watch_on(lambda: complete(step, task, watch, universe, self._number(task)))
            return result, ""
        return None, self._wait(step, task, watch, universe)

    def _watch_on(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + self.session.options.quiet
        with self.tap.changed:
            while (left := end - time.monotonic()) > 0 and not self.control.stop and not done():
                self.tap.changed.wait(min(left, 0.2))

    def _wait(self, step: Step, task: Task, watch: Watch, universe: Universe) -> str:
        options = self.session.options
        end = time.monotonic() + (float(step.met.get("seconden", 10)) if task.action == "wacht" else options.step_timeout)
        quiet: float | None = None
        while True:
            with self.tap.changed:
                if self.control.stop:
                    raise Stopped
                if self.control.word == "weg":
                    raise Abandoned
                if self.control.word:
                    return "u sloot de stap af"
                now = time.monotonic()
                if quiet is None and complete(step, task, watch, universe, self._number(task)):
                    quiet = now + options.quiet
                if quiet is not None and now >= quiet:
                    return ""
                if now >= end:
                    return "de tijd was om"
                self.tap.changed.wait(min(1.0, end - now if quiet is None else max(0.05, quiet - now)))

    def _close(self, watch: Watch) -> list[Arrival]:
        """What came, once every answer that is under way has gone out."""
        end = time.monotonic() + self.session.options.patience + 10
        with self.tap.changed:
            while any(not a.done for a in watch.arrivals) and time.monotonic() < end:
                self.tap.changed.wait(0.5)
            self.tap.watch = None
            return list(watch.arrivals)

    def _number(self, task: Task) -> str:
        return riziv_of(task.certificate)[:8] if task.certificate else ""

    def _waiting(self, task: Task, universe: Universe) -> list[Mail]:
        found = universe.waiting(self._number(task))
        return [Mail(hash=sha256(m.content).digest(), name=m.message_name, content=m.content) for m in found]

    def _decided(self, task: Task, universe: Universe) -> dict[str, Mail]:
        found = universe.waiting(self._number(task))
        return {
            m.input_reference: Mail(hash=sha256(m.content).digest(), name=m.message_name, content=m.content)
            for m in found
            if m.message_name in ("HCPFAC", "HCPVWR")
        }

    def keep(self, arrival: Arrival) -> tuple[str, ...]:
        """Write an arrival and its answer as evidence; names relative to the session's evidence."""
        scenario = self.now.scenario
        if scenario is None:
            return ()
        folder = self.session.evidence
        folder.mkdir(parents=True, exist_ok=True)
        self.now.kept += 1
        name = re.sub(r"\W+", "_", arrival.operation)[:40]
        begin = f"{stem(scenario.id)}.stap-{self.now.number}.{self.now.kept:03d}-{name}"
        head = "\n".join([f"POST {arrival.path}", *(f"{k}: {v}" for k, v in arrival.headers.items())]).encode()
        told = f"{arrival.status or 'geen antwoord'}\nx-suite-antwoord: {arrival.how}".encode()
        names = []
        for ending, octets in (("vraag", head + b"\n\n" + arrival.body), ("antwoord", told + b"\n\n" + arrival.reply)):
            path = folder / f"{begin}.{ending}"
            path.write_bytes(masked(octets) if self.session.options.mask else octets)
            names.append(path.name)
        return tuple(names)

    def _keep_texts(self, scenario: Scenario, number: int, task: Task, seen: Seen) -> None:
        """What passes and what came, side by side for the page."""
        folder = self.session.texts
        folder.mkdir(parents=True, exist_ok=True)
        for n, asked in enumerate(task.messages):
            groups = seen.groups
            content = groups[n][0].content if n < len(groups) else b""
            for ending, octets in (("voorbeeld", asked.text.encode()), ("gekomen", content)):
                path = folder / f"{stem(scenario.id)}.stap-{number}.{n + 1}-{asked.name}.{ending}.xml"
                path.write_bytes(masked(octets) if self.session.options.mask else octets)


def _broken(number: int, text: str) -> Check:
    return Check(
        name="stap mogelijk",
        verdict=Verdict.FAIL,
        expected="een stap die op de vorige kan verdergaan",
        got=text,
        where=f"stap {number}",
        remedy="Een eerdere stap gaf niet wat deze nodig heeft: kijk daar eerst.",
    )


def _skipped(number: int) -> Check:
    got = "overgeslagen door u"
    return Check(name="overgeslagen", verdict=Verdict.SKIPPED, expected="deze stap", got=got, where=f"stap {number}")
