"""Faults that a scenario puts in a right message, by name: what a vendor gets wrong, and what an attacker tries.

In a scenario: `misvorm = ["verwijder:Insz", "tijdstempel:-3600"]`; what follows the colon is the argument.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import timedelta

from lxml import etree
from lxml.etree import _Element as Element

from conformance.berichten.compose import Blob, Parcel
from conformance.berichten.draft import RSA_SHA1, WSU_ID, Draft, Ref, b64, transform
from conformance.walkthrough import sample_signer
from gateway.wire.blob import deflate
from gateway.wire.names import DS, SOAP, WSSE, WSU, q

Fault = Callable[[Parcel, str], None]
_SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"


class FaultError(ValueError):
    """A scenario names a fault that does not exist, or that can not be put in this message."""


def deform(parcel: Parcel, faults: tuple[str, ...]) -> Parcel:
    """Put faults in a message, in their order.

    Raises:
        FaultError: one does not exist or does not fit.
    """
    for fault in faults:
        name, _, argument = fault.partition(":")
        if name not in FAULTS:
            raise FaultError(f"there is no fault {name!r}; expected one of {', '.join(sorted(FAULTS))}")
        FAULTS[name](parcel, argument)
    return parcel


def _payload(parcel: Parcel) -> Element:
    if parcel.payload is None:
        raise FaultError("this message has no payload to change")
    return parcel.payload


def _found(parcel: Parcel, name: str) -> Element:
    element = next(_payload(parcel).iter(f"{{*}}{name}"), None)
    if element is None:
        raise FaultError(f"the message has no {name}")
    return element


def _blob(parcel: Parcel) -> Blob:
    if parcel.blob is None:
        raise FaultError("this message has no blob")
    return parcel.blob


def _verwijder(parcel: Parcel, name: str) -> None:
    element = _found(parcel, name)
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _vervang(parcel: Parcel, argument: str) -> None:
    name, _, value = argument.partition("=")
    _found(parcel, name).text = value


def _hernoem(parcel: Parcel, argument: str) -> None:
    name, _, new = argument.partition("=")
    element = _found(parcel, name)
    element.tag = q(etree.QName(element).namespace or "", new)


def _erbij(parcel: Parcel, name: str) -> None:
    element = _found(parcel, name)
    element.addnext(deepcopy(element))


def _vreemd(parcel: Parcel, name: str) -> None:
    etree.SubElement(_found(parcel, name), "{urn:vreemd}Vreemd").text = "x"


def _octets(change: Callable[[bytes, str], bytes]) -> Fault:
    def put(parcel: Parcel, argument: str) -> None:
        parcel.after.append(lambda octets: change(octets, argument))

    return put


def _swap(octets: bytes, argument: str) -> bytes:
    old, _, new = argument.partition("=")
    if old.encode() not in octets:
        raise FaultError(f"{old!r} is not in the message")
    return octets.replace(old.encode(), new.encode(), 1)


def _draft(change: Callable[[Draft, str], None], *, signed: bool = False) -> Fault:
    def put(parcel: Parcel, argument: str) -> None:
        (parcel.after_signing if signed else parcel.before).append(lambda draft: change(draft, argument))

    return put


def _signature(draft: Draft) -> Element:
    found = draft.security.find(q(DS, "Signature"))
    if found is None:
        raise FaultError("the message is not signed")
    return found


def _twice(draft: Draft, _: str) -> None:
    draft.timestamp.set(WSU_ID, draft.body.get(WSU_ID, ""))


def _wrap(draft: Draft, value: str) -> None:
    # The signed Body is put aside in a header block; what is read is another (McIntosh & Austel 2005).
    signed = draft.body
    fake = deepcopy(signed)
    fake.set(WSU_ID, "ANDERE-BODY")
    next(fake.iter("{*}Insz")).text = value
    draft.envelope.replace(signed, fake)
    etree.SubElement(draft.header, "{urn:vreemd}Apart").append(signed)


def _without(name: str) -> Callable[[Parcel, str], None]:
    def put(parcel: Parcel, _: str) -> None:
        def kept(draft: Draft) -> list[Element]:
            dropped = {"body": draft.body, "timestamp": draft.timestamp, "token": draft.token}[name]
            return [part for part in parcel.default_parts(draft) if part is not dropped]

        parcel.parts = kept

    return put


def _drop(name: str) -> Callable[[Draft, str], None]:
    def change(draft: Draft, _: str) -> None:
        for found in draft.security.findall(name):
            draft.security.remove(found)

    return change


def _whole_document(draft: Draft, _: str) -> None:
    draft.security.remove(_signature(draft))
    draft.sign([*draft.refs(), Ref(uri="", octets=b"")])


def _xpath(draft: Draft, _: str) -> None:
    draft.security.remove(_signature(draft))
    step = transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>true()</ds:XPath>")
    draft.sign([Ref(uri=r.uri, octets=r.octets, transforms=(*(r.transforms or ()), step)) for r in draft.refs()])


def _second_signature(draft: Draft, _: str) -> None:
    draft.security.append(deepcopy(_signature(draft)))


def _security_twice(draft: Draft, _: str) -> None:
    draft.header.append(deepcopy(draft.security))


def _header(draft: Draft, _: str) -> None:
    etree.SubElement(draft.header, "{urn:vreemd}Verplicht", {q(SOAP, "mustUnderstand"): "1"})


def _two_bodies(draft: Draft, _: str) -> None:
    draft.envelope.append(deepcopy(draft.body))


def _certificate(parcel: Parcel, name: str) -> None:
    parcel.certificate = name


def _key(parcel: Parcel, name: str) -> None:
    parcel.key = name


def _unsigned(parcel: Parcel, _: str) -> None:
    parcel.signed = False
    parcel.before.append(lambda draft: draft.header.remove(draft.security))


def _no_signature(parcel: Parcel, _: str) -> None:
    parcel.signed = False


def _shift(parcel: Parcel, seconds: str) -> None:
    parcel.shift = timedelta(seconds=float(seconds))


def _lifetime(parcel: Parcel, seconds: str) -> None:
    parcel.lifetime = timedelta(seconds=float(seconds))


def _sha1(parcel: Parcel, _: str) -> None:
    parcel.method, parcel.digest = RSA_SHA1, _SHA1


def _sha1_digest(parcel: Parcel, _: str) -> None:
    parcel.digest = _SHA1


def _http(header: str) -> Fault:
    def put(parcel: Parcel, value: str) -> None:
        parcel.headers[header] = value

    return put


def _method(parcel: Parcel, method: str) -> None:
    parcel.http_method = method


def _path(parcel: Parcel, path: str) -> None:
    parcel.path = path


def _service(parcel: Parcel, service: str) -> None:
    parcel.path = f"/soap/{service}/v1"


def _large(parcel: Parcel, megabytes: str) -> None:
    parcel.after.append(lambda octets: octets.replace(b"?>", b"?><!--" + b"x" * (int(megabytes) << 20) + b"-->", 1))


def _hash(parcel: Parcel, _: str) -> None:
    _blob(parcel).attributes["HashValue"] = b64(hashlib.sha256(b"iets anders").digest())


def _hash_of_packed(parcel: Parcel, _: str) -> None:
    blob = _blob(parcel)
    blob.attributes["HashValue"] = b64(hashlib.sha256(deflate(blob.content)).digest())


def _attribute(parcel: Parcel, argument: str) -> None:
    name, _, value = argument.partition("=")
    _blob(parcel).attributes[name] = value or None


def _packed_as(pack: Callable[[bytes], bytes]) -> Fault:
    def put(parcel: Parcel, _: str) -> None:
        blob = _blob(parcel)
        blob.packed = pack(blob.content)

    return put


def _bomb(parcel: Parcel, megabytes: str) -> None:
    content = b" " * (int(megabytes) << 20)
    blob = _blob(parcel)
    blob.packed, blob.attributes["HashValue"] = deflate(content), b64(hashlib.sha256(content).digest())


def _no_xades(parcel: Parcel, _: str) -> None:
    _blob(parcel).xades = False


def _xades_over(parcel: Parcel, _: str) -> None:
    _blob(parcel).xades_over = b"<Iets>anders</Iets>"


def _xades_by(parcel: Parcel, name: str) -> None:
    _blob(parcel).xades_by = name


def _content(parcel: Parcel, argument: str) -> None:
    old, _, new = argument.partition("=")
    blob = _blob(parcel)
    if old.encode() not in blob.content:
        raise FaultError(f"{old!r} is not in the blob")
    blob.content = blob.content.replace(old.encode(), new.encode(), 1)


def _content_is(parcel: Parcel, text: str) -> None:
    _blob(parcel).content = text.encode()


def _another_token(draft: Draft, name: str) -> None:
    draft.token.text = b64(sample_signer(name).der)


def _raw_zlib(content: bytes) -> bytes:
    return zlib.compress(content)


FAULTS: Mapping[str, Fault] = {
    # The content, before it is signed.
    "verwijder": _verwijder,
    "vervang": _vervang,
    "hernoem": _hernoem,
    "verdubbel": _erbij,
    "vreemd-element": _vreemd,
    # Who signs, and what.
    "certificaat": _certificate,
    "sleutel": _key,
    "zonder-beveiliging": _unsigned,
    "zonder-handtekening": _no_signature,
    "zonder-tijdstempel": _draft(_drop(q(WSU, "Timestamp")), signed=True),
    "zonder-token": _draft(_drop(q(WSSE, "BinarySecurityToken")), signed=True),
    "body-niet-ondertekend": _without("body"),
    "tijdstempel-niet-ondertekend": _without("timestamp"),
    "token-niet-ondertekend": _without("token"),
    "tijdstempel": _shift,
    "levensduur": _lifetime,
    "sha1": _sha1,
    "sha1-digest": _sha1_digest,
    "id-dubbel": _draft(_twice, signed=True),
    "wikkel": _draft(_wrap, signed=True),
    "ander-token": _draft(_another_token, signed=True),
    "heel-document": _draft(_whole_document, signed=True),
    "xpath": _draft(_xpath, signed=True),
    "tweede-handtekening": _draft(_second_signature, signed=True),
    "security-dubbel": _draft(_security_twice, signed=True),
    "verplichte-header": _draft(_header),
    "twee-bodies": _draft(_two_bodies, signed=True),
    # The octets, after it was signed.
    "wijzig": _octets(_swap),
    "geen-xml": _octets(lambda _, text: text.encode() or b"hallo"),
    "afgebroken": _octets(lambda octets, _: octets[: len(octets) // 2]),
    "doctype": _octets(lambda octets, _: octets.replace(b"?>", b"?><!DOCTYPE a>", 1)),
    "entiteit": _octets(lambda o, _: o.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', 1)),
    "instructie": _octets(lambda octets, _: octets.replace(b"?>", b"?><?php x?>", 1)),
    "soap12": _octets(lambda octets, _: octets.replace(SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope")),
    "utf16": _octets(lambda octets, _: octets.decode().replace("utf-8", "utf-16").encode("utf-16")),
    "latin1": _octets(lambda octets, _: octets.replace(b"utf-8", b"iso-8859-1", 1)),
    "leeg": _octets(lambda _octets, _: b""),
    "groot": _large,
    # HTTP.
    "content-type": _http("Content-Type"),
    "content-encoding": _http("Content-Encoding"),
    "soapaction": _http("SOAPAction"),
    "methode": _method,
    "pad": _path,
    "dienst": _service,
    # The blob.
    "hash-fout": _hash,
    "hash-van-gecomprimeerd": _hash_of_packed,
    "detail": _attribute,
    "niet-gecomprimeerd": _packed_as(lambda content: content),
    "zlib": _packed_as(_raw_zlib),
    "bom": _bomb,
    "zonder-xades": _no_xades,
    "xades-over-iets-anders": _xades_over,
    "xades-door": _xades_by,
    "inhoud": _content,
    "inhoud-is": _content_is,
}
"""Name to what puts the fault in."""
