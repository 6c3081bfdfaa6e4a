"""What a scenario may expect of a sender's behaviour: each key of `verwacht`, and what looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from lxml import etree

from conformance.sender.arrival import confirmed, read_answer
from conformance.sender.hook import REFUSED
from conformance.sender.seen import Seen, given
from conformance.sender.signed import look, look_for_assertion
from conformance.verdict import Check, Checks, Verdict


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


def _tacks(seen: Seen, checks: Checks, wanted: int) -> None:
    came = sum(read_answer(a.reply).tacks for a in seen.arrivals if a.operation == "get" and a.status == 200)
    checks.add(
        "TAcks",
        came >= wanted and not seen.waiting_tacks,
        f"{wanted} opgehaald en bevestigd",
        f"{came} opgehaald, {seen.waiting_tacks} nog open",
        remedy="Vraag met TAckQuery ook TAcks, boek ze bij uw InputReference (AppliesTo) en bevestig ze (§7.5).",
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
    "tacks": _tacks,
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
