"""Comments, CDATA and processing instructions that make one reader see less text than another (Duo, 2018)."""

from __future__ import annotations

from collections.abc import Callable

from gateway.wire.names import SOAP
from tests.hostile.case import Case, cases
from tests.hostile.context import ATTACKER, Context
from tests.hostile.forge import IBW1, IBW2, PERSONS, ask, good, swap

KIND = "text splitting (CVE-2018-0489 class)"


def after(old: str, new: str) -> Callable[[Context], bytes]:
    """Change a signed text after signing."""
    return lambda ctx: swap(good(ctx), old, new)


def signed_by_attacker(riziv_text: str) -> Callable[[Context], bytes]:
    """The attacker truly signs a question whose sender another reader takes for the victim.

    The text is put in by its octets, as an element tree would escape it; comments are no part of what is signed.
    """

    def make(ctx: Context) -> bytes:
        bare = riziv_text
        for begin, end in (("<!--", "-->"), ("<?", "?>")):
            while begin in bare:
                head, _, rest = bare.partition(begin)
                bare = head + rest.partition(end)[2]
        message = good(ctx, ask(ctx, bare.replace("<![CDATA[", "").replace("]]>", "")), ctx.signer(ATTACKER))
        return swap(
            message, f"<c:RizivNummer>{bare.replace('<![CDATA[', '').replace(']]>', '')}<", f"<c:RizivNummer>{riziv_text}<"
        )

    return make


def split_digest(ctx: Context) -> bytes:
    message = good(ctx)
    head, _, tail = message.partition(b"<ds:DigestValue>")
    true, _, rest = tail.partition(b"<")
    return swap(head + b"<ds:DigestValue>AAAA<!--" + true + b"-->" + b"A" * 40 + b"<" + rest, "ZorgSoft", "EvilSoft")


def split_digest_first(ctx: Context) -> bytes:
    message = good(ctx)
    return swap(swap(message, b"<ds:DigestValue>", b"<ds:DigestValue><!--forged-->"), "ZorgSoft", "EvilSoft")


def split_digest_cdata(ctx: Context) -> bytes:
    message = good(ctx)
    head, _, tail = message.partition(b"<ds:DigestValue>")
    true, _, rest = tail.partition(b"<")
    return swap(head + b"<ds:DigestValue><![CDATA[" + true + b"]]>AA<" + rest, "ZorgSoft", "EvilSoft")


_COMMENTS = cases(
    KIND,
    ("comment-changed-sender", "another number before a comment", after(IBW1, f"{IBW2}<!---->"), "TRUST-005"),
    ("comment-cut-number", "digits of the person moved into a comment", after(PERSONS["els"], f"{PERSONS['els'][:5]}<!--{PERSONS['els'][5:]}-->"), "TRUST-005"),
    ("comment-other-person", "another person, the signed one in a comment", after(PERSONS["els"], f"{PERSONS['bert']}<!--{PERSONS['els']}-->"), "TRUST-005"),
    ("comment-element", "a signed element commented out", lambda ctx: swap(swap(good(ctx), "<c:Naam>", "<!--<c:Naam>"), "</c:Naam>", "</c:Naam>-->"), "TRUST-005"),
    ("comment-added-text", "text added behind a comment", after("ZorgSoft", "ZorgSoft<!---->x"), "TRUST-005"),
    ("comment-sender-tail", "the attacker signs the victim's number, a comment, and a tail", signed_by_attacker(f"{IBW1}<!---->1"), "SCHEMA-001"),
    ("comment-sender-head", "the attacker signs a digit, a comment, and the victim's number", signed_by_attacker(f"1<!---->{IBW1}"), "SCHEMA-001"),
    ("comment-sender-middle", "the victim's number cut by a comment", signed_by_attacker(f"{IBW1[:8]}<!---->{IBW1[8:]}"), "TRUST-015"),
    ("comment-sender-both", "the attacker's number, a comment, the victim's", signed_by_attacker(f"{IBW2}<!---->{IBW1}"), "SCHEMA-001"),
    ("comment-nested", "a comment within a comment", after("ZorgSoft", "Zorg<!-- <!-- -->Soft"), "WIRE-001"),
    ("comment-open", "a comment that never ends", after("<c:Naam>", "<!--<c:Naam>"), "WIRE-001"),
    ("comment-security", "the Security header commented out", lambda ctx: swap(swap(good(ctx), "<wsse:Security", "<!--<wsse:Security"), "</wsse:Security>", "</wsse:Security>-->"), "TRUST-001"),
)  # fmt: skip
_CDATA = cases(
    KIND,
    ("cdata-changed-sender", "another number in CDATA", after(IBW1, f"<![CDATA[{IBW2}]]>"), "TRUST-005"),
    ("cdata-added", "the signed number and more CDATA", after(PERSONS["els"], f"{PERSONS['els']}<![CDATA[0]]>"), "TRUST-005"),
    ("cdata-sender", "the attacker signs the victim's number and CDATA", signed_by_attacker(f"{IBW1}<![CDATA[1]]>"), "SCHEMA-001"),
    ("cdata-sender-whole", "the attacker signs the victim's number as CDATA", signed_by_attacker(f"<![CDATA[{IBW1}]]>"), "TRUST-015"),
    ("cdata-markup", "markup hidden in CDATA", after("<c:Naam>ZorgSoft</c:Naam>", "<![CDATA[<c:Naam>ZorgSoft</c:Naam>]]>"), "TRUST-005"),
    ("cdata-open", "CDATA that never ends", after("ZorgSoft", "<![CDATA[ZorgSoft"), "WIRE-001"),
    ("cdata-envelope", "the whole Body in CDATA", lambda ctx: swap(swap(good(ctx), "<RaadplegenRequest", "<![CDATA[<RaadplegenRequest"), "</RaadplegenRequest>", "</RaadplegenRequest>]]>"), "WIRE-006"),
)  # fmt: skip
_INSTRUCTIONS = cases(
    KIND,
    ("pi-changed-sender", "another number before an instruction", after(IBW1, f"{IBW2}<?x?>"), "WIRE-015"),
    ("pi-in-number", "an instruction within a number", after(IBW1, f"{IBW1[:6]}<?x?>{IBW1[6:]}"), "WIRE-015"),
    ("pi-in-digest", "an instruction in DigestValue", after("<ds:DigestValue>", "<ds:DigestValue><?x?>"), "WIRE-015"),
    ("pi-in-token", "an instruction in the token", after("MII", "M<?x?>II"), "WIRE-015"),
    ("pi-in-timestamp", "an instruction in Created", after("<wsu:Created>", "<wsu:Created><?x?>"), "WIRE-015"),
    ("pi-stylesheet", "a stylesheet (CVE-2024-29736 class)", after("?>\n", '?>\n<?xml-stylesheet type="text/xsl" href="http://127.0.0.1/x.xsl"?>'), "WIRE-015"),
    ("pi-before", "an instruction before the Envelope", after("?>\n", "?>\n<?php system('id') ?>"), "WIRE-015"),
    ("pi-after", "an instruction after the Envelope", lambda ctx: good(ctx) + b"<?x?>", "WIRE-015"),
    ("pi-between", "an instruction between Header and Body", after("<soap:Body", "<?x?><soap:Body"), "WIRE-015"),
    ("pi-xml", "a second XML declaration inside", after("<soap:Body", "<?xml version='1.0'?><soap:Body"), "WIRE-001"),
)  # fmt: skip
_WHITESPACE = cases(
    "changed after signing",
    ("space-added", "a space added", after("</c:Naam>", " </c:Naam>"), "TRUST-005"),
    ("indented", "a line end added between elements", after("<Periode>", "\n<Periode>"), "TRUST-005"),
    ("nbsp", "a no-break space added", after("ZorgSoft", "Zorg\u00a0Soft"), "TRUST-005"),
    ("zero-width", "a zero-width space added", after("ZorgSoft", "Zorg\u200bSoft"), "TRUST-005"),
    ("look-alike", "a Cyrillic letter for a Latin one", after("ZorgSoft", "Z\u043ergSoft"), "TRUST-005"),
    ("composed", "the same letter, otherwise composed", lambda ctx: swap(good(ctx, ask(ctx, attest="VSB-\u00e9")), "VSB-\u00e9", "VSB-e\u0301"), "TRUST-005"),
    ("carriage-return", "a carriage return as reference", after("ZorgSoft", "ZorgSoft&#13;"), "TRUST-005"),
    ("prefix", "a signed prefix renamed", lambda ctx: good(ctx).replace(b"<c:", b"<d:").replace(b"</c:", b"</d:").replace(b"xmlns:c=", b"xmlns:d="), "TRUST-005"),
    ("default-namespace", "a namespace changed", after("urn:vsb-gateway:common:v1", "urn:vsb-gateway:common:v2"), "TRUST-005"),
    ("body-attribute", "an attribute added to the Body", after("<soap:Body ", "<soap:Body evil='1' "), "TRUST-005"),
    ("relative-namespace", "a relative namespace that canonicalisation refuses (CVE-2025-66568)", after("<Hoofding>", '<Hoofding xmlns:b="foo/bar" b:a="1">'), "WIRE-016 TRUST-005"),
    ("relative-namespace-signed-info", "the same in SignedInfo", after("<ds:SignedInfo>", '<ds:SignedInfo xmlns:b="foo/bar" b:a="1">'), "WIRE-016 TRUST-002 TRUST-006"),
    ("empty-namespace", "a child moved out of its namespace", after("<Insz>", '<Insz xmlns="">'), "TRUST-005"),
    ("xml-prefix", "the xml prefix bound to another namespace", after("<Insz>", '<Insz xmlns:xml="urn:evil">'), "WIRE-001"),
    ("xmlns-prefix", "the xmlns prefix declared", after("<Insz>", '<Insz xmlns:xmlns="urn:evil">'), "WIRE-001"),
    ("unbound-prefix", "a prefix nobody declared", after("<Insz>", "<evil:Insz>"), "WIRE-001"),
    ("duplicate-attribute", "an attribute twice", after("<Insz>", '<Insz a="1" a="2">'), "WIRE-001"),
    ("duplicate-expanded", "an attribute twice under two prefixes", after("<Insz>", '<Insz xmlns:p="u" xmlns:r="u" p:a="1" r:a="2">'), "WIRE-001"),
    ("must-understand", "mustUnderstand taken from the Security header, evil one added", after("<soap:Header>", f'<soap:Header><e:evil xmlns:e="urn:e" soap:mustUnderstand="1" xmlns:soap="{SOAP}"/>'), "WIRE-014"),
)  # fmt: skip
_DIGESTS = cases(
    "comment in DigestValue (CVE-2025-29775)",
    ("digest-comment", "the true digest in a comment, the rest forged", split_digest, "TRUST-006 TRUST-005 TRUST-002"),
    ("digest-comment-first", "a forged digest in a comment before the true one", split_digest_first, "TRUST-005"),
    ("digest-cdata", "the true digest in CDATA and more", split_digest_cdata, "TRUST-006 TRUST-002"),
)

CASES: tuple[Case, ...] = _COMMENTS + _CDATA + _INSTRUCTIONS + _WHITESPACE + _DIGESTS
