"""Honest neighbours of the hostile inputs: what must be accepted although it looks like them."""

from __future__ import annotations

from tests.hostile.case import Twin
from tests.hostile.forge import good
from tests.hostile.posts import CONTENT, body_post, detail, get_payload, send, xades_post

TWINS: tuple[Twin, ...] = (
    Twin(id="good", title="a good question", make=good),
    Twin(id="good-body-post", title="a post with a signed Body", make=lambda ctx: body_post(ctx, detail(CONTENT)), service="facturatie"),
    Twin(id="good-xades-post", title="a post with XAdES over the blob", make=xades_post, service="facturatie"),
    Twin(id="good-get", title="a get of which the Timestamp is signed", make=lambda ctx: send(ctx, get_payload()), service="facturatie"),
)
