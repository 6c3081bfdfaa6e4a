"""One message on its way to the wire: built, given its faults, signed."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lxml import etree
from lxml.etree import _Element as Element

from conformance.berichten.draft import Draft, b64, ref
from conformance.berichten.posts import detail
from conformance.walkthrough import sample_signer
from gateway.trust.signing import Signer, sign_blob
from gateway.wire.blob import deflate
from gateway.wire.names import SHA256

FIRST = "facility-ibw-1"
"""The sample certificate to begin with."""
WHOLE_BODY = ("verzekerbaarheid", "aanvraag")
"""Services that want the Body signed; at the others XAdES over the blob stands in for it (cookbook eibwfin §4.3)."""


@dataclass(kw_only=True)
class Blob:
    """The Detail of a post, each part of which a fault may change."""

    content: bytes
    attributes: dict[str, str | None] = field(default_factory=dict)
    """In place of the true ones; None leaves one out."""
    packed: bytes | None = None
    """In place of the deflated content."""
    xades: bool = True
    xades_over: bytes | None = None
    """What the XAdES digests, in place of the content."""
    xades_by: str | None = None
    """Sample certificate that signs it, in place of the message's."""


@dataclass(kw_only=True)
class Parcel:
    """A message, and everything about it that a fault may change."""

    service: str
    payload: Element | None
    """None: `raw` goes over the line as it is."""
    now: datetime
    raw: bytes = b""
    certificate: str = FIRST
    blob: Blob | None = None
    reference: str = ""
    """Its InputReference or BerichtId."""
    before: list[Callable[[Draft], None]] = field(default_factory=list)
    """Changes of the unsigned envelope."""
    parts: Callable[[Draft], list[Element]] | None = None
    """What is signed, in place of what the service wants."""
    digest: str = SHA256
    method: str | None = None
    key: str | None = None
    """Sample certificate whose key signs, while the message shows another."""
    signed: bool = True
    after_signing: list[Callable[[Draft], None]] = field(default_factory=list)
    """Changes of the signed envelope, as a tree."""
    after: list[Callable[[bytes], bytes]] = field(default_factory=list)
    """Changes of the signed octets."""
    headers: dict[str, str] = field(default_factory=dict)
    http_method: str = "POST"
    path: str = ""
    """In place of the service's own."""
    lifetime: timedelta = timedelta(seconds=60)
    shift: timedelta = timedelta()
    """Of Created, against the clock."""

    @property
    def address(self) -> str:
        return self.path or f"/soap/{self.service}/v1"

    def octets(self) -> bytes:
        """What goes over the line."""
        found = self.raw if self.payload is None else self._envelope(self.payload)
        for change in self.after:
            found = change(found)
        return found

    def _envelope(self, payload: Element) -> bytes:
        # A copy: the same parcel may be sent again, newly signed.
        payload, signer = deepcopy(payload), sample_signer(self.certificate)
        draft = Draft(payload, signer, self.now + self.shift, lifetime=self.lifetime)
        if self.blob is not None:
            self._put_blob(self.blob, payload, signer)
        for change in self.before:
            change(draft)
        if self.signed:
            parts = self.default_parts(draft) if self.parts is None else self.parts(draft)
            draft.signer = sample_signer(self.key) if self.key else signer
            draft.sign([replace(ref(part), digest_method=self.digest) for part in parts], method=self.method)
        for change in self.after_signing:
            change(draft)
        return draft.octets()

    def default_parts(self, draft: Draft) -> list[Element]:
        """What the service wants signed."""
        return list(draft.parts if self.service in WHOLE_BODY else draft.parts[1:])

    def _put_blob(self, blob: Blob, payload: Element, signer: Signer) -> None:
        packed = deflate(blob.content) if blob.packed is None else blob.packed
        payload.append(detail(blob.content, packed=packed, **blob.attributes))
        if blob.xades:
            octets = blob.content if blob.xades_over is None else blob.xades_over
            by = signer if blob.xades_by is None else sample_signer(blob.xades_by)
            document = sign_blob(octets, by, self.now, canonical=octets.lstrip()[:1] == b"<")
            etree.SubElement(payload, f"{{{etree.QName(payload).namespace}}}Xades-t").text = b64(document)
