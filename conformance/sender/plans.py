"""What a sender of one pillar is asked: the common behaviours, and every message of its cookbook once, from its examples."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from conformance.plan import SCENARIOS, Level, PlanError, Role, Scenario, Step, for_pillar, load_folder, unique
from conformance.requirements import texts
from conformance.sender.examples import Example, examples, find, needed
from conformance.sts.register import ORGANISATIONS
from conformance.walkthrough import sample_signer
from gateway.cookbook.laden import load_cookbooks
from gateway.paths import data_dir
from gateway.trust.identity import read_identity

COMMON = "alle"


@cache
def pillars() -> tuple[str, ...]:
    """The pillars that can be asked for."""
    return tuple(sorted(load_cookbooks(data_dir("cookbooks"))))


@cache
def _files() -> tuple[Scenario, ...]:
    return tuple(s for s in load_folder(SCENARIOS / "afzender") if s.rol is Role.SENDER)


@cache
def _plan(pijler: str) -> tuple[Scenario, ...]:
    if pijler not in pillars():
        raise PlanError(f"there is no pillar {pijler!r}; there are {', '.join(pillars())}")
    own = [s for s in _files() if s.pijler == pijler]
    common = [for_pillar(s, pijler) for s in _files() if s.pijler == COMMON and (_certified(pijler) or not _saml(s))]
    known = texts()
    found = unique([*_messages(pijler), *own, *common])
    for scenario in found:
        if wrong := [e for e in scenario.eis if e not in known]:
            raise PlanError(f"scenario {scenario.id} proves {', '.join(wrong)}, which no cookbook demands")
    return tuple(found)


def sender_plan(pijler: str) -> list[Scenario]:
    """Every scenario of a pillar, in the order in which they are asked.

    Raises:
        PlanError: no such pillar, or a scenario that proves what no cookbook demands.
    """
    return list(_plan(pijler))


def all_sender_plans() -> list[Scenario]:
    """The scenarios of senders of every pillar."""
    return [s for pijler in pillars() for s in sender_plan(pijler)]


def _saml(scenario: Scenario) -> bool:
    return any(step.met.get("saml") for step in scenario.stappen)


def _certified(pijler: str) -> bool:
    """Whether the sample STS has a word for the facilities of a pillar (facts ehealth.md §1)."""
    certificate = sample_signer(find(pijler, "opening").certificaat).certificate
    return read_identity(certificate).type in ORGANISATIONS


_ABOUT = {
    "verzekerbaarheid": ("eibwfin §5",),
    "aanvraag": ("eibwfin §6.1", "eibwfin §6.2"),
    "facturatie": ("eibwfin §7.1", "eibwfin §7.2", "eibwfin §7.3", "eibwfin §7.7"),
}


def _messages(pijler: str) -> Iterator[Scenario]:
    """A scenario for each accepted message of the examples, and for what a facility must be able to tell besides."""
    for one in (*examples(pijler), *(e for e in examples(pijler, True) if e.naam == "aanvaard")):
        if one.aanvaard or one.verwacht in ("in_beraad", "AANGESLOTEN", "NIET_AANGESLOTEN"):
            yield _message(pijler, one)


def _message(pijler: str, one: Example) -> Scenario:
    month = one.folder.endswith("/maand")
    name = f"maand/{one.naam}" if month else one.naam
    before = tuple(
        Step(doe="zend", met={"bericht": f"maand/{e.naam}" if month else e.naam}, verwacht={"velden": True})
        for e in needed(pijler, one)
    )
    kind = (f"{pijler} {one.soort}",) if one.soort else ()
    return Scenario(
        id=f"{pijler}/bericht/{name.replace('/', '-')}",
        titel=one.titel,
        pijler=pijler,
        familie="berichten",
        niveau=Level.MUST,
        rol=Role.SENDER,
        eis=(*_ABOUT[one.dienst], *kind),
        stappen=(*before, Step(doe="zend", met={"bericht": name}, verwacht={"velden": True})),
        voorbeeld=f"cookbooks/{one.folder}/{one.naam}.xml",
    )
