"""SOAP 1.1 envelopes in and out (SOAP 1.1 §4, WS-I BP 1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from lxml import etree
from lxml.etree import _Element as Element

from gateway.refusal import Code, Refusal
from gateway.wire.names import SOAP, SOAP12, WSA, WSSE, WSU, q
from gateway.wire.parser import ENVELOPE_BOUNDS, Bounds, parse

MAX_HEADER_ELEMENTS = 1_000
_UNDERSTOOD = {WSSE, WSA}


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A parsed envelope whose shape has been checked, and nothing else."""

    raw: bytes
    root: Element
    header: Element | None
    body: Element
    payload: Element
    """The only element in the Body."""

    def header_block(self, namespace: str, name: str) -> Element | None:
        return None if self.header is None else self.header.find(q(namespace, name))

    def header_text(self, namespace: str, name: str) -> str | None:
        block = self.header_block(namespace, name)
        return None if block is None else (block.text or "").strip()


def read_envelope(raw: bytes, bounds: Bounds = ENVELOPE_BOUNDS) -> Envelope:
    """Parse and check the shape of a SOAP 1.1 envelope.

    Raises:
        Refusal: a WIRE code.
    """
    return envelope_of(parse(raw, bounds), raw)


def envelope_of(root: Element, raw: bytes) -> Envelope:
    """Check the shape of a parsed envelope.

    Args:
        raw: the HTTP body it came in, kept as evidence.

    Raises:
        Refusal: a WIRE code.
    """
    if root.tag == q(SOAP12, "Envelope"):
        raise Refusal(Code.SOAP_VERSION, expected=SOAP, found=SOAP12)
    if root.tag != q(SOAP, "Envelope"):
        version = etree.QName(root).localname == "Envelope"
        raise Refusal(
            Code.SOAP_VERSION if version else Code.NOT_SOAP,
            place="/",
            expected=f"{{{SOAP}}}Envelope",
            found=str(root.tag)[:120],
        )
    header, body = _parts(root)
    if (body.text or "").strip() or len(body) != 1 or (body[0].tail or "").strip():
        raise Refusal(Code.BODY, place="/Envelope/Body", expected="één element", found=f"{len(body)} elementen")
    if header is not None:
        _check_header(header)
    return Envelope(raw=raw, root=root, header=header, body=body, payload=body[0])


def _parts(root: Element) -> tuple[Element | None, Element]:
    names = [child.tag for child in root]
    if q(SOAP, "Body") not in names:
        raise Refusal(Code.BODY, place="/Envelope", expected="Body")
    if names == [q(SOAP, "Body")]:
        return None, root[0]
    if names == [q(SOAP, "Header"), q(SOAP, "Body")]:
        return root[0], root[1]
    raise Refusal(
        Code.STRUCTURE,
        place="/Envelope",
        expected="Header?, Body",
        found=", ".join(str(n).rpartition("}")[2] for n in names[:8]),
    )


def _check_header(header: Element) -> None:
    if sum(1 for _ in islice(header.iter(), MAX_HEADER_ELEMENTS + 1)) > MAX_HEADER_ELEMENTS:
        raise Refusal(Code.TOO_COMPLEX, place="/Envelope/Header", expected=f"hoogstens {MAX_HEADER_ELEMENTS} elementen")
    for block in header:
        must = block.get(q(SOAP, "mustUnderstand"), "0").strip()
        if must in ("1", "true") and etree.QName(block).namespace not in _UNDERSTOOD:
            raise Refusal(Code.MUST_UNDERSTAND, place="/Envelope/Header", line=block.sourceline, found=str(block.tag)[:120])


def write_envelope(payload: Element, headers: tuple[Element, ...] = ()) -> Element:
    """An envelope around an answer; its namespaces are declared at the root so that signing does not move them."""
    root = etree.Element(q(SOAP, "Envelope"), nsmap={"soap": SOAP})
    if headers:
        header = etree.SubElement(root, q(SOAP, "Header"))
        for block in headers:
            header.append(block)
    body = etree.SubElement(root, q(SOAP, "Body"))
    body.append(payload)
    return root


def timestamp_security(created: str, expires: str) -> Element:
    """A wsse:Security header with a bare Timestamp, all that real clients accept in an answer (facts ehealth.md §1.7)."""
    security = etree.Element(q(WSSE, "Security"), nsmap={"wsse": WSSE, "wsu": WSU})
    stamp = etree.SubElement(security, q(WSU, "Timestamp"), {q(WSU, "Id"): "TS-1"})
    etree.SubElement(stamp, q(WSU, "Created")).text = created
    etree.SubElement(stamp, q(WSU, "Expires")).text = expires
    return security


def serialise(root: Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")
