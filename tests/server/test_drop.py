"""A zorgkas that receives files: a real worker puts them down, and only the zorgkas's own signed receipt closes a delivery."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.server.test_main_job import wait_for
from tests.support import PERSONS, RunningGateway, running_gateway

CERTS = Path(__file__).parents[2] / "certs-sample"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("uit", "ontvangst"):
        (tmp_path / "kas" / name).mkdir(parents=True)
    return tmp_path / "kas"


def register(gateway: RunningGateway, folder: Path, place: Path) -> None:
    row = f"180;CM Zorgkas;0900118032;map;file://{place};ja"
    (folder / "zorgkassen.csv").write_text(f"code;naam;kbo;levering;endpoint;actief\n{row}\n", encoding="utf-8")
    command = [sys.executable, "-m", "gateway", "reference", "load", str(folder / "zorgkassen.csv")]
    subprocess.run(command, env=gateway.environment, check=True, capture_output=True)


def receipt(delivery: Path, place: Path, kas: str, *options: str) -> None:
    key = ["--key", str(CERTS / f"zorgkas-{kas}.key"), "--certificate", str(CERTS / f"zorgkas-{kas}.pem")]
    command = [sys.executable, "-m", "conformance", "receipt", str(delivery), "--out", str(place / "ontvangst"), *key, *options]
    subprocess.run(command, check=True, capture_output=True)


def notify(gateway: RunningGateway, place: Path) -> tuple[str, Path]:
    day = {"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
    name = str(gateway.facility().indienen(str(uuid4()), PERSONS["els"], StartVerblijf=day).MessageId)
    delivery = place / "uit" / f"VSB-AANVRAAG_{name}.xml"
    wait_for(delivery.exists)
    return name, delivery


def test_a_file_is_put_down_and_its_receipt_closes_the_delivery(tmp_path: Path, place: Path) -> None:
    with running_gateway(tmp_path / "g") as gateway:
        register(gateway, tmp_path, place)
        name, delivery = notify(gateway, place)
        facility = gateway.facility()
        wait_for(lambda: facility.raadplegen(MessageId=name).Aflevering == "afgeleverd")
        receipt(delivery, place, "380")
        wait_for((place / "ontvangst" / "geweigerd" / f"{name}.xml").exists)
        assert facility.raadplegen(MessageId=name).Aflevering == "afgeleverd"
        receipt(delivery, place, "180")
        wait_for(lambda: facility.raadplegen(MessageId=name).Aflevering == "bevestigd")
        wait_for((place / "ontvangst" / "verwerkt" / f"{name}.xml").exists)


def test_a_receipt_that_says_no_stops_the_delivery_for_a_person_to_look_at(tmp_path: Path, place: Path) -> None:
    with running_gateway(tmp_path / "g") as gateway:
        register(gateway, tmp_path, place)
        name, delivery = notify(gateway, place)
        receipt(delivery, place, "180", "--refuse", "onbekend lid")
        facility = gateway.facility()
        wait_for(lambda: facility.raadplegen(MessageId=name).Aflevering == "mislukt")
        assert facility.raadplegen(MessageId=name).Stap[-1].Toelichting == "geweigerd door de zorgkas: onbekend lid"


def test_what_a_zorgkas_confirms_over_soap_is_closed_too(tmp_path: Path, place: Path) -> None:
    with running_gateway(tmp_path / "g") as gateway:
        register(gateway, tmp_path, place)
        name, _ = notify(gateway, place)
        gateway.kas("180").confirm(references=[name])
        assert gateway.facility().raadplegen(MessageId=name).Aflevering == "bevestigd"
