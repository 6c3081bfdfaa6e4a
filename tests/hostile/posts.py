"""GenericAsync posts of the hostile corpus."""

from __future__ import annotations

from typing import Any

from lxml.etree import _Element as Element

from conformance.berichten.draft import Draft, ref, xml
from conformance.berichten.posts import (
    CLIENT_TRANSFORMS,
    CONTENT,
    Xades,
    confirm_payload,
    detail,
    get_payload,
    origin,
    post_payload,
    signed_properties,
)
from gateway.berichten.names import ZORGKAS
from gateway.trust.identity import read_identity
from gateway.trust.signing import Signer
from gateway.wire.c14n import exclusive
from gateway.wire.names import EXC_C14N
from tests.hostile.context import Context

__all__ = (
    "CLIENT_TRANSFORMS",
    "CONTENT",
    "Xades",
    "blob_post",
    "body_post",
    "confirm_payload",
    "decision",
    "decision_post",
    "detail",
    "get_payload",
    "origin",
    "post_payload",
    "send",
    "signed_properties",
    "xades_post",
)


def send(ctx: Context, payload: Element, signer: Signer | None = None, *, body: bool = False) -> bytes:
    """A GenericAsync request signed as the field does: Timestamp and token, and the Body only when asked."""
    made = Draft(payload, signer or ctx.signer(), ctx.now())
    made.sign([ref(part) for part in (made.parts if body else made.parts[1:])])
    return made.octets()


def body_post(ctx: Context, blob: Element, **rest: Any) -> bytes:
    """A post without XAdES, with a signed Body."""
    return send(ctx, post_payload(blob, **rest), body=True)


def blob_post(ctx: Context, content: bytes, packed: bytes, *, honest_content: bytes) -> bytes:
    """A post whose XAdES names the canonical form of an honest document, while the blob holds another."""
    xades = Xades(
        signer=ctx.signer(),
        now=ctx.now(),
        octets=exclusive(xml(honest_content.decode())),
        transforms=(*CLIENT_TRANSFORMS, EXC_C14N),
    )
    return send(ctx, post_payload(detail(content, packed=packed), xades.document()))


def xades_post(ctx: Context, content: bytes = CONTENT, **options: Any) -> bytes:
    """A post whose XAdES has these options."""
    signer = options.pop("signer", None) or ctx.signer()
    document = Xades(signer=signer, now=options.pop("now", None) or ctx.now(), **{"octets": content, **options}).document()
    return send(ctx, post_payload(detail(content), document))


def decision_post(ctx: Context, content: bytes, kas: str = "180") -> bytes:
    """A zorgkas's post with this blob."""
    signer = ctx.signer(f"zorgkas-{kas}")
    document = Xades(signer=signer, now=ctx.now(), octets=content).document()
    cbe = read_identity(signer.certificate).number
    payload = post_payload(
        detail(content, MessageName="VSB-BESLISSING"), document, riziv=None, cbe=cbe, licence=("zorgkas", "zorgkas")
    )
    return send(ctx, payload, signer)


def decision(message_id: str = "00000000-0000-7000-8000-000000000000", kas: str = "180") -> bytes:
    """A Beslissing document."""
    return (
        f'<z:Beslissing xmlns:z="{ZORGKAS}"><z:MessageId>{message_id}</z:MessageId><z:Zorgkas>{kas}</z:Zorgkas>'
        "<z:Uitkomst>aanvaard</z:Uitkomst><z:Motivering>x</z:Motivering></z:Beslissing>"
    ).encode()
