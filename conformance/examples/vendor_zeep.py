"""A vendor's software in one file: does rightly what `vsb-conformance serve` asks, with zeep. Copy what you need.

    vsb-conformance serve --pillar eibwfin --hook "python -m conformance.examples.vendor_zeep"

The suite starts it for each step with the step as JSON on stdin. It sends what is asked, keeps on until it has an answer that it
may believe, and ends with 0 (done) or 3 (the answer is not to be believed). Its last line tells what its user would see.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
import zeep
from cryptography import x509
from lxml import etree
from zeep.transports import Transport
from zeep.wsdl import Document

from conformance.client import GenericAsyncClient, Software, WrongHash
from conformance.saml_client import request_assertion, sign_envelope_saml
from conformance.sender.hook import DONE, REFUSED, HookResult
from conformance.zeep_wsse import ReceiptError, Wsse, read_receipt
from gateway.trust.signing import Signer, load_signer

TRIES = 5
"""How often a message is offered before a person must look."""
PAUSE = 0.2
"""Seconds between two tries when the other side names none."""
FACTUUR = "urn:vsb-gateway:factuur:v1"


class NotBelieved(Exception):
    """The answer is not proven to be the central application's, about our message."""


class GivenUp(Exception):
    """No answer came, or a fault that says not to try again."""


class Line:
    """The connection to one service: remembers what went out and what came back, which zeep does not."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.auth = self._going_out
        self.session.hooks["response"].append(self._came_back)
        self.sent: list[str] = []
        """SHA-256 of every body that went out: a receipt may be about any of them."""
        self.retry_after = 0.0

    def _going_out(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        self.sent.append(hashlib.sha256(body.encode() if isinstance(body, str) else body).hexdigest())
        return request

    def _came_back(self, response: requests.Response, **_: Any) -> None:
        self.retry_after = float(response.headers.get("Retry-After") or 0)

    def until_answered(self, send: Callable[[], Any]) -> Any:
        """Send the same again until there is an answer.

        Raises:
            GivenUp: a fault that forbids it, or too many tries.
        """
        trouble: Exception | None = None
        for _ in range(TRIES):
            self.retry_after = 0
            try:
                return send()
            except WrongHash as error:
                raise NotBelieved(str(error)) from None
            except zeep.exceptions.Fault as fault:
                if not may_retry(fault):
                    raise GivenUp(codes_of(fault)) from fault
                trouble = fault
            except (
                requests.RequestException,
                zeep.exceptions.Error,
                etree.LxmlError,
                ValueError,
                AttributeError,
                TypeError,
            ) as error:
                # A broken line, half an answer, HTML: nothing that says what became of the message.
                trouble = error
            time.sleep(self.retry_after or PAUSE)
        raise GivenUp(type(trouble).__name__)


def may_retry(fault: zeep.exceptions.Fault) -> bool:
    """Whether the fault says that the same message may come again."""
    if "Not enough time" in str(fault.message):
        return True
    detail = fault.detail
    if detail is None or isinstance(detail, bytes):
        return True  # no SOAP at all: zeep calls every answer that it can not read a fault
    return "".join(detail.xpath("string(//*[local-name()='Retry'])")) == "true"


def codes_of(fault: zeep.exceptions.Fault) -> str:
    found = [] if fault.detail is None else fault.detail.xpath("//*[local-name()='Bevinding']/*[local-name()='Code']/text()")
    return ",".join(str(c) for c in found) or str(fault.message)


class SamlWsse:
    """What zeep calls `wsse`, for who signs with an assertion of the STS."""

    def __init__(self, sts: str, signer: Signer, clock: Callable[[], datetime]) -> None:
        self._signer, self._clock = signer, clock
        self._assertion = request_assertion(sts, signer, clock)

    def apply(self, envelope: etree._Element, headers: Any) -> tuple[etree._Element, Any]:
        sign_envelope_saml(envelope, self._signer, self._assertion, self._clock())
        return envelope, headers

    def verify(self, envelope: etree._Element) -> None:
        """An answer carries no signature: its proof is the receipt in its body."""


class Vendor:
    """The software, for one step."""

    def __init__(self, step: Mapping[str, Any]) -> None:
        self.step = step
        shift = datetime.fromisoformat(step["clock"]) - datetime.now(UTC)
        self.clock = lambda: datetime.now(UTC) + shift
        self.gateway = x509.load_pem_x509_certificate(Path(step["gateway_certificate"]).read_bytes())
        software = step["software"]
        self.software = Software(**software, licentie=step["licence"]["username"], wachtwoord=step["licence"]["password"])
        self.codes: list[str] = []
        self.told: dict[str, Any] = {}

    def run(self) -> int:
        """Do what the step asks; the exit status."""
        try:
            match self.step["action"]:
                case "zend":
                    for message in self.step["messages"]:
                        self.send(message)
                case "ophalen":
                    self.empty_mailbox()
                case "statusvraag":
                    self.ask_status()
                case "dossiervraag":
                    self.ask_dossiers()
            return DONE
        except NotBelieved as error:
            self.told["reden"] = str(error)
            return REFUSED
        except GivenUp as error:
            self.codes += str(error).split(",")
            self.told["status"] = "opgegeven"
            return DONE

    # One message

    def send(self, message: Mapping[str, Any]) -> None:
        match message["operation"]:
            case "Raadplegen":
                self.ask_insured(message)
            case "Indienen":
                self.notify(message)
            case _:
                self.invoice(message)

    def ask_insured(self, message: Mapping[str, Any]) -> None:
        line, service = self.service("verzekerbaarheid", message)
        question = {"Hoofding": self.head(message), **message["fields"]}
        answer = line.until_answered(lambda: service.Raadplegen(**question))
        if answer.Fout is not None:
            self.codes.append(str(answer.Fout.DetailCode))
        self.told["status"] = " ".join(dict.fromkeys(p.Status for p in answer.Deelperiode))

    def notify(self, message: Mapping[str, Any]) -> None:
        line, service = self.service("aanvraag", message)
        head = self.head(message)
        # Made once: a second try is the same message, down to its Aanmaaktijdstip.
        request = {"Hoofding": head, **for_zeep(message["fields"])}
        answer = line.until_answered(lambda: service.Indienen(Aanvraag=request))
        if answer.BerichtId != head["BerichtId"]:
            raise NotBelieved(f"het antwoord gaat over {answer.BerichtId}")
        self.believe(answer.Ontvangstbewijs, line.sent)
        self.codes += [r.Code for r in answer.Reden]
        self.told |= {"status": answer.Uitkomst, "dossiernummer": answer.Dossiernummer}

    def invoice(self, message: Mapping[str, Any]) -> None:
        line, client = self.generic(message)
        content = zending_xml(message["fields"])
        reference = uuid4().hex[:16]
        tack = line.until_answered(lambda: client.post(content, reference))
        if tack.AppliesTo != f"urn:nip:reference:input:{reference}":
            raise NotBelieved(f"de TAck gaat over {tack.AppliesTo}")
        key = b"urn:nip:tack:result:major:success"
        if not hmac.compare_digest(tack._value_1, hmac.new(key, content, hashlib.sha256).digest()):
            raise NotBelieved("de TAck hoort niet bij deze inhoud")
        self.told["status"] = tack.ResultMajor.rpartition(":")[2]

    # The mailbox

    def empty_mailbox(self) -> None:
        line, client = self.generic(self.step)
        done: set[bytes] = set()
        ours = [digest for e in self.step["earlier"] for digest in e["sha256"]]
        while True:
            mail = line.until_answered(client.fetch)
            if not mail.messages and not mail.tacks:
                if len(done) >= self.step["expect"]:
                    break
                time.sleep(max(line.retry_after, self.step["poll_seconds"]))
                continue
            for _, content, digest in mail.messages:
                self.read_mail(content, ours)
                done.add(digest)
            line.until_answered(
                partial(client.confirm, [h for _, _, h in mail.messages], tack_references=[t.Reference for t in mail.tacks])
            )
        self.told["verwerkt"] = len(done)

    def read_mail(self, content: bytes, ours: list[str]) -> None:
        root = etree.fromstring(content)
        about = root.findtext("{*}InputReference") or root.findtext("{*}BerichtId")
        if about and about not in [e["referentie"] for e in self.step["earlier"]]:
            raise NotBelieved(f"een oordeel over {about}, dat hier nooit vertrok")
        receipt = root.findtext("{*}Ontvangstbewijs")
        if receipt:
            self.believe(receipt, ours)
        self.codes += [e.text or "" for e in root.iterfind("{*}Fout/{*}Code")]
        self.told["status"] = root.findtext("{*}Label") or root.findtext("{*}Uitkomst") or etree.QName(root).localname

    def believe(self, receipt: bytes | str | None, ours: list[str]) -> None:
        """Only a receipt that the central application sealed, about something that we sent, proves anything.

        Args:
            ours: SHA-256, hex, of every body that we sent for this message: after a broken line the receipt is the first's.

        Raises:
            NotBelieved: it is none.
        """
        if not receipt:
            raise NotBelieved("er is geen ontvangstbewijs")
        document = receipt if isinstance(receipt, bytes) else base64.b64decode(receipt)
        try:
            found = read_receipt(document, self.gateway, self.clock())
        except ReceiptError as error:
            raise NotBelieved(f"het zegel klopt niet: {error}") from None
        if found.sha256.hex() not in ours:
            raise NotBelieved("het ontvangstbewijs gaat over een ander bericht")

    # Questions

    def ask_status(self) -> None:
        line, service = self.service("aanvraag", self.step)
        sender = {"RizivNummer": self.step["riziv"], "Software": self.named()}
        about = self.step["about"]["referentie"]
        answer = line.until_answered(lambda: service.Raadplegen(Afzender=sender, BerichtId=about))
        self.told["status"] = "onbekend" if answer is None else answer.Uitkomst

    def ask_dossiers(self) -> None:
        line, service = self.service("aanvraag", self.step)
        sender = {"RizivNummer": self.step["riziv"], "Software": self.named()}
        insz = self.step["about"]["insz"]
        found = line.until_answered(lambda: service.RaadplegenDossier(Afzender=sender, Voorziening=self.step["riziv"], Insz=insz))
        self.told["status"] = len(found or ())

    # Parts

    def named(self) -> dict[str, str]:
        return {"Naam": self.software.naam, "Versie": self.software.versie, "Attest": self.software.attest}

    def head(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "BerichtId": str(uuid4()),
            "Pijler": self.step["pijler"],
            "Test": False,
            "Aanmaaktijdstip": self.clock(),
            "Afzender": {"RizivNummer": message["riziv"], "Software": self.named()},
        }

    def service(self, name: str, message: Mapping[str, Any]) -> tuple[Line, Any]:
        line = Line()
        transport = Transport(session=line.session, operation_timeout=60)
        signer = self.signer(message)
        wsse = SamlWsse(self.step["sts"], signer, self.clock) if self.step["sts"] else Wsse(signer, self.clock)
        client = zeep.Client(contract(self.step["services"][name]), transport=transport, wsse=wsse)
        return line, client.service

    def generic(self, message: Mapping[str, Any]) -> tuple[Line, GenericAsyncClient]:
        line = Line()
        origin = {
            "Package": {"License": {"Username": self.software.licentie, "Password": self.software.wachtwoord}},
            "CareProvider": {"Nihii": {"Value": message["riziv"]}},
        }
        client = GenericAsyncClient(
            self.step["services"]["facturatie"],
            self.signer(message),
            origin,
            self.clock,
            session=line.session,
            wsdl=contract(self.step["services"]["facturatie"]),
        )
        return line, client

    def signer(self, message: Mapping[str, Any]) -> Signer:
        return keystore(message["certificate"], self.step["password"])


@cache
def contract(service: str) -> Document:
    """A WSDL with its schemas; it does not change while the program runs."""
    return Document(f"{service}?wsdl", Transport())  # type: ignore[arg-type]  # its stub asks for the class


@cache
def keystore(file: str, password: str) -> Signer:
    """Opening a PKCS#12 file takes a tenth of a second, on purpose."""
    return load_signer(Path(file).read_bytes(), password)


def for_zeep(fields: Any) -> Any:
    """The same fields as zeep wants them: a month (xsd:gYearMonth) is a tuple to it."""
    if isinstance(fields, Mapping):
        return {k: (*map(int, str(v).split("-")), None) if k == "Maand" else for_zeep(v) for k, v in fields.items()}
    return [for_zeep(one) for one in fields] if isinstance(fields, list) else fields


def zending_xml(fields: Mapping[str, Any]) -> bytes:
    """A Zending from its fields, in the order in which they are given."""
    root = etree.Element(f"{{{FACTUUR}}}Zending", nsmap={None: FACTUUR})
    _fill(root, fields)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _fill(parent: etree._Element, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            child = etree.SubElement(parent, f"{{{FACTUUR}}}{name}")
            if isinstance(one, Mapping):
                _fill(child, one)
            else:
                child.text = str(one)


def handle(step: Mapping[str, Any]) -> HookResult:
    """One step, in this process."""
    vendor = Vendor(step)
    status = vendor.run()
    return HookResult(status=status, report={"codes": vendor.codes, **vendor.told})


def main() -> None:
    """One step, as a program."""
    result = handle(json.load(sys.stdin))
    sys.stdout.write(json.dumps(dict(result.report), default=str) + "\n")
    sys.exit(result.status)


if __name__ == "__main__":
    main()
