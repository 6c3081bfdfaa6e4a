"""Every example of every cookbook, sent through a real server in its order, gets exactly the answer it says it gets."""

from __future__ import annotations

import csv
import time
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from lxml import etree

from conformance.client import FacilityClient, GenericAsyncClient, Software
from conformance.messages import envelope
from conformance.sample import sample_price
from conformance.walkthrough import sample_signer
from gateway.berichten.names import ANTWOORD
from gateway.berichten.voorbeelden import VoorbeeldError, render
from gateway.cookbook.laden import load_cookbooks
from gateway.schema import registry
from gateway.trust.identity import read_identity
from gateway.wire.build import moment
from tests.support import NAMES, SOAP, RunningGateway

BREED = Software(naam="ZorgSoft Breed", attest="VSB-2018-0004", licentie="zorgsoftbreed", wachtwoord="zorgsoftbreed-demo")
"""Attested for the pillars that ZorgSoft is not."""
ROOT = Path(__file__).parents[2]
MAANDEN = sorted(p.parent for p in (ROOT / "cookbooks").glob("*/examples/maand/maand.toml"))
Start = Callable[..., AbstractContextManager[RunningGateway]]
COOKBOOKS = sorted(p.parent for p in (ROOT / "cookbooks").glob("*/cookbook.toml"))


def values(gateway: RunningGateway, answered: dict[str, str]) -> dict[str, str]:
    with (ROOT / "gateway/reference/sample/voorzieningen.csv").open(encoding="utf-8", newline="") as file:
        facilities = {row["riziv"]: row for row in csv.DictReader(file, delimiter=";")}
    new_year = date(gateway.today().year, 1, 1)
    found = {
        "nu": moment(gateway.now()),
        "id": str(uuid4()),
        "nieuwjaar": new_year.isoformat(),
        "nieuwjaar-1": (new_year - timedelta(days=1)).isoformat(),
    }
    found |= {f"insz:{n}": v for n, v in NAMES["personen"].items()}
    found |= {f"riziv:{n}": v for n, v in NAMES["voorzieningen"].items()}
    found |= {f"{k}:{n}": facilities[v][k] for n, v in NAMES["voorzieningen"].items() for k in ("kbo", "iban")}
    return found | answered


def amount(gateway: RunningGateway, question: str) -> str:
    facility, code, van, tot = question.split(":")
    first, last = date.fromisoformat(van), date.fromisoformat(tot)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return str(sum(sample_price(NAMES["voorzieningen"][facility], d, gateway.today(), code) for d in days))


def send(
    gateway: RunningGateway, example: dict[str, Any], text: str, certificate: str, answered: dict[str, str]
) -> tuple[str, list[str]]:
    if example["dienst"] == "facturatie":
        return _zending(_facility(gateway, certificate), example["naam"], text, answered)
    if example["dienst"] == "zorgkas":
        return _afrekening(gateway, _facility(gateway, certificate), text, answered)
    answer = gateway.post(example["dienst"], envelope(text, sample_signer(certificate), gateway.now()))
    if answer.is_fault:
        return "fout", answer.codes
    payload = answer.root.find(f"{SOAP}Body")[0]  # type: ignore[index]
    registry.check(payload)
    if example["dienst"] == "aanvraag":
        dossier = payload.findtext(f".//{{{ANTWOORD}}}Dossiernummer")
        if dossier:
            answered[f"dossier:{example['naam']}"] = dossier
        answered[f"bericht:{example['naam']}"] = payload.findtext(f".//{{{ANTWOORD}}}MessageId") or ""
        codes = [e.text or "" for e in payload.iterfind(f".//{{{ANTWOORD}}}Reden/{{*}}Code")]
        return payload.findtext(f".//{{{ANTWOORD}}}Uitkomst") or "", sorted(codes)
    fault = payload.findtext(".//{*}FaultCode")
    if fault:
        return fault, [e.text or "" for e in payload.iterfind(".//{*}DetailCode")]
    statuses = {e.text or "" for e in payload.iterfind(".//{*}Status")}
    return "/".join(sorted(statuses)), [e.text or "" for e in payload.iterfind(".//{*}Deelperiode/{*}Zorgkas")]


def _facility(gateway: RunningGateway, certificate: str) -> GenericAsyncClient:
    signer = sample_signer(certificate)
    riziv = f"{read_identity(signer.certificate).number}000"[:11]
    software = Software() if certificate.startswith("facility-ibw") else BREED
    return FacilityClient(gateway.base, signer, riziv, pijler="", software=software, clock=gateway.now).facturatie


def _zending(facility: GenericAsyncClient, naam: str, text: str, answered: dict[str, str]) -> tuple[str, list[str]]:
    reference = f"EX{uuid4().hex[:12]}"
    answered[f"bericht:{naam}"] = facility.post(text.encode(), reference).Reference
    return _result(facility, answered[f"bericht:{naam}"], ("DF012-920999", "INHOUD-"))


def _afrekening(
    gateway: RunningGateway, facility: GenericAsyncClient, text: str, answered: dict[str, str]
) -> tuple[str, list[str]]:
    gateway.kas("180").post(text.encode(), f"AF{uuid4().hex[:12]}", message_name="VSB-AFREKENING")
    about = etree.fromstring(text.encode()).findtext("{*}MessageId") or ""
    return _result(facility, about, ("AFREKENING-",))


def _result(facility: GenericAsyncClient, message_id: str, labels: tuple[str, ...]) -> tuple[str, list[str]]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for _, content, digest in facility.get():
            root = etree.fromstring(content)
            label = root.findtext(f"{{{ANTWOORD}}}Label") or ""
            facility.confirm([digest])
            if root.findtext(f"{{{ANTWOORD}}}MessageId") == message_id and label.startswith(labels):
                registry.check(root)
                return label, sorted({e.text or "" for e in root.iter(f"{{{ANTWOORD}}}Code")})
        time.sleep(0.1)
    raise AssertionError(f"no result for {message_id}")


def send_all(gateway: RunningGateway, folder: Path, data: dict[str, Any]) -> list[str]:
    """Send every example of a folder in its order; what went otherwise than stated."""
    wrong, answered = [], dict[str, str]()
    for example in data["voorbeeld"]:
        raw = (folder / f"{example['naam']}.xml").read_text(encoding="utf-8")
        text = render(raw, gateway.today(), values(gateway, answered), {"bedrag": lambda q: amount(gateway, q)})
        got = send(gateway, example, text, example.get("certificaat", data["certificaat"]), answered)
        if got != (example["verwacht"], example["codes"]):
            wrong.append(f"{example['naam']}: expected {example['verwacht']} {example['codes']}, got {got}")
    return wrong


@pytest.mark.both_engines
@pytest.mark.parametrize("folder", COOKBOOKS, ids=lambda p: p.name)
def test_every_example_gets_exactly_the_answer_it_states(folder: Path, start_gateway: Start) -> None:
    data = tomllib.loads((folder / "examples/examples.toml").read_text(encoding="utf-8"))
    assert len(data["voorbeeld"]) >= 12
    with start_gateway() as gateway:
        assert not (wrong := send_all(gateway, folder / "examples", data)), "\n".join(wrong)


@pytest.mark.parametrize("folder", MAANDEN, ids=lambda p: p.parts[-3])
def test_a_month_of_invoices_gets_exactly_the_answers_it_states(folder: Path, start_gateway: Start) -> None:
    data = tomllib.loads((folder / "maand.toml").read_text(encoding="utf-8"))
    assert {e["naam"] for e in data["voorbeeld"]} == {p.stem for p in folder.glob("*.xml")}
    month_before = datetime.now(UTC).replace(day=1, hour=9) - timedelta(days=1)
    with start_gateway(VSB_CLOCK=month_before.replace(day=28).isoformat()) as gateway:
        assert not (wrong := send_all(gateway, folder, data)), "\n".join(wrong)


def test_every_pillar_that_invoices_shows_a_month() -> None:
    factureren = {n for n, c in load_cookbooks(ROOT / "cookbooks").items() if c.type_factuur is not None}
    assert {p.parts[-3] for p in MAANDEN} == factureren


@pytest.mark.parametrize("folder", COOKBOOKS, ids=lambda p: p.name)
def test_no_example_lies_around_unstated(folder: Path) -> None:
    stated = {e["naam"] for e in tomllib.loads((folder / "examples/examples.toml").read_text(encoding="utf-8"))["voorbeeld"]}
    assert stated == {p.stem for p in (folder / "examples").glob("*.xml")}


def test_an_unknown_placeholder_is_named() -> None:
    with pytest.raises(VoorbeeldError, match="onzin"):
        render("<a>{{onzin}}</a>", date(2026, 1, 1), {})


def test_days_months_and_values_are_filled_in() -> None:
    text = render(
        "{{vandaag-1}} {{maand:vandaag-1}} {{x}} {{som:a:vandaag}}", date(2026, 3, 1), {"x": "y"}, {"som": lambda q: f"<{q}>"}
    )
    assert text == "2026-02-28 2026-02 y <a:2026-03-01>"
