"""What a step asks of the sender: the messages, the words in which they are asked for, and the same for a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree
from lxml.etree import _Element as Element

from conformance.berichten.world import NAMES, World, riziv_of, software_of
from conformance.client import Software
from conformance.plan import PlanError, Scenario, Step
from conformance.sender.examples import Example, find, fit_month, needed
from conformance.sts.app import SAMLP_PATH
from conformance.traffic import Wire
from conformance.walkthrough import PASSWORD
from gateway.paths import data_dir

OPERATIONS = {"verzekerbaarheid": "Raadplegen", "aanvraag": "Indienen", "facturatie": "post"}
ACTIONS = frozenset({"zend", "ophalen", "statusvraag", "dossiervraag", "wacht"})
_ASKED = {"ophalen": "get", "statusvraag": "Statusvraag", "dossiervraag": "Dossiervraag", "wacht": ""}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One message that must come."""

    example: Example
    text: str
    """A message that passes: the request element, or the content of the blob."""
    operation: str
    certificate: str
    """Sample certificate that signs it."""

    @property
    def name(self) -> str:
        return self.example.naam

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What must be in it, by path; the head is the sender's own."""
        return _shown(etree.fromstring(self.text.encode()))

    @property
    def uitkomst(self) -> str:
        return "TAck" if self.operation == "post" else self.example.verwacht


@dataclass(frozen=True, kw_only=True)
class Task:
    """A step, made concrete."""

    action: str
    text: str
    operation: str
    """What the sender must use."""
    messages: tuple[Asked, ...] = ()
    certificate: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What a status question is about."""
    saml: bool = False
    """Signed with an assertion of the STS, in place of the certificate alone."""


@dataclass(kw_only=True)
class Play:
    """One scenario under way: its day, and what the answers so far said."""

    scenario: Scenario
    start: datetime
    software: Software | None = None
    """The vendor's own package, in place of the sample's."""
    values: dict[str, str] = field(default_factory=dict)
    """`dossier:start-els` and `bericht:start-els`, from answers."""
    earlier: list[dict[str, Any]] = field(default_factory=list)
    """What was sent before in this scenario, for a hook."""

    @property
    def pijler(self) -> str:
        return self.scenario.pijler

    def render(self, one: Example, now: datetime, change: Mapping[str, str]) -> str:
        """A message that passes, on the scenario's own days; a zending is made up today."""
        world = World(wire=Wire(base=""), clock=lambda: self.start, values=dict(self.values))
        text = world.fill(one.text)
        if one.dienst == "facturatie":
            if one.folder.endswith("/maand") and one.naam == "aanvaard":
                text = fit_month(text)
            today = World(wire=Wire(base=""), clock=lambda: now).today().isoformat()
            change = {"Opstellingsdatum": today, **change}
        root = etree.fromstring(text.encode())
        for name, value in change.items():
            for element in root.iter(f"{{*}}{name}"):
                element.text = value
        if (own := self.software) is not None:
            for tag, value in (("Naam", own.naam), ("Versie", own.versie), ("Attest", own.attest)):
                for element in root.iterfind(f".//{{*}}Software/{{*}}{tag}"):
                    element.text = value
        return etree.tostring(root, encoding="unicode")


def build(play: Play, step: Step, now: datetime) -> Task:
    """The task of a step.

    Raises:
        PlanError: an action or an example that does not exist.
        VoorbeeldError: a message needs what an earlier answer did not give.
    """
    if step.doe not in ACTIONS:
        raise PlanError(f"{play.scenario.id}: there is no instruction {step.doe!r}; there are {', '.join(sorted(ACTIONS))}")
    if step.doe != "zend":
        certificate = find(play.pijler, "opening").certificaat
        about = play.earlier[-1] if play.earlier else {}
        text = _words(_TEXTS[step.doe].format(reference=about.get("referentie", "…"), insz=about.get("insz", "…")), step)
        return Task(action=step.doe, text=text, operation=_ASKED[step.doe], certificate=certificate, data=about)
    messages = tuple(_asked(play, one, step, now) for one in chosen(play.pijler, step))
    first = messages[0]
    lines = [_ask(m) for m in messages]
    return Task(
        action="zend",
        text=_words("\n\n".join(lines), step),
        operation=first.operation,
        messages=messages,
        certificate=first.certificate,
        saml=bool(step.met.get("saml")),
    )


def chosen(pijler: str, step: Step) -> Sequence[Example]:
    """The examples that a `zend` step asks for; `voor:x` is what x needs first.

    Raises:
        PlanError: there is no such example.
    """
    names = step.met.get("bericht", "")
    found: list[Example] = []
    for name in [names] if isinstance(names, str) else names:
        found += needed(pijler, find(pijler, name[5:])) if name.startswith("voor:") else [find(pijler, name)]
    return found


def _asked(play: Play, one: Example, step: Step, now: datetime) -> Asked:
    text = play.render(one, now, step.met.get("wijzig", {}))
    certificate = step.met.get("certificaat", one.certificaat)
    return Asked(example=one, text=text, operation=OPERATIONS[one.dienst], certificate=certificate)


def _words(text: str, step: Step) -> str:
    return f"{step.tekst}\n\n{text}" if step.tekst else text


_TEXTS = {
    "ophalen": "Haal de postbus leeg: vraag met get op /soap/facturatie/v1 wat klaarligt, bewaar het, bevestig het met confirm.",
    "statusvraag": "Vraag wat er van bericht {reference} geworden is: RaadplegenRequest op /soap/aanvraag/v1.",
    "dossiervraag": "Vraag de dossiers van persoon {insz} op: RaadplegenDossierRequest op /soap/aanvraag/v1.",
    "wacht": "Zend nu niets nieuws; de suite kijkt of er niets dubbel komt.",
}
_VERBS = {
    "Raadplegen": "Vraag de verzekerbaarheid op",
    "Indienen": "Meld {soort}",
    "post": "Factureer",
}


def sentence(one: Asked) -> str:
    """What a person is asked, in one line."""
    verb = _VERBS[one.operation].format(soort=one.example.soort or "")
    person = f" voor {one.example.persoon.capitalize()}" if one.example.persoon else ""
    return f"{verb}{person}: {one.example.titel.rstrip('.')}"


def _ask(one: Asked) -> str:
    return "\n".join([f"{sentence(one)}.", *(f"  {path} = {value}" for path, value in one.fields)])


_HIDDEN = ("Hoofding", "Afzender")


def _shown(root: Element) -> list[tuple[str, str]]:
    found = []
    for leaf in root.iter(etree.Element):
        if len(leaf) or not (leaf.text or "").strip():
            continue
        path = [etree.QName(a).localname for a in (*reversed(list(leaf.iterancestors())), leaf)]
        if not set(path) & set(_HIDDEN):
            found.append(("/".join(p for p in path[1:] if p != "Aanvraag"), (leaf.text or "").strip()))
    return found


def nested(element: Element) -> Any:
    """An element's content for JSON: text, or a mapping in which what repeats is a list."""
    children = list(element.iterchildren(etree.Element))
    if not children:
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in children:
        name, value = etree.QName(child).localname, nested(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def for_hook(
    play: Play, task: Task, *, base: str, clock: datetime, session: str, number: int, poll_seconds: float
) -> dict[str, Any]:
    """The step as a program gets it, on stdin and in the environment."""
    software = play.software or software_of(task.certificate)
    services = {s: f"{base}/soap/{s}/v1" for s in OPERATIONS}
    return {
        "session": session,
        "scenario": play.scenario.id,
        "step": number,
        "steps": len(play.scenario.stappen),
        "action": task.action,
        "operation": task.operation,
        "text": task.text,
        "endpoint": base,
        "services": services,
        "clock": clock.isoformat(),
        "poll_seconds": poll_seconds,
        "pijler": play.pijler,
        "certificate": str(data_dir("certs-sample") / f"{task.certificate}.p12"),
        "password": PASSWORD,
        "gateway_certificate": str(data_dir("certs-sample") / "gateway.pem"),
        "ca": str(data_dir("certs-sample") / "ca-bundle.pem"),
        "riziv": riziv_of(task.certificate),
        "software": {"naam": software.naam, "versie": software.versie, "attest": software.attest},
        "licence": {"username": software.licentie, "password": software.wachtwoord},
        "messages": [_message(m) for m in task.messages],
        "about": dict(task.data),
        "sts": f"{base}{SAMLP_PATH}" if task.saml else "",
        "earlier": list(play.earlier),
    }


def _message(one: Asked) -> dict[str, Any]:
    root = etree.fromstring(one.text.encode())
    body = root.find("{*}Aanvraag")
    content = nested(root if body is None else body)
    content.pop("Hoofding", None)
    return {
        "name": one.name,
        "service": one.example.dienst,
        "operation": one.operation,
        "kind": one.example.soort,
        "certificate": str(data_dir("certs-sample") / f"{one.certificate}.p12"),
        "riziv": riziv_of(one.certificate),
        "person": NAMES["personen"].get(one.example.persoon, ""),
        "fields": content,
        "xml": one.text,
    }
