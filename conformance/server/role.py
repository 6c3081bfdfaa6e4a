"""Plays a vendor and a zorgkas against one central application: a scenario's steps in order, each answer judged."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from conformance.berichten.compose import Parcel
from conformance.berichten.deform import FaultError, deform
from conformance.berichten.world import World
from conformance.plan import Level, PlanError, Scenario, Step
from conformance.server.answers import RESULT_LABELS, Answer, Post, mailbox, read_answer
from conformance.server.judge import KNOWN, Accept, Sent, check_receipt, judge
from conformance.verdict import Check, Checks, Result
from gateway.berichten.voorbeelden import VoorbeeldError
from gateway.refusal import Refusal
from gateway.schema import registry
from gateway.wire.content import Content
from gateway.wire.generic import SUCCESS, tack_content
from gateway.wire.parser import parse

_PAUSE = 0.15
_RESULTS = ("DF01", "INHOUD-", "AFREKENING-")


@dataclass(kw_only=True)
class ServerRole:
    """One track at one target."""

    world: World
    accept: Accept
    patience: float = 30.0
    """Seconds that a result of a zending may take."""
    _mail: dict[str, list[Post]] = field(default_factory=dict)
    _confirmed: set[bytes] = field(default_factory=set)
    """Hashes that were confirmed: what they name must not come again."""
    _last: tuple[Parcel, bytes] | None = None
    _answers: list[Answer] = field(default_factory=list)
    _files: list[str] = field(default_factory=list)

    def run(self, scenario: Scenario) -> Result:
        """Every step in order; what an earlier step needs and did not get is a failed check, and the rest is still tried.

        Raises:
            PlanError: the scenario asks what the suite can not do.
        """
        begin, started = time.monotonic(), datetime.now(UTC)
        self._answers, self._files, self.world.sent = [], [], []
        found: list[Check] = []
        for number, step in enumerate(scenario.stappen, 1):
            where = f"stap {number}" if len(scenario.stappen) > 1 else ""
            checks = Checks(strict=scenario.niveau is Level.MUST, where=where)
            try:
                self._step(scenario, step, checks)
            except VoorbeeldError as error:
                checks.add("voorwaarde", False, "wat een vorige stap moest opleveren", str(error)[:160])
            except (FaultError, KeyError) as error:
                raise PlanError(f"scenario {scenario.id}: {error}") from error
            found += checks.found
        return Result(
            scenario=scenario.id,
            title=scenario.titel,
            pillar=scenario.pijler,
            family=scenario.familie,
            level=scenario.niveau.value,
            requirements=scenario.eis,
            checks=tuple(found),
            started=started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - begin, 3),
            traffic=tuple(self._files),
            example=scenario.voorbeeld,
        )

    def _step(self, scenario: Scenario, step: Step, checks: Checks) -> None:
        if unknown := set(step.verwacht) - KNOWN:
            raise PlanError(f"scenario {scenario.id} expects {', '.join(sorted(unknown))}; known are {', '.join(sorted(KNOWN))}")
        if step.doe == "wacht":
            time.sleep(float(step.met.get("seconden", 1)))
            return
        parcel, octets = self._parcel(step)
        self._last = (parcel, octets)
        answer = self._send(scenario.id, parcel, octets)
        follows = str(step.verwacht.get("uitkomst", "")).startswith(_RESULTS)
        now = {k: v for k, v in step.verwacht.items() if not follows or k not in ("uitkomst", "codes")}
        judge(answer, now, Sent(octets=octets, now=self.world.now(), accept=self.accept), checks)
        self._remember(step, answer)
        self._compare(answer, step.verwacht, checks)
        self._answers.append(answer)
        if follows:
            self._follow(scenario.id, step, parcel, answer, checks)

    def _parcel(self, step: Step) -> tuple[Parcel, bytes]:
        if step.doe != "opnieuw":
            parcel = deform(self.world.make(step.doe, step.met), self._faults(step))
            return parcel, parcel.octets()
        if self._last is None:
            raise PlanError("`opnieuw` needs a step before it")
        parcel, octets = self._last
        if step.met.get("vers", False) or step.misvorm:
            parcel = deform(replace(parcel, payload=deepcopy(parcel.payload), now=self.world.now()), self._faults(step))
            return parcel, parcel.octets()
        return parcel, octets

    def _faults(self, step: Step) -> tuple[str, ...]:
        return tuple(self.world.fill(fault) for fault in step.misvorm)

    def _send(self, name: str, parcel: Parcel, octets: bytes) -> Answer:
        exchange = self.world.wire.send(name, parcel.address, octets, parcel.headers, method=parcel.http_method)
        self._files += exchange.files
        return read_answer(exchange)

    def _remember(self, step: Step, answer: Answer) -> None:
        name = step.met.get("als") or step.met.get("naam")
        if not name:
            return
        if dossier := answer.text("Dossiernummer"):
            self.world.values[f"dossier:{name}"] = dossier
        if message := answer.text("MessageId") or self._reference(answer):
            self.world.values[f"bericht:{name}"] = message

    @staticmethod
    def _reference(answer: Answer) -> str:
        tack = answer.tack
        return "" if tack is None else tack.get("Reference") or ""

    def _compare(self, answer: Answer, expected: Mapping[str, Any], checks: Checks) -> None:
        for name in expected.get("zelfde", ()):
            first = self._answers[0].text(name) if self._answers else ""
            checks.add(
                f"dezelfde {name}", bool(first) and answer.text(name) == first, first or "een eerste", answer.text(name) or "geen"
            )
        if "tack" in expected:
            self._tack(answer, bool(expected["tack"]), checks)
        if "bevestigd-weg" in expected:
            again = [p for p in mailbox(answer) if p.hash in self._confirmed]
            checks.add(
                "wat bevestigd is, blijft weg", not again, "geen bericht dat al bevestigd is", f"{len(again)} ervan", "//Detail",
                "Sluit een bericht zodra de ontvanger zijn HashValue bevestigt (cookbook eibwfin §7.5).",
            )  # fmt: skip
        if "berichten" in expected:
            count = len(list(mailbox(answer)))
            checks.add(
                "berichten in de postbus", count >= int(expected["berichten"]), f"minstens {expected['berichten']}", str(count)
            )

    def _tack(self, answer: Answer, wanted: bool, checks: Checks) -> None:
        major = "" if answer.tack is None else answer.tack.get("ResultMajor") or ""
        checks.add(
            "TAck", (major == SUCCESS) == wanted, SUCCESS if wanted else "geen succes", major or _told(answer), "//@ResultMajor"
        )

    def _tack_value(self, parcel: Parcel, answer: Answer, checks: Checks) -> None:
        if parcel.blob is None or answer.tack is None:
            return
        right = base64.b64encode(tack_content(SUCCESS, Content.plain(parcel.blob.content))).decode()
        got = "".join((answer.tack.text or "").split())
        checks.add(
            "inhoud van de TAck",
            got == right,
            right,
            got or "leeg",
            "/postResponse/return",
            "HMAC over de blob (cookbook eibwfin §7.4).",
        )

    def _follow(self, name: str, step: Step, parcel: Parcel, answer: Answer, checks: Checks) -> None:
        """Wait for what the mailbox says of a post, and judge it."""
        if not checks.add("TAck", answer.tack is not None, "een TAck: bewaard", _told(answer), "/Envelope/Body"):
            return
        self._tack_value(parcel, answer, checks)
        about, labels = self._about(parcel, answer)
        wanted, codes = str(step.verwacht["uitkomst"]), list(step.verwacht.get("codes", ()))
        post = self._wait(name, step.met.get("certificaat", parcel.certificate), about, labels)
        if post is None:
            checks.add("uitkomst", False, f"{wanted} in de postbus", f"na {self.patience:.0f} seconden nog niets", "get")
            return
        checks.add(
            "HashValue", post.right_hash, "de SHA-256 van de inhoud", "klopt" if post.right_hash else "een andere", "//Detail"
        )
        told = f"{post.label} ({', '.join(post.codes)})" if post.codes else post.label
        checks.add("uitkomst", post.label == wanted, wanted, told, "//Label")
        checks.add("codes", post.codes == codes, ", ".join(codes) or "geen", ", ".join(post.codes) or "geen", "//Fout/Code")
        self._mailed(post, checks)

    def _mailed(self, post: Post, checks: Checks) -> None:
        if post.root is None:
            return
        try:
            registry.check(post.root)
            checks.add("schema", True, "een antwoord volgens het XSD", "volgens het XSD", f"/{post.name}")
        except Refusal as refusal:
            first = refusal.findings[0]
            checks.add("schema", False, first.expected or "wat het schema zegt", first.found or first.nl, first.place or "")
        amounts = [post.root.findtext(f"{{*}}{n}") for n in ("Gevraagd", "Aanvaard", "Geweigerd")]
        if all(a is not None for a in amounts):
            asked, taken, refused = (int(a or 0) for a in amounts)
            checks.add(
                "bedragen",
                asked == taken + refused,
                "Gevraagd = Aanvaard + Geweigerd",
                f"{asked} = {taken} + {refused}",
                "//Gevraagd",
            )
        if carried := post.root.findtext("{*}Ontvangstbewijs"):
            check_receipt(carried, None, Sent(octets=b"", now=self.world.now(), accept=self.accept), checks)

    def _about(self, parcel: Parcel, answer: Answer) -> tuple[str, tuple[str, ...]]:
        """MessageId that the result names, and how its label begins."""
        if parcel.service == "zorgkas" and parcel.blob is not None:
            return _subject(parcel.blob.content), ("AFREKENING-",)
        return self._reference(answer), RESULT_LABELS

    def _wait(self, name: str, certificate: str, about: str, labels: tuple[str, ...]) -> Post | None:
        deadline = time.monotonic() + self.patience
        while True:
            waiting = self._mail.setdefault(certificate, [])
            for post in waiting:
                if hmac.compare_digest(post.about, about) and post.label.startswith(labels):
                    waiting.remove(post)
                    return post
            if time.monotonic() > deadline:
                return None
            self._fetch(name, certificate)

    def _fetch(self, name: str, certificate: str) -> None:
        parcel = self.world.make("get", {"certificaat": certificate})
        answer = self._send(f"{name}-postbus", parcel, parcel.octets())
        found = list(mailbox(answer))
        self._mail.setdefault(certificate, []).extend(found)
        if found:
            hashes = [p.hash.hex() for p in found]
            self._confirmed |= {p.hash for p in found}
            confirm = self.world.make("confirm", {"certificaat": certificate, "hashes": hashes})
            self._send(f"{name}-postbus", confirm, confirm.octets())
            return
        retry = answer.exchange.answer_headers.get("retry-after", "")
        time.sleep(min(float(retry), 5.0) if retry.isdigit() else _PAUSE)


def _told(answer: Answer) -> str:
    return f"{answer.trouble or answer.outcome} {', '.join(answer.codes)}".strip()


def _subject(content: bytes) -> str:
    # A zorgkas's settlement or decision names the message that it is about.
    try:
        return parse(content).findtext("{*}MessageId") or ""
    except Refusal:
        return ""
