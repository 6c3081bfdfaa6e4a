"""Algorithm confusion: what the message says it was signed with is not what a verifier may use."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml.etree import _Element as Element

from gateway.trust.signing import Signer
from gateway.wire.names import C14N, DS, ECDSA_SHA256, EXC_C14N, RSA_SHA256
from tests.hostile.case import Case, answers, cases
from tests.hostile.context import ATTACKER, VICTIM, Context
from tests.hostile.forge import C14N11, Draft, Ref, draft, good, swap, xml

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
MORE7 = "http://www.w3.org/2007/05/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
_PUBLIC = PublicFormat.SubjectPublicKeyInfo


def signed(method: str, value: Callable[[Signer, bytes], bytes] | None = None, who: str = VICTIM) -> Callable[[Context], bytes]:
    """A message with this SignatureMethod, and a value made for it."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx, signer=ctx.signer(who))
        made.sign(method=method, value=None if value is None else lambda octets: value(made.signer, octets))
        return made.octets()

    return make


def edited(edit: Callable[[Element], None], **options: Any) -> Callable[[Context], bytes]:
    """A message whose SignedInfo was changed before it was truly signed."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign(edit=edit, **options)
        return made.octets()

    return make


def digested(method: str | Element) -> Callable[[Context], bytes]:
    """A message all of whose references have this DigestMethod, and true digests."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign([Ref(uri=r.uri, octets=r.octets, digest_method=method) for r in made.refs()])
        return made.octets()

    return make


def mac(key: Callable[[Signer], bytes], digest: str) -> Callable[[Signer, bytes], bytes]:
    return lambda signer, octets: hmac.new(key(signer), octets, digest).digest()


def rsa_pkcs1(digest: hashes.HashAlgorithm) -> Callable[[Signer, bytes], bytes]:
    def value(signer: Signer, octets: bytes) -> bytes:
        assert isinstance(signer.key, rsa.RSAPrivateKey)
        return signer.key.sign(octets, padding.PKCS1v15(), digest)

    return value


def rsa_pss(digest: hashes.HashAlgorithm, salt: int) -> Callable[[Signer, bytes], bytes]:
    def value(signer: Signer, octets: bytes) -> bytes:
        assert isinstance(signer.key, rsa.RSAPrivateKey)
        return signer.key.sign(octets, padding.PSS(padding.MGF1(digest), salt), digest)

    return value


@cache
def _curve_signer(ctx_mint: Any, curve: ec.EllipticCurve) -> Signer:
    from tests.hostile.attacks.identity import FACILITY

    return ctx_mint.signer(FACILITY, key=ec.generate_private_key(curve))


def curve(chosen: ec.EllipticCurve, digest: hashes.HashAlgorithm | None = None) -> Callable[[Context], bytes]:
    """A message truly signed with a certified key on this curve."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx, signer=_curve_signer(ctx.mint, chosen))
        if digest is not None:
            made.sign(method=f"{MORE}ecdsa-{digest.name}")
        else:
            made.sign()
        return made.octets()

    return make


def truncated_mac(ctx: Context) -> bytes:
    """CVE-2009-0217: the MAC's length is the attacker's to choose."""
    made = draft(ctx)
    child = xml(f'<ds:HMACOutputLength xmlns:ds="{DS}">1</ds:HMACOutputLength>')
    made.sign(method=f"{DS}hmac-sha1", value=lambda _: b"\x00", edit=lambda info: info[1].append(child))
    return made.octets()


def with_output_length(bits: str) -> Callable[[Element], None]:
    return lambda info: info[1].append(xml(f'<ds:HMACOutputLength xmlns:ds="{DS}">{bits}</ds:HMACOutputLength>'))


_KEYS: dict[str, Callable[[Signer], bytes]] = {
    "cert-der": lambda s: s.der,
    "cert-pem": lambda s: s.certificate.public_bytes(Encoding.PEM),
    "spki-der": lambda s: s.certificate.public_key().public_bytes(Encoding.DER, _PUBLIC),
    "spki-pem": lambda s: s.certificate.public_key().public_bytes(Encoding.PEM, _PUBLIC),
    "pkcs1-der": lambda s: s.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1),
    "modulus": lambda s: s.certificate.public_key().public_numbers().n.to_bytes(256, "big"),  # type: ignore[union-attr]
    "empty": lambda _: b"",
}
_MACS = tuple(
    Case(
        id=f"hmac-{name}-{key}",
        title=f"{name} keyed with the victim's {key}",
        kind="algorithm confusion (CVE-2025-48994)",
        make=signed(uri, mac(_KEYS[key], digest)),
        expect=answers("TRUST-003"),
    )
    for key in _KEYS
    for name, uri, digest in (
        ("sha1", f"{DS}hmac-sha1", "sha1"),
        ("sha256", f"{MORE}hmac-sha256", "sha256"),
        ("sha512", f"{MORE}hmac-sha512", "sha512"),
    )
)
_METHODS = cases(
    "algorithm confusion",
    ("hmac-truncated", "a MAC of one bit", truncated_mac, "TRUST-003"),
    ("output-length-rsa", "HMACOutputLength beside RSA", edited(with_output_length("0")), "TRUST-003 TRUST-002"),
    ("none", "no algorithm at all", signed("none", lambda *_: b"x"), "TRUST-003"),
    ("none-empty", "an empty name", signed("", lambda *_: b"x"), "TRUST-003"),
    ("none-urn", "urn:none", signed("urn:none", lambda *_: b"x"), "TRUST-003"),
    ("none-absent", "no Algorithm attribute", edited(lambda info: info[1].attrib.pop("Algorithm")), "TRUST-003"),
    ("none-prefixed", "ds:Algorithm in place of Algorithm", edited(lambda info: (info[1].set(f"{{{DS}}}Algorithm", info[1].attrib.pop("Algorithm")))), "TRUST-003"),
    ("rsa-md5", "RSA with MD5", signed(f"{MORE}rsa-md5", rsa_pkcs1(hashes.MD5())), "TRUST-003"),
    ("rsa-sha1", "RSA with SHA-1", signed(f"{DS}rsa-sha1", rsa_pkcs1(hashes.SHA1())), "TRUST-003"),
    ("rsa-sha224", "RSA with SHA-224", signed(f"{MORE}rsa-sha224", rsa_pkcs1(hashes.SHA224())), "TRUST-003"),
    ("rsa-sha384", "RSA with SHA-384", signed(f"{MORE}rsa-sha384", rsa_pkcs1(hashes.SHA384())), "TRUST-003"),
    ("rsa-sha512", "RSA with SHA-512", signed(f"{MORE}rsa-sha512", rsa_pkcs1(hashes.SHA512())), "TRUST-003"),
    ("rsa-ripemd", "RSA with RIPEMD-160", signed(f"{MORE}rsa-ripemd160"), "TRUST-003"),
    ("rsa-sha1-as-sha256", "a SHA-1 value under the SHA-256 name", signed(RSA_SHA256, rsa_pkcs1(hashes.SHA1())), "TRUST-006"),
    ("rsa-sha512-as-sha256", "a SHA-512 value under the SHA-256 name", signed(RSA_SHA256, rsa_pkcs1(hashes.SHA512())), "TRUST-006"),
    ("pss", "RSA-PSS", signed(f"{MORE7}sha256-rsa-MGF1", rsa_pss(hashes.SHA256(), 32)), "TRUST-003"),
    ("pss-salt-0", "RSA-PSS without salt", signed(f"{MORE7}sha256-rsa-MGF1", rsa_pss(hashes.SHA256(), 0)), "TRUST-003"),
    ("pss-salt-200", "RSA-PSS with a long salt", signed(f"{MORE7}rsa-pss", rsa_pss(hashes.SHA256(), 200)), "TRUST-003"),
    ("pss-sha1", "RSA-PSS with SHA-1", signed(f"{MORE7}sha1-rsa-MGF1", rsa_pss(hashes.SHA1(), 20)), "TRUST-003"),
    ("pss-as-pkcs1", "a PSS value under the PKCS#1 name", signed(RSA_SHA256, rsa_pss(hashes.SHA256(), 32)), "TRUST-006"),
    ("pss-parameters", "PSS parameters inside the PKCS#1 method", edited(lambda info: info[1].append(xml(f'<p:RSAPSSParams xmlns:p="{MORE7}"><p:SaltLength>0</p:SaltLength></p:RSAPSSParams>'))), "TRUST-003 TRUST-002"),
    ("dsa", "DSA with SHA-1", signed(f"{DS}dsa-sha1"), "TRUST-003"),
    ("eddsa", "Ed25519", signed("http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"), "TRUST-003"),
    ("ecdsa-with-rsa", "ECDSA named, RSA key", signed(ECDSA_SHA256), "TRUST-003"),
    ("rsa-with-ec", "RSA named, EC key", signed(RSA_SHA256, who=ATTACKER), "TRUST-003"),
    ("ecdsa-sha1", "ECDSA with SHA-1", signed(f"{MORE}ecdsa-sha1", who=ATTACKER), "TRUST-003"),
    ("ecdsa-sha512", "ECDSA with SHA-512", signed(f"{MORE}ecdsa-sha512", who=ATTACKER), "TRUST-003"),
    ("upper-case", "the right name in upper case", signed(RSA_SHA256.upper(), rsa_pkcs1(hashes.SHA256())), "TRUST-003"),
    ("trailing-space", "the right name and a space", signed(f"{RSA_SHA256} ", rsa_pkcs1(hashes.SHA256())), "TRUST-003"),
    ("trailing-line", "the right name and a line end", edited(lambda info: info[1].set("Algorithm", RSA_SHA256 + "\n")), "TRUST-003"),
    ("percent", "the right name, percent-encoded", signed(RSA_SHA256.replace("#", "%23"), rsa_pkcs1(hashes.SHA256())), "TRUST-003"),
    ("https", "the right name under https", signed(RSA_SHA256.replace("http:", "https:"), rsa_pkcs1(hashes.SHA256())), "TRUST-003"),
    ("two-methods", "two SignatureMethods", edited(lambda info: info.insert(2, xml(f'<ds:SignatureMethod xmlns:ds="{DS}" Algorithm="{DS}hmac-sha1"/>'))), "TRUST-002"),
    ("no-method", "no SignatureMethod", edited(lambda info: info.remove(info[1])), "TRUST-002"),
    ("changed-method", "the method changed after signing", lambda ctx: swap(good(ctx), RSA_SHA256, ECDSA_SHA256), "TRUST-003"),
)  # fmt: skip
_CURVES = cases(
    "weak or foreign curve",
    ("curve-k256", "secp256k1", curve(ec.SECP256K1()), "TRUST-021"),
    ("curve-p521", "P-521", curve(ec.SECP521R1()), "TRUST-021"),
    ("curve-p224", "P-224", curve(ec.SECP224R1()), "TRUST-021"),
    ("curve-brainpool", "brainpoolP256r1", curve(ec.BrainpoolP256R1()), "TRUST-021"),
    ("curve-p384-sha384", "P-384 with SHA-384", curve(ec.SECP384R1(), hashes.SHA384()), "TRUST-003"),
)
_DIGESTS = tuple(
    Case(
        id=f"digest-{name}",
        title=f"digests by {title}",
        kind="algorithm confusion",
        make=digested(uri),
        expect=answers("TRUST-003"),
    )
    for name, title, uri in (
        ("md5", "MD5", f"{MORE}md5"),
        ("sha1", "SHA-1", f"{DS}sha1"),
        ("sha224", "SHA-224", f"{MORE}sha224"),
        ("sha384", "SHA-384", f"{MORE}sha384"),
        ("sha512", "SHA-512", f"{ENC}sha512"),
        ("ripemd", "RIPEMD-160", f"{ENC}ripemd160"),
        ("empty", "nothing", ""),
        ("none", "none", "none"),
        ("upper", "SHA-256 in upper case", f"{ENC}SHA256"),
        ("sha3", "SHA3-256", f"{MORE7}sha3-256"),
    )
)
_DIGEST_SHAPES = cases(
    "algorithm confusion",
    ("digest-child", "a child of DigestMethod", digested(xml(f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{ENC}sha256"><x/></ds:DigestMethod>')), "TRUST-003 TRUST-002"),
    ("digest-absent", "no Algorithm on DigestMethod", digested(xml(f'<ds:DigestMethod xmlns:ds="{DS}"/>')), "TRUST-003 TRUST-002"),
)  # fmt: skip


def _c14n(uri: str) -> Callable[[Context], bytes]:
    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign(c14n=uri)
        return made.octets()

    return make


def _c14n_transform(uri: str) -> Callable[[Context], bytes]:
    def make(ctx: Context) -> bytes:
        from tests.hostile.forge import canonical

        made: Draft = draft(ctx)
        refs = [
            Ref(uri=r.uri, octets=canonical(part, uri), transforms=(uri,))
            for r, part in zip(made.refs(), made.parts, strict=True)
        ]
        made.sign(refs)
        return made.octets()

    return make


_CANONICAL = tuple(
    Case(
        id=f"c14n-{where}-{name}",
        title=f"{title} as {where}",
        kind="canonicalisation method (CVE-2013-2172)",
        make=make(uri),
        expect=answers("TRUST-003"),
    )
    for where, make in (("method", _c14n), ("transform", _c14n_transform))
    for name, title, uri in (
        ("inclusive", "inclusive C14N", C14N),
        ("inclusive-comments", "inclusive C14N with comments", f"{C14N}#WithComments"),
        ("11", "C14N 1.1", C14N11),
        ("11-comments", "C14N 1.1 with comments", f"{C14N11}#WithComments"),
        ("exclusive-comments", "exclusive C14N with comments", f"{EXC_C14N}WithComments"),
        ("2", "C14N 2.0", "http://www.w3.org/2010/xml-c14n2"),
        ("minimal", "the minimal canonicalisation of 2000", f"{DS}minimal"),
        ("base64", "base64", f"{DS}base64"),
        ("xpath", "XPath", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ("xslt", "XSLT", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("empty", "nothing", ""),
    )
)

CASES: tuple[Case, ...] = _MACS + _METHODS + _CURVES + _DIGESTS + _DIGEST_SHAPES + _CANONICAL
