"""Judges what a step brought: each message field by field, and the sender's behaviour as the step expects it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from conformance.plan import PlanError, Step
from conformance.sender.answers import Script
from conformance.sender.arrival import Arrival, Mail, confirmed, read_answer
from conformance.sender.fields import Difference, compare
from conformance.sender.hook import REFUSED, UNSUPPORTED, HookResult
from conformance.sender.signed import look, look_for_assertion
from conformance.sender.task import Asked, Task
from conformance.verdict import Check, Checks, Verdict
from gateway.refusal import Refusal
from gateway.wire.parser import Bounds, parse

_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=5_000_000)
_CLOCK_SKEW = timedelta(minutes=5)
_SHOWN = 12
"""Differences told one by one; more are counted."""


@dataclass(kw_only=True)
class Memory:
    """What the suite remembers of a whole session."""

    references: dict[str, str] = field(default_factory=dict)
    """Message id to the digest of its content."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Everything that a step is judged on."""

    step: Step
    number: int
    task: Task
    script: Script
    arrivals: Sequence[Arrival]
    decided: Mapping[str, Mail]
    """What the central application decided on the zendingen, by InputReference."""
    waiting: Sequence[Mail]
    """Still unconfirmed in the mailbox at the end."""
    memory: Memory
    hook: HookResult | None
    """None: a person drives the software."""
    stopped: str = ""
    """Why the step ended without what was asked: time is up, or the vendor said so."""
    poll_seconds: float = 1.0
    earlier: Sequence[str] = ()
    """Message ids of earlier steps."""
    begun: float = 0.0

    @property
    def groups(self) -> list[list[Arrival]]:
        """The arrivals of what was asked, by message, in the order in which each first came."""
        found: dict[str, list[Arrival]] = {}
        for arrival in self.arrivals:
            if arrival.operation == self.task.operation:
                found.setdefault(arrival.reference or f"#{arrival.nr}", []).append(arrival)
        return list(found.values())


def judge(seen: Seen, *, strict: bool) -> list[Check]:
    """All checks of one step.

    Raises:
        PlanError: the step expects something that the suite does not know.
    """
    checks = Checks(strict=strict, where=f"stap {seen.number}")
    if seen.hook is not None and seen.hook.status == UNSUPPORTED:
        text = "het programma zegt dat de software dit niet kan (status 4)"
        return [Check(name="ondersteund", verdict=Verdict.SKIPPED, expected="de software kan dit", got=text, where=checks.where)]
    if unknown := set(seen.step.verwacht) - set(EXPECTATIONS) - _PARAMETERS:
        raise PlanError(f"unknown expectation {', '.join(sorted(unknown))}; there are {', '.join(EXPECTATIONS)}")
    if seen.task.action == "zend":
        _messages(seen, checks)
    elif seen.task.operation:
        _asked_something(seen, checks)
    _always(seen, checks)
    for name, expectation in EXPECTATIONS.items():
        if name in seen.step.verwacht:
            expectation(seen, checks, seen.step.verwacht[name])
    _program(seen, checks)
    return checks.found


_PARAMETERS = frozenset({"uitkomst", "pogingen", "label", "velden"})


def _asked_something(seen: Seen, checks: Checks) -> None:
    came = [a for a in seen.arrivals if a.operation == seen.task.operation]
    got = f"{len(came)} keer" if came else f"niets van die aard{_why(seen)}"
    checks.add("aangekomen", bool(came), f"minstens één {seen.task.operation}", got, remedy=seen.task.text)
    for arrival in came:
        if arrival.answer.fault and arrival.how == "gewoon" and arrival.answer.fault != "VSB-SYS-005":
            _fault(arrival, checks)


def _why(seen: Seen) -> str:
    others = sorted({a.operation for a in seen.arrivals} - {seen.task.operation})
    also = f"; wel {', '.join(others)}" if others else ""
    return also + (f"; {seen.stopped}" if seen.stopped else "")


def _messages(seen: Seen, checks: Checks) -> None:
    groups = seen.groups
    for n, asked in enumerate(seen.task.messages):
        if n >= len(groups):
            got = f"niets{_why(seen)}"
            checks.add(
                f"{asked.name} aangekomen", False, f"{asked.operation} met {asked.example.titel}", got, remedy=seen.task.text
            )
            continue
        _one(seen, checks, asked, groups[n])
    extra = groups[len(seen.task.messages) :]
    if extra:
        ids = ", ".join(g[0].reference or UNNAMED for g in extra[:3])
        checks.add(
            "niets te veel",
            False,
            f"{len(seen.task.messages)} bericht(en) met elk één nummer",
            f"{len(groups)} verschillende nummers; ook {ids}",
            remedy="Stuur elk bericht één keer; stuur het bij twijfel opnieuw onder hetzelfde nummer (§6.4, §7.4).",
        )


UNNAMED = "zonder nummer"


def _one(seen: Seen, checks: Checks, asked: Asked, attempts: Sequence[Arrival]) -> None:
    first = attempts[0]
    _attempts(seen, checks, asked, attempts)
    if seen.step.verwacht.get("velden", True):
        _fields(checks, asked, first)
    taken = next((a for a in attempts if a.processed), None)
    if taken is None:
        return
    _outcome(seen, checks, asked, taken)
    if asked.operation == "post" and not taken.answer.fault:
        _decision(seen, checks, asked, taken)


def _attempts(seen: Seen, checks: Checks, asked: Asked, attempts: Sequence[Arrival]) -> None:
    least, most = _bounds(seen)
    came = len(attempts)
    ways = ", ".join(a.how for a in attempts)
    checks.add(
        f"{asked.name}: aantal pogingen",
        least <= came <= most,
        f"{least}" if least == most else f"{least} tot {most}",
        f"{came} (beantwoord: {ways})",
        remedy=_retry_advice(seen, least, came),
    )
    if came > 1:
        same = len({a.digest for a in attempts}) == 1
        checks.add(
            f"{asked.name}: ongewijzigd opnieuw",
            same,
            "bij elke poging hetzelfde bericht: zelfde nummer, zelfde inhoud, alleen opnieuw getekend",
            "gelijk" if same else "een andere inhoud onder hetzelfde nummer",
            remedy="Bewaar het bericht zoals het was en stuur het ongewijzigd opnieuw, Aanmaaktijdstip inbegrepen (§6.4).",
        )


def _bounds(seen: Seen) -> tuple[int, int]:
    given = seen.step.verwacht.get("pogingen")
    if given is None:
        failed = sum(way.naam not in ("gewoon", "laat") for way in seen.script.ways)
        needed = 1 + failed if seen.script.operation == seen.task.operation and len(seen.task.messages) == 1 else 1
        return (needed, needed) if not seen.script.ways else (needed, needed + 2)
    return (given, given) if isinstance(given, int) else (given[0], given[1])


def _retry_advice(seen: Seen, least: int, came: int) -> str:
    if came < least:
        return f"Er kwam geen bruikbaar antwoord ({seen.step.antwoord}): stuur hetzelfde bericht later opnieuw (§6.4, §9 Retry)."
    return "Er was een geldig antwoord: bewaar het en stuur dit bericht niet meer opnieuw (§6.4, §7.4)."


def _fields(checks: Checks, asked: Asked, arrival: Arrival) -> None:
    found = _root(arrival)
    if found is None:
        checks.add(
            f"{asked.name}: leesbaar",
            False,
            "een bericht dat te lezen is",
            arrival.operation,
            remedy="Kijk naar de fout in het antwoord; een voorbeeld dat slaagt staat hiernaast.",
        )
        return
    wrong, right = compare(found, etree.fromstring(asked.text.encode()))
    if not wrong:
        checks.add(f"{asked.name}: velden", True, f"{right} velden zoals gevraagd", f"{right} juist")
    for one in wrong[:_SHOWN]:
        name = f"{asked.name}: {one.name}"
        if one.expected is None:
            where = f"{checks.where}, {_place(one)}"
            checks.found.append(_unasked(name, one, where))
        else:
            checks.add(name, False, one.expected, "ontbreekt" if one.found is None else one.found, _place(one), _mend(one))
    if len(wrong) > _SHOWN:
        checks.add(f"{asked.name}: meer", False, "geen andere verschillen", f"nog {len(wrong) - _SHOWN} velden verschillen")


def _root(arrival: Arrival) -> Element | None:
    if arrival.operation != "post":
        return arrival.payload
    try:
        return parse(arrival.content, _BOUNDS)
    except Refusal:
        return None


def _unasked(name: str, one: Difference, where: str) -> Check:
    # The schema allows it, and the software may have its reasons: worth a look, not a failure.
    return Check(
        name=name,
        verdict=Verdict.WARNING,
        expected="dit veld was niet gevraagd",
        got=one.found or "leeg",
        where=where,
        remedy=f"Laat {one.name} hier weg, tenzij uw software het altijd invult.",
    )


def _place(one: Difference) -> str:
    return f"{one.path}, regel {one.line}" if one.line else one.path


def _mend(one: Difference) -> str:
    return f"Zet {one.name} op {one.expected}" + (
        " (het ontbreekt)." if one.found is None else f", niet op {one.found or 'leeg'}."
    )


def _outcome(seen: Seen, checks: Checks, asked: Asked, arrival: Arrival) -> None:
    wanted = seen.step.verwacht.get("uitkomst", asked.uitkomst)
    answer = arrival.answer
    got = f"fout {answer.fault}" if answer.fault else answer.outcome
    if wanted != "*" and not checks.add(
        f"{asked.name}: antwoord van de centrale toepassing", got == wanted, wanted, got or "niets"
    ):
        _findings(checks, asked.name, answer.findings)


def _fault(arrival: Arrival, checks: Checks) -> None:
    checks.add(f"{arrival.operation} aanvaard", False, "een antwoord zonder fout", f"fout {arrival.answer.fault}")
    _findings(checks, arrival.operation, arrival.answer.findings)


def _findings(checks: Checks, name: str, findings: Sequence[Mapping[str, str]]) -> None:
    for one in findings[:_SHOWN]:
        place = ", ".join(p for p in (one.get("Plaats", ""), f"regel {one['Regel']}" if one.get("Regel") else "") if p)
        text = one.get("Tekst", "")
        got = f"{text} {one.get('Gevonden', '')}".strip()
        checks.add(f"{name}: {one.get('Code', '?')}", False, one.get("Verwacht", "") or text, got, place, one.get("Remedie", ""))


def _decision(seen: Seen, checks: Checks, asked: Asked, arrival: Arrival) -> None:
    mail = seen.decided.get(arrival.reference)
    wanted = seen.step.verwacht.get("label", asked.example.verwacht)
    if mail is None or wanted == "*":
        return
    if checks.add(f"{asked.name}: oordeel over de zending", mail.label == wanted, wanted, mail.label):
        return
    root = parse(mail.content, _BOUNDS)
    _findings(checks, asked.name, [{etree.QName(c).localname: c.text or "" for c in e} for e in root.iter("{*}Fout")])


def _always(seen: Seen, checks: Checks) -> None:
    for arrival in seen.arrivals:
        if arrival.reference:
            _unique(seen, checks, arrival)
        if arrival.operation in ("Indienen", "Raadplegen") and arrival.payload is not None:
            _made_now(checks, arrival)
        if arrival.operation == "post" and arrival.payload is not None:
            _no_test(checks, arrival.payload)


def _unique(seen: Seen, checks: Checks, arrival: Arrival) -> None:
    known = seen.memory.references.setdefault(arrival.reference, arrival.digest)
    if known != arrival.digest and arrival.digest not in {a.digest for a in seen.arrivals if a is not arrival}:
        checks.add(
            "eigen nummer",
            False,
            "een nummer dat nog nooit voor een ander bericht gebruikt is",
            f"{arrival.reference} werd in deze sessie al voor een andere inhoud gebruikt",
            remedy="Geef elk nieuw bericht een eigen nummer, voor altijd uniek; een UUID is goed (§6.1, §7.1).",
        )


def _no_test(checks: Checks, payload: Element) -> None:
    text = (payload.findtext("{*}CommonInput/{*}Request/{*}IsTest") or "").strip()
    if text not in ("false", "0"):
        remedy = "Zend in deze sessie zoals in productie: IsTest is false (§7.1)."
        checks.add("IsTest", False, "false", text or "leeg", "/post/CommonInput/Request/IsTest", remedy)


def _made_now(checks: Checks, arrival: Arrival) -> None:
    assert arrival.payload is not None
    text = (arrival.payload.findtext(".//{*}Hoofding/{*}Aanmaaktijdstip") or "").strip()
    try:
        made = datetime.fromisoformat(text)
        right = made.tzinfo is not None and made <= arrival.at + _CLOCK_SKEW
    except ValueError:
        right = False
    if not right:
        checks.add(
            "Aanmaaktijdstip",
            False,
            f"een moment met zone, niet later dan {arrival.at:%Y-%m-%dT%H:%M:%SZ}",
            text or "leeg",
            "/Hoofding/Aanmaaktijdstip",
            "Zet de klok juist (NTP) en schrijf het moment in UTC of met zone (§6.1).",
        )


def _program(seen: Seen, checks: Checks) -> None:
    hook = seen.hook
    if hook is None or "ongeloofd" in seen.step.verwacht:
        return
    got = f"het programma werd na de tijd gestopt: {hook.output[-300:]}" if hook.timed_out else f"status {hook.status}"
    tail = hook.output.splitlines()[-1][:300] if hook.output and hook.status else ""
    checks.add(
        "programma", hook.status == 0, "status 0", f"{got} {tail}".strip(), remedy="Lees de laatste regels van uw programma."
    )


def _disbelieved(seen: Seen, checks: Checks, wanted: bool) -> None:
    text = "de software weigert het antwoord en boekt niets" if wanted else "de software aanvaardt het antwoord"
    remedy = (
        "Kijk het zegel van elk ontvangstbewijs na: handtekening, certificaat van de centrale toepassing, en de SHA-256 van "
        "wat u zond (§8). Klopt het niet: geloof het antwoord niet, bewaar het, bevestig niets, en vraag de stand op (§6.5)."
    )
    if seen.hook is None:
        question = "Kijk in uw software: is dit antwoord geweigerd, en staat het bericht niet als aanvaard?"
        checks.found.append(
            Check(name="geloofd?", verdict=Verdict.REVIEW, expected=text, got=question, where=checks.where, remedy=remedy)
        )
        return
    right = (seen.hook.status == REFUSED) is wanted
    got = {0: "status 0: het programma geloofde het antwoord", REFUSED: "status 3: geweigerd"}
    told = got.get(seen.hook.status, f"status {seen.hook.status} {seen.hook.output[-200:]}".strip())
    checks.add("geloofd?", right, f"{text} (status {REFUSED if wanted else 0})", told, remedy=remedy)


def _told_codes(seen: Seen, checks: Checks, wanted: Sequence[str] | str) -> None:
    codes = [wanted] if isinstance(wanted, str) else list(wanted)
    if codes == ["*"]:
        codes = list(dict.fromkeys(c for m in seen.task.messages for c in m.example.codes))
    text = f"de gebruiker ziet {', '.join(codes)}"
    remedy = "Toon elke Reden of Fout met code, plaats en remedie; vertak op de code, nooit op de tekst (§6.3, §7.9)."
    if seen.hook is None:
        question = f"Kijk in uw software: staat {', '.join(codes)} er, met de tekst van de reden?"
        checks.found.append(
            Check(name="getoond?", verdict=Verdict.REVIEW, expected=text, got=question, where=checks.where, remedy=remedy)
        )
        return
    told = [str(c) for c in seen.hook.report.get("codes", [])]
    got = ", ".join(told) or 'niets: schrijf op de laatste regel {"codes": […]}'
    checks.add("getoond?", set(codes) <= set(told), text, got, remedy=remedy)


def _told_value(name: str) -> Callable[[Seen, Checks, Any], None]:
    def told(seen: Seen, checks: Checks, wanted: Any) -> None:
        remedy = f'Het programma schrijft op zijn laatste regel JSON met "{name}".'
        if seen.hook is None:
            got = f"Kijk in uw software: toont ze {name} = {wanted}?"
            checks.found.append(Check(name=f"{name}?", verdict=Verdict.REVIEW, expected=str(wanted), got=got, where=checks.where))
            return
        found = seen.hook.report.get(name, "niets")
        checks.add(f"{name}?", str(found) == str(wanted), str(wanted), str(found), remedy=remedy)

    return told


def _in_order(seen: Seen, checks: Checks, wanted: bool) -> None:
    groups = seen.groups
    for before, after in pairwise(groups):
        ready = next((a for a in before if a.clean and a.processed), None)
        right = ready is not None and ready.answered <= after[0].monotonic
        checks.add(
            "volgorde",
            right is wanted,
            "het volgende bericht pas als het vorige beantwoord is",
            "in volgorde" if right else "het volgende vertrok voor het vorige aanvaard was",
            remedy="Houd berichten over hetzelfde dossier in een rij; een mislukte poging houdt de volgende tegen (§6.4).",
        )


def _waited(seen: Seen, checks: Checks, wanted: bool) -> None:
    ours = [a for a in seen.arrivals if a.operation == seen.script.operation]
    for before, after in pairwise(ours):
        if before.retry_after and before.answered:
            gap = after.monotonic - before.answered
            checks.add(
                "wacht zoals gevraagd",
                (gap >= before.retry_after * 0.95) is wanted,
                f"minstens {before.retry_after} s (Retry-After)",
                f"{gap:.2f} s",
                "HTTP Retry-After",
                "Wacht de seconden van Retry-After voor de volgende poging (§3.4).",
            )


def _tempo(seen: Seen, checks: Checks, wanted: bool) -> None:
    gets = [a for a in seen.arrivals if a.operation == "get" and a.done]
    early = [a for a in gets if a.answer.fault == "VSB-SYS-005"]
    got = "rustig genoeg" if not early else f"{len(early)} keer te vlug: de centrale toepassing antwoordde Not enough time"
    checks.add(
        "tempo van get",
        (not early) is wanted,
        f"na een lege postbus minstens {seen.poll_seconds:g} s rust",
        got,
        remedy="Wacht na een leeg antwoord voor u opnieuw vraagt, en volg Retry-After (§7.5).",
    )


def given(seen: Seen) -> list[Mail]:
    """Messages that the sender really was given in a step, each time again."""
    replies = [read_answer(a.reply) for a in seen.arrivals if a.operation == "get" and a.status == 200]
    return [m for answer in replies for m in answer.mail]


def _labels(seen: Seen, checks: Checks, wanted: Sequence[str]) -> None:
    labels = [m.label for m in given(seen)]
    missing = [w for w in wanted if w not in labels]
    checks.add(
        "opgehaald",
        not missing,
        ", ".join(wanted),
        ", ".join(labels) or "niets",
        remedy="Vraag met get tot de postbus leeg is, zonder filter op MessageNames dat iets verbergt (§7.5, §7.6).",
    )


def _confirmations(seen: Seen, checks: Checks, wanted: str) -> None:
    hashes = {m.hash for m in given(seen)}
    done = set().union(*(confirmed(a) for a in seen.arrivals)) if seen.arrivals else set()
    if wanted == "niets":
        got = "niets bevestigd" if not done & hashes else "toch bevestigd"
        checks.add(
            "bevestigd",
            not done & hashes,
            "wat niet te geloven is wordt niet bevestigd, zodat het terugkomt",
            got,
            remedy="Bevestig pas na controle van HashValue en zegel, en na het bewaren (§7.5, §8).",
        )
        return
    left = len(seen.waiting)
    checks.add(
        "bevestigd",
        bool(done) and not left,
        "elk bericht van de postbus, na het bewaren",
        f"{len(done)} bevestigd, {left} nog open",
        remedy="Noem in confirm de HashValue van elk Detail dat u bewaard hebt (§7.5).",
    )


def _after_reading(seen: Seen, checks: Checks, wanted: bool) -> None:
    known: set[bytes] = set()
    right = True
    for arrival in seen.arrivals:
        right &= confirmed(arrival) <= known or not confirmed(arrival)
        known |= {m.hash for m in read_answer(arrival.reply).mail} if arrival.operation == "get" else set()
    checks.add(
        "pas na ontvangst",
        right is wanted,
        "confirm noemt alleen wat get eerst gaf",
        "juist" if right else "te vroeg of onbekend",
    )


def _none_of(seen: Seen, checks: Checks, wanted: Sequence[str]) -> None:
    came = [a for a in seen.arrivals if a.operation in wanted]
    got = ", ".join(f"{a.operation} {a.reference}".strip() for a in came) or "niets"
    checks.add(
        "niets meer",
        not came,
        f"geen {' of '.join(wanted)}",
        got,
        remedy="Wat aanvaard is, of geweigerd met Retry=false, gaat niet opnieuw de deur uit (§6.4, §9).",
    )


def _fresh_number(seen: Seen, checks: Checks, wanted: bool) -> None:
    for group in seen.groups:
        used = group[0].reference in seen.earlier
        checks.add(
            "nieuw nummer",
            (not used) is wanted,
            "een verbeterd bericht heeft een nieuw nummer (BerichtId, InputReference)",
            f"{group[0].reference} was al gebruikt" if used else "nieuw",
            remedy="Andere inhoud is een ander bericht; het oude nummer hoort bij het oude bericht (§6.4, §7.4).",
        )


def _asked_about(seen: Seen, checks: Checks, wanted: bool) -> None:
    known = {str(v) for k, v in seen.task.data.items() if k in ("referentie", "message_id", "dossiernummer", "insz") and v}
    for arrival in seen.arrivals:
        if arrival.operation == seen.task.operation and arrival.payload is not None:
            asked = [(c.text or "").strip() for c in arrival.payload.iterchildren(etree.Element) if not len(c)]
            right = bool(set(asked) & known)
            checks.add("over het juiste bericht", right is wanted, " of ".join(sorted(known)), ", ".join(asked) or "niets")


def _signed(seen: Seen, checks: Checks, wanted: bool) -> None:
    for arrival in seen.arrivals:
        if wanted and arrival.operation == seen.task.operation:
            look(arrival, checks)


def _with_assertion(seen: Seen, checks: Checks, wanted: bool) -> None:
    for arrival in seen.arrivals:
        if wanted and arrival.operation == seen.task.operation:
            look_for_assertion(arrival, checks)


EXPECTATIONS: Mapping[str, Callable[[Seen, Checks, Any], None]] = {
    "ongeloofd": _disbelieved,
    "codes": _told_codes,
    "volgorde": _in_order,
    "wachttijd": _waited,
    "tempo": _tempo,
    "labels": _labels,
    "bevestigd": _confirmations,
    "na_ontvangst": _after_reading,
    "geen": _none_of,
    "nieuw_nummer": _fresh_number,
    "over": _asked_about,
    "getekend": _signed,
    "saml": _with_assertion,
    "verwerkt": _told_value("verwerkt"),
    "status": _told_value("status"),
}
"""Key of `verwacht` to what looks at it."""
