"""What later steps of a scenario need of the answers to earlier ones, and when a step has brought what it asked."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from lxml import etree

from conformance.plan import Step
from conformance.sender.arrival import Arrival
from conformance.sender.seen import Seen
from conformance.sender.tap import Watch
from conformance.sender.task import Play, Task
from conformance.sender.universe import Universe


def complete(step: Step, task: Task, watch: Watch, universe: Universe, number: str) -> bool:
    """Whether what was asked has come, as far as can be seen from here."""
    came = [a for a in watch.arrivals if a.operation == task.operation]
    if any(not a.done for a in watch.arrivals) or watch.used < len(watch.script.ways):
        return False
    if came and (watch.script.always or step.verwacht.get("pogingen") == 1):
        return True
    if task.action == "zend":
        answered = {a.reference or str(a.nr) for a in came if a.status == 200 and a.how != "html"}
        wrong = any(a.answer.fault for a in came if a.how == "gewoon")
        return len(answered) >= len(task.messages) or wrong
    if task.action == "ophalen":
        return (
            any(a.done for a in came)
            and not universe.held
            and not universe.waiting(number)
            and not universe.waiting_tacks(number)
        )
    return task.action != "wacht" and bool(came)


def remember(play: Play, seen: Seen) -> None:
    """What later steps need of this one's answers."""
    for asked, group in zip(seen.task.messages, seen.groups, strict=False):
        taken = next((a for a in group if a.processed and not a.answer.fault), None)
        values: Mapping[str, str] = {} if taken is None else taken.answer.values
        if "Dossiernummer" in values:
            play.values[f"dossier:{asked.name}"] = values["Dossiernummer"]
        if "MessageId" in values:
            play.values[f"bericht:{asked.name}"] = values["MessageId"]
        play.earlier.append(_entry(asked.name, asked.operation, asked.text, group, values))


def _entry(name: str, operation: str, text: str, group: list[Arrival], values: Mapping[str, str]) -> dict[str, Any]:
    root = etree.fromstring(text.encode())
    return {
        "name": name,
        "operation": operation,
        "referentie": group[0].reference,
        "sha256": [sha256(a.body).hexdigest() for a in group],
        "insz": root.findtext(".//{*}Insz") or "",
        "message_id": values.get("MessageId", ""),
        "dossiernummer": values.get("Dossiernummer", ""),
        "zorgkas": values.get("Zorgkas", ""),
        "uitkomst": values.get("Uitkomst", ""),
        "kas_zending": root.findtext("{*}Zorgkas") or "",
        "totaal": root.findtext("{*}Totaal") or "",
    }
