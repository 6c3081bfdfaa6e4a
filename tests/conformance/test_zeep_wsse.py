"""A vendor's zeep with `conformance.zeep_wsse`: signed as the cookbook wants, and an answer believed for the right reason only."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import zeep
from lxml import etree

from conformance.client import Software
from conformance.walkthrough import sample_signer
from conformance.zeep_wsse import ReceiptError, Wsse, read_receipt
from gateway.paths import data_dir
from gateway.trust.signing import seal
from tests.support import IBW1, PERSONS, RunningGateway, running_gateway

CERTS = data_dir("certs-sample")
GATEWAY = sample_signer("gateway").certificate


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway of this module's own: stays begin here that other tests begin too."""
    with running_gateway(tmp_path_factory.mktemp("central")) as running:
        yield running


class Facility:
    """A vendor's program around zeep."""

    def __init__(self, gateway: RunningGateway, wsse: Any) -> None:
        self._gateway, self.wsse = gateway, wsse

    def service(self, name: str) -> Any:
        return zeep.Client(f"{self._gateway.base}/soap/{name}/v1?wsdl", wsse=self.wsse).service

    def head(self, reference: str | None = None, made: datetime | None = None) -> dict[str, Any]:
        software = Software()
        sender = {"Naam": software.naam, "Versie": software.versie, "Attest": software.attest}
        return {
            "BerichtId": reference or str(uuid4()),
            "Pijler": "eibwfin",
            "Test": False,
            "Aanmaaktijdstip": made or self._gateway.now(),
            "Afzender": {"RizivNummer": IBW1, "Software": sender},
        }

    def start(self, person: str, reference: str | None = None, made: datetime | None = None) -> Any:
        stay = {"StartVerblijf": {"Startdatum": self._gateway.today() - timedelta(days=1), "TypeVerblijf": "regulier"}}
        return self.service("aanvraag").Indienen(
            Aanvraag={"Hoofding": self.head(reference, made), "Voorziening": IBW1, "Gebruiker": {"Insz": PERSONS[person]}, **stay}
        )


@pytest.fixture
def facility(central: RunningGateway) -> Facility:
    return Facility(central, Wsse(sample_signer("facility-ibw-1"), gateway=GATEWAY))


class Meddled(Wsse):
    """The same, behind a line on which somebody changes the answer."""

    change: Callable[[etree._Element], None]

    def verify(self, envelope: etree._Element) -> None:
        self.change(envelope)
        super().verify(envelope)


def meddled(change: Callable[[etree._Element], None]) -> Meddled:
    wsse = Meddled(sample_signer("facility-ibw-1"), gateway=GATEWAY)
    wsse.change = change
    return wsse


def receipt_in(envelope: etree._Element) -> etree._Element:
    return next(envelope.iter("{*}Ontvangstbewijs"))


def test_an_answer_is_believed_by_the_receipt_over_what_was_sent(facility: Facility) -> None:
    answer = facility.start("els")
    assert answer.Uitkomst == "aanvaard"
    assert facility.wsse.receipt.message_id == answer.MessageId
    assert facility.wsse.receipt.sha256 == facility.wsse.sent
    assert read_receipt(facility.wsse.receipt.document, GATEWAY, facility._gateway.now()) == facility.wsse.receipt


def test_the_same_message_again_gets_the_receipt_of_the_first(facility: Facility) -> None:
    reference, made = str(uuid4()), facility._gateway.now()
    first = facility.start("piet", reference, made)
    proof = facility.wsse.receipt
    again = facility.start("piet", reference, made)
    assert again.MessageId == first.MessageId
    assert facility.wsse.receipt.sha256 == proof.sha256 != facility.wsse.sent


def test_a_refusal_reaches_the_caller_as_the_fault_that_it_is(central: RunningGateway) -> None:
    stranger = Facility(central, Wsse(sample_signer("bad-revoked"), gateway=GATEWAY))
    with pytest.raises(zeep.exceptions.Fault, match="VSB-TRUST-010"):
        stranger.start("els")


def test_who_does_not_ask_for_receipts_gets_answers_all_the_same(central: RunningGateway) -> None:
    facility = Facility(central, Wsse(sample_signer("facility-ibw-1")))
    assert facility.start("wout").Uitkomst == "aanvaard"
    assert facility.wsse.receipt is None


def test_a_question_owes_no_receipt(facility: Facility) -> None:
    day = facility._gateway.today()
    answer = facility.service("verzekerbaarheid").Raadplegen(
        Hoofding=facility.head(), Insz=PERSONS["els"], Periode={"Van": day, "Tot": day}
    )
    assert answer.Deelperiode[0].Zorgkas == "180"
    assert facility.wsse.receipt is None


def _drop(envelope: etree._Element) -> None:
    element = receipt_in(envelope)
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _change(envelope: etree._Element) -> None:
    element = receipt_in(envelope)
    document = base64.b64decode(element.text or "").replace(b"NIHII", b"NIHIX")
    element.text = base64.b64encode(document).decode()


def _by_another(envelope: etree._Element) -> None:
    element = receipt_in(envelope)
    document = etree.fromstring(base64.b64decode(element.text or ""))
    document.remove(document[-1])
    resealed = seal(document, sample_signer("zorgkas-180"), Facility.now())  # type: ignore[attr-defined]
    element.text = base64.b64encode(resealed).decode()


def _not_base64(envelope: etree._Element) -> None:
    receipt_in(envelope).text = "%%%"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_drop, "has 0 receipts"),
        (_change, "VSB-TRUST-005"),
        (_by_another, "VSB-TRUST-007"),
        (_not_base64, "not base64"),
    ],
    ids=["absent", "changed", "sealed-by-a-zorgkas", "not-base64"],
)
def test_any_other_receipt_is_not_believed(
    central: RunningGateway, monkeypatch: pytest.MonkeyPatch, change: Callable[[etree._Element], None], why: str
) -> None:
    monkeypatch.setattr(Facility, "now", central.now, raising=False)
    with pytest.raises(ReceiptError, match=why):
        Facility(central, meddled(change)).start("griet")


def test_a_receipt_of_another_message_is_not_believed(central: RunningGateway, facility: Facility) -> None:
    facility.start("nele")
    other = base64.b64encode(facility.wsse.receipt.document).decode()

    def swap(envelope: etree._Element) -> None:
        receipt_in(envelope).text = other

    with pytest.raises(ReceiptError, match="another message"):
        Facility(central, meddled(swap)).start("omar")


def test_the_vendor_client_of_the_documentation_runs_against_a_gateway(central: RunningGateway) -> None:
    run = vendor(central.base)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0].strip() == "insured by ['580']"
    assert run.stdout.splitlines()[1].startswith("aanvaard EIBWFIN-")
    assert run.stdout.splitlines()[2].endswith("for the octets sent: True")
    refused = vendor(central.base, "123")
    assert "VSB-SCHEMA-001" in refused.stdout, refused.stderr


def test_the_whole_zending_of_the_documentation_is_posted_fetched_and_confirmed(central: RunningGateway) -> None:
    run = example("zending.py", central.base)
    assert run.returncode == 0, run.stderr
    stay, tack, *results = run.stdout.splitlines()
    assert stay.startswith("stay: aanvaard EIBWFIN-")
    assert "urn:nip:tack:result:major:success" in tack
    assert [line.split()[0] for line in results] == ["DF011-931000", "INHOUD-AANVAARD"], run.stdout + run.stderr
    assert central.facility().facturatie.get() == []  # confirmed
    again = example("zending.py", central.base)
    assert "IBW_START_105" in again.stdout, again.stderr


def vendor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return example("vendor.py", *arguments)


def example(file: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, f"docs/examples/{file}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2], timeout=120)
