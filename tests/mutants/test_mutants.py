"""The mutants as data, and some of them proven; `make conformance` proves them all."""

from __future__ import annotations

import pytest

from conformance.plan import Level
from conformance.plans import whole_plan
from tests.mutants import afzender, server, zorgkas
from tests.mutants.doc import PAGE, page
from tests.mutants.gegevens import KINDS, Mutant, mutants
from tests.mutants.run import TRUE, prove

WORKS = {"server": server.INGREPEN, "zorgkas": zorgkas.INGREPEN, "afzender": afzender.VENDORS}
SAMPLE = {
    "server": ("pinned-certificate", "receipt-of-other-bytes"),
    "zorgkas": ("race", "keeps-what-it-refuses"),
    "afzender": ("new-number-on-retry", "believes-any-sealer"),
}


def test_there_are_enough_of_every_kind() -> None:
    assert len(mutants()) >= 40
    assert all(len(mutants(kind)) >= 12 for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_has_its_fault_in_code_and_each_fault_is_declared(kind: str) -> None:
    assert {m.name for m in mutants(kind)} == set(WORKS[kind]) - {TRUE}


def test_each_names_a_scenario_that_a_vendor_must_pass() -> None:
    must = {s.id for s in whole_plan() if s.niveau is Level.MUST}
    assert [m.name for m in mutants() if m.scenario not in must] == []


def test_no_two_have_the_same_fault() -> None:
    for kind in KINDS:
        faults = [m.fault for m in mutants(kind)]
        assert len(set(faults)) == len(faults)


def test_the_page_in_the_documentation_is_made_of_the_data() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.mutants.doc`"


@pytest.mark.parametrize("kind", KINDS)
def test_a_scenario_catches_its_mutant_and_passes_the_true_program(kind: str) -> None:
    proofs = prove([kind], SAMPLE[kind])
    assert [p.mutant.name for p in proofs] == list(SAMPLE[kind])
    for p in proofs:
        assert p.passes, f"the true program fails {p.mutant.scenario}"
        assert p.caught, f"{p.mutant.name} passes {p.mutant.scenario}"


def test_a_program_without_its_fault_is_told_as_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = Mutant(name="harmless", kind="zorgkas", fault="does everything right", scenario="zorgkas/aanvraag")
    monkeypatch.setattr("tests.mutants.run.mutants", lambda _: [harmless])
    (proof,) = prove(["zorgkas"])
    assert proof.passes
    assert not proof.caught
