"""KeyInfo tricks: the key that verifies is not the key of the certificate that is trusted."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from gateway.trust.signing import Signer
from gateway.wire.names import BASE64_BINARY, DS, RSA_SHA256, WSSE, WSU, X509_V3, q
from tests.hostile.case import Case, cases
from tests.hostile.context import ATTACKER, VICTIM, Context
from tests.hostile.forge import WSU_ID, Draft, b64, draft, good, swap, xml

X509_TOKEN = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0"
DSIG11 = "http://www.w3.org/2009/xmldsig11#"


def evil_key(ctx: Context) -> Signer:
    """The attacker's own RSA key under the victim's certificate."""
    return Signer(key=ctx.signer("facility-ibw-1-renewed").key, certificate=ctx.signer(VICTIM).certificate)


def key_info(text: str, *, signer: str | None = None) -> Callable[[Context], bytes]:
    """A message with this KeyInfo; `{...}` are filled with the attacker's key in the given form.

    Args:
        signer: sample that truly signs; by default the attacker's key under the victim's token.
    """

    def make(ctx: Context) -> bytes:
        who = evil_key(ctx) if signer is None else ctx.signer(signer)
        made = draft(ctx, signer=who)
        made.sign(key_info=xml(_fill(text, ctx, made)))
        return made.octets()

    return make


def _fill(text: str, ctx: Context, made: Draft) -> str:
    attacker = ctx.signer("facility-ibw-1-renewed")
    public = attacker.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    numbers = public.public_numbers()
    values = {
        "modulus": b64(numbers.n.to_bytes(256, "big")),
        "exponent": b64(numbers.e.to_bytes(3, "big")),
        "spki": b64(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        "certificate": b64(attacker.der),
        "victim": b64(ctx.signer(VICTIM).der),
        "token": made.token.get(WSU_ID, ""),
        "canary": ctx.canary,
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return f'<ds:KeyInfo xmlns:ds="{DS}" xmlns:wsse="{WSSE}" xmlns:dsig11="{DSIG11}">{text}</ds:KeyInfo>'


_RSA = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>{exponent}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
_STR = f'<wsse:SecurityTokenReference><wsse:Reference URI="#{{token}}" ValueType="{X509_V3}"/></wsse:SecurityTokenReference>'
_X509 = "<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>"


def _str(inner: str) -> str:
    return f"<wsse:SecurityTokenReference>{inner}</wsse:SecurityTokenReference>"


def _identifier(kind: str, text: str, encoding: str = BASE64_BINARY) -> str:
    return _str(f'<wsse:KeyIdentifier ValueType="{kind}" EncodingType="{encoding}">{text}</wsse:KeyIdentifier>')


_FORMS = cases(
    "KeyInfo",
    ("key-value", "KeyValue in place of the token reference", key_info(_RSA), "TRUST-002"),
    ("key-value-first", "KeyValue before the token reference", key_info(_RSA + _STR), "TRUST-002"),
    ("key-value-after", "KeyValue after the token reference", key_info(_STR + _RSA), "TRUST-002"),
    ("key-value-inside", "KeyValue inside the token reference", key_info(_str(_RSA)), "TRUST-002"),
    ("der-key", "DEREncodedKeyValue", key_info("<dsig11:DEREncodedKeyValue>{spki}</dsig11:DEREncodedKeyValue>"), "TRUST-002"),
    ("ec-key", "ECKeyValue with its own curve", key_info("<ds:KeyValue><dsig11:ECKeyValue><dsig11:ECParameters/></dsig11:ECKeyValue></ds:KeyValue>"), "TRUST-002"),
    ("key-name", "KeyName", key_info("<ds:KeyName>facility-ibw-1</ds:KeyName>", signer=VICTIM), "TRUST-002"),
    ("key-name-and", "KeyName beside the token reference", key_info("<ds:KeyName>x</ds:KeyName>" + _STR, signer=VICTIM), "TRUST-002"),
    ("retrieval", "RetrievalMethod at an address", key_info('<ds:RetrievalMethod URI="{canary}/key"/>'), "TRUST-002"),
    ("retrieval-xslt", "RetrievalMethod with a transform (CVE-2021-40690)", key_info('<ds:RetrievalMethod URI="#{token}"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>document("file:///etc/passwd")</ds:XPath></ds:Transform></ds:Transforms></ds:RetrievalMethod>'), "TRUST-002"),
    ("key-info-reference", "KeyInfoReference", key_info('<dsig11:KeyInfoReference URI="{canary}/key"/>'), "TRUST-002"),
    ("x509-data", "X509Data of the attacker", key_info(_X509), "TRUST-002"),
    ("x509-data-and", "X509Data of the attacker after the token reference", key_info(_STR + _X509), "TRUST-002"),
    ("x509-data-inside", "X509Data of the attacker inside the token reference", key_info(_str(_X509)), "TRUST-002"),
    ("x509-data-victim", "X509Data of the victim, the attacker's signature", key_info("<ds:X509Data><ds:X509Certificate>{victim}</ds:X509Certificate></ds:X509Data>"), "TRUST-002"),
    ("x509-subject", "X509SubjectName", key_info("<ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName></ds:X509Data>", signer=VICTIM), "TRUST-002"),
    ("pgp", "PGPData", key_info("<ds:PGPData><ds:PGPKeyID>AA==</ds:PGPKeyID></ds:PGPData>", signer=VICTIM), "TRUST-002"),
    ("spki-data", "SPKIData", key_info("<ds:SPKIData><ds:SPKISexp>AA==</ds:SPKISexp></ds:SPKIData>", signer=VICTIM), "TRUST-002"),
    ("mgmt", "MgmtData", key_info("<ds:MgmtData>x</ds:MgmtData>", signer=VICTIM), "TRUST-002"),
    ("encrypted-key", "EncryptedKey", key_info('<x:EncryptedKey xmlns:x="http://www.w3.org/2001/04/xmlenc#"/>', signer=VICTIM), "TRUST-002"),
    ("derived-key", "DerivedKeyToken (CVE-2026-85532)", key_info('<w:DerivedKeyToken xmlns:w="http://docs.oasis-open.org/ws-sx/ws-secureconversation/200512"><w:Length>2147483647</w:Length></w:DerivedKeyToken>', signer=VICTIM), "TRUST-002"),
    ("empty-key-info", "an empty KeyInfo", key_info("", signer=VICTIM), "TRUST-002"),
    ("two-references", "two token references", key_info(_STR + _STR, signer=VICTIM), "TRUST-002"),
    ("empty-reference", "an empty token reference", key_info(_str(""), signer=VICTIM), "TRUST-002"),
    ("nested-reference", "a token reference in a token reference", key_info(_str(_STR), signer=VICTIM), "TRUST-002"),
    ("embedded", "an embedded token", key_info(_str(f'<wsse:Embedded><wsse:BinarySecurityToken ValueType="{X509_V3}">{{certificate}}</wsse:BinarySecurityToken></wsse:Embedded>')), "TRUST-002"),
    ("reference-child", "a child of Reference", key_info(_str('<wsse:Reference URI="#{token}"><x/></wsse:Reference>'), signer=VICTIM), "TRUST-002"),
    ("reference-elsewhere", "a Reference at an address", key_info(_str('<wsse:Reference URI="{canary}/token"/>'), signer=VICTIM), "TRUST-002"),
    ("reference-nothing", "a Reference at nothing", key_info(_str('<wsse:Reference URI="#nothing"/>'), signer=VICTIM), "TRUST-002"),
    ("reference-empty", "a Reference with an empty URI", key_info(_str('<wsse:Reference URI=""/>'), signer=VICTIM), "TRUST-002"),
    ("reference-none", "a Reference without URI", key_info(_str("<wsse:Reference/>"), signer=VICTIM), "TRUST-002"),
    ("reference-type", "a Reference of another ValueType", key_info(_str('<wsse:Reference URI="#{token}" ValueType="urn:evil"/>'), signer=VICTIM), "TRUST-002"),
    ("reference-saml", "a Reference that says SAML", key_info(_str('<wsse:Reference URI="#{token}" ValueType="http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertion-1.1"/>'), signer=VICTIM), "TRUST-002"),
    ("identifier-unknown", "a subject key identifier of nobody", key_info(_identifier(f"{X509_TOKEN}#X509SubjectKeyIdentifier", "AAAA"), signer=VICTIM), "TRUST-002 TRUST-026"),
    ("identifier-empty", "an empty subject key identifier", key_info(_identifier(f"{X509_TOKEN}#X509SubjectKeyIdentifier", ""), signer=VICTIM), "TRUST-002 TRUST-026"),
    ("identifier-certificate", "the attacker's certificate as key identifier", key_info(_identifier(X509_V3, "{certificate}")), "TRUST-002 TRUST-026 TRUST-006"),
    ("identifier-thumbprint", "a thumbprint of nobody", key_info(_identifier("http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1", "AAAA"), signer=VICTIM), "TRUST-002 TRUST-026"),
    ("identifier-hex", "a key identifier in hexadecimal", key_info(_identifier(f"{X509_TOKEN}#X509SubjectKeyIdentifier", "00", "urn:hex"), signer=VICTIM), "TRUST-002 TRUST-026"),
    ("identifier-saml", "an assertion that is not there", key_info(_identifier("http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID", "_x"), signer=VICTIM), "TRUST-002 TRUST-027"),
    ("issuer-serial", "issuer and serial of nobody", key_info(_str("<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"), signer=VICTIM), "TRUST-002 TRUST-026"),
    ("issuer-serial-huge", "a serial of a million digits", key_info(_str(f"<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>{'9' * 1_000_000}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"), signer=VICTIM), "TRUST-002 TRUST-026"),
    ("issuer-serial-text", "a serial that is no number", key_info(_str("<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1e9</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"), signer=VICTIM), "TRUST-002 TRUST-026"),
    ("wsu-key-info", "KeyInfo in another namespace", lambda ctx: swap(good(ctx), "<ds:KeyInfo", f'<ds:KeyInfo xmlns:ds="{WSU}"').replace(b"</ds:KeyInfo>", b"</ds:KeyInfo>"), "TRUST-002"),
)  # fmt: skip


def two_key_infos(ctx: Context) -> bytes:
    made = draft(ctx)
    signature = made.sign()
    signature.append(xml(_fill(_X509, ctx, made)))
    return made.octets()


def no_key_info(ctx: Context) -> bytes:
    made = draft(ctx)
    signature = made.sign()
    signature.remove(signature[2])
    return made.octets()


def two_tokens(first: str, second: str, pointed: int) -> Callable[[Context], bytes]:
    """Two tokens; the victim's reference points at one of them, the attacker signs."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx, signer=ctx.signer(first))
        extra = deepcopy(made.token)
        extra.set(WSU_ID, "X509-second")
        extra.text = b64(ctx.signer(second).der)
        made.security.insert(1, extra)
        chosen = (made.token, extra)[pointed]
        made.sign(key_info=made.direct_reference(f"#{chosen.get(WSU_ID)}"))
        return made.octets()

    return make


def other_token(signer: str, token: str, *, method: str | None = None) -> Callable[[Context], bytes]:
    """One party's key, another party's token, everything signed as it stands."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx, signer=ctx.signer(signer))
        made.token.text = b64(ctx.signer(token).der)
        made.sign(method=method)
        return made.octets()

    return make


def points_at(which: str) -> Callable[[Context], bytes]:
    """The key reference points at another element of the message."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        target = {"timestamp": made.timestamp, "body": made.body}[which]
        made.sign(key_info=made.direct_reference(f"#{target.get(WSU_ID)}"))
        return made.octets()

    return make


def token_in_header(ctx: Context) -> bytes:
    made = draft(ctx)
    made.sign()
    made.header.append(made.token)
    return made.octets()


def token_in_key_info(ctx: Context) -> bytes:
    made = draft(ctx)
    signature = made.sign()
    signature[2][0].append(made.token)
    return made.octets()


def no_token(ctx: Context) -> bytes:
    made = draft(ctx)
    made.sign()
    made.security.remove(made.token)
    return made.octets()


def token_without_id(ctx: Context) -> bytes:
    made = draft(ctx)
    del made.token.attrib[WSU_ID]
    made.sign(made.refs()[:2], key_info=made.direct_reference("#None"))
    return made.octets()


def username_token(ctx: Context) -> bytes:
    made = draft(ctx)
    extra = etree.SubElement(made.security, q(WSSE, "UsernameToken"))
    etree.SubElement(extra, q(WSSE, "Username")).text = "admin"
    made.sign()
    return made.octets()


_TOKENS = cases(
    "KeyInfo",
    ("two-key-infos", "two KeyInfo", two_key_infos, "TRUST-002"),
    ("no-key-info", "no KeyInfo", no_key_info, "TRUST-002"),
    ("two-tokens-first", "two tokens, the reference at the victim's, the attacker signs", two_tokens(VICTIM, "facility-ibw-1-renewed", 0), "TRUST-002"),
    ("two-tokens-second", "two tokens, the reference at the second", two_tokens("facility-ibw-1-renewed", VICTIM, 1), "TRUST-002"),
    ("two-tokens-same", "the same token twice", two_tokens(VICTIM, VICTIM, 1), "TRUST-002"),
    ("other-token", "the victim's token, the attacker's key", other_token("facility-ibw-1-renewed", VICTIM), "TRUST-006"),
    ("other-token-reversed", "the attacker's token, the victim's key", other_token(VICTIM, "facility-wzc-1"), "TRUST-006"),
    ("other-token-ec", "the victim's RSA token, the attacker's EC signature", other_token(ATTACKER, VICTIM, method=RSA_SHA256), "TRUST-006"),
    ("other-token-ec-named", "the same, and ECDSA named", other_token(ATTACKER, VICTIM), "TRUST-003"),
    ("gateway-token", "the gateway's own certificate as token", other_token(VICTIM, "gateway"), "TRUST-006"),
    ("zorgkas-token", "a zorgkas's certificate as token", other_token(VICTIM, "zorgkas-180"), "TRUST-006"),
    ("points-at-timestamp", "the key reference points at the Timestamp", points_at("timestamp"), "TRUST-002"),
    ("points-at-body", "the key reference points at the Body", points_at("body"), "TRUST-002"),
    ("token-in-header", "the token outside Security", token_in_header, "TRUST-002"),
    ("token-in-key-info", "the token inside KeyInfo", token_in_key_info, "TRUST-002 TRUST-004"),
    ("no-token", "no token", no_token, "TRUST-002 TRUST-004"),
    ("token-without-id", "a token without id, and a reference to #None", token_without_id, "TRUST-002 TRUST-004"),
    ("username-token", "a UsernameToken beside the certificate", username_token, "TRUST-002"),
)  # fmt: skip

CASES: tuple[Case, ...] = _FORMS + _TOKENS
