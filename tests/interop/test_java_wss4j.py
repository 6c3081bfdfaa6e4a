"""A vendor's Java program, signing and verifying with WSS4J (Debian's libwss4j-java), speaks with a real gateway."""

from __future__ import annotations

import base64
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from lxml import etree

from conformance.walkthrough import PASSWORD, zending
from gateway.paths import data_dir
from tests.support import IBW1, IBW2, PERSONS, RunningGateway, running_gateway

INSTALL = "apt-get install libwss4j-java default-jdk-headless"
JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("wss4j", "xmlsec", "commons-logging", "slf4j-api", "slf4j-nop")]
SOURCE = Path(__file__).parent / "java" / "VendorClient.java"
CERTS = data_dir("certs-sample")
ANTWOORD = "{urn:vsb-gateway:antwoord:v1}"
VERZEKERBAARHEID = "{urn:vsb-gateway:verzekerbaarheid:v1}"
GENERIC_ASYNC = "{urn:be:cin:nip:async:generic}"
SUCCESS = "urn:nip:tack:result:major:success"


@dataclass(kw_only=True)
class Ran:
    """One run of the Java program."""

    exit: int
    out: str
    error: str
    answer: bytes | None

    @property
    def root(self) -> etree._Element:
        assert self.answer is not None, f"no answer:\n{self.out}\n{self.error}"
        return etree.fromstring(self.answer)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def codes(self) -> list[str]:
        return [e.text or "" for e in self.root.iter(f"{ANTWOORD}Code")]

    def text(self, name: str) -> str:
        return self.root.findtext(f".//{{*}}{name}") or ""


Java = Callable[..., Ran]


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Java:
    """The compiled program: java(command, gateway, person, riziv=…, option=value)."""
    javac = shutil.which("javac")
    missing = [str(jar) for jar in JARS if not jar.is_file()]
    if javac is None or missing:
        pytest.fail(f"{', '.join(missing) or 'javac'} not found: {INSTALL}", pytrace=False)
    folder = tmp_path_factory.mktemp("java")
    path = ":".join(map(str, [folder, *JARS]))
    built = subprocess.run([javac, "-cp", path, "-d", folder, SOURCE], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr

    def run(command: str, base: str, *facility: str, **options: str | Path) -> Ran:
        answer = folder / "answer.xml"
        answer.unlink(missing_ok=True)
        extra = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        done = subprocess.run(
            ["java", "-cp", path, "VendorClient", command, base, *facility, "--answer", answer, *extra],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Ran(
            exit=done.returncode, out=done.stdout, error=done.stderr, answer=answer.read_bytes() if answer.is_file() else None
        )

    return run


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway of this module's own: what it stores is not for other tests."""
    with running_gateway(tmp_path_factory.mktemp("plain")) as running:
        yield running


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_gateway(tmp_path_factory.mktemp("signing"), VSB_SIGN_RESPONSES="1") as running:
        yield running


def facility(certificate: str = "facility-ibw-1", riziv: str = IBW1, person: str = "els") -> tuple[str, str, str, str]:
    return str(CERTS / f"{certificate}.p12"), PASSWORD, riziv, PERSONS[person]


@pytest.mark.parametrize("inclusive_prefixes", ["false", "true"])
def test_a_question_about_insurability_is_answered(java: Java, plain: RunningGateway, inclusive_prefixes: str) -> None:
    ran = java("verzekerbaarheid", plain.base, *facility(), inclusive_prefixes=inclusive_prefixes, validate="true")
    assert ran.exit == 0, ran.out + ran.error
    assert ran.lines[0] == "HTTP 200"
    assert "VALID RaadplegenResponse" in ran.lines
    assert ran.text("Zorgkas") == "180"


@pytest.mark.parametrize("inclusive_prefixes", ["false", "true"])
def test_an_elliptic_curve_key_is_as_good(java: Java, plain: RunningGateway, inclusive_prefixes: str) -> None:
    ran = java("verzekerbaarheid", plain.base, *facility("facility-ibw-2", IBW2), inclusive_prefixes=inclusive_prefixes)
    assert ran.exit == 0, ran.out + ran.error


@pytest.mark.parametrize(
    ("person", "inclusive_prefixes", "default_namespace"),
    [("els", "false", "false"), ("nele", "true", "false"), ("griet", "true", "true")],
    ids=["bare-exclusive-c14n", "inclusive-prefixes", "inclusive-default-namespace"],
)
def test_the_start_of_a_stay_is_accepted(
    java: Java, plain: RunningGateway, person: str, inclusive_prefixes: str, default_namespace: str
) -> None:
    start = plain.today() - timedelta(days=2)
    ran = java(
        "aanvraag",
        plain.base,
        *facility(person=person),
        start=start.isoformat(),
        inclusive_prefixes=inclusive_prefixes,
        default_namespace=default_namespace,
        validate="true",
    )
    assert ran.exit == 0, ran.out + ran.error
    assert "VALID IndienenResponse" in ran.lines
    assert ran.text("Uitkomst") == "aanvaard"
    assert ran.text("Dossiernummer")


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_the_jdks_http_client_may_ask_again_over_its_connection(java: Java, plain: RunningGateway, http: str) -> None:
    # Its default is 2: it offers an upgrade (h2c) with its first request, which a server may ignore (RFC 9110 §7.8).
    ran = java("verzekerbaarheid", plain.base, *facility(), repeat="3", http=http)
    assert ran.exit == 0, ran.out + ran.error
    assert ran.lines.count("HTTP 200") == 3


@pytest.mark.parametrize("command", ["verzekerbaarheid", "aanvraag", "facturatie-get"])
def test_a_refusal_fits_the_schemas_of_the_wsdl(java: Java, plain: RunningGateway, command: str) -> None:
    ran = java(command, plain.base, *facility(), start=plain.today().isoformat(), parts="Timestamp", validate="true")
    assert ran.exit == 1
    assert ran.lines[0] == "HTTP 500"
    assert ran.codes == ["VSB-TRUST-004"]
    assert [line for line in ran.lines if line.startswith("VALID ")] == ["VALID SystemError", "VALID Bevindingen"], ran.error


def test_what_wss4j_1_6_does_unless_told_otherwise_is_refused(java: Java, plain: RunningGateway) -> None:
    # RSA-SHA1 over SHA-1 digests.
    ran = java("verzekerbaarheid", plain.base, *facility(), sha256="false")
    assert ran.exit == 1
    assert ran.codes == ["VSB-TRUST-003"]


def test_a_zending_is_posted_answered_and_confirmed(java: Java, plain: RunningGateway, tmp_path: Path) -> None:
    today = plain.today()
    start = today - timedelta(days=20)
    end = min(today - timedelta(days=1), (start.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    stay = java("aanvraag", plain.base, *facility(person="omar"), start=start.isoformat())
    zorgkas = stay.text("Zorgkas")
    content = zending(
        riziv=IBW1,
        insz=PERSONS["omar"],
        dossier=stay.text("Dossiernummer"),
        zorgkas=zorgkas,
        number=1,
        start=start,
        end=end,
        today=today,
    )
    file = tmp_path / "zending.xml"
    file.write_bytes(content)

    posted = java("facturatie-post", plain.base, *facility(), zending=file, reference="1", zorgkas=zorgkas, validate="true")
    assert posted.exit == 0, posted.out + posted.error
    assert "VALID postResponse" in posted.lines
    tack = posted.root.find(f".//{GENERIC_ASYNC}return")
    assert tack is not None
    assert tack.get("ResultMajor") == SUCCESS
    assert tack.get("AppliesTo") == "urn:nip:reference:input:1"

    fetched = get_until(java, plain, 2)
    messages = [line.split() for line in fetched.lines if line.startswith("MESSAGE ")]
    labels = [line for line in ("DF011-931000", "INHOUD-AANVAARD") if line in fetched.out]
    assert labels == ["DF011-931000", "INHOUD-AANVAARD"], fetched.out

    confirmed = java("facturatie-confirm", plain.base, *facility(), hashes=",".join(m[2] for m in messages), validate="true")
    assert confirmed.exit == 0, confirmed.out + confirmed.error
    assert "VALID confirmResponse" in confirmed.lines
    again = java("facturatie-get", plain.base, *facility())
    assert not {m[2] for m in messages} & set(again.out.split())


def get_until(java: Java, gateway: RunningGateway, count: int) -> Ran:
    deadline = time.monotonic() + 60
    while True:
        ran = java("facturatie-get", gateway.base, *facility(), validate="true")
        assert ran.exit == 0, ran.out + ran.error
        if ran.out.count("\nMESSAGE ") >= count or time.monotonic() > deadline:
            return ran
        time.sleep(0.5)


@pytest.mark.parametrize(
    ("certificate", "riziv", "options"),
    [
        ("facility-ibw-1", IBW1, {"inclusive_prefixes": "true"}),
        ("facility-ibw-1", IBW1, {"encoding": "none"}),
        ("facility-ibw-1", IBW1, {"xades_c14n": "none"}),
        ("facility-ibw-1", IBW1, {"xades": "false", "parts": "Body,Timestamp,Token"}),
        ("facility-ibw-2", IBW2, {}),
    ],
    ids=["inclusive-prefixes", "not-deflated", "properties-inclusive-c14n", "body-instead-of-xades", "elliptic-curve"],
)
def test_a_post_may_be_signed_as_clients_in_the_field_do(
    java: Java,
    signing: RunningGateway,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    certificate: str,
    riziv: str,
    options: dict[str, str],
) -> None:
    # Comments, attributes out of order and empty elements: the exclusive C14N of the content is not its bytes.
    file = tmp_path / "content.xml"
    file.write_text('<!-- zending --><Zending xmlns="urn:vsb-gateway:factuur:v1" b="2"   a=\'1\'><Leeg/></Zending>\n')
    reference = request.node.callspec.id
    ran = java("facturatie-post", signing.base, *facility(certificate, riziv), zending=file, reference=reference, **options)
    assert ran.exit == 0, ran.out + ran.error
    assert SUCCESS in ran.out


def test_a_post_with_neither_body_nor_blob_signed_is_refused(java: Java, plain: RunningGateway, tmp_path: Path) -> None:
    file = tmp_path / "content.xml"
    file.write_text("<Zending/>")
    ran = java("facturatie-post", plain.base, *facility(), zending=file, reference="unsigned", xades="false")
    assert ran.exit == 1
    assert ran.lines[0] == "HTTP 500"
    assert "VSB-TRUST-020" in ran.codes


@pytest.mark.parametrize("profile", ["true", "false"])
def test_a_signed_answer_is_verified(java: Java, signing: RunningGateway, profile: str) -> None:
    options = {"verify_response": CERTS / "ca-bundle.pem", "basic_security_profile": profile}
    start = (signing.today() - timedelta(days=2)).isoformat()
    for ran in (
        java("verzekerbaarheid", signing.base, *facility(), **options),
        java("aanvraag", signing.base, *facility(person="piet"), start=start, **options),
        java("facturatie-get", signing.base, *facility(), **options),
    ):
        assert ran.exit == 0, ran.out + ran.error
        assert "VERIFIED Body,Timestamp" in ran.lines


def test_an_unsigned_answer_is_not_taken_for_a_signed_one(java: Java, plain: RunningGateway) -> None:
    ran = java("verzekerbaarheid", plain.base, *facility(), verify_response=CERTS / "ca-bundle.pem")
    assert ran.exit != 0
    assert "the answer is not signed" in ran.error
    assert "VERIFIED" not in ran.out


def test_an_answer_under_another_issuer_is_not_trusted(java: Java, signing: RunningGateway) -> None:
    ran = java("verzekerbaarheid", signing.base, *facility(), verify_response=CERTS / "other-root-ca.pem")
    assert ran.exit != 0
    assert ran.lines[0] == "HTTP 200"
    assert "VERIFIED" not in ran.out


def test_an_answer_changed_on_the_way_is_noticed(java: Java, signing: RunningGateway) -> None:
    with meddler(signing.base, b">180<", b">280<") as base:
        ran = java("verzekerbaarheid", base, *facility(), verify_response=CERTS / "ca-bundle.pem")
    assert ran.lines[0] == "HTTP 200"
    assert ran.text("Zorgkas") == "280"
    assert ran.exit != 0
    assert "VERIFIED" not in ran.out


class meddler:
    """A server in the middle that changes answers."""

    def __init__(self, target: str, old: bytes, new: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: self.headers[name] for name in ("Content-Type", "SOAPAction")}
                reply = requests.post(target + self.path, data=body, headers=headers, timeout=30)
                content = reply.content.replace(old, new)
                self.send_response(reply.status_code)
                self.send_header("Content-Type", reply.headers["Content-Type"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_the_receipt_names_the_bytes_that_java_sent(java: Java, plain: RunningGateway, tmp_path: Path) -> None:
    sent = tmp_path / "sent.xml"
    start = (plain.today() - timedelta(days=2)).isoformat()
    ran = java("aanvraag", plain.base, *facility(person="wout"), start=start, envelope=sent)
    receipt = etree.fromstring(base64.b64decode(ran.text("Ontvangstbewijs")))
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary", sent], capture_output=True, check=True).stdout
    assert receipt.findtext(f".//{ANTWOORD}Sha256") == base64.b64encode(digest).decode()


def test_the_wsdls_and_their_schemas_can_be_read_over_http(java: Java, plain: RunningGateway) -> None:
    ran = java("wsdl", plain.base)
    assert ran.exit == 0, ran.out + ran.error
    generic = "urn:be:cin:nip:async:generic"
    assert [line for line in ran.lines if line.startswith("OPERATION ")] == [
        "OPERATION verzekerbaarheid Raadplegen urn:vsb-gateway:verzekerbaarheid:v1:Raadplegen",
        "OPERATION aanvraag Indienen urn:vsb-gateway:aanvraag:v1:Indienen",
        "OPERATION aanvraag Raadplegen urn:vsb-gateway:aanvraag:v1:Raadplegen",
        "OPERATION aanvraag RaadplegenDossier urn:vsb-gateway:aanvraag:v1:RaadplegenDossier",
        *(
            f"OPERATION {service} {name} {generic}:{action}"
            for service in ("facturatie", "zorgkas")
            for name, action in (("post", "post:msg"), ("get", "get:query"), ("confirm", "confirm:hash"))
        ),
    ]
    assert [line for line in ran.lines if line.startswith("ADDRESS ")] == [
        f"ADDRESS {service} {plain.base}/soap/{service}/v1"
        for service in ("verzekerbaarheid", "aanvraag", "facturatie", "zorgkas")
    ]


def test_the_example_of_the_documentation_compiles_and_asks(plain: RunningGateway, tmp_path: Path) -> None:
    path = ":".join(map(str, [tmp_path, *JARS]))
    source = Path(__file__).parents[2] / "docs/examples/java/AskWhoInsures.java"
    built = subprocess.run(["javac", "-cp", path, "-d", tmp_path, source], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr

    def ask(certificate: str) -> subprocess.CompletedProcess[str]:
        command = ["java", "-cp", path, "AskWhoInsures", plain.base, *facility(certificate)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    asked = ask("facility-ibw-1")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.splitlines() == ["Status AANGESLOTEN", "Zorgkas 180"]
    refused = ask("bad-revoked")
    assert refused.returncode == 1
    assert "Code VSB-TRUST-010" in refused.stdout.splitlines()
