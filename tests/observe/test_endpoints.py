"""What machines look at: alive, ready with the part that is not, metrics; and logs that name no person."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from gateway.paths import data_dir
from tests.server.test_main_job import wait_for
from tests.support import PERSONS, RunningGateway, running_gateway

CERTS = data_dir("certs-sample")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> object:
    with running_gateway(tmp_path_factory.mktemp("observe")) as running:
        yield running


def ready(gateway: RunningGateway) -> tuple[int, dict[str, str]]:
    reply = requests.get(f"{gateway.base}/readyz", timeout=10)
    return reply.status_code, reply.json()["delen"]


def test_a_gateway_that_can_work_says_so_part_by_part(gateway: RunningGateway) -> None:
    assert ready(gateway) == (200, dict.fromkeys(("databank", "klok", "sleutel", "intrekking", "broker", "schijf"), "in orde"))
    assert requests.get(f"{gateway.base}/healthz", timeout=10).text == "ok\n"


def test_stale_revocation_data_makes_it_not_ready_and_is_an_alarm(tmp_path: Path) -> None:
    crl = tmp_path / "root-ca.crl"
    shutil.copy(CERTS / "crl/root-ca.crl", crl)
    with running_gateway(tmp_path / "g", VSB_CRLS=f'["{crl}"]') as gateway:
        status, parts = ready(gateway)
        assert (status, "in orde" in parts["intrekking"], parts["databank"]) == (503, False, "in orde")
        assert requests.get(f"{gateway.base}/healthz", timeout=10).ok, "it lives; it is not to be restarted for this"
        wait_for(lambda: "alarm_opened" in gateway.log())
        shown = subprocess.run(
            [sys.executable, "-m", "gateway", "alarms"], env=gateway.environment, capture_output=True, text=True
        )
        assert (shown.returncode, "intrekking" in shown.stdout, "kritiek" in shown.stdout) == (1, True, True)


def test_a_broker_that_is_away_and_a_full_disk_are_named(tmp_path: Path) -> None:
    with running_gateway(tmp_path / "g", VSB_NATS_URL="nats://127.0.0.1:9", VSB_MIN_FREE_MB="99999999") as gateway:
        status, parts = ready(gateway)
        assert status == 503
        assert [name for name, said in parts.items() if said != "in orde"] == ["broker", "schijf"]


def test_metrics_tell_of_requests_queues_lines_alarms_and_expiry(gateway: RunningGateway) -> None:
    day = {"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
    gateway.facility().indienen(str(uuid4()), PERSONS["els"], StartVerblijf=day)
    gateway.facility().indienen(str(uuid4()), PERSONS["piet"], StartVerblijf=day)
    gateway.post("aanvraag", b"<x/>")
    wait_for(lambda: 'vsb_line_failures{to="zorgkas:280"}' in metrics(gateway))
    text = metrics(gateway)
    for line in (
        'vsb_answered_total{dienst="aanvraag"}',
        'vsb_refused_total{code="VSB-WIRE-005"}',
        'vsb_stage_seconds_count{stage="prove"}',
        'vsb_deliveries{state="wachtend",to="zorgkas:180"} 1.0',
        'vsb_delivery_oldest_seconds{to="zorgkas:280"}',
        'vsb_certificate_end_seconds{what="gateway"}',
        "vsb_crl_next_update_seconds{issuer=",
        "vsb_senders_certificate_end_seconds",
        "vsb_database_up 1.0",
        "vsb_tasks_waiting 0.0",
    ):
        assert line in text, line


def metrics(gateway: RunningGateway) -> str:
    return requests.get(f"{gateway.base}/metrics", timeout=10).text


def test_no_log_line_names_a_person(gateway: RunningGateway) -> None:
    facility = gateway.facility()
    for insz in PERSONS.values():
        facility.verzekerbaarheid(str(uuid4()), insz, gateway.today(), gateway.today())
        facility.indienen(str(uuid4()), insz, StartVerblijf={"Startdatum": gateway.today(), "TypeVerblijf": "regulier"})
    log = gateway.log()
    assert "answered" in log
    assert not [insz for insz in PERSONS.values() if insz in log]
    assert not re.search(r"(?<!\d)\d{11}(?!\d)", re.sub(r'"timestamp": "[^"]*"', "", log))
