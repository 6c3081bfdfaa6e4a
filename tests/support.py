"""Real processes for tests: a gateway and a reference receiver, each on a free port with its own folder."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import requests
from lxml import etree

from conformance.berichten.messages import names
from conformance.client import FacilityClient, GenericAsyncClient, zorgkas_client
from conformance.server.reference import free_port
from conformance.walkthrough import sample_signer
from gateway.clock import BRUSSELS
from gateway.paths import data_dir
from gateway.trust.identity import read_identity
from gateway.trust.signing import Signer, sign_blob, sign_envelope
from gateway.wire.blob import write_blob
from gateway.wire.envelope import serialise, write_envelope
from gateway.wire.http import XML_CONTENT_TYPE

NAMES = names()
IBW1, IBW2 = NAMES["voorzieningen"]["ibw1"], NAMES["voorzieningen"]["ibw2"]
PERSONS = NAMES["personen"]
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


@dataclass(kw_only=True)
class Answer:
    """An HTTP answer and what a vendor reads in it."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def root(self) -> etree._Element:
        return etree.fromstring(self.body)

    @property
    def codes(self) -> list[str]:
        """Our codes of the findings in a fault."""
        return [e.text or "" for e in self.root.iter("{urn:vsb-gateway:antwoord:v1}Code")]

    @property
    def soa(self) -> str | None:
        """eHealth code in a fault's first detail."""
        detail = self.root.find(f".//{SOAP}Fault/detail")
        return None if detail is None else detail[0].findtext("Code") or detail[0].findtext("{urn:be:cin:types:v1}FaultCode")

    @property
    def is_fault(self) -> bool:
        return self.root.find(f".//{SOAP}Fault") is not None


@dataclass(kw_only=True)
class RunningGateway:
    """A gateway process with the sample data."""

    base: str
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    offset: float = field(default=0.0)
    options: tuple[str, ...] = ()
    """Further options of `serve`."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.offset, UTC)

    def today(self) -> date:
        return self.now().astimezone(BRUSSELS).date()

    def post(self, service: str, body: bytes, **headers: str) -> Answer:
        """POST bytes to a service as any HTTP client would."""
        reply = requests.post(
            f"{self.base}/soap/{service}/v1", data=body, headers={"Content-Type": XML_CONTENT_TYPE, **headers}, timeout=30
        )
        return Answer(status=reply.status_code, body=reply.content, headers=reply.headers)

    def facility(self, certificate: str = "facility-ibw-1", riziv: str = IBW1, pijler: str = "eibwfin") -> FacilityClient:
        return FacilityClient(self.base, sample_signer(certificate), riziv, pijler=pijler, clock=self.now)

    def kas(self, code: str, signer: Signer | None = None) -> GenericAsyncClient:
        signer = signer or sample_signer(f"zorgkas-{code}")
        return zorgkas_client(self.base, signer, read_identity(signer.certificate).number, self.now)

    def log(self) -> str:
        return (self.folder / "gateway.log").read_text(encoding="utf-8")

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the gateway stopped at start:\n{self.log()[-3000:]}")
            try:
                if requests.get(f"{self.base}/healthz", timeout=1, verify=str(data_dir("certs-sample") / "ca-bundle.pem")).ok:
                    return
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.05)
        raise AssertionError(f"the gateway did not come up:\n{self.log()[-3000:]}")

    def start(self) -> None:
        """Start (again) on the same database."""
        with (self.folder / "gateway.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "serve", *self.options],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until_up()

    def kill(self) -> None:
        """SIGKILL of the server and its worker at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def running_gateway(
    folder: Path, push_base: str = "http://127.0.0.1:9", options: tuple[str, ...] = (), **env: str
) -> Iterator[RunningGateway]:
    """A gateway on a fresh database with the sample data.

    Args:
        push_base: where push zorgkassen are; by default nowhere.
        options: further options of `serve`, for example --no-worker.
        env: further VSB_* settings; VSB_CLOCK also sets the clients' clock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {
        **os.environ,
        "VSB_HOST": "127.0.0.1",
        "VSB_PORT": str(port),
        "VSB_DATABASE_URL": f"sqlite:///{folder}/gateway.sqlite",
        **env,
    }
    offset = datetime.fromisoformat(env["VSB_CLOCK"]).timestamp() - time.time() if "VSB_CLOCK" in env else 0.0
    load = [sys.executable, "-m", "gateway", "reference", "sample", "--push-base", push_base]
    done = subprocess.run(load, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(f"sample data did not load:\n{done.stdout.decode()}{done.stderr.decode()}")
    scheme = "https" if "VSB_TLS_CERT" in env else "http"
    gateway = RunningGateway(
        base=f"{scheme}://127.0.0.1:{port}",
        folder=folder,
        environment=environment,
        process=None,  # type: ignore[arg-type]
        offset=offset,
        options=options,
    )
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


def console_session(gateway: RunningGateway, account: str = "olga", purpose: str = "levering") -> requests.Session:
    """An HTTP session of somebody who logged in to the console by password and stated a purpose; no browser needed."""
    session = requests.Session()

    def post(path: str, **fields: str) -> None:
        token = re.search(r'name="_csrf" value="([0-9a-f]{64})"', session.get(f"{gateway.base}{path}", timeout=10).text)
        assert token is not None, f"no form at {path}"
        reply = session.post(f"{gateway.base}{path}", data={"_csrf": token[1], **fields}, timeout=10)
        assert reply.ok, (path, reply.status_code)

    post("/console/aanmelden", naam=account, wachtwoord="vsb-sample", verder="/console/hulp")
    post("/console/doel", _doel=purpose, terug="/console/hulp")
    return session


@contextmanager
def running_receiver(folder: Path, port: int | None = None) -> Iterator[str]:
    """The reference receiver; yields its address. Deliveries are in <folder>/<zorgkas>/."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "receiver.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "conformance", "receiver", "--port", str(port), "--folder", str(folder)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own size, mounted on a folder; who may not mount fails."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def posted_zending(gateway: RunningGateway, content: bytes, reference: str) -> bytes:
    """A signed post of a blob, flat or XML, as a client of the federal contract sends it."""
    now, signer = gateway.now(), sample_signer("facility-ibw-1")
    ns = 'xmlns="urn:be:cin:nip:async:generic" xmlns:e="urn:be:cin:mycarenet:esb:common:v2"'
    post = etree.fromstring(
        f"<post {ns}><CommonInput><e:Request><e:IsTest>false</e:IsTest></e:Request><e:Origin><e:Package><e:License>"
        "<e:Username>zorgsoft</e:Username><e:Password>zorgsoft-demo</e:Password></e:License></e:Package>"
        f"<e:CareProvider><e:Nihii><e:Value>{IBW1}</e:Value></e:Nihii></e:CareProvider></e:Origin>"
        f"<e:InputReference>{reference}</e:InputReference></CommonInput></post>"
    )
    post.append(write_blob("{urn:be:cin:nip:async:generic}Detail", content, content_type="text/plain", message_name="HCPFAC"))
    xades = etree.SubElement(post, "{urn:be:cin:nip:async:generic}Xades-t")
    xades.text = base64.b64encode(sign_blob(content, signer, now)).decode()
    root = write_envelope(post)
    sign_envelope(root, signer, now, parts=("Timestamp", "BinarySecurityToken"))
    return serialise(root)
