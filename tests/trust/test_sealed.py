"""Sealed documents: what the gateway seals verifies; whatever else looks like it does not."""

import base64
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.berichten.antwoord import Bewijs, schrijf_ontvangstbewijs
from gateway.paths import data_dir
from gateway.refusal import Code, Refusal
from gateway.trust.chain import TrustStore, load_trust_store
from gateway.trust.revocation import RevocationMode
from gateway.trust.sealed import AcceptCertificate, Sealed, verify_sealed
from gateway.trust.signing import Signer, load_signer, seal
from gateway.wire.c14n import exclusive
from gateway.wire.names import C14N, DS, ENVELOPED, RSA_SHA256, SHA256, XADES

SAMPLE = data_dir("certs-sample")
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
DOCUMENT = "{urn:vsb-gateway:antwoord:v1}"


def sample(name: str) -> Signer:
    return load_signer((SAMPLE / f"{name}.p12").read_bytes(), "vsb-sample")


def trust(bundle: Path = SAMPLE / "ca-bundle.pem") -> TrustStore:
    return load_trust_store(bundle, [SAMPLE / "crl/issuing-ca.crl"], RevocationMode.GRACE)


GATEWAY = sample("gateway")
ACCEPT = trust().accept


def accept_all(_der: bytes, _certificate: x509.Certificate, _moment: datetime) -> None:
    pass


def receipt(signer: Signer = GATEWAY, moment: datetime = NOW) -> bytes:
    bewijs = Bewijs(
        message_id="0190a2b4-5f6e-7abc-8def-0123456789ab",
        dienst="aanvraag",
        afzender="NIHII-PROT_ACC=72090103",
        certificaat_sha256=hashlib.sha256(b"certificate").digest(),
        bedrijfsreferentie="ref <1> & é",
        ontvangen_op=moment,
        octetten=7,
        sha256=hashlib.sha256(b"message").digest(),
    )
    return seal(schrijf_ontvangstbewijs(bewijs), signer, moment)


RECEIPT = receipt()


def verify(document: bytes, accept: AcceptCertificate = accept_all, now: datetime = NOW) -> Sealed:
    return verify_sealed(document, accept, now)


def refusal(document: bytes, accept: AcceptCertificate = accept_all, now: datetime = NOW) -> Code:
    with pytest.raises(Refusal) as caught:
        verify(document, accept, now)
    return caught.value.code


def changed(change: Callable[[etree._Element], object], document: bytes = RECEIPT) -> bytes:
    root = etree.fromstring(document)
    change(root)
    return etree.tostring(root)


def find(root: etree._Element, name: str, ns: str = DS) -> etree._Element:
    return next(root.iter(f"{{{ns}}}{name}"))


def test_what_the_gateway_sealed_verifies_and_says_who_and_when() -> None:
    sealed = verify(RECEIPT, ACCEPT)
    assert sealed.certificate == GATEWAY.certificate
    assert sealed.signing_time == NOW


def test_the_content_handed_over_is_the_document_without_its_signature() -> None:
    content = verify(RECEIPT).content
    assert content.tag == f"{DOCUMENT}Ontvangstbewijs"
    assert [etree.QName(e).localname for e in content] == ["Bewijs"]
    assert content.findtext(f"{DOCUMENT}Bewijs/{DOCUMENT}Bedrijfsreferentie") == "ref <1> & é"


def test_the_declaration_before_the_root_is_not_part_of_what_was_sealed() -> None:
    assert verify(etree.tostring(etree.fromstring(RECEIPT))).signing_time == NOW


def test_a_document_sealed_with_an_elliptic_curve_key_verifies() -> None:
    signer = made(ec.generate_private_key(ec.SECP256R1()))
    assert verify(receipt(signer)).certificate == signer.certificate


@pytest.mark.parametrize("name", ["facility-ibw-1", "zorgkas-180"])
def test_another_holder_under_the_same_issuers_can_seal_too_and_is_named(name: str) -> None:
    assert verify(receipt(sample(name)), ACCEPT).certificate == sample(name).certificate


# Who signed, and when.


def test_a_signer_of_another_issuer_is_refused() -> None:
    assert refusal(receipt(sample("bad-wrong-issuer")), ACCEPT) is Code.UNTRUSTED
    assert refusal(receipt(sample("bad-self-signed")), ACCEPT) is Code.UNTRUSTED


def test_a_receipt_is_refused_by_who_trusts_other_issuers(tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes((SAMPLE / "other-issuing-ca.pem").read_bytes() + (SAMPLE / "other-root-ca.pem").read_bytes())
    assert refusal(RECEIPT, trust(other).accept) is Code.UNTRUSTED


def test_a_revoked_signer_is_refused() -> None:
    assert refusal(receipt(sample("bad-revoked")), ACCEPT) is Code.REVOKED


def test_a_small_key_is_refused_even_where_its_issuer_is_trusted() -> None:
    assert refusal(receipt(made(rsa.generate_private_key(65537, 1024)))) is Code.WEAK_KEY


def test_a_receipt_stays_valid_when_its_certificate_and_its_issuers_have_expired_since() -> None:
    later = GATEWAY.certificate.not_valid_after_utc + timedelta(days=1)
    assert verify(RECEIPT, trust().accept, later).signing_time == NOW


def test_a_signing_time_outside_the_certificate_is_refused_whatever_the_store_remembers() -> None:
    expired = sample("bad-expired")
    end, start = expired.certificate.not_valid_after_utc, expired.certificate.not_valid_before_utc
    assert refusal(receipt(expired, end + timedelta(seconds=1))) is Code.EXPIRED
    assert refusal(receipt(expired, start - timedelta(seconds=1))) is Code.NOT_YET_VALID
    assert verify(receipt(expired, start)).signing_time == start
    assert verify(receipt(expired, end)).signing_time == end


def test_the_certificate_is_judged_at_the_signing_time() -> None:
    asked: list[datetime] = []
    verify(RECEIPT, lambda _der, _certificate, moment: asked.append(moment), NOW + timedelta(days=3650))
    assert asked == [NOW]


def test_a_seal_from_the_future_is_refused_beyond_the_clock_skew() -> None:
    assert refusal(receipt(moment=NOW + timedelta(minutes=5, seconds=1))) is Code.FUTURE
    assert verify(receipt(moment=NOW + timedelta(minutes=5)))


def test_the_certificate_is_judged_before_anything_is_computed() -> None:
    def refuse(_der: bytes, _certificate: x509.Certificate, _moment: datetime) -> None:
        raise Refusal(Code.REVOKED)

    assert refusal(changed(lambda r: setattr(find(r, "DigestValue"), "text", "AAAA")), refuse) is Code.REVOKED


# Nothing of it may change.


@pytest.mark.parametrize("name", ["MessageId", "Afzender", "Sha256", "OntvangenOp"])
def test_a_changed_field_is_refused(name: str) -> None:
    def change(root: etree._Element) -> None:
        element = find(root, name, DOCUMENT[1:-1])
        element.text = (element.text or "")[:-2] + "AA"

    assert refusal(changed(change)) is Code.DIGEST


def test_a_changed_signing_time_is_refused() -> None:
    earlier = changed(lambda r: setattr(find(r, "SigningTime", XADES), "text", "2026-03-14T12:00:00.000Z"))
    assert refusal(earlier) is Code.DIGEST


def test_digests_computed_again_over_a_change_are_refused_by_the_signature() -> None:
    def change(root: etree._Element) -> None:
        signature = find(root, "Signature")
        root.remove(signature)
        find(root, "MessageId", DOCUMENT[1:-1]).text = "0190a2b4-5f6e-7abc-8def-000000000000"
        find(signature, "DigestValue").text = base64.b64encode(hashlib.sha256(exclusive(root)).digest()).decode()
        root.append(signature)

    assert refusal(changed(change)) is Code.SIGNATURE


def test_the_certificate_of_somebody_else_in_key_info_is_refused() -> None:
    other = base64.b64encode(sample("zorgkas-180").der).decode()
    assert refusal(changed(lambda r: setattr(find(r, "X509Certificate"), "text", other))) is Code.XADES


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(RECEIPT) - 1), st.integers(1, 255))
def test_a_receipt_with_any_byte_changed_is_refused_or_still_says_exactly_the_same(position: int, flip: int) -> None:
    document = bytearray(RECEIPT)
    document[position] ^= flip
    try:
        sealed = verify(bytes(document), ACCEPT)
    except Refusal:
        return
    original = verify(RECEIPT)
    assert exclusive(sealed.content) == exclusive(original.content)
    assert (sealed.certificate, sealed.signing_time) == (original.certificate, original.signing_time)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(RECEIPT)), st.integers(0, 40), st.binary(max_size=12))
def test_a_receipt_with_any_bytes_cut_or_put_in_is_refused_or_still_says_exactly_the_same(
    position: int, cut: int, put_in: bytes
) -> None:
    document = RECEIPT[:position] + put_in + RECEIPT[position + cut :]
    try:
        content = verify(document).content
    except Refusal:
        return
    assert exclusive(content) == exclusive(verify(RECEIPT).content)


# The gate: the signature stands where seal puts it and holds what seal writes, and nothing else.


def test_a_document_without_a_signature_is_refused() -> None:
    assert refusal(changed(lambda r: r.remove(find(r, "Signature")))) is Code.XADES


def test_a_signature_alone_is_no_sealed_document() -> None:
    assert refusal(etree.tostring(find(etree.fromstring(RECEIPT), "Signature"))) is Code.XADES


def test_two_signatures_are_refused() -> None:
    twice = etree.fromstring(RECEIPT)
    other = etree.fromstring(receipt(sample("facility-ibw-1")))
    twice.append(find(other, "Signature"))
    assert refusal(etree.tostring(twice)) is Code.XADES


def test_a_signature_that_is_not_the_last_child_of_the_root_is_refused() -> None:
    assert refusal(changed(lambda r: r.insert(0, find(r, "Signature")))) is Code.XADES
    assert refusal(changed(lambda r: r[0].append(find(r, "Signature")))) is Code.XADES


def test_text_after_the_signature_is_refused() -> None:
    assert refusal(changed(lambda r: setattr(find(r, "Signature"), "tail", "x"))) is Code.XADES


def test_the_sealed_document_wrapped_in_another_is_refused() -> None:
    wrapper = etree.Element(f"{DOCUMENT}Ontvangstbewijs")
    wrapper.append(etree.fromstring(RECEIPT))
    assert refusal(etree.tostring(wrapper)) is Code.XADES


@pytest.mark.parametrize("attribute", ["Id", "ID", "id", "iD", "{http://www.w3.org/XML/1998/namespace}id"])
def test_an_id_that_stands_there_twice_is_refused(attribute: str) -> None:
    def change(root: etree._Element) -> None:
        root.set(attribute, find(root, "SignedProperties", XADES).get("Id") or "")

    assert refusal(changed(change)) is Code.DUPLICATE_ID


def test_a_second_set_of_signed_properties_is_refused() -> None:
    def change(root: etree._Element) -> None:
        holder = find(root, "Object")
        other = etree.fromstring(etree.tostring(holder))
        find(other, "SignedProperties", XADES).set("Id", "other")
        holder.addprevious(other)

    assert refusal(changed(change)) is Code.XADES


def test_unsigned_properties_are_refused() -> None:
    added = changed(lambda r: etree.SubElement(find(r, "QualifyingProperties", XADES), f"{{{XADES}}}UnsignedProperties"))
    assert refusal(added) is Code.XADES


@pytest.mark.parametrize("uri", ["#other", "#", "file:///etc/passwd", "http://127.0.0.1:9/", "#xpointer(/)"])
def test_a_reference_to_anything_but_the_document_is_refused(uri: str) -> None:
    assert refusal(changed(lambda r: find(r, "Reference").set("URI", uri))) is Code.XADES


def test_one_reference_or_three_are_refused() -> None:
    def repeat(root: etree._Element) -> None:
        info = find(root, "SignedInfo")
        info.append(etree.fromstring(etree.tostring(info[-1])))

    assert refusal(changed(repeat)) is Code.XADES
    assert refusal(changed(lambda r: find(r, "SignedInfo").remove(find(r, "SignedInfo")[-1]))) is Code.XADES


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        ("SignatureMethod", ""),
        ("CanonicalizationMethod", C14N),
        ("DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1"),
        ("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
    ],
)
def test_another_algorithm_is_refused(name: str, algorithm: str) -> None:
    assert refusal(changed(lambda r: find(r, name).set("Algorithm", algorithm))) is Code.ALGORITHM


def test_an_algorithm_of_another_kind_of_key_is_refused() -> None:
    other = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    assert refusal(changed(lambda r: find(r, "SignatureMethod").set("Algorithm", other))) is Code.ALGORITHM
    elliptic = receipt(made(ec.generate_private_key(ec.SECP256R1())))
    assert refusal(elliptic.replace(other.encode(), RSA_SHA256.encode())) is Code.ALGORITHM


@pytest.mark.parametrize("name", ["Transform", "DigestMethod", "SignatureMethod", "CanonicalizationMethod"])
def test_a_parameter_of_an_algorithm_is_refused(name: str) -> None:
    assert refusal(changed(lambda r: etree.SubElement(find(r, name), f"{{{DS}}}HMACOutputLength"))) is Code.XADES


@pytest.mark.parametrize(("name", "ns"), [("Transform", DS), ("DigestMethod", DS), ("SigningTime", XADES)])
def test_anything_inside_what_holds_one_value_is_refused(name: str, ns: str) -> None:
    assert refusal(changed(lambda r: etree.SubElement(find(r, name, ns), "x"))) is Code.XADES
    if name != "SigningTime":
        assert refusal(changed(lambda r: setattr(find(r, name, ns), "text", "x"))) is Code.XADES


def test_without_the_enveloped_transform_nothing_is_computed() -> None:
    def change(root: etree._Element) -> None:
        transform = next(t for t in root.iter(f"{{{DS}}}Transform") if t.get("Algorithm") == ENVELOPED)
        find(root, "Transforms").remove(transform)

    assert refusal(changed(change)) is Code.XADES


@pytest.mark.parametrize(
    ("name", "ns"),
    [
        ("Signature", DS),
        ("SignedInfo", DS),
        ("Object", DS),
        ("QualifyingProperties", XADES),
        ("SignedProperties", XADES),
        ("Reference", DS),
        ("DigestMethod", DS),
    ],
)
def test_an_attribute_that_seal_does_not_write_is_refused(name: str, ns: str) -> None:
    assert refusal(changed(lambda r: find(r, name, ns).set("Encoding", "x"))) is Code.XADES


@pytest.mark.parametrize("name", ["SignedInfo", "KeyInfo", "X509Data", "Object", "Reference", "SignatureValue"])
def test_text_between_the_elements_of_the_signature_is_refused(name: str) -> None:
    assert refusal(changed(lambda r: setattr(find(r, name), "tail", "x"))) is Code.XADES


@pytest.mark.parametrize(("name", "ns"), [("Signature", DS), ("KeyInfo", DS), ("Object", DS), ("CertDigest", XADES)])
def test_text_before_the_elements_of_the_signature_is_refused(name: str, ns: str) -> None:
    assert refusal(changed(lambda r: setattr(find(r, name, ns), "text", "x"))) is Code.XADES


def test_white_space_between_unsigned_elements_does_no_harm() -> None:
    spaced = changed(lambda r: setattr(find(r, "X509Data"), "tail", "\n"))
    assert verify(spaced).signing_time == NOW


def test_properties_that_target_another_signature_are_refused() -> None:
    assert refusal(changed(lambda r: find(r, "QualifyingProperties", XADES).set("Target", "#other"))) is Code.XADES


def test_the_certificate_named_by_another_digest_is_refused() -> None:
    def change(root: etree._Element) -> None:
        find(find(root, "CertDigest", XADES), "DigestMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")

    assert refusal(changed(change)) is Code.ALGORITHM


def test_up_to_five_certificates_may_be_delivered_and_only_certificates() -> None:
    def listed(number: int) -> bytes:
        def change(root: etree._Element) -> None:
            data = find(root, "X509Data")
            first, *rest = list(data)
            for element in rest:
                data.remove(element)
            for i in range(number - 1):
                etree.SubElement(data, first.tag).text = base64.b64encode(b"chain %d" % i).decode()

        return changed(change)

    assert verify(listed(1))
    assert verify(listed(5))
    assert refusal(listed(6)) is Code.XADES
    assert refusal(changed(lambda r: find(r, "X509Data").clear())) is Code.XADES
    assert refusal(changed(lambda r: etree.SubElement(find(r, "X509Data"), f"{{{DS}}}X509CRL"))) is Code.XADES


def test_the_same_certificate_listed_twice_is_refused() -> None:
    def change(root: etree._Element) -> None:
        data = find(root, "X509Data")
        data.append(etree.fromstring(etree.tostring(data[0])))

    assert refusal(changed(change)) is Code.XADES


@pytest.mark.parametrize("key_info", ["KeyValue", "KeyName", "RetrievalMethod"])
def test_a_key_delivered_in_another_way_is_refused(key_info: str) -> None:
    def change(root: etree._Element) -> None:
        data = find(root, "X509Data")
        data.addprevious(etree.Element(f"{{{DS}}}{key_info}"))

    assert refusal(changed(change)) is Code.XADES


@pytest.mark.parametrize("text", ["", "2026-03-15T12:00:00", "2026-03-15T13:00:00+01:00", "2026-02-30T12:00:00Z", "gisteren"])
def test_a_signing_time_that_is_not_a_moment_in_utc_is_refused(text: str) -> None:
    assert refusal(changed(lambda r: setattr(find(r, "SigningTime", XADES), "text", text))) is Code.XADES


def test_a_certificate_that_can_not_be_read_is_refused() -> None:
    def change(root: etree._Element) -> None:
        find(root, "X509Certificate").text = base64.b64encode(b"no certificate").decode()
        digest = find(find(root, "CertDigest", XADES), "DigestValue")
        digest.text = base64.b64encode(hashlib.sha256(b"no certificate").digest()).decode()

    assert refusal(changed(change)) is Code.UNTRUSTED


def test_a_document_type_is_refused() -> None:
    assert refusal(re.sub(rb"\A<\?xml[^>]*>", b'<!DOCTYPE a [<!ENTITY b "c">]>', RECEIPT)) is Code.DTD


def test_a_comment_can_not_split_what_a_reader_sees() -> None:
    split = RECEIPT.replace(b"NIHII-PROT_ACC=72090103<", b"NIHII-PROT_ACC=72<!-- x -->090103<")
    assert split != RECEIPT
    content = verify(split).content
    assert content.findtext(f"{DOCUMENT}Bewijs/{DOCUMENT}Afzender") == "NIHII-PROT_ACC=72090103"


def test_the_digest_named_is_sha256() -> None:
    assert {e.get("Algorithm") for e in etree.fromstring(RECEIPT).iter(f"{{{DS}}}DigestMethod")} == {SHA256}


def made(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Signer:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return Signer(key=key, certificate=certificate)
