"""SignedInfo and SignatureValue after signing, odd signature values, and clocks."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta

from lxml import etree
from lxml.etree import _Element as Element

from gateway.trust.algorithms import sign_value
from gateway.wire.build import moment
from gateway.wire.names import DS, EXC_C14N, SHA256, WSU, q
from tests.hostile.case import Case, cases
from tests.hostile.context import ATTACKER, VICTIM, Context
from tests.hostile.forge import WSU_ID, Draft, b64, draft, good, swap, xml

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def later(change: Callable[[Element], None]) -> Callable[[Context], bytes]:
    """A message whose signature element is changed after signing."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        change(made.sign())
        return made.octets()

    return make


def value(change: Callable[[bytes], bytes], who: str = VICTIM) -> Callable[[Context], bytes]:
    """A message whose signature octets are changed."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx, signer=ctx.signer(who))
        made.sign(value=lambda octets: change(sign_value(made.signer.key, octets)))
        return made.octets()

    return make


def value_text(change: Callable[[str], str]) -> Callable[[Context], bytes]:
    def edit(signature: Element) -> None:
        signature[1].text = change(signature[1].text or "")

    return later(edit)


def digest_text(change: Callable[[str], str]) -> Callable[[Context], bytes]:
    """A message truly signed over a first DigestValue of this text."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)

        def edit(info: Element) -> None:
            element = info[2][-1]
            element.text = change(element.text or "")

        made.sign(edit=edit)
        return made.octets()

    return make


def _rs(r: int | None, s: int | None) -> Callable[[bytes], bytes]:
    def change(octets: bytes) -> bytes:
        first = octets[:32] if r is None else r.to_bytes(32, "big")
        return first + (octets[32:] if s is None else s.to_bytes(32, "big"))

    return change


def _der_form(octets: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    return encode_dss_signature(int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big"))


def _swap_digests(signature: Element) -> None:
    first, second = signature[0][2][-1], signature[0][3][-1]
    first.text, second.text = second.text, first.text


def _swap_uris(signature: Element) -> None:
    first, second = signature[0][2], signature[0][3]
    one, two = first.get("URI", ""), second.get("URI", "")
    first.set("URI", two)
    second.set("URI", one)


def _drop_reference(signature: Element) -> None:
    signature[0].remove(signature[0][2])


def _add_type(signature: Element) -> None:
    signature[0][2].set("Type", "urn:evil")


def _add_id(signature: Element) -> None:
    signature[0].set("Id", "SI-1")


def _second_info(signature: Element) -> None:
    extra = xml(etree.tostring(signature[0]).decode())
    signature.insert(0, extra)


def _second_value(signature: Element) -> None:
    signature.insert(1, xml(f'<ds:SignatureValue xmlns:ds="{DS}">AAAA</ds:SignatureValue>'))


def _value_child(signature: Element) -> None:
    etree.SubElement(signature[1], "{urn:evil}x")


def _digest_child(signature: Element) -> None:
    etree.SubElement(signature[0][2][-1], "{urn:evil}x")


def _value_first(signature: Element) -> None:
    signature.insert(0, signature[1])


def _object(signature: Element) -> None:
    etree.SubElement(signature, q(DS, "Object")).text = "x"


def _new_digest(ctx: Context) -> bytes:
    """The Body changed, and its digest with it: only the signature value still knows."""
    made = draft(ctx)
    made.sign()
    from gateway.wire.c14n import exclusive

    for element in made.payload.iter("{*}Insz"):
        element.text = "06062999747"
    import hashlib

    made.security[-1][0][2][-1].text = b64(hashlib.sha256(exclusive(made.body)).digest())
    return made.octets()


def info_edit(edit: Callable[[Element], None]) -> Callable[[Context], bytes]:
    """A message whose SignedInfo has an odd shape, truly signed."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        made.sign(edit=edit)
        return made.octets()

    return make


def clock(created: timedelta, lifetime: timedelta) -> Callable[[Context], bytes]:
    """A message truly signed with this Timestamp."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        begin = ctx.now() + created
        made.timestamp[0].text, made.timestamp[1].text = moment(begin), moment(begin + lifetime)
        made.sign()
        return made.octets()

    return make


def stamp(change: Callable[[Draft], None]) -> Callable[[Context], bytes]:
    """A message whose Timestamp has an odd shape, truly signed."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        change(made)
        made.sign()
        return made.octets()

    return make


def texts(created: str, expires: str) -> Callable[[Context], bytes]:
    def change(made: Draft) -> None:
        made.timestamp[0].text, made.timestamp[1].text = created, expires

    return stamp(change)


def now_as(form: str) -> Callable[[Context], bytes]:
    """The right moment, written in a form that is no xs:dateTime."""

    def make(ctx: Context) -> bytes:
        made = draft(ctx)
        begin = ctx.now()
        made.timestamp[0].text, made.timestamp[1].text = begin.strftime(form), (begin + _MINUTE).strftime(form)
        made.sign()
        return made.octets()

    return make


def _second_stamp(made: Draft) -> None:
    extra = xml(etree.tostring(made.timestamp).decode())
    extra.set(WSU_ID, "TS-second")
    made.security.append(extra)


def _two_created(made: Draft) -> None:
    made.timestamp.insert(0, xml(f'<u:Created xmlns:u="{WSU}">2020-01-01T00:00:00Z</u:Created>'))


def _child_in_created(made: Draft) -> None:
    etree.SubElement(made.timestamp[0], "{urn:evil}x")


_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
_LATER = cases(
    "SignedInfo changed",
    ("digests-swapped", "two digests swapped", later(_swap_digests), "TRUST-006"),
    ("uris-swapped", "two URIs swapped", later(_swap_uris), "TRUST-006"),
    ("reference-dropped", "the Body's reference removed", later(_drop_reference), "TRUST-004"),
    ("type-added", "a Type added", later(_add_type), "TRUST-006"),
    ("id-added", "an Id added", later(_add_id), "TRUST-006"),
    ("new-digest", "Body and digest changed together", _new_digest, "TRUST-006"),
    ("second-info", "two SignedInfo", later(_second_info), "TRUST-002"),
    ("second-value", "two SignatureValues", later(_second_value), "TRUST-002"),
    ("value-first", "SignatureValue before SignedInfo", later(_value_first), "TRUST-002"),
    ("value-child", "an element in SignatureValue", later(_value_child), "TRUST-002"),
    ("digest-element", "an element in DigestValue", later(_digest_child), "TRUST-002 TRUST-006"),
    ("object-added", "an Object added", later(_object), "TRUST-002"),
    ("info-space", "white space added in SignedInfo", lambda ctx: swap(good(ctx), "<ds:SignatureMethod", "\n<ds:SignatureMethod"), "TRUST-006"),
    ("info-prefix", "the signature's prefix changed", lambda ctx: good(ctx).replace(b"<ds:", b"<sig:").replace(b"</ds:", b"</sig:").replace(b"xmlns:ds=", b"xmlns:sig="), "TRUST-006"),
    ("info-namespace", "another namespace for the signature", lambda ctx: good(ctx).replace(DS.encode(), b"urn:evil"), "TRUST-001 TRUST-002"),
    ("digest-method-changed", "the digest method changed", lambda ctx: swap(good(ctx), SHA256, "http://www.w3.org/2001/04/xmlenc#sha512"), "TRUST-003"),
    ("c14n-changed", "the canonicalisation changed", lambda ctx: swap(good(ctx), f'CanonicalizationMethod Algorithm="{EXC_C14N}"', f'CanonicalizationMethod Algorithm="{EXC_C14N}WithComments"'), "TRUST-003"),
)  # fmt: skip
_DIGESTS = cases(
    "DigestValue",
    ("digest-empty", "empty", digest_text(lambda _: ""), "TRUST-005 TRUST-002"),
    ("digest-cut", "the first half of the true digest", digest_text(lambda t: b64(base64.b64decode(t)[:16])), "TRUST-005 TRUST-002"),
    ("digest-one", "the first octet of the true digest", digest_text(lambda t: b64(base64.b64decode(t)[:1])), "TRUST-005 TRUST-002"),
    ("digest-longer", "the true digest and more", digest_text(lambda t: b64(base64.b64decode(t) + b"x")), "TRUST-005 TRUST-002"),
    ("digest-zeros", "zeros", digest_text(lambda _: b64(bytes(32))), "TRUST-005"),
    ("digest-padding", "too much padding", digest_text(lambda t: t + "=="), "TRUST-002"),
    ("digest-no-padding", "no padding", digest_text(lambda t: t.rstrip("=")), "TRUST-002"),
    ("digest-inner-padding", "padding in the middle", digest_text(lambda t: t[:20] + "==" + t[20:]), "TRUST-002"),
    ("digest-junk", "characters that lax decoders skip", digest_text(lambda t: t[:10] + "!-_~" + t[10:]), "TRUST-002"),
    ("digest-url", "base64 for URLs", digest_text(lambda _: "-_" * 21 + "-="), "TRUST-002"),
    ("digest-unicode", "full-width letters", digest_text(lambda t: "\uff21" + t[1:]), "TRUST-002"),
    ("digest-hex", "hexadecimal", digest_text(lambda t: base64.b64decode(t).hex()), "TRUST-005 TRUST-002"),
)  # fmt: skip
_VALUES = cases(
    "SignatureValue",
    ("value-empty", "empty", value(lambda _: b""), "TRUST-006 TRUST-002"),
    ("value-zeros", "zeros", value(lambda v: bytes(len(v))), "TRUST-006"),
    ("value-one", "the number one", value(lambda v: bytes(len(v) - 1) + b"\x01"), "TRUST-006"),
    ("value-ones", "all bits set", value(lambda v: b"\xff" * len(v)), "TRUST-006"),
    ("value-cut", "one octet short", value(lambda v: v[:-1]), "TRUST-006"),
    ("value-longer", "one octet long", value(lambda v: v + b"\x00"), "TRUST-006"),
    ("value-leading", "a leading zero", value(lambda v: b"\x00" + v), "TRUST-006"),
    ("value-flipped", "one bit flipped", value(lambda v: bytes([v[0] ^ 1]) + v[1:]), "TRUST-006"),
    ("value-megabyte", "a megabyte", value(lambda _: bytes(1_000_000)), "TRUST-006 TRUST-002"),
    ("value-padding", "too much padding", value_text(lambda t: t + "="), "TRUST-002"),
    ("value-junk", "characters that lax decoders skip", value_text(lambda t: t[:10] + "*" + t[10:]), "TRUST-002"),
    ("value-percent", "percent-encoded", value_text(lambda t: t.replace("A", "%41", 1)), "TRUST-002"),
    ("ec-r-0", "ECDSA with r = 0", value(_rs(0, None), ATTACKER), "TRUST-006"),
    ("ec-s-0", "ECDSA with s = 0", value(_rs(None, 0), ATTACKER), "TRUST-006"),
    ("ec-rs-0", "ECDSA with r = s = 0 (CVE-2022-21449)", value(_rs(0, 0), ATTACKER), "TRUST-006"),
    ("ec-r-1", "ECDSA with r = s = 1", value(_rs(1, 1), ATTACKER), "TRUST-006"),
    ("ec-order", "ECDSA with r and s equal to the order", value(_rs(_ORDER, _ORDER), ATTACKER), "TRUST-006"),
    ("ec-above-order", "ECDSA with s beyond the order", value(_rs(None, 2**256 - 1), ATTACKER), "TRUST-006"),
    ("ec-der", "ECDSA as DER", value(_der_form, ATTACKER), "TRUST-006 TRUST-002"),
    ("ec-empty", "an empty ECDSA value", value(lambda _: b"", ATTACKER), "TRUST-006 TRUST-002"),
    ("ec-odd", "an ECDSA value of odd length", value(lambda v: v[:-1], ATTACKER), "TRUST-006"),
    ("ec-padded", "r and s with leading zeros", value(lambda v: b"\x00" + v[:32] + b"\x00" + v[32:], ATTACKER), "TRUST-006"),
)  # fmt: skip
_CLOCKS = cases(
    "clock",
    ("clock-2020", "a Timestamp of years ago", clock(timedelta(days=-2000), _MINUTE), "TRUST-013"),
    ("clock-hour", "a Timestamp of an hour ago", clock(-_HOUR, _MINUTE), "TRUST-013"),
    ("clock-just-old", "seconds beyond the skew", clock(timedelta(minutes=-6, seconds=-15), _MINUTE), "TRUST-013"),
    ("clock-future", "a Timestamp of tomorrow", clock(timedelta(days=1), _MINUTE), "TRUST-014"),
    ("clock-just-future", "seconds before the skew", clock(timedelta(minutes=5, seconds=15), _MINUTE), "TRUST-014"),
    ("clock-day", "valid for a day", clock(timedelta(0), timedelta(days=1)), "TRUST-013"),
    ("clock-ten-years", "valid for ten years", clock(timedelta(0), timedelta(days=3650)), "TRUST-013"),
    ("clock-just-long", "valid for a second too long", clock(timedelta(0), timedelta(minutes=10, seconds=1)), "TRUST-013"),
    ("clock-negative", "Expires before Created", clock(timedelta(0), -_MINUTE), "TRUST-013"),
    ("clock-zero", "Expires at Created", clock(timedelta(0), timedelta(0)), "TRUST-013"),
    ("clock-year-1", "the year 1", texts("0001-01-01T00:00:00Z", "0001-01-01T00:00:01Z"), "TRUST-013"),
    ("clock-year-9999", "the year 9999", texts("9999-12-31T23:59:58Z", "9999-12-31T23:59:59Z"), "TRUST-014"),
    ("clock-span", "from the year 1 to 9999", texts("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"), "TRUST-013"),
    ("clock-zone", "a time zone", texts("2026-01-01T00:00:00+01:00", "2026-01-01T00:01:00+01:00"), "TRUST-002"),
    ("clock-no-zone", "no time zone", texts("2026-01-01T00:00:00", "2026-01-01T00:01:00"), "TRUST-002"),
    ("clock-date", "a date only", texts("2026-01-01", "2026-01-02"), "TRUST-002"),
    ("clock-week", "a week date", texts("2026-W01-1T00:00:00Z", "2026-W01-1T00:01:00Z"), "TRUST-002 TRUST-013"),
    ("clock-basic", "the basic form", texts("20260101T000000Z", "20260101T000100Z"), "TRUST-002 TRUST-013"),
    ("clock-week-now", "now, as a week date", now_as("%G-W%V-%uT%H:%M:%SZ"), "TRUST-002"),
    ("clock-basic-now", "now, in the basic form", now_as("%Y%m%dT%H%M%SZ"), "TRUST-002"),
    ("clock-space-now", "now, with a space for the T", now_as("%Y-%m-%d %H:%M:%SZ"), "TRUST-002"),
    ("clock-comma-now", "now, with a decimal comma", now_as("%Y-%m-%dT%H:%M:%S,000Z"), "TRUST-002"),
    ("clock-letter-now", "now, with another letter for the T", now_as("%Y-%m-%dx%H:%M:%SZ"), "TRUST-002"),
    ("clock-24", "24 o'clock", texts("2026-01-01T24:00:00Z", "2026-01-02T00:01:00Z"), "TRUST-002 TRUST-013"),
    ("clock-leap", "a leap second", texts("2026-06-30T23:59:60Z", "2026-07-01T00:01:00Z"), "TRUST-002 TRUST-013"),
    ("clock-arabic", "Arabic-Indic digits", texts("٢٠٢٦-01-01T00:00:00Z", "٢٠٢٦-01-01T00:01:00Z"), "TRUST-002"),
    ("clock-long", "a fraction of a million digits", texts("2026-01-01T00:00:00." + "0" * 1_000_000 + "Z", "2026-01-01T00:01:00Z"), "TRUST-002"),
    ("clock-text", "words", texts("now", "never"), "TRUST-002"),
    ("clock-empty", "nothing", texts("", ""), "TRUST-002"),
    ("clock-child", "an element in Created", stamp(_child_in_created), "TRUST-002"),
    ("clock-two-created", "two Created", stamp(_two_created), "TRUST-002"),
    ("clock-second", "two Timestamps", stamp(_second_stamp), "TRUST-002"),
    ("clock-no-expires", "no Expires", stamp(lambda made: made.timestamp.remove(made.timestamp[1])), "TRUST-002"),
    ("clock-swapped", "Expires before Created in order", stamp(lambda made: made.timestamp.append(made.timestamp[0])), "TRUST-002"),
    ("clock-header", "the Timestamp outside Security", stamp(lambda made: made.header.append(made.timestamp)), "TRUST-002 TRUST-004"),
)  # fmt: skip

CASES: tuple[Case, ...] = _LATER + _DIGESTS + _VALUES + _CLOCKS
