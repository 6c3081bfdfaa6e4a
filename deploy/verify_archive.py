#!/usr/bin/env python3
"""Verify a folder of VSB archive files without the gateway: only Python, cryptography and lxml are needed.

The folder has two files for each archived month:

  2024-01-aa6d2316df4245a8.jsonl.gz   the month: gzip of lines of JSON; the first counts the others
  2024-01-aa6d2316df4245a8.xml        its manifest, signed by the gateway (enveloped XAdES)

The name carries the first 16 hexadecimal digits of the file's SHA-256. Every file and every manifest names the file that was
archived before it, with its SHA-256; the first names none. So a file that is taken away, changed, swapped or added shows.

What is checked:
  1. names       each file has its manifest and the other way round, and nothing else is there
  2. digests     SHA-256 of the file is what its name and its manifest say
  3. signatures  each manifest is signed by the certificate given, or by one of the given issuers for the given holder
  4. content     the rows that the first line counts are there; each payload has the digest of its message or delivery
  5. links       one chain, from one first file, without gap or fork

What can not be seen from the files alone: that the newest ones were cut off. Give the name that `vsb-gateway archive list`
shows last, or that the audit chain holds (archief_gemaakt), with --last. Revocation of the certificate is not looked at.

Examples:
  verify_archive.py run/archive --certificate gateway.pem --last 2024-02-b50d147040f23081.jsonl.gz
  verify_archive.py run/archive --ca ca-bundle.pem --signer CBE=0900100117

Exit status: 0 the archive holds, 1 it does not (each line says where), 2 it could not be looked at.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

NS = "urn:vsb-gateway:archief:v1"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
FIELDS = ("Maand", "Bestand", "SHA256", "VorigBestand", "VorigeSHA256", "Berichten", "Octetten", "GemaaktOp")
FIRST = "0" * 64
NAME = re.compile(r"(\d{4}-\d\d)-([0-9a-f]{16})\.(jsonl\.gz|xml)", re.ASCII)
PAYLOAD = {"bericht_inhoud": ("bericht", "bericht_id", "sha256"), "levering_inhoud": ("levering", "levering_id", "hash")}
UNREADABLE = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, UnsupportedAlgorithm, etree.LxmlError)

Accept = Callable[[x509.Certificate, list[x509.Certificate], datetime], None]
"""Raises Broken for a signer that is not the gateway: its certificate, others that came along, when it signed."""


class Broken(Exception):
    """Something does not hold; the text says what."""


@dataclass(frozen=True)
class Link:
    """What a file's head or its manifest says: the month, the file before and its digest, messages, payload bytes."""

    month: str
    previous_name: str | None
    previous: str
    messages: int
    octets: int


def main() -> int:
    options = _options()
    try:
        accept = _acceptance(options)
        names = sorted(p.name for p in options.folder.iterdir() if p.is_file() and not p.name.startswith("."))
    except (OSError, ValueError) as error:
        print(f"can not be looked at: {error}", file=sys.stderr)
        return 2
    problems: list[str] = []
    files: dict[str, tuple[str, Link]] = {}
    for name in names:
        problems += _look(options.folder, name, names, accept, files)
    problems += _chain(files, options.last)
    for problem in problems:
        print(problem)
    print(f"{'BROKEN' if problems else 'whole'}: {len(files)} file(s), {len(problems)} problem(s)")
    return 1 if problems else 0


def _look(folder: Path, name: str, names: list[str], accept: Accept, files: dict[str, tuple[str, Link]]) -> Iterator[str]:
    """What is wrong with one name in the folder; a file that is read at all joins `files`, for the chain."""
    shape = NAME.fullmatch(name)
    if shape is None:
        yield f"{name}: not a name of the archive"
        return
    stem = name.removesuffix(f".{shape[3]}")
    if shape[3] == "xml":
        if f"{stem}.jsonl.gz" not in names:
            yield f"{name}: the file of this manifest is missing"
        return
    print(f"reading {name}", file=sys.stderr)
    try:
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest[:16] != shape[2]:
            yield f"{name}: the digest in the name is not the file's: SHA-256 is {digest}"
        link = _content(folder / name)
    except Broken as problem:
        yield f"{name}: {problem}"
        return
    except UNREADABLE as error:
        yield f"{name}: can not be read ({type(error).__name__})"
        return
    files[name] = (digest, link)
    if link.month != shape[1]:
        yield f"{name}: holds month {link.month}"
    try:
        said = _manifest((folder / f"{stem}.xml").read_bytes(), accept)
        if said != (name, digest, link):
            yield f"{stem}.xml: the manifest says something else than the file"
    except FileNotFoundError:
        yield f"{stem}.xml: the manifest is missing"
    except Broken as problem:
        yield f"{stem}.xml: {problem}"
    except UNREADABLE as error:
        yield f"{stem}.xml: can not be read ({type(error).__name__})"


def _content(path: Path) -> Link:
    """Read every line of a file and compare with its first."""
    with gzip.open(path, "rb") as lines:
        head = json.loads(next(lines))
        if head["versie"] != 1:
            raise Broken(f"format {head['versie']} is not known to this program")
        counted = dict.fromkeys(head["aantallen"], 0)
        octets, before = 0, {"tabel": "", "rij": {}}
        for number, line in enumerate(lines, 2):
            here = json.loads(line)
            if here["tabel"] not in counted:
                raise Broken(f"line {number} is of a table that the first line does not name")
            counted[here["tabel"]] += 1
            if here["tabel"] in PAYLOAD:
                octets += _payload(here, before, number)
            before = here
    if counted != head["aantallen"] or octets != head["octetten"]:
        raise Broken("there are fewer or more rows or bytes than the first line counts")
    return Link(head["maand"], head["vorig_bestand"], head["vorige"], counted["bericht"], octets)


def _payload(here: dict, before: dict, number: int) -> int:
    parent, reference, digest = PAYLOAD[here["tabel"]]
    if before["tabel"] != parent or before["rij"]["id"] != here["rij"][reference]:
        raise Broken(f"line {number} does not follow the row that its bytes belong to")
    octets = base64.b64decode(here["rij"]["octetten"], validate=True)
    # The digest that stands with a TAck is a keyed one, of the request that it answers.
    keyed = parent == "levering" and before["rij"]["soort"] == "tack"
    if not keyed and hashlib.sha256(octets).hexdigest() != before["rij"][digest]:
        raise Broken(f"the bytes in line {number} are not those of {parent} {before['rij']['id']}")
    return len(octets)


def _chain(files: dict[str, tuple[str, Link]], last: str | None) -> Iterator[str]:
    """Follow the links from the first file; what is not on the way is loose."""
    after: dict[str, list[str]] = {}
    digests = {digest: name for name, (digest, _link) in files.items()}
    for name, (_digest, link) in sorted(files.items()):
        after.setdefault(link.previous, []).append(name)
        if link.previous == FIRST:
            if link.previous_name is not None:
                yield f"{name}: names {link.previous_name} without its digest"
        elif link.previous not in digests:
            yield f"{name}: the file before it is missing or changed: {link.previous_name} with SHA-256 {link.previous}"
        elif digests[link.previous] != link.previous_name:
            yield f"{name}: the file before it has another name: {digests[link.previous]}, not {link.previous_name}"
    for names in after.values():
        if len(names) > 1:
            yield f"{', '.join(names)}: more than one file says to come after the same one"
    if files and FIRST not in after:
        yield "the first file is missing: every file names one before it"
    ends = [name for name, (digest, _link) in files.items() if digest not in after]
    if last is not None and ends != [last]:
        yield f"the chain must end in {last} and ends in {', '.join(sorted(ends)) or 'nothing'}"


def _manifest(document: bytes, accept: Accept) -> tuple[str, str, Link]:
    """What a manifest says, after its signature was verified: file, SHA-256, link."""
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    if root.getroottree().docinfo.doctype:
        raise Broken("has a DOCTYPE")
    _verify(root, accept)
    if root.tag != f"{{{NS}}}Archiefmanifest" or [c.tag for c in root] != [f"{{{NS}}}{f}" for f in FIELDS]:
        raise Broken("is not an Archiefmanifest")
    month, name, digest, previous_name, previous, messages, octets, _made = (c.text or "" for c in root)
    return name, digest, Link(month, previous_name or None, previous, int(messages), int(octets))


def _verify(root: etree._Element, accept: Accept) -> None:
    """Verify the seal and take it off the root.

    SignedInfo is not read but made here, as the gateway makes it, from the digests that were computed: what the document's
    own SignedInfo says else can then mean nothing.
    """
    signatures = list(root.iter(f"{{{DS}}}Signature"))
    if len(signatures) != 1 or signatures[0].getparent() is not root or signatures[0].getnext() is not None or signatures[0].tail:
        raise Broken("must have one signature, as its last element")
    signature = signatures[0]
    root.remove(signature)
    properties = _only(signature, f"{{{DS}}}Object/{{{XADES}}}QualifyingProperties/{{{XADES}}}SignedProperties")
    signed = _only(properties, f"{{{XADES}}}SignedSignatureProperties")
    named = f"{{{XADES}}}SigningCertificate/{{{XADES}}}Cert/{{{XADES}}}CertDigest/{{{DS}}}DigestValue"
    certificate, others = _signer(signature, _only(signed, named))
    when = datetime.fromisoformat((_only(signed, f"{{{XADES}}}SigningTime").text or "").replace("Z", "+00:00"))
    key = certificate.public_key()
    method = "rsa" if isinstance(key, rsa.RSAPublicKey) else "ecdsa"
    info = _signed_info(method, _digest(root), properties.get("Id", ""), _digest(properties))
    value = base64.b64decode("".join((_only(signature, f"{{{DS}}}SignatureValue").text or "").split()), validate=True)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, info, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            half = len(value) // 2
            pair = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
            key.verify(encode_dss_signature(*pair), info, ec.ECDSA(hashes.SHA256()))
        else:
            raise Broken("is signed with a key that is not RSA or EC")
    except InvalidSignature:
        raise Broken("the signature does not fit: the manifest was changed, or another key signed it") from None
    if when.tzinfo is None or not certificate.not_valid_before_utc <= when <= certificate.not_valid_after_utc:
        raise Broken("was signed while its certificate was not valid")
    if when > datetime.now(UTC):
        raise Broken("was signed in the future")
    accept(certificate, others, when)


def _signer(signature: etree._Element, named: etree._Element) -> tuple[x509.Certificate, list[x509.Certificate]]:
    """The certificate that the signed properties name, and the others that came along."""
    given = [
        base64.b64decode(e.text or "") for e in signature.findall(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    ]
    digest = base64.b64decode(named.text or "", validate=True)
    own = [der for der in given if hashlib.sha256(der).digest() == digest]
    if len(own) != 1 or len(given) > 5:
        raise Broken("does not bring the certificate that it says signed it")
    return x509.load_der_x509_certificate(own[0]), [x509.load_der_x509_certificate(der) for der in given if der != own[0]]


def _signed_info(method: str, whole: str, properties_id: str, properties: str) -> bytes:
    if re.fullmatch(r"[A-Za-z0-9_-]+", properties_id) is None:
        raise Broken("has an odd Id on its signed properties")
    algorithm = f"http://www.w3.org/2001/04/xmldsig-more#{method}-sha256"
    references = (
        ('URI=""', f"{DS}enveloped-signature", whole),
        (f'Type="http://uri.etsi.org/01903#SignedProperties" URI="#{properties_id}"', None, properties),
    )
    parts = [f'<ds:SignedInfo xmlns:ds="{DS}">', _empty("CanonicalizationMethod", C14N), _empty("SignatureMethod", algorithm)]
    for attributes, first, digest in references:
        transforms = "".join(_empty("Transform", t) for t in (first, C14N) if t)
        parts.append(f"<ds:Reference {attributes}><ds:Transforms>{transforms}</ds:Transforms>{_empty('DigestMethod', SHA256)}")
        parts.append(f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>")
    return "".join([*parts, "</ds:SignedInfo>"]).encode()


def _empty(name: str, algorithm: str) -> str:
    return f'<ds:{name} Algorithm="{algorithm}"></ds:{name}>'


def _digest(element: etree._Element) -> str:
    octets = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return base64.b64encode(hashlib.sha256(octets).digest()).decode()


def _only(element: etree._Element, path: str) -> etree._Element:
    found = element.findall(path)
    if len(found) != 1:
        raise Broken(f"has {len(found)} of {path.rpartition('}')[2]} instead of one")
    return found[0]


def _acceptance(options: argparse.Namespace) -> Accept:
    given = x509.load_pem_x509_certificates((options.certificate or options.ca).read_bytes())

    def pinned(certificate: x509.Certificate, _others: list[x509.Certificate], _when: datetime) -> None:
        if certificate.public_bytes(Encoding.DER) not in [c.public_bytes(Encoding.DER) for c in given]:
            raise Broken(f"is signed by {certificate.subject.rfc4514_string()}, whose certificate was not given")

    def issued(certificate: x509.Certificate, others: list[x509.Certificate], when: datetime) -> None:
        units = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
        if options.signer not in [u.value for u in units]:
            raise Broken(f"is signed by {certificate.subject.rfc4514_string()}, not by {options.signer}")
        if not _issued(certificate, given, others, when, depth=4):
            raise Broken(f"is signed with a certificate that no given issuer stands for: {certificate.subject.rfc4514_string()}")

    return issued if options.certificate is None else pinned


def _issued(
    certificate: x509.Certificate, trusted: list[x509.Certificate], others: list[x509.Certificate], when: datetime, *, depth: int
) -> bool:
    """Whether a path of CA certificates, each valid at that moment, leads from one of the trusted to this certificate."""
    if any(_directly(certificate, issuer, when) for issuer in trusted):
        return True
    between = [c for c in others if depth and _directly(certificate, c, when)]
    return any(_issued(c, trusted, others, when, depth=depth - 1) for c in between)


def _directly(certificate: x509.Certificate, issuer: x509.Certificate, when: datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        ca = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return ca and usage and issuer.not_valid_before_utc <= when <= issuer.not_valid_after_utc


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with the archive's files")
    trust = parser.add_mutually_exclusive_group(required=True)
    trust.add_argument("--certificate", type=Path, metavar="PEM", help="certificates that the gateway signed with")
    trust.add_argument("--ca", type=Path, metavar="PEM", help="certificates of the trusted issuers; needs --signer")
    parser.add_argument("--signer", metavar="TYPE=NUMBER", help="whom the signer's certificate must be for, e.g. CBE=0900100117")
    parser.add_argument("--last", metavar="NAME", help="name of the newest file that there must be")
    options = parser.parse_args()
    if (options.ca is None) != (options.signer is None):
        parser.error("--ca and --signer go together")
    return options


if __name__ == "__main__":
    sys.exit(main())
