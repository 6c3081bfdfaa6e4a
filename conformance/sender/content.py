"""Judges what came: that it came, how often, each field, and what the central application said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from lxml import etree
from lxml.etree import _Element as Element

from conformance.sender.arrival import Arrival
from conformance.sender.fields import Difference, compare
from conformance.sender.seen import Seen
from conformance.sender.task import Asked
from conformance.verdict import Check, Checks, Verdict
from gateway.refusal import Refusal
from gateway.wire.parser import Bounds, parse

_BOUNDS = Bounds(octets=64 * 1024 * 1024, markup=5_000_000)
_CLOCK_SKEW = timedelta(minutes=5)
_SHOWN = 12
"""Differences told one by one; more are counted."""


def asked_something(seen: Seen, checks: Checks) -> None:
    """That a question came, to the mailbox or about a status, and was not refused."""
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


def messages(seen: Seen, checks: Checks) -> None:
    """Every message that was asked for, each under one number."""
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


def always(seen: Seen, checks: Checks) -> None:
    """What holds for every message of a session, whatever was asked; told only when it is wrong."""
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
