"""What the gateway stands on fails: database away, disk full, disk read-only, clock set wrong.

Each time the sender hears "later", nothing acknowledged is lost, and what was refused is accepted when it is sent again.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from conformance.berichten.messages import signed_message
from conformance.walkthrough import sample_signer
from tests.databases import private_postgresql
from tests.server.test_main_job import wait_for
from tests.support import RunningGateway, running_gateway, small_disk

ANSWER = "{urn:vsb-gateway:aanvraag:v1}Antwoord"
PART = "{urn:vsb-gateway:antwoord:v1}"
LATER = "VSB-SYS-001"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


def message(gateway: RunningGateway, person: str) -> bytes:
    return signed_message("aanvraag", sample_signer("facility-ibw-1"), person, gateway.now())


def accepted(gateway: RunningGateway, body: bytes) -> tuple[str, str]:
    """MessageId, and whether it was known already."""
    answer = gateway.post("aanvraag", body)
    found = answer.root.find(f".//{ANSWER}")
    assert found is not None, answer.body.decode()
    assert found.findtext(f"{PART}Uitkomst") == "aanvaard"
    return found.findtext(f"{PART}MessageId") or "", found.get("Duplicaat", "false")


def refused(gateway: RunningGateway, body: bytes) -> list[str]:
    """The codes of a fault that says to try again."""
    answer = gateway.post("aanvraag", body)
    assert (answer.status, answer.root.findtext(".//Retry"), answer.soa) == (500, "true", "SOA-02002"), answer.body.decode()
    return answer.codes


def ready(gateway: RunningGateway) -> dict[str, str]:
    parts: dict[str, str] = requests.get(f"{gateway.base}/readyz", timeout=30).json()["delen"]
    return {name: said for name, said in parts.items() if said != "in orde"}


def audit_is_whole(gateway: RunningGateway) -> bool:
    command = [sys.executable, "-m", "gateway", "audit", "verify"]
    return subprocess.run(command, env=gateway.environment, capture_output=True, check=False).returncode == 0


def all_is_well(gateway: RunningGateway, acknowledged: bytes, later: bytes) -> None:
    """What was acknowledged before is known; what was refused is accepted now, once."""
    assert accepted(gateway, acknowledged)[1] == "true"
    made, known = accepted(gateway, later)
    assert (known, accepted(gateway, later)) == ("false", (made, "true"))
    assert audit_is_whole(gateway)


def test_a_database_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    with private_postgresql() as server, running_gateway(tmp_path, VSB_DATABASE_URL=server.new_database()) as gateway:
        before, later = message(gateway, "els"), message(gateway, "griet")
        assert accepted(gateway, before)[1] == "false"
        server.stop("immediate")
        assert refused(gateway, later) == [LATER]
        assert "databank" in ready(gateway)
        assert requests.get(f"{gateway.base}/healthz", timeout=10).ok, "it lives; it is not to be restarted for this"
        server.start()
        wait_for(lambda: not ready(gateway))
        all_is_well(gateway, before, later)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as octets, suppress(OSError):
        while True:
            octets.write(bytes(4096))


def test_a_disk_that_is_full_and_has_room_again(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 24) as disk,
        running_gateway(tmp_path, VSB_DATABASE_URL=f"sqlite:///{disk}/gateway.sqlite", VSB_MIN_FREE_MB="1") as gateway,
    ):
        before, later = message(gateway, "els"), message(gateway, "griet")
        assert accepted(gateway, before)[1] == "false"
        filler = disk / "filler"
        fill(filler)
        assert refused(gateway, later) == [LATER]
        assert "schijf" in ready(gateway)
        filler.unlink()
        wait_for(lambda: not ready(gateway))
        all_is_well(gateway, before, later)


def test_a_disk_that_became_read_only(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 24) as disk,
        running_gateway(tmp_path, VSB_DATABASE_URL=f"sqlite:///{disk}/gateway.sqlite", VSB_MIN_FREE_MB="1") as gateway,
    ):
        before, later = message(gateway, "els"), message(gateway, "griet")
        assert accepted(gateway, before)[1] == "false"
        gateway.stop()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(AssertionError, match="stopped at start"):
            gateway.start()
        assert "Traceback" not in gateway.log()
        assert "databank" in gateway.log().lower()
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        gateway.start()
        all_is_well(gateway, before, later)


@pytest.mark.parametrize("jump", ["+2h", "-2h"])
def test_a_clock_that_jumps_blames_no_sender_and_decides_nothing(tmp_path: Path, jump: str) -> None:
    setting = tmp_path / "faketime"
    setting.write_text("+0\n")
    fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(setting), "FAKETIME_NO_CACHE": "1"}
    with running_gateway(tmp_path / "g", **fake, FAKETIME_DONT_FAKE_MONOTONIC="1") as gateway:
        before, later = message(gateway, "els"), message(gateway, "griet")
        assert accepted(gateway, before)[1] == "false"
        setting.write_text(f"{jump}\n")
        assert refused(gateway, later) == [LATER]
        assert "klok" in ready(gateway)
        setting.write_text("+0\n")
        wait_for(lambda: not ready(gateway))
        all_is_well(gateway, before, later)
