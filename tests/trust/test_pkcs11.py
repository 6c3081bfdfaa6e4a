"""A key that never leaves its token: SoftHSM stands for the HSM, a real gateway process signs with it."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.paths import data_dir
from gateway.trust.chain import load_trust_store
from gateway.trust.revocation import RevocationMode
from gateway.trust.sealed import verify_sealed
from tests.support import PERSONS, RunningGateway

CERTS = data_dir("certs-sample")
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "83726150"
Start = Callable[..., AbstractContextManager[RunningGateway]]


@dataclass
class Token:
    """A token with the sample gateway's key in it."""

    environment: dict[str, str]

    def with_(self, **other: str) -> dict[str, str]:
        return {**self.environment, **other}


@pytest.fixture
def token(tmp_path: Path) -> Token:
    (tmp_path / "tokens").mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    environment = {
        "SOFTHSM2_CONF": str(conf),
        "VSB_PKCS11_MODULE": LIBRARY,
        "VSB_PKCS11_TOKEN": "vsb",
        "VSB_PKCS11_KEY": "gateway",
        "VSB_PKCS11_PIN": PIN,
        "VSB_CERTIFICATE_PEM": str(CERTS / "gateway.pem"),
    }
    pkcs8 = tmp_path / "key.pem"
    key = ["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", str(CERTS / "gateway.key"), "-out", str(pkcs8)]
    make = ["softhsm2-util", "--init-token", "--free", "--label", "vsb", "--pin", PIN, "--so-pin", PIN]
    load = ["softhsm2-util", "--import", str(pkcs8), "--token", "vsb", "--label", "gateway", "--id", "01", "--pin", PIN]
    for command in (key, make, load):
        subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)
    return Token(environment)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_gateway_signs_its_receipts_with_a_key_in_a_token(start_gateway: Start, token: Token, workers: str) -> None:
    with start_gateway(**token.with_(VSB_WORKERS=workers)) as gateway:
        day = {"Startdatum": gateway.today(), "TypeVerblijf": "regulier"}
        answer = gateway.facility().indienen(str(uuid4()), PERSONS["els"], StartVerblijf=day)
        receipt = answer.Ontvangstbewijs
        raw = receipt if isinstance(receipt, bytes) else base64.b64decode(receipt)
        trust = load_trust_store(
            CERTS / "ca-bundle.pem", [CERTS / "crl/issuing-ca.crl", CERTS / "crl/root-ca.crl"], RevocationMode.GRACE
        )
        sealed = verify_sealed(raw, trust.accept, datetime.now(UTC))
        assert "CBE=0900100117" in sealed.certificate.subject.rfc4514_string()
        assert PIN not in gateway.log()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"VSB_PKCS11_PIN": "00000000"}, "PKCS#11 token"),
        ({"VSB_PKCS11_TOKEN": "elders"}, "PKCS#11 token 'elders'"),
        ({"VSB_PKCS11_KEY": "geen"}, "key 'geen'"),
        ({"VSB_PKCS11_MODULE": "/nergens.so"}, "PKCS#11"),
        ({"VSB_CERTIFICATE_PEM": str(CERTS / "facility-ibw-1.pem")}, "does not sign for the certificate"),
        ({"VSB_PKCS11_KEY": ""}, "go together"),
    ],
)
def test_a_token_that_can_not_be_used_stops_the_start_and_says_why_without_the_pin(
    tmp_path: Path, token: Token, change: dict[str, str], said: str
) -> None:
    environment = {**os.environ, **token.with_(**change), "VSB_DATABASE_URL": f"sqlite:///{tmp_path}/g.sqlite"}
    done = subprocess.run([sys.executable, "-m", "gateway", "serve"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert token.with_(**change)["VSB_PKCS11_PIN"] not in done.stdout + done.stderr
