"""`vsb-gateway verify-receipt`: an outsider's check of a receipt, a validation report or an audit seal."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives import hashes
from lxml.etree import _Element as Element
from rich.console import Console
from rich.table import Column, Table

from gateway.berichten.names import ANTWOORD
from gateway.commands.shared import CaBundle, SignedBy, accept_past, configured_crls, expected_signer, now, refusal_text, stop
from gateway.refusal import Refusal
from gateway.store.audit_zegels import AUDIT, lees_zegel
from gateway.trust.identity import read_identity
from gateway.trust.sealed import SEALED_BOUNDS, Sealed, verify_sealed
from gateway.wire.names import SOAP, q
from gateway.wire.parser import Bounds, parse

_BEWIJZEN = (q(ANTWOORD, "Ontvangstbewijs"), q(ANTWOORD, "Validatieverslag"))
_ZEGEL = q(AUDIT, "Auditzegel")
_ANSWER_BOUNDS = Bounds(octets=4 * SEALED_BOUNDS.octets)
_VELDEN = {
    "MessageId": "bericht",
    "Dienst": "dienst",
    "Afzender": "afzender",
    "Bedrijfsreferentie": "referentie van de afzender",
    "OntvangenOp": "ontvangen op",
    "Octetten": "octetten",
}


class NotProven(Exception):
    """The answer is no; the text says why, in Dutch."""


def verify_receipt(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The receipt (XML), or the SOAP answer that carries it.")
    ],
    ca_bundle: CaBundle = None,
    message: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The message as it was sent, the HTTP body byte for byte: is it this one?"
        ),
    ] = None,
    signer: SignedBy = None,
    crl: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="CRL file of an issuer; repeat for each.")
    ] = None,
) -> None:
    """Say whether a receipt is genuine: who signed it, when, and which message it is about.

    Accepts an Ontvangstbewijs, a Validatieverslag, an Auditzegel, or an answer with an Ontvangstbewijs in it. The certificate is
    judged at the moment of signing. Exit status 0: yes, 1: no, with the reason, 2: could not be looked at.

    Needs no gateway, no database and no network: only the issuers' certificates and who must have signed.
    """
    crls = crl or (configured_crls() if ca_bundle is None else ())
    accept = accept_past(ca_bundle, crls)
    must_sign = expected_signer(signer)
    try:
        sealed = verify_sealed(sealed_document(file.read_bytes()), accept, now())
        rijen = [*_signature(sealed, must_sign), *_content(sealed.content, message)]
    except NotProven as error:
        stop(f"Nee: {error}", status=1)
    except Refusal as refusal:
        stop(f"Nee: {refusal_text(refusal)}", status=1)
    except OSError as error:
        stop(str(error))
    table = Table(Column(style="bold", no_wrap=True), Column(overflow="fold"), show_header=False, box=None, pad_edge=False)
    for naam, waarde in rijen:
        table.add_row(naam, waarde)
    table.add_row("intrekking", f"nagegaan in {len(crls)} CRL('s)" if crls else "niet nagegaan: geef CRL's met --crl")
    console = Console()
    console.print("Ja: echt en ongewijzigd.", highlight=False)
    console.print(table, highlight=False, markup=False)


def sealed_document(data: bytes) -> bytes:
    """The sealed document itself: the file, or what the answer in the file carries in base64.

    Raises:
        NotProven: there is no receipt in it, or more than one.
        Refusal: what the parser refuses.
    """
    root = parse(data, _ANSWER_BOUNDS)
    if root.tag in (*_BEWIJZEN, _ZEGEL):
        return data
    carried = [e for e in root.iter(*_BEWIJZEN) if not len(e)]
    if root.tag == q(SOAP, "Envelope") and root.find(f"{q(SOAP, 'Body')}/{q(SOAP, 'Fault')}") is not None:
        raise NotProven("dit antwoord is een SOAP-fout: er is niets ontvangen, dus ook geen bewijs")
    if len(carried) != 1:
        raise NotProven(f"één Ontvangstbewijs, Validatieverslag of Auditzegel verwacht, {len(carried)} gevonden")
    try:
        return base64.b64decode("".join((carried[0].text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotProven("het bewijs in dit antwoord is geen base64") from None


def _signature(sealed: Sealed, must_sign: str) -> Iterator[tuple[str, str]]:
    identity = read_identity(sealed.certificate)
    if identity.label != must_sign:
        # Everyone whose certificate these issuers gave can sign; only the gateway can say what it received.
        raise NotProven(f"ondertekend door {identity.label} ({identity.name}), niet door {must_sign}; zie --signer")
    yield "ondertekend door", f"{identity.label} ({identity.name})"
    yield "certificaat (SHA-256)", sealed.certificate.fingerprint(hashes.SHA256()).hex()
    yield "ondertekend op", f"{sealed.signing_time:%Y-%m-%d %H:%M:%S} UTC"


def _content(content: Element, message: Path | None) -> Iterator[tuple[str, str]]:
    if content.tag == _ZEGEL:
        yield from _seal(content, message)
        return
    bewijs = content.find(q(ANTWOORD, "Bewijs"))
    if content.tag not in _BEWIJZEN or bewijs is None:
        raise NotProven("het ondertekende document is geen Ontvangstbewijs, Validatieverslag of Auditzegel")
    yield "wat", str(content.tag).rpartition("}")[2]
    for veld, naam in _VELDEN.items():
        yield naam, bewijs.findtext(q(ANTWOORD, veld), "")
    digest = _octets(bewijs, "Sha256")
    yield "certificaat van de afzender (SHA-256)", _octets(bewijs, "CertificaatSha256").hex()
    yield "bericht (SHA-256)", digest.hex()
    for veld in ("Uitkomst", "Zorgkas", "Cookbook"):
        waarde = content.findtext(q(ANTWOORD, veld))
        if waarde is not None:
            yield veld.lower(), waarde
    if message is not None:
        found = hashlib.sha256(message.read_bytes()).digest()
        if found != digest:
            raise NotProven(
                f"{message.name} is niet het bericht van dit bewijs (SHA-256: verwacht {digest.hex()}, gevonden {found.hex()})"
            )
        yield "bestand", f"{message.name} is dit bericht, octet voor octet"


def _seal(content: Element, message: Path | None) -> Iterator[tuple[str, str]]:
    if message is not None:
        raise NotProven("een Auditzegel gaat over de auditketen, niet over een bericht: laat --message weg")
    try:
        zegel = lees_zegel(content)
    except ValueError:
        raise NotProven("het Auditzegel heeft niet de verwachte inhoud") from None
    yield "wat", "Auditzegel"
    yield "dag", str(zegel.dag)
    yield "laatste record", str(zegel.laatste_volgnr)
    yield "hash", zegel.hash
    yield "vorige zegel (SHA-256)", zegel.vorig_zegel


def _octets(bewijs: Element, veld: str) -> bytes:
    try:
        octets = base64.b64decode(bewijs.findtext(q(ANTWOORD, veld), ""), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != hashlib.sha256().digest_size:
        raise NotProven(f"het bewijs heeft geen SHA-256 in {veld}")
    return octets
