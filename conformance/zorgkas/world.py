"""What a zorgkas is pushed: deliveries and announcements as the gateway makes them, by the names that scenarios use."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from lxml import etree
from lxml.etree import _Element as Element

from conformance.berichten.compose import FIRST, Blob, Parcel
from conformance.berichten.draft import Draft
from conformance.berichten.messages import envelope, head, names, start
from conformance.berichten.posts import post_payload
from conformance.walkthrough import sample_signer, zending
from gateway.berichten.antwoord import Bewijs, schrijf_validatieverslag
from gateway.berichten.dossier import Mededeling, Mutatie, schrijf_mededeling
from gateway.berichten.zorgkas import Levering, schrijf_levering
from gateway.clock import BRUSSELS, Clock, system_clock
from gateway.store.identifiers import message_id
from gateway.trust.identity import read_identity
from gateway.trust.signing import seal
from gateway.wire.http import XML_CONTENT_TYPE

GATEWAY = "gateway"
"""Sample certificate of the central application: who pushes."""
KASSEN = ("180", "280", "380", "480", "580", "680")
_PACKAGE = ("vsb", "vsb")
_PIJLER = "eibwfin"


@dataclass(kw_only=True)
class PushParcel(Parcel):
    """A message to a zorgkas: the gateway signs all three parts, and XAdES over the blob besides (cookbook eibwfin §10.1)."""

    def default_parts(self, draft: Draft) -> list[Element]:
        return list(draft.parts)


@dataclass(frozen=True, kw_only=True)
class Item:
    """What is delivered: its content never changes, its signature does with every attempt."""

    message_id: str
    name: str
    content: bytes
    test: bool


@dataclass(kw_only=True)
class PushWorld:
    """One receiver of one zorgkas, and what was sent to it under the names that a scenario gives."""

    url: str
    kas: str
    clock: Clock = system_clock
    items: dict[str, Item] = field(default_factory=dict)
    last: dict[str, Parcel] = field(default_factory=dict)
    """The message that carried an item last."""
    octets: dict[str, bytes] = field(default_factory=dict)
    """What went over the line for it then."""

    @property
    def other(self) -> str:
        """Another zorgkas than the one that is judged."""
        return next(k for k in KASSEN if k != self.kas)

    def fill(self, text: str) -> str:
        """A fault's argument with its placeholders filled in."""
        return text.replace("{{kas}}", self.kas).replace("{{andere-kas}}", self.other)

    def make(self, doe: str, met: Mapping[str, Any]) -> Parcel:
        """The right message of a name.

        Raises:
            KeyError: no message has this name, or it repeats one that was not sent.
        """
        name = met.get("bericht", "a")
        if doe == "octetten":
            return PushParcel(service="zorgkas", payload=None, now=self.clock(), raw=self.octets[name], path=self.url)
        item = self.items[name] if doe == "opnieuw" else self._changed(name) if doe == "anders" else MAKERS[doe](self, met)
        if doe in MAKERS:
            self.items[name] = item
        return self._parcel(name, item, met)

    def _changed(self, name: str) -> Item:
        # The same delivery by its id, with other content: a signed report of another decision.
        item = self.items[name]
        content = item.content.replace(b"<z:Uitkomst>aanvaard<", b"<z:Uitkomst>in_beraad<")
        return Item(message_id=item.message_id, name=item.name, content=content, test=item.test)

    def _parcel(self, name: str, item: Item, met: Mapping[str, Any]) -> Parcel:
        certificate = met.get("certificaat", GATEWAY)
        number = read_identity(sample_signer(GATEWAY).certificate).number
        payload = post_payload(
            etree.Element("x"),
            reference=item.message_id,
            test="true" if item.test else "false",
            riziv=None,
            cbe=number,
            licence=_PACKAGE,
        )
        payload.remove(payload[-1])
        parcel = PushParcel(
            service="zorgkas",
            payload=payload,
            now=self.clock(),
            certificate=certificate,
            blob=Blob(content=item.content, attributes={"MessageName": item.name, "Reference": item.message_id}),
            reference=item.message_id,
            path=self.url,
        )
        self.last[name] = parcel
        return parcel

    def today(self) -> date:
        return self.clock().astimezone(BRUSSELS).date()


def _levering(world: PushWorld, met: Mapping[str, Any]) -> Item:
    now, kas = world.clock(), met.get("zorgkas", world.kas)
    number, soort = met.get("nummer") or message_id(now), met.get("soort", "aanvraag")
    reference = str(uuid4())
    original = _zending(world, kas, reference) if soort == "factuur" else _aanvraag(world, met, reference)
    uitkomst = met.get("uitkomst", "aanvaard")
    digest = hashlib.sha256(original).digest()
    proof = Bewijs(
        message_id=number,
        dienst="facturatie" if soort == "factuur" else "aanvraag",
        afzender=read_identity(sample_signer(FIRST).certificate).label,
        certificaat_sha256=hashlib.sha256(sample_signer(FIRST).der).digest(),
        bedrijfsreferentie=reference,
        ontvangen_op=now,
        octetten=len(original),
        sha256=digest,
    )
    report = schrijf_validatieverslag(
        proof,
        pijler=_PIJLER,
        cookbook=f"{_PIJLER} 1.0",
        controles=[("handtekening WS-Security", "in orde")],
        uitkomst=uitkomst,
        zorgkas=kas,
        referentiedatum=world.today(),
    )
    levering = Levering(
        message_id=number,
        zorgkas=kas,
        pijler=_PIJLER,
        soort=soort,
        test=bool(met.get("test", False)),
        uitkomst=uitkomst,
        dossiernummer=None if met.get("zonder_dossier") else "EIBWFIN-A226BEE7C31981",
        content_type=XML_CONTENT_TYPE,
        origineel=original,
        sha256=digest,
        validatieverslag=seal(report, sample_signer(GATEWAY), now),
    )
    return Item(message_id=number, name=f"VSB-{soort.upper()}", content=schrijf_levering(levering), test=levering.test)


def _aanvraag(world: PushWorld, met: Mapping[str, Any], reference: str) -> bytes:
    known, now = names(), world.clock()
    riziv, insz = known["voorzieningen"]["ibw1"], known["personen"][met.get("persoon", "els")]
    payload = start(riziv, insz, world.today() - timedelta(days=1), head(riziv, now, bericht_id=reference))
    signed = envelope(payload, sample_signer(FIRST), now)
    # A large message is not a compressible one: what a facility encrypted or compressed itself stays as long as it was.
    filler = os.urandom(int(met.get("megabytes", 0)) << 19).hex().encode()
    return signed + b"<!--" + filler + b"-->" if filler else signed


def _zending(world: PushWorld, kas: str, reference: str) -> bytes:
    known, today = names(), world.today()
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    content = zending(
        riziv=known["voorzieningen"]["ibw1"],
        insz=known["personen"]["els"],
        dossier="EIBWFIN-A226BEE7C31981",
        zorgkas=kas,
        number=1,
        start=first,
        end=first + timedelta(days=9),
        today=today,
    )
    payload = post_payload(etree.Element("x"), reference=reference)
    payload.remove(payload[-1])
    return Parcel(
        service="facturatie", payload=payload, now=world.clock(), blob=Blob(content=content), reference=reference
    ).octets()


def _mededeling(world: PushWorld, met: Mapping[str, Any]) -> Item:
    now: datetime = world.clock()
    soort, kas, today = met.get("soort", "herinnering"), met.get("zorgkas", world.kas), world.today()
    mutation = Mutatie(
        dossiernummer="EIBWFIN-A226BEE7C31981",
        insz=names()["personen"]["els"],
        vanaf=today,
        van_zorgkas=world.other,
        naar_zorgkas=kas,
    )
    announced = Mededeling(
        message_id=message_id(now),
        zorgkas=kas,
        pijler=_PIJLER,
        soort=soort,
        tijdstip=now,
        over_bericht=None if soort == "mutatie" else message_id(now),
        vervalt_op=today + timedelta(days=7) if soort == "herinnering" else None,
        mutatie=mutation if soort == "mutatie" else None,
    )
    return Item(message_id=announced.message_id, name=f"VSB-{soort.upper()}", content=schrijf_mededeling(announced), test=False)


MAKERS: Mapping[str, Callable[[PushWorld, Mapping[str, Any]], Item]] = {"levering": _levering, "mededeling": _mededeling}
"""Name in a scenario to what makes the item; `opnieuw`, `octetten` and `anders` repeat one."""
