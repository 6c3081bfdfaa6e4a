"""Honest octets, sent again by somebody who has seen them: the same, elsewhere, or with a part exchanged."""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy
from uuid import uuid4

from lxml.etree import _Element as Element

from conformance.berichten.messages import head, start
from gateway.wire.names import DS, q
from tests.hostile.attacks.signedinfo import _ORDER
from tests.hostile.case import Case, Exchange, Sent, cases
from tests.hostile.context import ATTACKER, Context
from tests.hostile.forge import IBW1, IBW2, PERSONS, Draft, ask, b64, good, ref, xml
from tests.hostile.posts import CONTENT, Xades, body_post, confirm_payload, detail, get_payload, post_payload, xades_post

SERVICE = "facturatie"


def stamped(ctx: Context, payload: Element, who: str = "facility-ibw-1") -> Draft:
    """A request of which only Timestamp and token are signed, as the field does."""
    made = Draft(payload, ctx.signer(who), ctx.now())
    made.sign([ref(part) for part in made.parts[1:]])
    return made


def again(build: Callable[[Context], bytes], service: str = SERVICE) -> Callable[[Context], Exchange]:
    """The same octets twice."""

    def make(ctx: Context) -> Exchange:
        message = build(ctx)
        return Exchange(first=(Sent(service=service, body=message),), last=Sent(service=service, body=message))

    return make


def transplanted(
    first: Callable[[Context], Element], then: Callable[[Context], Element], who: str = "facility-ibw-1"
) -> Callable[[Context], Exchange]:
    """One request's header on another request."""

    def make(ctx: Context) -> Exchange:
        made = stamped(ctx, first(ctx), who)
        honest = made.octets()
        made.body[:] = [then(ctx)]
        return Exchange(first=(Sent(service=SERVICE, body=honest),), last=Sent(service=SERVICE, body=made.octets()))

    return make


def get(_: Context) -> Element:
    return get_payload()


def confirm(_: Context) -> Element:
    return confirm_payload([bytes(32)])


def post(ctx: Context, content: bytes = CONTENT, reference: str | None = None) -> Element:
    return post_payload(
        detail(content), Xades(signer=ctx.signer(), now=ctx.now(), octets=content).document(), reference=reference
    )


def ec_get(_: Context) -> Element:
    return get_payload(riziv=IBW2)


def malleable(ctx: Context) -> Exchange:
    """ECDSA: (r, n − s) is as true a signature as (r, s), and is other octets."""
    made = stamped(ctx, ec_get(ctx), ATTACKER)
    honest = made.octets()
    value = next(made.security.iter(q(DS, "SignatureValue")))
    octets = base64.b64decode(value.text or "")
    value.text = b64(octets[:32] + (_ORDER - int.from_bytes(octets[32:], "big")).to_bytes(32, "big"))
    return Exchange(first=(Sent(service=SERVICE, body=honest),), last=Sent(service=SERVICE, body=made.octets()))


def rewritten(change: Callable[[Draft], None]) -> Callable[[Context], Exchange]:
    """A get again, with something changed that no signature covers."""

    def make(ctx: Context) -> Exchange:
        made = stamped(ctx, get(ctx))
        honest = made.octets()
        change(made)
        return Exchange(first=(Sent(service=SERVICE, body=honest),), last=Sent(service=SERVICE, body=made.octets()))

    return make


def _spaced_value(made: Draft) -> None:
    value = next(made.security.iter(q(DS, "SignatureValue")))
    value.text = "\n ".join((value.text or "")[n : n + 60] for n in range(0, 400, 60))


def _new_message_id(made: Draft) -> None:
    made.header.append(xml(f'<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">{uuid4()}</a:MessageID>'))


def _unused_bits(made: Draft) -> None:
    """The last letter of base64 carries bits that mean nothing."""
    value = next(made.security.iter(q(DS, "SignatureValue")))
    text = value.text or ""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    position = len(text.rstrip("=")) - 1
    value.text = text[:position] + letters[letters.index(text[position]) | 1] + text[position + 1 :]


def retried_header(ctx: Context) -> Exchange:
    """A vendor posts the same again with a fresh header, as it should; that fresh header then opens the mailbox."""
    reference, content = uuid4().hex[:14], CONTENT + uuid4().hex.encode()
    first, second = stamped(ctx, post(ctx, content, reference)), stamped(ctx, post(ctx, content, reference))
    honest = second.octets()
    second.body[:] = [get_payload()]
    return Exchange(
        first=(Sent(service=SERVICE, body=first.octets()), Sent(service=SERVICE, body=honest)),
        last=Sent(service=SERVICE, body=second.octets()),
    )


def refused_header(ctx: Context) -> Exchange:
    """The header of a post that was refused for its content opens the mailbox, after an honest get."""
    made = stamped(ctx, post(ctx, b"x"))
    made.body[:] = [get_payload()]
    honest = made.octets()
    made.body[:] = [confirm_payload([bytes(32)])]
    return Exchange(first=(Sent(service=SERVICE, body=honest),), last=Sent(service=SERVICE, body=made.octets()))


def other_content(build: Callable[[Context, bytes, str], bytes]) -> Callable[[Context], Exchange]:
    """Another content under the same InputReference."""

    def make(ctx: Context) -> Exchange:
        reference = uuid4().hex[:14]
        one, two = build(ctx, CONTENT, reference), build(ctx, CONTENT + b"<!-- other -->", reference)
        return Exchange(first=(Sent(service=SERVICE, body=one),), last=Sent(service=SERVICE, body=two))

    return make


def same_blob_other_head(ctx: Context) -> Exchange:
    """The same InputReference and blob, another message name inside another CommonInput."""
    reference = uuid4().hex[:14]
    one = body_post(ctx, detail(CONTENT), reference=reference)
    two = body_post(ctx, detail(CONTENT + b" "), reference=reference)
    return Exchange(first=(Sent(service=SERVICE, body=one),), last=Sent(service=SERVICE, body=two))


def notification(ctx: Context, bericht_id: str, kind: str, person: str = "nele") -> bytes:
    text = start(IBW1, PERSONS[person], ctx.today(), head(IBW1, ctx.now(), bericht_id=bericht_id), soort=kind)
    return good(ctx, xml(text))


def notified(second: Callable[[Context, str], bytes]) -> Callable[[Context], Exchange]:
    """Another notification under the same BerichtId."""

    def make(ctx: Context) -> Exchange:
        bericht_id = str(uuid4())
        first = Sent(service="aanvraag", body=notification(ctx, bericht_id, "regulier"))
        return Exchange(first=(first,), last=Sent(service="aanvraag", body=second(ctx, bericht_id)))

    return make


def elsewhere(build: Callable[[Context], bytes], first: str, then: str) -> Callable[[Context], Exchange]:
    """The same octets at another service."""

    def make(ctx: Context) -> Exchange:
        message = build(ctx)
        return Exchange(first=(Sent(service=first, body=message),), last=Sent(service=then, body=message))

    return make


def header_on_question(ctx: Context) -> Exchange:
    """A get's header, which signs no Body, on a question."""
    made = stamped(ctx, get(ctx))
    honest = made.octets()
    made.body[:] = [ask(ctx)]
    return Exchange(first=(Sent(service=SERVICE, body=honest),), last=Sent(service="verzekerbaarheid", body=made.octets()))


def xades_moved(ctx: Context) -> bytes:
    """The victim's XAdES and blob under the attacker's own header."""
    payload = post_payload(detail(CONTENT), Xades(signer=ctx.signer(), now=ctx.now()).document(), riziv=IBW2)
    return stamped(ctx, payload, ATTACKER).octets()


def body_moved(ctx: Context) -> bytes:
    """The victim's signed Body under the attacker's own signature."""
    made = Draft(deepcopy(ask(ctx)), ctx.signer(ATTACKER), ctx.now())
    made.sign()
    return made.octets()


_CASES = cases(
    "replay (CVE-2026-41000)",
    ("get-again", "a get, octet for octet", again(lambda ctx: stamped(ctx, get(ctx)).octets()), "TRUST-023"),
    ("confirm-again", "a confirm, octet for octet", again(lambda ctx: stamped(ctx, confirm(ctx)).octets()), "TRUST-023"),
    ("get-as-confirm", "a get's header on a confirm", transplanted(get, confirm), "TRUST-023"),
    ("confirm-as-get", "a confirm's header on a get", transplanted(confirm, get), "TRUST-023"),
    ("post-as-get", "a post's header on a get", transplanted(post, get), "TRUST-023"),
    ("get-as-post", "a get's header on a post", transplanted(get, post), "TRUST-023"),
    ("post-as-post", "a post's header on another post", transplanted(post, lambda ctx: post(ctx, CONTENT + b" ")), "TRUST-023"),
    ("get-again-id", "a get with another wsa:MessageID", rewritten(_new_message_id), "TRUST-023"),
    ("get-again-spaces", "a get whose SignatureValue is spaced otherwise", rewritten(_spaced_value), "TRUST-023"),
    ("get-again-bits", "a get whose SignatureValue ends in other unused bits", rewritten(_unused_bits), "TRUST-023 TRUST-002"),
    ("malleable", "an ECDSA get with the other s", malleable, "TRUST-023 TRUST-006"),
    ("retried-header", "the header of a repeated post on a get", retried_header, "TRUST-023"),
    ("refused-header", "a get's header on a confirm, after a change", refused_header, "TRUST-023"),
    ("other-blob", "another blob under the same InputReference", other_content(lambda ctx, content, reference: body_post(ctx, detail(content), reference=reference)), "ID-001"),
    ("other-blob-xades", "the same, with XAdES", other_content(lambda ctx, content, reference: stamped(ctx, post(ctx, content, reference)).octets()), "ID-001"),
    ("other-space", "one space more under the same InputReference", same_blob_other_head, "ID-001"),
    ("notification-other", "another kind of stay under the same BerichtId", notified(lambda ctx, id: notification(ctx, id, "proef")), "ID-001"),
    ("notification-person", "another person under the same BerichtId", notified(lambda ctx, id: notification(ctx, id, "regulier", "wout")), "ID-001"),
    ("question-elsewhere", "a question at the aanvraag service", elsewhere(good, "verzekerbaarheid", "aanvraag"), "WIRE-010"),
    ("get-elsewhere", "a facility's get at the zorgkas service", elsewhere(lambda ctx: stamped(ctx, get(ctx)).octets(), SERVICE, "zorgkas"), "TRUST-023 TRUST-025"),
    ("post-elsewhere", "a facility's post at the zorgkas service", elsewhere(xades_post, SERVICE, "zorgkas"), "TRUST-023 TRUST-025"),
    ("header-on-question", "a get's header on a question", header_on_question, "TRUST-004"),
    ("body-moved", "the victim's question under the attacker's signature", body_moved, "TRUST-015"),
)  # fmt: skip
_MOVED = cases(
    "replay (CVE-2026-41000)",
    ("xades-moved", "the victim's XAdES under the attacker's header", xades_moved, "TRUST-020"),
    service=SERVICE,
)

CASES: tuple[Case, ...] = _CASES + _MOVED
