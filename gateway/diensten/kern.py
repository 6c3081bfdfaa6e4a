"""What every service shares: the running gateway's parts, and the road from bytes to a proven payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol
from urllib.parse import urlsplit

from lxml import etree
from lxml.etree import _Element as Element

from gateway.central.cookbook import Cookbook
from gateway.clock import BRUSSELS, Clock, ClockGuard
from gateway.reference.geheugen import Registergeheugen
from gateway.refusal import Code, Refusal
from gateway.schema import registry
from gateway.schema.explain import wrong_root
from gateway.settings import Environment, Settings
from gateway.store.certificaten import CertificateFile
from gateway.store.deurboek import Deurboek
from gateway.store.engine import Store
from gateway.trust import wssecurity
from gateway.trust.admission import check_sender
from gateway.trust.chain import TrustStore
from gateway.trust.identity import Identity, read_identity
from gateway.trust.ocsp import OcspStore
from gateway.trust.policy import GENERIC_ASYNC, SYNCHRONOUS, Part, SecurityPolicy
from gateway.trust.saml import StsTrust, check_assertion
from gateway.trust.signing import Signer
from gateway.trust.wssecurity import Signed
from gateway.wire.envelope import Envelope
from gateway.wire.limits import RateLimit
from gateway.wire.names import WSA, q
from gateway.wire.parser import Bounds
from gateway.wire.xop import read_message


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The parts of one running gateway; made in app.py, handed to every service."""

    settings: Settings
    store: Store
    trust: TrustStore
    signer: Signer
    cookbooks: Mapping[str, Cookbook]
    clock: Clock
    clock_guard: ClockGuard
    ocsp: OcspStore | None
    """Its thread runs in the server processes."""
    certificates: CertificateFile
    sts: StsTrust | None
    register: Registergeheugen
    deur: Deurboek
    address_limit: RateLimit
    sender_limit: RateLimit
    status_limit: RateLimit
    """The generous bound of status questions, per address and per sender."""
    proef_limit: RateLimit = field(default_factory=lambda: RateLimit(0.5, 60, "proeven"))
    """Tries of one account on a screen or over the API."""

    def check_clock(self) -> None:
        """Nothing is decided by a clock that has just jumped.

        Raises:
            Refusal: UNAVAILABLE, to be sent again later.
        """
        if (jump := self.clock_guard.jump()) is not None:
            raise Refusal(
                Code.UNAVAILABLE, found=f"de klok van de gateway versprong {jump.total_seconds():+.0f} s", retry_after=60
            )

    def cookbook(self, pijler: str, place: str) -> Cookbook:
        """The cookbook of a pillar.

        Raises:
            Refusal: PILLAR.
        """
        if pijler not in self.cookbooks:
            raise Refusal(Code.PILLAR, place=place, expected=", ".join(sorted(self.cookbooks)), found=pijler[:16])
        return self.cookbooks[pijler]

    def check_environment(self, test: bool, place: str) -> None:
        """Test messages stay out of production and the other way round.

        Raises:
            Refusal: ENVIRONMENT.
        """
        if test and self.settings.environment is Environment.PRODUCTION:
            raise Refusal(Code.ENVIRONMENT, place=place, expected="false in productie", found="true")


@dataclass(frozen=True, kw_only=True)
class Dienst:
    """One SOAP service: its name in the address, its WSDL, and what it understands."""

    naam: str
    wsdl: str
    generic_async: bool
    voor_voorzieningen: bool
    """Facilities send; an STS certifies no zorgkas."""
    operaties: Mapping[str, str]
    """Tag of the request element (Clark notation) to its SOAPAction."""
    statusvragen: frozenset[str] = frozenset()
    """Tags of questions about what became of a message; outside the usual limits, so that a broken line never costs a message."""
    proef: bool = False
    """A dry run of the service: the same checks, and nothing is kept."""


@dataclass(kw_only=True)
class Spoor:
    """How far a request came: what the record of its refusal may believe."""

    signed: Signed | None = None
    identity: Identity | None = None
    payload: Element | None = None
    """Of a known shape only when its schema was checked since."""


@dataclass(frozen=True, kw_only=True)
class Verzoek:
    """A request as HTTP brought it."""

    raw: bytes
    content_type: str
    soap_action: str
    """Without quotes; empty when absent."""
    ticket: str
    """UUIDv7 made on arrival: in every log line and trace; the MessageId of what is stored, the Id of a fault."""
    spoor: Spoor = field(default_factory=Spoor)


@dataclass(frozen=True, kw_only=True)
class Bewezen:
    """A request whose sender is proven and whose payload fits its schema. Later stages read nothing else."""

    verzoek: Verzoek
    payload: Element
    signed: Signed
    identity: Identity
    now: datetime
    destination: str | None
    """wsa:To, untrusted: used for a check against the content, never instead of it."""

    @property
    def vandaag(self) -> date:
        """The Belgian day of receipt."""
        return self.now.astimezone(BRUSSELS).date()


Behandelaar = Callable[[Gateway, Bewezen], Element]
"""Answers one proven request; raises a Refusal."""


class Module(Protocol):
    """What serves one address: a module of this room, or a dry run of one."""

    @property
    def DIENST(self) -> Dienst: ...
    @property
    def behandel(self) -> Behandelaar: ...


def check_afzender(bewezen: Bewezen, riziv: str, place: str) -> None:
    """The sender named in the message is the certificate's holder, and the one the STS certified when it spoke.

    Raises:
        Refusal: CROSSCHECK, NOT_ON_RIZIV, PERSONAL or NOT_CERTIFIED.
    """
    check_sender(bewezen.identity, riziv, place)
    check_assertion(bewezen.signed, riziv)


def policy_of(settings: Settings, dienst: Dienst) -> SecurityPolicy:
    """The service's security policy, with the signed parts that settings may demand otherwise."""
    policy = GENERIC_ASYNC if dienst.generic_async else SYNCHRONOUS
    names = settings.signed_parts.get(dienst.naam)
    policy = replace(policy, allow_sha1=settings.allow_sha1)
    return policy if names is None else replace(policy, required_parts=frozenset(Part(n) for n in names))


def prove(gateway: Gateway, dienst: Dienst, verzoek: Verzoek) -> Bewezen:
    """From bytes to a payload that a known holder signed and that fits its schema.

    Raises:
        Refusal: a WIRE, TRUST or SCHEMA code.
    """
    now = gateway.clock()
    envelope = read_message(verzoek.raw, verzoek.content_type, Bounds(octets=gateway.settings.max_request))
    _check_action(dienst, envelope, verzoek.soap_action)
    signed = wssecurity.verify(
        envelope,
        policy_of(gateway.settings, dienst),
        now,
        gateway.trust.accept,
        known=gateway.certificates,
        sts=gateway.sts if dienst.voor_voorzieningen else None,
    )
    identity = read_identity(signed.certificate)
    spoor = verzoek.spoor
    spoor.signed, spoor.identity, spoor.payload = signed, identity, envelope.payload
    gateway.certificates.file(signed.certificate, signed.fingerprint, identity.label, now)
    limit = gateway.status_limit if envelope.payload.tag in dienst.statusvragen else gateway.sender_limit
    limit.take(identity.label, now.timestamp())
    registry.check(envelope.payload, place="/Envelope/Body")
    return Bewezen(
        verzoek=verzoek,
        payload=envelope.payload,
        signed=signed,
        identity=identity,
        now=now,
        destination=envelope.header_text(WSA, "To"),
    )


def _is_address(soap_action: str, dienst: Dienst) -> bool:
    return urlsplit(soap_action).path.endswith((f"/{dienst.naam}/v1", f"/{dienst.naam}/v1/proef"))


def _check_action(dienst: Dienst, envelope: Envelope, soap_action: str) -> None:
    tag = str(envelope.payload.tag)
    if tag not in dienst.operaties:
        twin = next((t for t in dienst.operaties if etree.QName(t).localname == etree.QName(tag).localname), None)
        if twin is not None:
            # The code stays that of an unknown element; the words are those of a name that only looks right.
            finding = replace(wrong_root(envelope.payload, twin, "/Envelope/Body"), code=Code.UNKNOWN_OPERATION.info.code)
            raise Refusal(Code.UNKNOWN_OPERATION, findings=(finding,))
        raise Refusal(
            Code.UNKNOWN_OPERATION,
            place="/Envelope/Body",
            line=envelope.payload.sourceline,
            expected=", ".join(etree.QName(t).localname for t in dienst.operaties),
            found=tag[:120],
        )
    expected = dienst.operaties[tag]
    if envelope.header is not None and len(envelope.header.findall(q(WSA, "Action"))) > 1:
        raise Refusal(Code.SOAP_ACTION, place="/Envelope/Header/Action", expected="één wsa:Action", found="meer")
    # Clients in the field leave SOAPAction empty or repeat the address; only a contradiction is refused.
    if soap_action and soap_action != expected and not _is_address(soap_action, dienst):
        raise Refusal(Code.SOAP_ACTION, place="SOAPAction", expected=expected, found=soap_action[:120])
    addressed = envelope.header_text(WSA, "Action")
    if addressed and addressed != expected:
        raise Refusal(Code.SOAP_ACTION, place="/Envelope/Header/Action", expected=expected, found=addressed[:120])
