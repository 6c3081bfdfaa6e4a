"""SOAP envelopes of the wrong shape, and requests at the wrong address."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from lxml import etree
from lxml.etree import _Element as Element

from gateway.wire.names import SOAP, SOAP12, WSA, WSSE, q
from tests.hostile.case import Case, cases
from tests.hostile.context import Context
from tests.hostile.forge import Draft, ask, draft, good, swap, xml
from tests.hostile.posts import body_post, detail, get_payload, send


def reshaped(change: Callable[[Draft], None], *, before: bool = False) -> Callable[[Context], bytes]:
    """A message whose envelope is changed after signing, or before it."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        if before:
            change(made)
            made.sign()
        else:
            made.sign()
            change(made)
        return made.octets()

    return make


def block(name: str, text: str = "", **attributes: str) -> Element:
    element = etree.Element(name, attributes)
    element.text = text
    return element


def _second_body(made: Draft) -> None:
    made.envelope.append(deepcopy(made.body))


def _body_first(made: Draft) -> None:
    made.envelope.insert(0, made.body)


def _two_headers(made: Draft) -> None:
    made.envelope.insert(0, etree.Element(q(SOAP, "Header")))


def _trailer(made: Draft) -> None:
    made.envelope.append(block("{urn:evil}Trailer"))


def _envelope_in_body(made: Draft) -> None:
    inner = deepcopy(made.envelope)
    made.body[:] = [inner]


def _two_requests(made: Draft) -> None:
    made.body.append(deepcopy(made.payload))


def _no_request(made: Draft) -> None:
    made.body.remove(made.payload)


def _text_in_body(made: Draft) -> None:
    made.body.text = "evil"


def _fault(made: Draft) -> None:
    made.body[:] = [xml(f'<s:Fault xmlns:s="{SOAP}"><faultcode>s:Client</faultcode><faultstring>x</faultstring></s:Fault>')]


def _other_request(made: Draft) -> None:
    made.body[:] = [block("{urn:vsb-gateway:aanvraag:v1}IndienenRequest")]


def _response(made: Draft) -> None:
    made.body[:] = [block("{urn:vsb-gateway:verzekerbaarheid:v1}RaadplegenResponse")]


def _same_name(made: Draft) -> None:
    made.body[:] = [block("{urn:evil}RaadplegenRequest")]


def _must(name: str) -> Callable[[Draft], None]:
    return lambda made: made.header.append(block(name, **{q(SOAP, "mustUnderstand"): "1"}))


def _action(text: str) -> Callable[[Draft], None]:
    return lambda made: made.header.append(block(q(WSA, "Action"), text))


def _wrong_number(made: Draft) -> None:
    made.payload.tag = "{urn:vsb-gateway:verzekerbaarheid:v1}RaadplegenRequest2"


def _soap12(ctx: Context) -> bytes:
    return good(ctx).replace(SOAP.encode(), SOAP12.encode())


def _mixed(ctx: Context) -> bytes:
    return swap(good(ctx), "<soap:Body", f'<soap:Body xmlns:soap="{SOAP12}"').replace(b"</soap:Body>", b"</soap:Body>")


def _extra(ctx: Context) -> bytes:
    payload = ask(ctx)
    etree.SubElement(payload, "{urn:evil}Extra")
    return good(ctx, payload)


_SHAPE = cases(
    "envelope shape",
    ("second-body", "two Bodies", reshaped(_second_body), "WIRE-016"),
    ("body-first", "Body before Header", reshaped(_body_first), "WIRE-016"),
    ("two-headers", "two Headers", reshaped(_two_headers), "WIRE-016"),
    ("trailer", "an element after the Body", reshaped(_trailer), "WIRE-016"),
    ("envelope-in-body", "a whole envelope as request", reshaped(_envelope_in_body), "WIRE-010"),
    ("envelope-in-body-signed", "a whole envelope as truly signed request", reshaped(_envelope_in_body, before=True), "WIRE-010"),
    ("two-requests", "two requests in the Body", reshaped(_two_requests), "WIRE-006"),
    ("two-requests-signed", "two truly signed requests", reshaped(_two_requests, before=True), "WIRE-006"),
    ("no-request", "an empty Body", reshaped(_no_request, before=True), "WIRE-006"),
    ("text-in-body", "text beside the request", reshaped(_text_in_body, before=True), "WIRE-006"),
    ("no-body", "no Body", lambda _: f'<s:Envelope xmlns:s="{SOAP}"><s:Header/></s:Envelope>'.encode(), "WIRE-006"),
    ("no-children", "an empty Envelope", lambda _: f'<s:Envelope xmlns:s="{SOAP}"/>'.encode(), "WIRE-006"),
    ("fault-request", "a fault as request", reshaped(_fault, before=True), "WIRE-010"),
    ("response-request", "an answer as request", reshaped(_response, before=True), "WIRE-010"),
    ("soap12", "SOAP 1.2", _soap12, "WIRE-004"),
    ("soap12-body", "a SOAP 1.2 Body in a SOAP 1.1 Envelope", _mixed, "WIRE-006 WIRE-016"),
    ("soap-unknown", "an Envelope of no SOAP version", lambda ctx: good(ctx).replace(SOAP.encode(), b"urn:evil"), "WIRE-004"),
    ("soap-none", "an Envelope without namespace", lambda _: b"<Envelope><Body><x/></Body></Envelope>", "WIRE-004"),
    ("html", "HTML", lambda _: b"<html><body/></html>", "WIRE-005"),
    ("empty", "nothing", lambda _: b"", "WIRE-001"),
    ("spaces", "spaces only", lambda _: b"   ", "WIRE-001"),
    ("extra-element", "an unknown element in a signed request", _extra, "SCHEMA-001"),
    ("no-security", "no Security header", lambda ctx: swap(good(ctx), WSSE, "urn:evil").replace(WSSE.encode(), b"urn:evil"), "WIRE-014 TRUST-001"),
)  # fmt: skip
_HEADERS = cases(
    "header tricks",
    ("must-unknown", "a mandatory header nobody knows", reshaped(_must("{urn:evil}Evil")), "WIRE-014"),
    ("must-true", "the same, with true", reshaped(lambda made: made.header.append(block("{urn:evil}Evil", **{q(SOAP, "mustUnderstand"): "true"}))), "WIRE-014"),
    ("must-no-namespace", "a mandatory header without namespace", reshaped(_must("Evil")), "WIRE-014"),
    ("must-soap", "a mandatory header in SOAP's own namespace", reshaped(_must(q(SOAP, "Evil"))), "WIRE-014"),
    ("action-other", "wsa:Action of another operation", reshaped(_action("urn:be:cin:nip:async:generic:get:query")), "WIRE-011"),
    ("action-two", "two contradicting wsa:Action", reshaped(lambda made: (_action("urn:vsb-gateway:verzekerbaarheid:v1:Raadplegen")(made), _action("urn:evil")(made))[0]), "WIRE-011"),
    ("to-elsewhere-fault", "a reply address at the trap, and an error to send there", lambda ctx: swap(swap(good(ctx), "<soap:Header>", f'<soap:Header><w:FaultTo xmlns:w="{WSA}"><w:Address>{ctx.canary}/fault</w:Address></w:FaultTo>'), "ZorgSoft", "EvilSoft"), "TRUST-005"),
)  # fmt: skip
_ACTIONS = tuple(
    Case(id=f"soap-action-{name}", title=f"SOAPAction {value!r}", kind="header tricks", make=good, expect=frozenset({"VSB-WIRE-011"}), headers={"SOAPAction": value})
    for name, value in (
        ("other", '"urn:vsb-gateway:aanvraag:v1:Indienen"'),
        ("confirm", '"urn:be:cin:nip:async:generic:confirm:hash"'),
        ("long", '"' + "x" * 4000 + '"'),
        ("address", '"http://evil.example/soap/aanvraag/v1"'),
        ("spoofed", '"urn:vsb-gateway:verzekerbaarheid:v1:Raadplegen evil"'),
    )
)  # fmt: skip
_ADDRESSES = cases(
    "cross-service",
    ("other-service", "a question at the aanvraag service", good, "WIRE-010"),
    service="aanvraag",
) + cases(
    "cross-service",
    ("get-at-question", "a get at the question service", lambda ctx: send(ctx, get_payload()), "WIRE-010"),
    ("same-local-name", "a request of the same name in another namespace", reshaped(_same_name, before=True), "WIRE-010"),
    ("other-request", "another service's request", reshaped(_other_request, before=True), "WIRE-010"),
    ("renamed-request", "the request renamed after signing", reshaped(_wrong_number), "WIRE-010"),
) + cases(
    "cross-service",
    ("facility-at-zorgkas", "a facility at a zorgkas's mailbox", lambda ctx: send(ctx, get_payload()), "TRUST-025"),
    ("facility-post-at-zorgkas", "a facility posts a decision", lambda ctx: body_post(ctx, detail(b"<x/>", MessageName="VSB-BESLISSING")), "TRUST-025"),
    service="zorgkas",
) + cases(
    "cross-service",
    ("zorgkas-at-facility", "a zorgkas at a facility's mailbox", lambda ctx: send(ctx, get_payload(), ctx.signer("zorgkas-180")), "TRUST-011"),
    ("other-mailbox", "a facility asks for another's mailbox", lambda ctx: send(ctx, get_payload(), ctx.signer("facility-ibw-2")), "TRUST-015"),
    ("no-licence", "a get with a wrong licence", lambda ctx: send(ctx, get_payload(licence=("zorgsoft", "wrong"))), "TRUST-017"),
    ("no-name", "a get that names no sender", lambda ctx: send(ctx, get_payload(riziv=None)), "TRUST-015"),
    service="facturatie",
) + cases(
    "cross-service",
    ("no-service", "a service that does not exist", good, "WIRE-009"),
    service="bestaatniet",
) + cases(
    "cross-service",
    ("no-service-path", "a path out of the services", good, "WIRE-009"),
    service="../../etc/passwd",
)  # fmt: skip

CASES: tuple[Case, ...] = _SHAPE + _HEADERS + _ACTIONS + _ADDRESSES
