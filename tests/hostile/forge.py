"""Messages of the hostile corpus: a good question, and the parts of which a bad one is made."""

from __future__ import annotations

from datetime import timedelta

from lxml import etree
from lxml.etree import _Element as Element

from conformance.berichten.draft import C14N11, WSU_ID, Draft, Ref, b64, canonical, ref, swap, transform, xml
from conformance.berichten.messages import head, names, question
from gateway.trust.signing import Signer
from tests.hostile.context import Context

__all__ = (
    "C14N11",
    "IBW1",
    "IBW2",
    "PERSONS",
    "WSU_ID",
    "Draft",
    "Ref",
    "ask",
    "b64",
    "canonical",
    "draft",
    "good",
    "ref",
    "swap",
    "transform",
    "xml",
)
IBW1, IBW2 = names()["voorzieningen"]["ibw1"], names()["voorzieningen"]["ibw2"]
PERSONS = names()["personen"]


def ask(ctx: Context, riziv: str = IBW1, insz: str | None = None, **hoofding: str) -> Element:
    """An insurability question, as the victim would put it."""
    day = ctx.today()
    return etree.fromstring(question(insz or PERSONS["els"], day, day, head(riziv, ctx.now(), **hoofding)))  # type: ignore[arg-type]


def draft(ctx: Context, payload: Element | None = None, signer: Signer | None = None, **rest: timedelta) -> Draft:
    """An unsigned draft of a good question."""
    return Draft(ask(ctx) if payload is None else payload, signer or ctx.signer(), ctx.now(), **rest)


def good(ctx: Context, payload: Element | None = None, signer: Signer | None = None) -> bytes:
    """A message to which nothing is wrong."""
    made = draft(ctx, payload, signer)
    made.sign()
    return made.octets()
