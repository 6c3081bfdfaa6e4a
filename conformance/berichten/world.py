"""What a run knows: the target, its clock, and what earlier answers said; makes the messages that scenarios name."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from lxml import etree
from lxml.etree import _Element as Element

from conformance.berichten.compose import FIRST, Blob, Parcel
from conformance.berichten.messages import head, names, question, start
from conformance.berichten.posts import confirm_payload, get_payload, post_payload
from conformance.berichten.sample import sample_price, sample_rows
from conformance.client import Software
from conformance.traffic import Wire
from conformance.walkthrough import sample_signer
from gateway.berichten.voorbeelden import render
from gateway.clock import BRUSSELS, Clock
from gateway.paths import data_dir
from gateway.trust.identity import read_identity
from gateway.wire.build import moment

NAMES = names()
BROAD = Software(naam="ZorgSoft Breed", attest="VSB-2018-0004", licentie="zorgsoftbreed", wachtwoord="zorgsoftbreed-demo")
"""Attested for the pillars that ZorgSoft is not."""
KAS = ("zorgkas", "zorgkas")


@dataclass(kw_only=True)
class World:
    """One target and one track on it."""

    wire: Wire
    clock: Clock
    values: dict[str, str] = field(default_factory=dict)
    """Placeholders that earlier answers filled: `dossier:start-els`, `bericht:aanvaard`."""
    sent: list[Parcel] = field(default_factory=list)
    """Of the scenario that runs now."""

    def now(self) -> datetime:
        return self.clock()

    def today(self) -> date:
        return self.now().astimezone(BRUSSELS).date()

    def fill(self, text: str) -> str:
        """A text with its placeholders filled in.

        Raises:
            VoorbeeldError: a placeholder means nothing here, for example because an earlier answer did not come.
        """
        new_year = date(self.today().year, 1, 1)
        known = {
            "nu": moment(self.now()),
            "id": str(uuid4()),
            "nieuwjaar": new_year.isoformat(),
            "nieuwjaar-1": (new_year - timedelta(days=1)).isoformat(),
        }
        return render(text, self.today(), {**known, **_sample_values(), **self.values}, {"bedrag": self._amount})

    def _amount(self, question_: str) -> str:
        facility, code, van, tot = question_.split(":")
        first, last = date.fromisoformat(van), date.fromisoformat(tot)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return str(sum(sample_price(NAMES["voorzieningen"][facility], d, self.today(), code) for d in days))

    def make(self, doe: str, met: Mapping[str, Any]) -> Parcel:
        """The right message of a name.

        Raises:
            KeyError: no message has this name.
            VoorbeeldError: see `fill`.
        """
        parcel = MAKERS[doe](self, {k: self.fill(v) if isinstance(v, str) else v for k, v in met.items()})
        self.sent.append(parcel)
        return parcel

    def day(self, met: Mapping[str, Any], key: str, default: str) -> date:
        return date.fromisoformat(met.get(key) or self.fill(default))


@cache
def _sample_values() -> dict[str, str]:
    facilities = {row["riziv"]: row for row in sample_rows("voorzieningen")}
    found = {f"insz:{n}": v for n, v in NAMES["personen"].items()}
    found |= {f"riziv:{n}": v for n, v in NAMES["voorzieningen"].items()}
    return found | {f"{k}:{n}": facilities[v][k] for n, v in NAMES["voorzieningen"].items() for k in ("kbo", "iban")}


@cache
def example(folder: str, name: str) -> str:
    """The text of a cookbook's example, with its placeholders."""
    return (data_dir("cookbooks") / folder / f"{name}.xml").read_text(encoding="utf-8")


@cache
def listed(folder: str) -> dict[str, Any]:
    """What a folder of examples says of them."""
    path = data_dir("cookbooks") / folder
    file = path / ("maand.toml" if path.name == "maand" else "examples.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def riziv_of(certificate: str) -> str:
    """The RIZIV number, 11 digits, of a sample facility's certificate."""
    return f"{read_identity(sample_signer(certificate).certificate).number}000"[:11]


def software_of(certificate: str) -> Software:
    """The sample package that is attested for a facility's pillar."""
    return Software() if certificate.startswith("facility-ibw") else BROAD


def _head(world: World, met: Mapping[str, Any]) -> tuple[str, str]:
    reference = met.get("bericht_id") or str(uuid4())
    known = {"attest": "VSB-2024-0001", "versie": "3.2", "pijler": "eibwfin"}
    chosen = {k: met.get(k, v) for k, v in known.items()}
    return reference, head(met.get("riziv") or NAMES["voorzieningen"]["ibw1"], world.now(), bericht_id=reference, **chosen)


def _vraag(world: World, met: Mapping[str, Any]) -> Parcel:
    reference, hoofding = _head(world, met)
    insz = met.get("insz") or NAMES["personen"][met.get("persoon", "els")]
    payload = question(insz, world.day(met, "van", "{{vandaag}}"), world.day(met, "tot", "{{vandaag}}"), hoofding)
    return _parcel(world, met, "verzekerbaarheid", payload, reference)


def _start(world: World, met: Mapping[str, Any]) -> Parcel:
    reference, hoofding = _head(world, met)
    insz = met.get("insz") or NAMES["personen"][met.get("persoon", "griet")]
    riziv = met.get("voorziening") or NAMES["voorzieningen"]["ibw1"]
    payload = start(riziv, insz, world.day(met, "startdatum", "{{vandaag-2}}"), hoofding)
    return _parcel(world, met, "aanvraag", payload, reference)


def _raadplegen(world: World, met: Mapping[str, Any]) -> Parcel:
    (key,) = (k for k in ("MessageId", "BerichtId", "Sha256") if k in met)
    return _parcel(world, met, "aanvraag", _status("RaadplegenRequest", f"<{key}>{met[key]}</{key}>", met), "")


def _dossiers(world: World, met: Mapping[str, Any]) -> Parcel:
    insz = met.get("insz") or NAMES["personen"][met.get("persoon", "griet")]
    asked = f"<Voorziening>{NAMES['voorzieningen']['ibw1']}</Voorziening><Insz>{insz}</Insz>"
    return _parcel(world, met, "aanvraag", _status("RaadplegenDossierRequest", asked, met), "")


def _status(tag: str, asked: str, met: Mapping[str, Any]) -> str:
    riziv, software = met.get("riziv") or riziv_of(met.get("certificaat", FIRST)), Software()
    return (
        f'<{tag} xmlns="urn:vsb-gateway:aanvraag:v1" xmlns:c="urn:vsb-gateway:common:v1"><Afzender><c:RizivNummer>{riziv}'
        f"</c:RizivNummer><c:Software><c:Naam>{software.naam}</c:Naam><c:Versie>{software.versie}</c:Versie>"
        f"<c:Attest>{software.attest}</c:Attest></c:Software></Afzender>{asked}</{tag}>"
    )


def _voorbeeld(world: World, met: Mapping[str, Any]) -> Parcel:
    text = world.fill(example(met["map"], met["naam"]))
    service = met["dienst"]
    if service in ("facturatie", "zorgkas"):
        return _post(world, {**met, "inhoud": text})
    return _parcel(world, met, service, text, "")


def _zending(world: World, met: Mapping[str, Any]) -> Parcel:
    """The first accepted zending of the common cookbook, as it stands there."""
    return _post(world, {**met, "inhoud": world.fill(example("eibwfin/examples", met.get("naam", "zending-els")))})


def _post(world: World, met: Mapping[str, Any]) -> Parcel:
    kas = met.get("dienst") == "zorgkas"
    certificate = f"zorgkas-{met.get('kas', '180')}" if kas else met.get("certificaat", FIRST)
    reference = met.get("referentie") or uuid4().hex[:14]
    attributes: dict[str, str | None] = {"MessageName": met.get("berichtnaam", "VSB-AFREKENING")} if kas else {}
    payload = post_payload(etree.Element("x"), reference=reference, **_origin(certificate, met))
    payload.remove(payload[-1])
    service = "zorgkas" if kas else "facturatie"
    blob = Blob(content=met["inhoud"].encode(), attributes=attributes)
    return Parcel(service=service, payload=payload, now=world.now(), certificate=certificate, blob=blob, reference=reference)


def _origin(certificate: str, met: Mapping[str, Any]) -> dict[str, Any]:
    if certificate.startswith("zorgkas-"):
        return {"riziv": None, "cbe": read_identity(sample_signer(certificate).certificate).number, "licence": KAS}
    software = software_of(certificate)
    licence = (met.get("licentie", software.licentie), met.get("wachtwoord", software.wachtwoord))
    return {"riziv": met.get("riziv") or riziv_of(certificate), "licence": licence}


def _get(world: World, met: Mapping[str, Any]) -> Parcel:
    certificate = met.get("certificaat", FIRST)
    payload = get_payload(**_origin(certificate, met))
    if "max" in met:
        for query in payload.iterchildren("{*}MsgQuery", "{*}TAckQuery"):
            query.set("Max", str(met["max"]))
    return _async(world, met, payload)


def _confirm(world: World, met: Mapping[str, Any]) -> Parcel:
    payload = confirm_payload([bytes.fromhex(h) for h in met.get("hashes", ())], **_origin(met.get("certificaat", FIRST), met))
    return _async(world, met, payload)


def _async(world: World, met: Mapping[str, Any], payload: Element) -> Parcel:
    certificate = met.get("certificaat", FIRST)
    service = "zorgkas" if certificate.startswith("zorgkas-") else "facturatie"
    return Parcel(service=service, payload=payload, now=world.now(), certificate=certificate)


def _wsdl(world: World, met: Mapping[str, Any]) -> Parcel:
    path = f"/soap/{met['dienst']}/v1?{met.get('vraag', 'wsdl')}"
    return Parcel(service=met["dienst"], payload=None, now=world.now(), http_method="GET", path=path)


def _ruw(world: World, met: Mapping[str, Any]) -> Parcel:
    return Parcel(service=met.get("dienst", "verzekerbaarheid"), payload=None, now=world.now(), raw=met["tekst"].encode())


def _parcel(world: World, met: Mapping[str, Any], service: str, payload: str, reference: str) -> Parcel:
    certificate = met.get("certificaat", FIRST)
    root = etree.fromstring(payload.encode())
    return Parcel(service=service, payload=root, now=world.now(), certificate=certificate, reference=reference)


MAKERS: Mapping[str, Callable[[World, Mapping[str, Any]], Parcel]] = {
    "vraag": _vraag,
    "start": _start,
    "raadplegen": _raadplegen,
    "dossiers": _dossiers,
    "voorbeeld": _voorbeeld,
    "zending": _zending,
    "post": _post,
    "get": _get,
    "confirm": _confirm,
    "wsdl": _wsdl,
    "ruw": _ruw,
}
"""Name in a scenario to what makes the message."""
